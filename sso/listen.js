// Starting and stopping an HTTP server.
import { createServer } from "node:http";

/** @returns {Promise<import("node:http").Server>} rejects if the port is taken */
export function listen(port, host) {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve(server);
    });
  });
}

/**
 * Each connection serves one request: browsers silently repeat a request whose reused connection
 * breaks, and so would hide the faults that break one.
 */
export function serve(server, app) {
  const handle = app.callback();
  server.on("request", (req, res) => {
    res.shouldKeepAlive = false;
    handle(req, res);
  });
}

/** Ends the server at once, whatever is open. */
export function shut(server) {
  return new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
}

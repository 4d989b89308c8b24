// One at a time, among all processes of this machine. What is held is a socket without a file, which Linux has:
// whatever ends the process that holds it, the kernel takes it away, so that none is ever left behind.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect, createServer } from "node:net";

/** Tries to hold it. @returns {Promise<boolean>} false if another process does */
async function listen(server, name) {
  server.listen(name);
  try {
    await once(server, "listening");
    return true;
  } catch (error) {
    if (error.code !== "EADDRINUSE") throw error;
    return false;
  }
}

/** Until whoever holds it lets go, or ends. */
async function release(name) {
  const waiting = connect(name);
  waiting.on("error", () => {});
  await new Promise((resolve) => waiting.once("close", resolve));
}

/**
 * @template Result
 * @param {string} what
 * @param {() => Promise<Result>} work
 * @param {() => void} [onWait] called if another process is at it
 * @returns {Promise<Result>}
 */
export async function withLock(what, work, onWait = () => {}) {
  const name = `\0esi-security-${createHash("sha256").update(what).digest("hex")}`;
  const waiting = new Set();
  const server = createServer((socket) => {
    waiting.add(socket);
    socket.on("error", () => {});
  });
  if (!(await listen(server, name))) {
    onWait();
    do await release(name);
    while (!(await listen(server, name)));
  }
  try {
    return await work();
  } finally {
    server.close();
    for (const socket of waiting) socket.destroy();
  }
}

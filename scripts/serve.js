// The web server of the demo: static files for this machine alone, under the headers that a page with tokens
// in it ought to be served with.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { ROOT } from "./run.js";

const HOST = "localhost";

/** What is served, and where it lies; the longest prefix that fits wins. */
const FOLDERS = [
  ["/esi-security/js/", "js"],
  ["/esi-security/pkg/", "pkg"],
  ["/", "www"],
];

const MEDIA_TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** The file that a path means; null for one that nobody should ask for. */
function fileFor(pathname) {
  // Names without a leading dot, and none that would climb or start elsewhere.
  if (!/^(?:\/[\w-][\w.-]*)*\/?$/.test(pathname)) return null;
  const [prefix, folder] = FOLDERS.find(([beginning]) => pathname.startsWith(beginning));
  const file = pathname.slice(prefix.length);
  // A path without an extension is a view of the single-page app, such as its redirect URI.
  return join(ROOT, folder, extname(file) ? file : "index.html");
}

/** The rest of its content security policy is the page's own, so that it holds wherever the page is served. */
const HEADERS = {
  "Cache-Control": "no-store",
  "Content-Security-Policy": "frame-ancestors 'none'",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

function handler(config) {
  async function read({ method, url }) {
    if (method !== "GET" && method !== "HEAD") return { status: 405 };
    const { pathname } = new URL(url, `http://${HOST}`);
    if (pathname === "/config.json") return { status: 200, type: ".json", body: JSON.stringify(config) };
    const file = fileFor(pathname);
    if (!file || !(extname(file) in MEDIA_TYPES)) return { status: 404 };
    try {
      return { status: 200, type: extname(file), body: await readFile(file) };
    } catch (error) {
      if (["ENOENT", "EISDIR", "ENOTDIR"].includes(error.code)) return { status: 404 };
      throw error;
    }
  }

  return async (request, response) => {
    const { status, type = ".html", body = "" } = await read(request).catch(() => ({ status: 500 }));
    response.writeHead(status, { ...HEADERS, "Content-Type": MEDIA_TYPES[type] });
    response.end(request.method === "HEAD" ? undefined : body);
  };
}

/**
 * Serves `www/`, with the package below `/esi-security/` and `config` as `/config.json`.
 *
 * @param {{ config: Record<string, string>, port?: number }} options port 0 takes a free one
 * @returns {Promise<{ url: string, close(): Promise<void> }>}
 */
export async function serve({ config, port = 0 }) {
  const server = createServer(handler(config));
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, HOST, resolve);
  });
  const close = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return { url: `http://${HOST}:${server.address().port}/`, close };
}

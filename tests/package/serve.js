// Serves a folder of files as an app's host would, under a policy that lets in nothing but what is needed.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";

const MEDIA_TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".mjs": "text/javascript; charset=utf-8",
  ".wasm": "application/wasm",
};

/** What the package needs, and nothing more. */
export const POLICY = "script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'";

/** The policy for a page: its own inline scripts, which frameworks and import maps are, are named by their hashes. */
function policyFor(html) {
  const scripts = [...html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)].map(([, text]) => text);
  const hashes = scripts.map((text) => ` 'sha256-${createHash("sha256").update(text).digest("base64")}'`);
  return POLICY.replace("'self'", `'self'${hashes.join("")}`);
}

async function readFirst(files) {
  for (const file of files) {
    try {
      return { file, body: await readFile(file) };
    } catch (error) {
      if (!["ENOENT", "EISDIR"].includes(error.code)) throw error;
    }
  }
  return null;
}

/** A path without an extension is a view of the app. */
const candidates = (folder, path) =>
  extname(path)
    ? [join(folder, path)]
    : [`${join(folder, path)}.html`, join(folder, path, "index.html"), join(folder, "index.html")];

/** @returns {Promise<{ origin: string, close(): Promise<void> }>} */
export async function serve(folder) {
  const server = createServer(async ({ url }, response) => {
    const found = await readFirst(candidates(folder, new URL(url, "http://localhost").pathname));
    if (!found) return response.writeHead(404).end();
    const type = extname(found.file);
    const headers = { "Content-Type": MEDIA_TYPES[type] ?? "application/octet-stream", "Cache-Control": "no-store" };
    // A worker's own policy is that of its script.
    headers["Content-Security-Policy"] = type === ".html" ? policyFor(String(found.body)) : POLICY;
    return response.writeHead(200, headers).end(found.body);
  });
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  const close = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return { origin: `http://localhost:${server.address().port}`, close };
}

// Serves the clients' bundles as a good server would: compressed, and to be cached for ever; and for each a page that
// loads it, at its redirect URI.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { ROOT } from "../scripts/run.js";

const MEDIA_TYPES = { "": "text/html; charset=utf-8", ".js": "text/javascript", ".wasm": "application/wasm" };

/** The first two let the page's clock tick every five microseconds in place of every hundred. */
const HEADERS = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Content-Encoding": "br",
};

/** Runs in a client's page. `ready` tells when there was an object to begin with, counted from the navigation. */
function load({ create, createVerifier }, settings) {
  const begin = async () => {
    const client = await create(settings);
    const verifier = createVerifier?.(settings);
    client.verify ??= verifier && (async () => verifier(await client.token()));
    globalThis.client = client;
    return performance.now();
  };
  globalThis.ready = begin();
}

/** Done once for each file, as the best compression takes its time. */
const compressed = new WeakMap();

function compress(bytes) {
  if (!compressed.has(bytes)) compressed.set(bytes, brotliCompressSync(bytes));
  return compressed.get(bytes);
}

const page = (script, links = "") =>
  Buffer.from(
    `<!DOCTYPE html><title>Bench</title><link rel=icon href=data:,>${links}<script type=module>${script}</script>`,
  );

const clientPage = (settings, links = "") =>
  page(`import * as module from "./index.js"; (${load})(module, ${JSON.stringify(settings)});`, links);

/** What asks for a file before any JavaScript does, as docs/bundlers.md has it. */
const PRELOAD = '<link rel="preload" as="fetch" type="application/wasm" crossorigin href="esi_security_bg.wasm">';

/**
 * @param {import("./bundles.js").Bundles} bundles
 * @param {Omit<import("./clients.js").Settings, "redirectUri">} settings for the pages
 */
export async function serveBundles(bundles, settings) {
  const files = new Map();
  const server = createServer(({ url }, response) => {
    const { pathname } = new URL(url, "http://localhost");
    const bytes = files.get(pathname);
    if (!bytes) return response.writeHead(404).end();
    const type = extname(pathname);
    const cache = type ? "max-age=31536000, immutable" : "no-cache";
    response.writeHead(200, { ...HEADERS, "Content-Type": MEDIA_TYPES[type], "Cache-Control": cache });
    return response.end(bytes);
  });
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  const origin = `http://localhost:${server.address().port}`;

  const folder = (client) => `/${client.replaceAll(" ", "")}`;
  const redirectUri = (client) => `${origin}${folder(client)}/callback`;
  const preloading = (client) => `${origin}${folder(client)}/preloading`;
  const put = (path, bytes) => files.set(path, compress(bytes));
  put("/", page(""));
  put("/rounds.js", await readFile(join(ROOT, "bench/rounds.js")));
  for (const [client, bundle] of bundles) {
    const given = { ...settings, redirectUri: redirectUri(client) };
    put(`${folder(client)}/callback`, clientPage(given));
    put(`${folder(client)}/preloading`, clientPage(given, PRELOAD));
    for (const [name, bytes] of Object.entries(bundle)) put(`${folder(client)}/${name}`, bytes);
  }

  const close = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return { origin, redirectUri, preloading, close };
}

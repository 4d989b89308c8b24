// Gets the WebAssembly module from wherever it is asked to, and says what mends a load that fails.

import { EsiError } from "./error.js";

/** Statuses of a server that may answer otherwise a moment later (RFC 9110 section 15, RFC 6585 section 4). */
const PASSING = [408, 429, 500, 502, 503, 504];

const VITE = '`optimizeDeps: { exclude: ["esi-security"] }`';
const COPY = "copy `esi_security_bg.wasm` out of the package beside your bundle, or call `init(url)` first";

const IS_HTML =
  "is a page, not the WebAssembly module, so the server has no such file. " +
  `Vite's development server up to version 7 needs ${VITE} in its configuration, Nuxt the same within \`vite: { … }\`. ` +
  `Elsewhere ${COPY}`;

const MENDS = {
  403:
    "is refused by the server (status 403): see its access rules. Vite's development server refuses what lies outside its " +
    "project, as a linked package does: install the tarball of `npm run pack`, or add the package's folder to `server.fs.allow`",
  404: `does not exist (status 404). esbuild and Rollup copy no WebAssembly file: ${COPY}`,
};

const NO_ANSWER = "the network failed, or the page's Content-Security-Policy forbids it by `connect-src`";
const NO_FILES =
  "`fetch` reads no files. In Node give `init` nothing, or the module's bytes, and have a bundler use the condition `node` " +
  "of the package's `exports` (docs/bundlers.md)";
const NO_ADDRESS = "it is no complete address, which Node wants. Give `init` nothing there, or the module's bytes";

const BLOCKED = "the page's Content-Security-Policy blocks WebAssembly: add `'wasm-unsafe-eval'` to its `script-src`";

/** The shortest module that there is. */
const EMPTY = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

const failure = (message, retryable, details) => new EsiError(message, "load_failed", "load", retryable, details);

/** An address without its query, which may hold a signature. */
const nameOf = (address) => `\`${address.split(/[?#]/, 1)[0]}\``;

/** Why `fetch` gives nothing for an address. */
function reason(address) {
  if (address.startsWith("file:")) return NO_FILES;
  try {
    // A path alone is an address only where there is a page.
    new URL(address, globalThis.location?.href);
    return NO_ANSWER;
  } catch {
    return NO_ADDRESS;
  }
}

async function download(source) {
  try {
    return await fetch(source);
  } catch (cause) {
    const address = source.url ?? String(source);
    const why = reason(address);
    throw failure(`${nameOf(address)} could not be fetched: ${why}`, why === NO_ANSWER, { cause });
  }
}

/** No module begins with `<`. */
const isHtml = (bytes) => new TextDecoder().decode(bytes.slice(0, 64)).trimStart().startsWith("<");

/** Each module begins with `\0asm`. */
const isModule = (bytes) => String.fromCharCode(...bytes.slice(0, 4)) === "\0asm";

/** What can be compiled of a response: itself, to compile it while it comes, or its bytes. */
async function read(response) {
  const { ok, status } = response;
  const name = nameOf(response.url);
  if (!ok) {
    const mend = MENDS[status] ?? `cannot be had from the server (status ${status})`;
    throw failure(`${name} ${mend}`, PASSING.includes(status), { status });
  }
  const type = response.headers.get("content-type") ?? "";
  if (type.startsWith("application/wasm")) return response;
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (type.startsWith("text/html") || isHtml(bytes)) throw failure(`${name} ${IS_HTML}`, false, { status });
  if (!isModule(bytes))
    throw failure(`${name} is not the WebAssembly module (\`${type}\`): ${COPY}`, false, { status });
  return bytes;
}

/**
 * @param {import("../bindings/types.d.ts").WasmSource | (() => Promise<BufferSource>)} source
 * @returns {Promise<Response | BufferSource | WebAssembly.Module>} what can be compiled
 */
export async function getModule(source) {
  const given = await (typeof source === "function" ? source() : source);
  const isAddress = typeof given === "string" || given instanceof URL || given instanceof Request;
  const found = isAddress ? await download(given) : given;
  return found instanceof Response ? read(found) : found;
}

/** A policy keeps WebKit from instances alone, Chromium and Firefox from modules. */
function mayCompile() {
  try {
    return Boolean(new WebAssembly.Instance(new WebAssembly.Module(EMPTY)));
  } catch {
    return false;
  }
}

/** @returns {EsiError} what is told of a load that has failed */
export function loadError(cause) {
  if (cause instanceof EsiError) return cause;
  if (typeof WebAssembly === "undefined") return failure("this browser has no WebAssembly, or it is turned off", false);
  if (!mayCompile()) return failure(BLOCKED, false, { cause });
  return failure("the WebAssembly module could not be loaded", true, { cause });
}

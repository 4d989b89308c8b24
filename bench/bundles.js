// The files that a page loads for each client: bundled and minified by esbuild.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { ROOT } from "../scripts/run.js";
import { JOSE, OURS, withJose } from "./clients.js";

const FOLDER = join(ROOT, "bench");
const CREATE = (name) => `export { create } from "./clients/${name}.js";`;
const CREATE_VERIFIER = `export { createVerifier } from "./clients/${JOSE}.js";`;

/** @param {object} entry what to begin with, for esbuild */
async function minify(entry) {
  const { outputFiles } = await build({ ...entry, bundle: true, minify: true, format: "esm", write: false });
  return Buffer.from(outputFiles[0].contents);
}

const bundle = (contents) => minify({ stdin: { contents, resolveDir: FOLDER } });

async function ours() {
  return {
    "index.js": await bundle(CREATE(OURS)),
    // The shared worker's script and the module are looked for beside the first.
    "token-worker.js": await minify({ entryPoints: [join(ROOT, "js/token-worker.js")] }),
    "esi_security_bg.wasm": await readFile(join(ROOT, "pkg/esi_security_bg.wasm")),
  };
}

/** @typedef {Map<string, Record<string, Buffer>>} Bundles by client: file names and contents */

/**
 * @param {string[]} peers
 * @returns {Promise<Bundles>}
 */
export async function bundleClients(peers) {
  const bundles = new Map([
    [OURS, await ours()],
    [JOSE, { "index.js": await bundle(CREATE_VERIFIER) }],
  ]);
  for (const peer of peers) {
    bundles.set(peer, { "index.js": await bundle(CREATE(peer)) });
    bundles.set(withJose(peer), { "index.js": await bundle(CREATE(peer) + CREATE_VERIFIER) });
  }
  return bundles;
}

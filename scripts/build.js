// Builds `pkg/`, the WebAssembly module with its glue, unless it is already what these sources give. Arguments go
// to Cargo: `npm run build -- --features rust-crypto`.
import { createHash } from "node:crypto";
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { optimise } from "./optimise.js";
import { fail, isMain, output, ROOT, run } from "./run.js";
import { setup } from "./setup.js";
import { withShortNames } from "./short-names.js";

const SOURCES = [
  ...["Cargo.toml", "Cargo.lock", "package-lock.json", "src", "bindings", "js/error.js"],
  ...["scripts/build.js", "scripts/optimise.js", "scripts/dead.js", "scripts/short-names.js", "scripts/wasm.js"],
];
const RESULTS = ["pkg/esi_security.js", "pkg/esi_security_bg.wasm"];
const [GLUE, MODULE] = RESULTS.map((file) => join(ROOT, file));
const STAMP = join(ROOT, "pkg/.fingerprint");

/**
 * Where the module is. Bundlers copy what such an expression names; where one does not, the module belongs beside the
 * bundle. So the expression has to be in a file beside the module.
 */
const MODULE_URL = `
export const moduleUrl = () => new URL("esi_security_bg.wasm", import.meta.url);
`;

const wasmPack = (profile, folder) => [
  ...["build", "bindings", "--mode", "no-install", profile, "--target", "web"],
  ...["--out-dir", folder, "--out-name", "esi_security", "--no-typescript", "--no-pack", "--", "--locked"],
];

function filesIn(path) {
  if (!statSync(join(ROOT, path)).isDirectory()) return [path];
  return readdirSync(join(ROOT, path), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(ROOT.length))
    .sort();
}

/** A digest of everything that decides what comes out, and of what came out. */
function fingerprint(env, options) {
  const hash = createHash("sha256").update(`${options.join(" ")}\0`);
  for (const [program, ...args] of [
    ["rustc", "-vV"],
    ["wasm-bindgen", "--version"],
    ["wasm-opt", "--version"],
  ]) {
    hash.update(`${output(program, args, env)}\0`);
  }
  for (const file of [...SOURCES.flatMap(filesIn), ...RESULTS]) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(ROOT, file)))
      .update("\0");
  }
  return hash.digest("hex");
}

function isUpToDate(env, options) {
  if (![STAMP, ...RESULTS.map((file) => join(ROOT, file))].every(existsSync)) return false;
  return readFileSync(STAMP, "utf8") === fingerprint(env, options);
}

/**
 * @param {NodeJS.ProcessEnv} env from `setup`
 * @param {string[]} [options] for Cargo
 */
export async function build(env, options = []) {
  if (isUpToDate(env, options)) return;
  console.log("\nBuilding the package; this tends to take a minute, and more at first.");
  rmSync(STAMP, { force: true });
  await run("wasm-pack", [...wasmPack("--release", join(ROOT, "pkg")), ...options], { env });
  const names = await optimise(env, MODULE);
  writeFileSync(GLUE, withShortNames(readFileSync(GLUE, "utf8"), names) + MODULE_URL);
  writeFileSync(STAMP, fingerprint(env, options));
}

/** The same, sooner and larger, into another folder. */
export async function buildForDevelopment(env, folder, options) {
  await run("wasm-pack", [...wasmPack("--dev", folder), ...options], { env });
  appendFileSync(join(folder, "esi_security.js"), MODULE_URL);
}

if (isMain(import.meta)) {
  await setup({ tests: false })
    .then((env) => build(env, process.argv.slice(2)))
    .catch(fail);
}

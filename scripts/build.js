// Builds `pkg/`, the WebAssembly module and its glue code, unless it is up to date. Arguments go to Cargo:
// `npm run build -- --features rust-crypto`.
import { createHash } from "node:crypto";
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fail, isMain, output, ROOT, run } from "./run.js";
import { setup } from "./setup.js";
import { withShortNames } from "./short-names.js";
import { findSwitches } from "./standard-library.js";

const SOURCES = [
  ...["Cargo.toml", "Cargo.lock", "package-lock.json", "src", "bindings", "js/error.js"],
  ...["scripts/build.js", "scripts/short-names.js"],
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

/** For wasm-opt: of many orders and further passes, the smallest module by gzip (`bench/README.md`). */
const PASSES = [
  ...["--flatten", "--rereloop", "-Oz", "-Oz"],
  // The stack is at the start of the memory and grows down to address 0: only an overflow writes below 1024.
  "--low-memory-unused",
  // A larger function with one caller compresses better when it is not inlined.
  "--one-caller-inline-max-function-size=20",
  // Prints the old and new names as JSON: `{ imports: [[module, old, short], …], exports: [[old, short], …] }`.
  "--minify-imports-and-exports-and-modules",
  ...["--strip-debug", "--strip-producers", "--strip-target-features"],
];

const WITHOUT_SWITCHES =
  "This Rust cannot compile its standard library (no source, or other switches), so the module is 14 kB larger (gzip).";

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
function fingerprint(env, options, switches) {
  const hash = createHash("sha256").update(`${options.join(" ")}\0${JSON.stringify(switches)}\0`);
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

function isUpToDate(...inputs) {
  if (![STAMP, ...RESULTS.map((file) => join(ROOT, file))].every(existsSync)) return false;
  return readFileSync(STAMP, "utf8") === fingerprint(...inputs);
}

/**
 * @param {NodeJS.ProcessEnv} env from `setup`
 * @param {string[]} [options] for Cargo
 */
export async function build(env, options = []) {
  const switches = findSwitches(env);
  if (isUpToDate(env, options, switches)) return;
  console.log("\nBuilding the package; this tends to take a minute, and two at first.");
  if (!switches) console.log(WITHOUT_SWITCHES);
  rmSync(STAMP, { force: true });
  const cargo = [...options, ...(switches?.options ?? [])];
  await run("wasm-pack", [...wasmPack("--release", join(ROOT, "pkg")), ...cargo], {
    env: { ...env, ...switches?.env },
  });
  const names = await run("wasm-opt", [MODULE, "-o", MODULE, ...PASSES], { env, shown: false });
  writeFileSync(GLUE, withShortNames(readFileSync(GLUE, "utf8"), JSON.parse(names)) + MODULE_URL);
  writeFileSync(STAMP, fingerprint(env, options, switches));
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

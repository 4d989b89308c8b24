// wasm-pack, and wasm-bindgen's command in exactly the version of the library: the two share a format that
// changes with every release. And geckodriver, which drives Firefox.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { output, ROOT, run } from "../run.js";
import { TOOLS } from "../toolchain.js";

const WASM_PACK = "0.15.1";
const GECKODRIVER = "0.37.1";

function wasmBindgenVersion() {
  const lock = readFileSync(join(ROOT, "Cargo.lock"), "utf8");
  return /^name = "wasm-bindgen"\nversion = "(.+)"/m.exec(lock)[1];
}

/** @returns {import("../setup.js").Part} */
function cargoTool(crate, command, version, takes, env) {
  // Without --locked: the crate's own lock file may name releases that a registry does not show yet.
  const args = ["install", crate, "--version", version, "--root", TOOLS];
  return {
    name: `${crate} ${version}`,
    takes,
    byHand: `cargo install ${crate} --version ${version}`,
    find: () => output(command, ["--version"], env)?.split("\n")[0].trim() === `${command} ${version}`,
    install: () => run("cargo", args, { env }),
  };
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string[]} engines that the tests run in
 */
export function cargoTools(env, engines) {
  return [
    cargoTool("wasm-pack", "wasm-pack", WASM_PACK, "three minutes", env),
    cargoTool("wasm-bindgen-cli", "wasm-bindgen", wasmBindgenVersion(), "two minutes", env),
    ...(engines.includes("firefox") ? [cargoTool("geckodriver", "geckodriver", GECKODRIVER, "two minutes", env)] : []),
  ];
}

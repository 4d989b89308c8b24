// What takes the room in the WebAssembly module, by crate. The module that is shipped has no names, so it is made once
// more with them; what is counted is the same code, byte for byte.
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { linkedModule, optimise, plainName } from "./optimise.js";
import { ROOT, run } from "./run.js";
import { TARGET } from "./toolchain.js";
import { readModule } from "./wasm.js";

const SHIPPED = join(ROOT, "pkg/esi_security_bg.wasm");
const FOLDER = join(ROOT, "target/named");
const NAMED = join(FOLDER, "optimised.wasm");

/** A path's first name. */
const CRATE = String.raw`([a-z_]\w*)::`;
const OF_TYPE = new RegExp(String.raw`^[<&*(\[]*(?:(?:mut|const|dyn) )*${CRATE}`);
const OF_TRAIT = new RegExp(` as ${CRATE}`);

/** Generic code counts for the crate that wrote it, whoever made it necessary. @param {string} [name] of a function */
export function crateOf(name = "") {
  const plain = plainName(name);
  const path = OF_TYPE.exec(plain) ?? OF_TRAIT.exec(plain);
  if (path) return path[1];
  // What is left are methods of the language's own types, and what has no path: exports, with all that was inlined.
  return plain.startsWith("<") ? "core" : "(exports)";
}

async function makeNamed(env) {
  console.log("\nOptimising the module once more, with names; this tends to take a quarter of a minute.");
  mkdirSync(FOLDER, { recursive: true });
  const cargo = ["build", "--quiet", "--release", "--locked", "--lib", "--package", "esi-security-bindings"];
  await run("cargo", [...cargo, "--target", TARGET], { env });
  const bindgen = ["--target", "web", "--keep-debug", "--no-typescript", "--out-dir", FOLDER, "--out-name", "module"];
  await run("wasm-bindgen", [linkedModule(env), ...bindgen], { env });
  await optimise(env, join(FOLDER, "module_bg.wasm"), NAMED, { names: true });
}

/** The functions of the shipped module, with their names. */
async function findFunctions(env, shipped) {
  const find = () => {
    const module = existsSync(NAMED) ? readModule(readFileSync(NAMED)) : null;
    return module?.code.equals(shipped.code) ? module.functions : null;
  };
  const here = find();
  if (here) return here;
  await makeNamed(env);
  const made = find();
  if (!made) throw new Error("The module with names is not the one in pkg/: was that built with a feature?");
  return made;
}

/**
 * @param {NodeJS.ProcessEnv} env from `setup`
 * @returns {Promise<{ name: string, bytes: number }[]>} largest first; all that the module consists of
 */
export async function crates(env) {
  const bytes = readFileSync(SHIPPED);
  const shipped = readModule(bytes);
  const sums = new Map();
  for (const { name, size } of await findFunctions(env, shipped)) {
    sums.set(crateOf(name), (sums.get(crateOf(name)) ?? 0) + size);
  }
  sums.set("(data)", shipped.data);
  const counted = [...sums.values()].reduce((total, size) => total + size, 0);
  sums.set("(the rest)", bytes.length - counted);
  return [...sums].map(([name, size]) => ({ name, bytes: size })).sort((one, other) => other.bytes - one.bytes);
}

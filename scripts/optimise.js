// Makes the module smaller that wasm-bindgen has made.
//
// Whatever panics ends in the instruction `unreachable`: the message goes nowhere, since a browser has no standard error.
// What leads from the panic to there becomes that instruction at once, and what only made messages is left out with it.
import { readFileSync, writeFileSync } from "node:fs";
import { run } from "./run.js";

/** Functions of the standard library that never return. Newer compilers put a hash behind a crate's name. */
const PANICS = [
  /^<?(?:core|alloc|std)(?:\[[0-9a-f]+\])?::(?:.*::)?(?:panic_\w+|\w+_fail(?:ed|_rt)?)$/,
  /^core(?:\[[0-9a-f]+\])?::panicking::.*$/,
  /^alloc(?:\[[0-9a-f]+\])?::(?:.*::)?(?:handle_(?:alloc_)?error|capacity_overflow)$/,
  /(?:^|::)rust_begin_unwind$/,
];

/** What legacy names end in. */
const HASH = /::h[0-9a-f]{16}$/;

/** The one that all others end in, by which a compiler is known that names them otherwise. */
const LAST = "rust_begin_unwind";

const FEATURES = [
  "bulk-memory",
  "mutable-globals",
  "nontrapping-float-to-int",
  "sign-ext",
  "reference-types",
  "multivalue",
];

const PASSES = [
  ...["-Oz", "--flatten", "--rereloop", "-Oz", "--converge"],
  // The stack comes first and grows down to there: whoever writes below this has overflown it.
  "--low-memory-unused",
  "--strip-producers",
];

/** @param {string} name of a function */
export function panics(name) {
  const path = name.replace(HASH, "");
  return PANICS.some((pattern) => pattern.test(path));
}

/** @param {Uint8Array} bytes of a module with names */
export async function withoutPanics(bytes) {
  // Imported late, because the packages may not be there before `setup`.
  const { default: binaryen } = await import("binaryen");
  const { Function: Func, getFunctionInfo, none, readBinary, setDebugInfo } = binaryen;
  setDebugInfo(true);
  const module = readBinary(bytes);
  const functions = Array.from({ length: module.getNumFunctions() }, (_, index) => module.getFunctionByIndex(index));
  const found = functions.filter((each) => {
    const { name, module: from, results } = getFunctionInfo(each);
    return !from && results === none && panics(name);
  });
  if (!found.some((each) => getFunctionInfo(each).name.includes(LAST))) throw new Error(`There is no \`${LAST}\`.`);
  for (const each of found) Func.setBody(each, module.unreachable());
  const made = module.emitBinary();
  module.dispose();
  return made;
}

/**
 * @param {NodeJS.ProcessEnv} env from `setup`
 * @param {string} file a module with names
 * @param {string} [to] where it goes
 * @param {{ names?: boolean }} [keep]
 */
export async function optimise(env, file, to = file, { names = false } = {}) {
  writeFileSync(to, await withoutPanics(readFileSync(file)));
  const features = FEATURES.map((name) => `--enable-${name}`);
  await run("wasm-opt", [to, "-o", to, ...features, ...PASSES, names ? "-g" : "--strip-debug"], { env });
}

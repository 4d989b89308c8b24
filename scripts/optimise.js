// Makes the module smaller that wasm-bindgen has made.
//
// Whatever panics ends in the instruction `unreachable`: the message goes nowhere, since a browser has no standard error.
// What leads from the panic to there becomes that instruction at once, and what only made messages is left out with it.
// The places in the sources that they would have named become zeros, which also keeps the paths of the machine that
// built it out of the module.
import { readFileSync, writeFileSync } from "node:fs";
import { run } from "./run.js";
import { readData } from "./wasm.js";

/** Functions of the standard library that never return. Newer compilers put a hash behind a crate's name. */
const PANICS = [
  /^<?(?:core|alloc|std)(?:\[[0-9a-f]+\])?::(?:.*::)?(?:panic_\w+|\w+_fail(?:ed|_rt)?)$/,
  /^core(?:\[[0-9a-f]+\])?::panicking::.*$/,
  /^alloc(?:\[[0-9a-f]+\])?::(?:.*::)?(?:handle_(?:alloc_)?error|capacity_overflow)$/,
  /(?:^|::)rust_begin_unwind$/,
];

/** A path of a source file, all of it. */
const SOURCE = /^[\w+./@\\: -]+\.rs$/;
const LONGEST_PATH = 1024;

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

/** A path, its length, a line and a column: `core::panic::Location`. */
const PLACE = 16;

/**
 * Takes the places out of a module where it might panic, in place.
 *
 * @param {Buffer} bytes
 */
export function forgetPlaces(bytes) {
  const segments = readData(bytes);
  const textAt = (address, length) => {
    const segment = segments.find(
      (each) => address >= each.address && address + length <= each.address + each.bytes.length,
    );
    return segment?.bytes.subarray(address - segment.address, address - segment.address + length);
  };
  const places = [];
  for (const { address, bytes: data } of segments) {
    // They are aligned in memory, not in the file.
    for (let at = -address & 3; at + PLACE <= data.length; at += 4) {
      const [path, length, line, column] = [0, 4, 8, 12].map((member) => data.readUInt32LE(at + member));
      if (length > LONGEST_PATH || line === 0 || column === 0) continue;
      const text = textAt(path, length);
      if (text && SOURCE.test(text.toString())) places.push(text, data.subarray(at, at + PLACE));
    }
  }
  for (const each of places) each.fill(0);
}

/**
 * @param {NodeJS.ProcessEnv} env from `setup`
 * @param {string} file a module with names
 * @param {string} [to] where it goes
 * @param {{ names?: boolean }} [keep]
 */
export async function optimise(env, file, to = file, { names = false } = {}) {
  const bytes = readFileSync(file);
  forgetPlaces(bytes);
  writeFileSync(to, await withoutPanics(bytes));
  const features = FEATURES.map((name) => `--enable-${name}`);
  await run("wasm-opt", [to, "-o", to, ...features, ...PASSES, names ? "-g" : "--strip-debug"], { env });
}

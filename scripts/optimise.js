// Makes the module smaller that wasm-bindgen has made.
//
// Whatever panics ends in the instruction `unreachable`: the message goes nowhere, since a browser has no standard error.
// What leads from the panic to there becomes that instruction at once, and what only made messages is left out with it.
// The places in the sources that they would have named become zeros, which also keeps the paths of the machine that
// built it out of the module.
//
// What `{:?}` writes, and serde_json's words for what it has not expected, nobody reads: they could quote a token. They
// write nothing, as rustc's `-Zfmt-debug=none` has it, and the tables of printable characters go with them.
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

/** Functions that write what nobody reads, and tell whether that went well. */
const UNREAD = [
  / as core(?:\[[0-9a-f]+\])?::fmt::Debug>::fmt$/,
  /^<serde_json::error::JsonUnexpected as .*>::fmt$/,
  /^<serde_core::de::OneOf as .*>::fmt$/,
  / as serde_core::de::Expected>::fmt$/,
];

/** A path of a source file, all of it. */
const SOURCE = /^[\w+./@\\: -]+\.rs$/;
const LONGEST_PATH = 1024;

/** What legacy names end in. */
const HASH = /::h[0-9a-f]{16}$/;

/** The one that all others end in, by which a compiler is known that names them otherwise. */
const LAST = "rust_begin_unwind";

/** Rust's `Ok(())`, which is what a function that writes gives back. */
const OK = 0;

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

const matches = (name, patterns) => patterns.some((pattern) => pattern.test(name.replace(HASH, "")));

/** @param {string} name of a function */
export const panics = (name) => matches(name, PANICS);

/** @param {string} name of a function */
export const isUnread = (name) => matches(name, UNREAD);

/** @param {Uint8Array} bytes of a module with names */
export async function withoutWords(bytes) {
  // Imported late, because the packages may not be there before `setup`.
  const { default: binaryen } = await import("binaryen");
  const { Function: Func, getFunctionInfo, i32, none, readBinary, setDebugInfo } = binaryen;
  setDebugInfo(true);
  const module = readBinary(bytes);
  const functions = Array.from({ length: module.getNumFunctions() }, (_, index) => module.getFunctionByIndex(index));
  const find = (type, isOne) =>
    functions.filter((each) => {
      const { name, module: from, results } = getFunctionInfo(each);
      return !from && results === type && isOne(name);
    });
  const found = find(none, panics);
  if (!found.some((each) => getFunctionInfo(each).name.includes(LAST))) throw new Error(`There is no \`${LAST}\`.`);
  for (const each of found) Func.setBody(each, module.unreachable());
  for (const each of find(i32, isUnread)) Func.setBody(each, module.i32.const(OK));
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
  writeFileSync(to, await withoutWords(bytes));
  const features = FEATURES.map((name) => `--enable-${name}`);
  await run("wasm-opt", [to, "-o", to, ...features, ...PASSES, names ? "-g" : "--strip-debug"], { env });
}

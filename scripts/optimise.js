// Makes the module smaller that wasm-bindgen has made.
//
// Whatever panics ends in the instruction `unreachable`: the message goes nowhere, since a browser has no standard error.
// What leads from the panic to there becomes that instruction at once, and what only made messages is left out with it.
// The places in the sources that they would have named become zeros, which also keeps the paths of the machine that
// built it out of the module.
//
// What `{:?}` writes, and serde_json's words for what it has not expected, nobody reads: they could quote a token. They
// write nothing, as rustc's `-Zfmt-debug=none` has it. What `{}` writes is read: gloo-net puts addresses together so.
//
// Texts and tables that only these functions referred to become zeros, which take no room; and functions that nothing else
// could have called are left out.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findDead } from "./dead.js";
import { output, run } from "./run.js";
import { TARGET } from "./toolchain.js";
import { readModule, withoutSections } from "./wasm.js";

/** Functions of the standard library that never return. */
const PANICS = [
  /^<?(?:core|alloc|std)::(?:.*::)?(?:panic_\w+|\w+_fail(?:ed|_rt)?)$/,
  /^core::panicking::.*$/,
  /^alloc::(?:.*::)?(?:handle_(?:alloc_)?error|capacity_overflow)$/,
  /(?:^|::)rust_begin_unwind$/,
];

/** Functions that write what nobody reads, and tell whether that went well. */
const UNREAD = [
  / as core::fmt::Debug>::fmt$/,
  /^<serde_json::error::JsonUnexpected as .*>::fmt$/,
  /^<serde_core::de::OneOf as .*>::fmt$/,
  / as serde_core::de::Expected>::fmt$/,
];

/** A path of a source file, all of it. */
const SOURCE = /^[\w+./@\\: -]+\.rs$/;
const LONGEST_PATH = 1024;

/** The one that all others end in, by which a compiler is known that names them otherwise. */
const LAST = "rust_begin_unwind";

const I32 = 0x7f;

/** Instructions. `i32.const 0` is Rust's `Ok(())`, which is what a function that writes gives back. */
const UNREACHABLE = [0x00];
const OK = [0x41, 0x00];
const NOP = 0x01;
const END = 0x0b;

const FEATURES = [
  "--enable-bulk-memory",
  "--enable-mutable-globals",
  "--enable-nontrapping-float-to-int",
  "--enable-sign-ext",
  "--enable-reference-types",
  "--enable-multivalue",
];

const PASSES = [
  ...["-Oz", "--flatten", "--rereloop", "-Oz", "--converge"],
  // The stack comes first and grows down to there: whoever writes below this has overflown it.
  "--low-memory-unused",
  // What has one caller and is larger than that compresses better by itself, measured.
  "--one-caller-inline-max-function-size=20",
  "--strip-producers",
];

/** A run of its own, since it prints the new names, and `--converge` would do it several times. */
const SHORT_NAMES = "--minify-imports-and-exports-and-modules";

/** What stands for characters in names that the linker has spelled out halfway. */
const ESCAPES = { LT: "<", GT: ">", RF: "&", BP: "*", C: ",", LP: "(", RP: ")", SP: "@" };

/** A name as newer compilers spell it, without the hash and the number that make it unique. */
export const plainName = (name) =>
  name
    .replace(/ \(\.\d+\)$|\.\d+$/, "")
    .replace(/::h[0-9a-f]{16}$/, "")
    .replace(/\[[0-9a-f]{8,16}\]/g, "")
    .replace(/\$u([0-9a-f]+)\$/g, (_, code) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/\$([A-Z]{1,2})\$/g, (whole, character) => ESCAPES[character] ?? whole)
    .replaceAll("..", "::")
    .replace(/(^|::)_(?=<)/g, "$1");

const matches = (name, patterns) => patterns.some((pattern) => pattern.test(plainName(name)));

/** @param {string} name of a function */
export const panics = (name) => matches(name, PANICS);

/** @param {string} name of a function */
export const isUnread = (name) => matches(name, UNREAD);

/** What is done in a function's place; nothing, if it stays. @param {import("./wasm.js").Func} func */
function replacementFor({ name = "", results }) {
  if (results.length === 0 && panics(name)) return UNREACHABLE;
  if (results.length === 1 && results[0] === I32 && isUnread(name)) return OK;
  return null;
}

/** @param {Buffer} bytes of a module with names, changed in place */
export function emptyFunctions(bytes) {
  const emptied = readModule(bytes).functions.filter((func) => replacementFor(func));
  if (!emptied.some(({ name }) => name.includes(LAST))) throw new Error(`There is no \`${LAST}\`.`);
  for (const func of emptied) replace(func, replacementFor(func));
}

/** @param {import("./wasm.js").Func} func changed in place @param {number[]} instructions */
function replace({ body }, instructions) {
  // It has no variables, and stays as long as it was.
  const code = [0, ...instructions];
  if (body.length <= code.length) return;
  body.fill(NOP).set(code);
  body[body.length - 1] = END;
}

/** @param {Buffer} bytes of a module, changed in place @param {Buffer} linked the same, as the linker has made it */
export function forgetDead(bytes, linked) {
  const { segments, functions } = readModule(bytes);
  const same = readModule(linked).segments;
  if (segments.length !== same.length || !segments.every((each, index) => each.bytes.equals(same[index].bytes))) {
    throw new Error("What was linked is another module.");
  }
  const dead = findDead(linked, (func) => replacementFor(func) !== null);
  for (const address of dead.data) {
    const segment = segments.find((each) => address >= each.address && address < each.address + each.bytes.length);
    segment.bytes[address - segment.address] = 0;
  }
  const names = new Set(dead.functions);
  for (const func of functions) if (names.has(func.name) && !replacementFor(func)) replace(func, UNREACHABLE);
}

/** A path, its length, a line and a column: `core::panic::Location`. */
const PLACE = 16;

/**
 * Takes the places out of a module where it might panic, in place.
 *
 * @param {Buffer} bytes
 */
export function forgetPlaces(bytes) {
  const { segments } = readModule(bytes);
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

/** What Cargo has made, which wasm-bindgen reads. Cargo may have been told to put it elsewhere. */
function linkedModule(env) {
  const printed = output("cargo", ["metadata", "--locked", "--no-deps", "--format-version", "1"], env);
  if (printed === null) throw new Error("`cargo metadata` failed.");
  return join(JSON.parse(printed).target_directory, TARGET, "release/esi_security_bindings.wasm");
}

/**
 * @param {NodeJS.ProcessEnv} env from `setup`
 * @param {string} file a module with names, which wasm-bindgen has made of what was linked last
 * @returns {Promise<import("./short-names.js").ShortNames>} what its imports and exports are called now
 */
export async function optimise(env, file) {
  const bytes = readFileSync(file);
  emptyFunctions(bytes);
  forgetDead(bytes, readFileSync(linkedModule(env)));
  forgetPlaces(bytes);
  // They are true of the linked module alone.
  writeFileSync(
    file,
    withoutSections(bytes, (name) => name === "linking" || name.startsWith("reloc.")),
  );
  await run("wasm-opt", [file, "-o", file, ...FEATURES, ...PASSES, "--strip-debug"], { env });
  return JSON.parse(await run("wasm-opt", [file, "-o", file, ...FEATURES, SHORT_NAMES], { env, shown: false }));
}

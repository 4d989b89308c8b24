// What the build reads of a WebAssembly module, compared with what made it.
import assert from "node:assert/strict";
import { test } from "node:test";
import binaryen from "binaryen";
import { readModule } from "../../scripts/wasm.js";

const TEXT = `(module
  (import "env" "table" (table 1 funcref))
  (import "env" "memory" (memory 1 2))
  (import "env" "number" (global $number i32))
  (import "env" "other" (func $other (param i32)))
  (func $small)
  (func $large (local i32) (call $other (i32.add (global.get $number) (i32.const 305419896))))
  (export "large" (func $large))
  (data (i32.const 0) "twelve bytes"))`;

function assemble(text, names) {
  const module = binaryen.parseText(text);
  binaryen.setDebugInfo(names);
  const bytes = Buffer.from(module.emitBinary());
  module.dispose();
  return bytes;
}

test("it finds the functions behind the imported ones, with their lengths and names", () => {
  const { functions, code, data } = readModule(assemble(TEXT, true));
  assert.deepEqual(
    functions.map(({ name }) => name),
    ["small", "large"],
  );
  // No local and an end, behind the length.
  assert.equal(functions[0].size, 3);
  assert.ok(functions[1].size > functions[0].size);
  // The number of functions is one byte.
  assert.equal(code.length, 1 + functions[0].size + functions[1].size);
  assert.ok(data > "twelve bytes".length);
});

test("the code is the same without names", () => {
  const [named, bare] = [true, false].map((names) => readModule(assemble(TEXT, names)));
  assert.ok(named.code.equals(bare.code));
  assert.deepEqual(
    bare.functions.map(({ name }) => name),
    [undefined, undefined],
  );
});

test("a module with nothing in it has nothing", () => {
  const { code, data, functions } = readModule(assemble("(module)", true));
  assert.deepEqual([code.length, data, functions], [0, 0, []]);
});

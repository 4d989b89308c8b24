// What becomes of a panic, and of words that nobody reads, in the module that is shipped.
import assert from "node:assert/strict";
import { test } from "node:test";
import binaryen from "binaryen";
import { emptyFunctions, forgetDead, forgetPlaces, isUnread, panics, plainName } from "../../scripts/optimise.js";
import { readModule } from "../../scripts/wasm.js";

const LAST = "__rustc[b7974e8690430dd9]::rust_begin_unwind";
const CHECK = "core::slice::index::slice_index_fail::h0123456789abcdef";
const WORDS = "<&str as core[c5930c85a12de822]::fmt::Debug>::fmt";

const text = (last) => `(module
  (memory 1)
  (func $"${last}" (i32.store (i32.const 0) (i32.const 1)))
  (func $"${CHECK}" (param i32) (i32.store (i32.const 0) (local.get 0)) (call $"${last}") (unreachable))
  (func $"${WORDS}" (export "write") (result i32) (i32.store (i32.const 4) (i32.const 1)) (i32.const 1))
  (func (export "read") (param i32) (result i32)
    (if (i32.gt_u (local.get 0) (i32.const 9)) (then (call $"${CHECK}" (i32.const 7))))
    (i32.load (local.get 0))))`;

function assemble(last) {
  const module = binaryen.parseText(text(last));
  binaryen.setDebugInfo(true);
  const bytes = Buffer.from(module.emitBinary());
  module.dispose();
  return bytes;
}

function emptied() {
  const bytes = assemble(LAST);
  emptyFunctions(bytes);
  return bytes;
}

test("a panic is a trap at once, and what does not panic is as it was", async () => {
  const { instance } = await WebAssembly.instantiate(emptied());
  const { read } = instance.exports;
  assert.throws(() => read(10), { name: "RuntimeError", message: "unreachable" });
  assert.equal(read(9), 0);
});

test("words that nobody reads are not written, which went well", async () => {
  const { instance } = await WebAssembly.instantiate(emptied());
  assert.equal(instance.exports.write(), 0);
  assert.equal(instance.exports.read(4), 0);
});

test("what a message shows is not taken for words that nobody reads", () => {
  for (const name of [
    WORDS,
    "<esi_security::error::Error as core::fmt::Debug>::fmt::h0123456789abcdef",
    "<serde_json::error::JsonUnexpected as core::fmt::Display>::fmt::h81c8df7976985a86",
    "<serde_core::de::OneOf as core::fmt::Display>::fmt::h68a01cdeeee5875f",
    "<T as serde_core::de::Expected>::fmt::h9170ae734daf1ea8",
    "_$LT$serde_json..error..Error$u20$as$u20$core..fmt..Debug$GT$::fmt::hc0f6dd414085fc87",
    "<usize as core::fmt::Debug>::fmt (.318)",
    "<usize as core::fmt::Debug>::fmt.318",
  ]) {
    assert.ok(isUnread(name), name);
  }
  for (const name of [
    "<&str as core[c5930c85a12de822]::fmt::Display>::fmt",
    "<alloc::string::String as core::fmt::Display>::fmt",
    "<esi_security::error::Error as core::fmt::Display>::fmt::h0123456789abcdef",
    "<serde_json::error::ErrorCode as core::fmt::Display>::fmt::h0123456789abcdef",
    "<core[c5930c85a12de822]::fmt::builders::DebugStruct>::field",
    "core[c5930c85a12de822]::fmt::write",
  ]) {
    assert.ok(!isUnread(name), name);
  }
});

test("the place of a panic is forgotten, and nothing else is", () => {
  const hex = (...numbers) => numbers.map((number) => `\\${number.toString(16).padStart(2, "0")}\\00\\00\\00`).join("");
  const place = (path, length) => hex(path, length, 7, 9);
  // A path at 16, and behind it: its place, one that names half of it, one that names another text.
  const data = `src/a/row.rs1234${place(16, 12)}${place(16, 9)}${place(28, 4)}`;
  const module = binaryen.parseText(`(module (memory 1) (data (i32.const 16) "${data}"))`);
  const bytes = Buffer.from(module.emitBinary());
  module.dispose();
  forgetPlaces(bytes);
  const [{ address, bytes: left }] = readModule(bytes).segments;
  assert.equal(address, 16);
  const words = (at) => Array.from({ length: 4 }, (_, index) => left.readUInt32LE(at + 4 * index));
  assert.equal(left.subarray(0, 16).toString(), `${"\0".repeat(12)}1234`);
  assert.deepEqual(
    [words(16), words(32), words(48)],
    [
      [0, 0, 0, 0],
      [16, 9, 7, 9],
      [28, 4, 7, 9],
    ],
  );
});

test("a compiler that names its panics otherwise is noticed", () => {
  assert.throws(() => emptyFunctions(assemble("begin_panic")), /There is no `rust_begin_unwind`/);
});

test("only what cannot return is taken for a panic, however its name is written", () => {
  for (const name of [
    LAST,
    CHECK,
    "rust_begin_unwind",
    "core[c5930c85a12de822]::panicking::panic_const::panic_const_async_fn_resumed",
    "core[c5930c85a12de822]::str::slice_error_fail_rt",
    "core::option::expect_failed::h0123456789abcdef",
    "core[c5930c85a12de822]::cell::panic_already_borrowed",
    "<alloc[3ca501edff3f0c7c]::vec::Vec<_, _>>::remove::assert_failed",
    "alloc::raw_vec::handle_error::h0123456789abcdef",
    "std[a543996e6e7dbf1e]::thread::local::panic_access_error",
  ]) {
    assert.ok(panics(name), name);
  }
  for (const name of [
    "core[c5930c85a12de822]::slice::copy_from_slice_impl::<u8>",
    "std[a543996e6e7dbf1e]::panicking::panic_count::increase",
    "esi_security::session::machine::Session::panic_failed::h0123456789abcdef",
    "<serde_json::de::Deserializer<R> as core::fmt::Debug>::fmt",
    "undefined",
  ]) {
    assert.ok(!panics(name), name);
  }
});

test("data that belongs to another module is left alone", () => {
  const withData = (text) => {
    const module = binaryen.parseText(`(module (memory 1) (data (i32.const 16) "${text}"))`);
    const bytes = Buffer.from(module.emitBinary());
    module.dispose();
    return bytes;
  };
  assert.throws(() => forgetDead(withData("one"), withData("two")), /another module/);
});

test("a name is spelled out, however far the linker has come with it", () => {
  for (const [name, plain] of [
    ["<str as core[c5930c85a12de822]::fmt::Debug>::fmt", "<str as core::fmt::Debug>::fmt"],
    ["alloc::vec::Vec$LT$T$C$A$GT$::push::h18f21005b7bccff2", "alloc::vec::Vec<T,A>::push"],
    ["_$LT$T$u20$as$u20$a..B$GT$::c::h0123456789abcdef (.12)", "<T as a::B>::c"],
    ["a::b::_$LT$impl$u20$a..B$u20$for$u20$$RF$T$GT$::c::h0123456789abcdef", "a::b::<impl a::B for &T>::c"],
    ["core::ops::_private", "core::ops::_private"],
  ]) {
    assert.equal(plainName(name), plain, name);
  }
});

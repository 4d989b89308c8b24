// What of a module is taken for dead, in modules that the compiler and the linker of this machine have made.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { findDead } from "../../scripts/dead.js";
import { forgetDead } from "../../scripts/optimise.js";
import { output } from "../../scripts/run.js";
import { setup } from "../../scripts/setup.js";
import { withTemporaryFolder } from "../../scripts/temporary.js";
import { TARGET } from "../../scripts/toolchain.js";
import { readModule } from "../../scripts/wasm.js";

const SOURCE = `
#[no_mangle]
pub static EXPORTED: [u8; 17] = *b"one that is given";
struct Unread;
impl std::fmt::Debug for Unread {
    fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        WAYS[formatter.width().unwrap_or(0) & 1](3);
        formatter.write_str("one of Debug's")
    }
}
static WAYS: [fn(usize) -> usize; 2] = [only_chosen, also_called];
#[inline(never)]
fn only_chosen(number: usize) -> usize { std::hint::black_box(number) + 1_111 }
#[inline(never)]
fn also_called(number: usize) -> usize { std::hint::black_box(number) + 2_222 }
#[no_mangle]
pub extern "C" fn call() -> usize { also_called(1) }
#[no_mangle]
pub extern "C" fn show() -> usize { format!("{:?}", Unread).len() }
static NUMBERS: [u32; 4] = [1_111_111_111, 22, 3_333, 4];
static WORDS: [&str; 2] = ["one that only words has", "one that both have"];
#[inline(never)]
fn words(index: usize) -> &'static str { WORDS[index & 1] }
#[no_mangle]
pub extern "C" fn read(index: usize) -> *const u8 { words(index).as_ptr() }
#[no_mangle]
pub extern "C" fn other() -> *const u8 { "one that both have".as_ptr() }
#[no_mangle]
pub extern "C" fn number(index: usize) -> u32 { NUMBERS[index & 3] }
`;

async function link(env, flags) {
  return await withTemporaryFolder(async (folder) => {
    const [source, module] = ["lib.rs", "lib.wasm"].map((name) => join(folder, name));
    writeFileSync(source, SOURCE);
    const options = ["--crate-type", "cdylib", "--target", TARGET, "-Copt-level=2", "-Cpanic=abort", ...flags];
    assert.notEqual(output("rustc", [source, "-o", module, ...options], env), null);
    return readFileSync(module);
  });
}

const RELOCATIONS = ["-Clink-arg=--emit-relocs", "-Clink-arg=--demangle"];

let bytes;

before(async () => {
  bytes = await link(await setup({ tests: false }), RELOCATIONS);
});

/** The addresses of a text's bytes, in the one place where it stands. */
function addressesOf(text) {
  const found = readModule(bytes).segments.flatMap((segment) => {
    const at = segment.bytes.indexOf(text);
    return at < 0 ? [] : [segment.address + at];
  });
  assert.equal(found.length, 1, text);
  return Array.from({ length: text.length }, (_, index) => found[0] + index);
}

test("what only emptied functions refer to is dead, also by way of a table", () => {
  const dead = new Set(findDead(bytes, ({ name }) => name.includes("words")).data);
  assert.ok(addressesOf("one that only words has").every((address) => dead.has(address)));
});

test("what anybody else refers to is not", () => {
  const dead = new Set(findDead(bytes, ({ name }) => name.includes("words")).data);
  const numbers = Buffer.from(Uint32Array.of(1_111_111_111, 22, 3_333, 4).buffer);
  for (const text of ["one that both have", numbers]) {
    assert.ok(
      addressesOf(text).every((address) => !dead.has(address)),
      text,
    );
  }
});

test("as long as no function is emptied, the linker has left out what is dead", () => {
  const dead = findDead(bytes, () => false).data;
  const texts = ["one that only words has", "one that both have"].flatMap(addressesOf);
  assert.ok(texts.every((address) => !dead.includes(address)));
});

test("what the module gives away is not dead, whatever its functions do", () => {
  const dead = new Set(findDead(bytes, () => true).data);
  assert.ok(addressesOf("one that only words has").every((address) => dead.has(address)));
  assert.ok(addressesOf("one that is given").every((address) => !dead.has(address)));
});

test("what is dead in the module that is shipped becomes zeros, and nothing else does", () => {
  const shipped = Buffer.from(bytes);
  forgetDead(shipped, bytes);
  assert.ok(!shipped.includes("one of Debug's"));
  for (const text of ["one that only words has", "one that both have", "one that is given"]) {
    assert.ok(shipped.includes(text), text);
  }
  const data = (module) => Buffer.concat(readModule(module).segments.map((segment) => segment.bytes));
  const before = data(bytes);
  const differs = data(shipped).filter((byte, index) => byte !== before[index]);
  assert.ok(differs.length > 0 && differs.every((byte) => byte === 0));
});

test("a function that only a dead table names does nothing but stop, and no other is touched", () => {
  const shipped = Buffer.from(bytes);
  forgetDead(shipped, bytes);
  const bodies = readModule(shipped).functions;
  const changed = readModule(bytes).functions.filter(({ body }, index) => !body.equals(bodies[index].body));
  const names = changed.map(({ name }) => name);
  assert.ok(names.some((name) => name.includes("only_chosen")));
  for (const name of ["also_called", "words", "show", "read", "other", "number", "call"]) {
    assert.ok(!names.some((changed) => changed.includes(name)), name);
  }
  for (const { index } of changed) {
    const { body } = bodies.find((each) => each.index === index);
    assert.deepEqual([...body], [0, 0, ...Array(body.length - 3).fill(1), 0x0b]);
  }
});

test("a name that two functions have says nothing", () => {
  const twice = Buffer.from(bytes);
  const named = (name) => readModule(bytes).functions.find((func) => func.name?.includes(name)).name;
  const [dead, live] = [named("only_chosen"), named("also_called")];
  const isDead = () => findDead(twice, ({ name }) => name.includes("fmt")).functions.includes(dead);
  assert.ok(isDead());
  assert.equal(twice.write(dead, twice.lastIndexOf(live)), live.length);
  assert.ok(!isDead());
});

test("a module that does not tell is refused", async () => {
  const silent = await link(await setup({ tests: false }), []);
  assert.throws(() => findDead(silent, () => false), /without `--emit-relocs`/);
});

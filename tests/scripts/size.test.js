// `npm run size`: what a page loads, and the budget that it must keep to.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../scripts/run.js";
import { size } from "../../scripts/size.js";
import { withTemporaryFolder } from "../../scripts/temporary.js";

/** Measures against a budget: the lines that are printed, and the error if there is one. */
async function measure(t, gzip, isPlain = false) {
  const printed = t.mock.method(console, "log", () => {});
  const error = await withTemporaryFolder(async (folder) => {
    const file = join(folder, "budget.json");
    await writeFile(file, JSON.stringify({ gzip }));
    return await size({ isPlain, file }).then(
      () => null,
      (reason) => reason,
    );
  });
  const lines = printed.mock.calls.map(({ arguments: [line] }) => line);
  printed.mock.restore();
  return { lines, error };
}

test("it prints the module, the script and both, plain, by gzip and by brotli", async (t) => {
  const { lines, error } = await measure(t, 1e9);
  assert.equal(error, null);
  assert.match(lines[0], /plain +gzip -9 +brotli$/);
  const [wasm, script, both] = lines.slice(1, 4).map((line) => line.match(/\d+/g).map(Number));
  assert.deepEqual(
    lines.slice(1).map((line) => line.split(" ")[0]),
    ["WebAssembly", "JavaScript", "together", "budget"],
  );
  assert.deepEqual(
    both,
    wasm.map((bytes, column) => bytes + script[column]),
  );
  for (const [plain, gzip, brotli] of [wasm, script]) assert.ok(plain > gzip && gzip > brotli && brotli > 0);
});

test("it fails above the budget, by one byte, and tells by how many", async (t) => {
  const { lines } = await measure(t, 1e9);
  const gzip = Number(lines[3].match(/\d+/g)[1]);
  assert.equal((await measure(t, gzip)).error, null);
  assert.match((await measure(t, gzip - 1)).error.message, /is 1 bytes of gzip above the budget in budget\.json/);
  assert.match((await measure(t, gzip - 500)).error.message, /is 500 bytes/);
});

test("the project's own budget is what it goes by", async (t) => {
  const printed = t.mock.method(console, "log", () => {});
  // Whether the payload keeps to it is the step `size`'s to say.
  await size({ isPlain: false }).catch(() => {});
  const { default: budget } = await import(join(ROOT, "budget.json"), { with: { type: "json" } });
  assert.match(printed.mock.calls.at(-1).arguments[0], new RegExp(`^budget +${budget.gzip} *$`));
});

test("a module with the standard library as it comes is not compared with the budget", async (t) => {
  const { lines, error } = await measure(t, 1, true);
  assert.equal(error, null);
  assert.match(lines.at(-1), /^The budget is not compared: the standard library .* was not compiled for size/);
});

// The optimised module does what the sources say: it gives the same results, errors, requests and warnings as a module
// that was compiled without optimisation.
import assert from "node:assert/strict";
import { copyFile, cp } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import * as shipped from "esi-security";
import { buildForDevelopment } from "../../scripts/build.js";
import { ROOT } from "../../scripts/run.js";
import { setup } from "../../scripts/setup.js";
import { withTemporaryFolder } from "../../scripts/temporary.js";
import { Random } from "../helpers/claims.js";
import { count } from "../helpers/counts.js";
import { makeInputs, NOW_S } from "../helpers/inputs.js";

/** Loads the package with an unoptimised module. */
async function loadUnoptimised(folder) {
  await buildForDevelopment(await setup({ tests: false }), join(folder, "pkg"), []);
  await cp(join(ROOT, "js"), join(folder, "js"), { recursive: true });
  await copyFile(join(ROOT, "package.json"), join(folder, "package.json"));
  return await import(pathToFileURL(join(folder, "js/node.js")).href);
}

/** The outcome as text, with all that a page can see of it. */
function describe(outcome) {
  return JSON.stringify(outcome, (_name, value) => {
    if (value instanceof Error) {
      const cause = value.cause === undefined ? undefined : String(value.cause);
      return { ...value, type: value.constructor.name, message: value.message, cause };
    }
    if (value instanceof Request) return [value.method, value.url, ...value.headers];
    return typeof value === "function" || value === undefined ? String(value) : value;
  });
}

/** Makes the calls of each input. The clock stands still, no timeout ends, and the random numbers are the same each time. */
async function perform(t, inputs, api) {
  let random;
  t.mock.method(Date, "now", () => NOW_S * 1000);
  t.mock.method(globalThis, "setTimeout", () => 0);
  t.mock.method(crypto, "getRandomValues", (bytes) => bytes.fill(random.below(256)));
  const warned = t.mock.method(console, "warn", () => {});
  const outcomes = [];
  for (const [index, { run }] of inputs.entries()) {
    random = new Random(index);
    warned.mock.resetCalls();
    const outcome = await run(api);
    // Tasks that the calls have queued must run before the next input.
    await setImmediate();
    outcomes.push(describe({ outcome, warnings: warned.mock.calls.map(({ arguments: [text] }) => text) }));
  }
  t.mock.restoreAll();
  return outcomes;
}

test("the shipped module gives the same results and errors as an unoptimised one", async (t) => {
  const inputs = await makeInputs(new Random(1), count({ few: 300, full: 1_000 }));
  const expected = await withTemporaryFolder(async (folder) => perform(t, inputs, await loadUnoptimised(folder)));
  const actual = await perform(t, inputs, shipped);
  for (const [index, { kind }] of inputs.entries()) {
    assert.equal(actual[index], expected[index], `${kind}, number ${index}`);
  }
  const all = actual.join();
  assert.doesNotMatch(all, /"type":"RuntimeError"/, "no input ends in a trap");
  const codes = new Set([...all.matchAll(/"code":"(\w+)"/g)].map(([, code]) => code));
  assert.ok(codes.size >= 25, `the inputs end in errors of many kinds: ${[...codes].join(", ")}`);
});

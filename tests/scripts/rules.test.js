// The rules that `npm run test:rules` takes out: each is there.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { takeOut } from "../../scripts/rules.js";
import { ROOT } from "../../scripts/run.js";
import { RULES } from "../simulation/rules.js";

for (const { rule, changes } of RULES) {
  test(`can be taken out: ${rule}`, () => {
    for (const change of changes) {
      const text = readFileSync(join(ROOT, change.file), "utf8");
      assert.notEqual(takeOut(text, change), text);
    }
  });
}

test("a rule that is not there, or twice, is refused", () => {
  const change = { file: "a.rs", from: "f(a); g();", to: "g();" };
  assert.equal(takeOut("{ f(a);\n    g(); }", change), "{ g(); }");
  assert.throws(() => takeOut("g();", change), /a\.rs must have this once, and has it 0 times: f\(a\); g\(\);/);
  assert.throws(() => takeOut("f(a); g(); f(a); g();", change), /has it 2 times/);
});

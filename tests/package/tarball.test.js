// What is in the tarball, and what the tools say of it that look for mistakes in packages.
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../scripts/run.js";
import { packOnce, runTool } from "./app.js";

test("it holds what an app needs, and nothing else", async () => {
  const { files } = await packOnce();
  const scripts = (await readdir(join(ROOT, "js"))).map((name) => `js/${name}`);
  const others = ["CHANGELOG.md", "LICENSE", "README.md", "bindings/module.d.ts", "bindings/types.d.ts"];
  const built = ["pkg/esi_security.js", "pkg/esi_security_bg.wasm"];
  assert.deepEqual(files.toSorted(), [...scripts, ...others, ...built, "package.json"].toSorted());
});

test("publint finds nothing", async () => {
  const { file } = await packOnce();
  assert.match(await runTool("publint/src/cli.js", ["--strict", file]), /All good!/);
});

test("every subpath has types, for a package of modules alone", async () => {
  const { file } = await packOnce();
  // It fails by its exit code.
  await runTool("@arethetypeswrong/cli/dist/index.js", ["--profile", "esm-only", file]);
});

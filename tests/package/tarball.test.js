// What is in the tarball, and what the tools say of it that look for mistakes in packages.
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../scripts/run.js";
import { packOnce, runTool } from "./app.js";

test("it holds what an app needs, and nothing else", async () => {
  const { files } = await packOnce();
  const namesIn = async (folder, end) =>
    (await readdir(join(ROOT, folder))).filter((name) => name.endsWith(end)).map((name) => `${folder}/${name}`);
  const others = ["CHANGELOG.md", "LICENSE", "README.md", "SECURITY.md", "package.json"];
  const built = ["pkg/esi_security.js", "pkg/esi_security_bg.wasm"];
  const folders = [await namesIn("js", ".js"), await namesIn("bindings", ".d.ts"), await namesIn("docs", ".md")];
  const wanted = [...folders.flat(), ...others, ...built];
  assert.deepEqual(files.toSorted(), wanted.toSorted());
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

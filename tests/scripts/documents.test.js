// The documents: what they point to in this project is there.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../scripts/run.js";

const read = (file) => readFile(join(ROOT, file), "utf8");

test("every link and picture leads to a file", async () => {
  const documents = (await readdir(ROOT)).filter((file) => file.endsWith(".md"));
  const links = [];
  const docs = (await readdir(join(ROOT, "docs"))).map((file) => `docs/${file}`);
  for (const document of [...documents, ...docs, "sso/README.md", "bench/README.md"]) {
    for (const [, target] of (await read(document)).matchAll(/\]\(([^)#]+)[^)]*\)/g)) {
      if (!/^[a-z]+:/.test(target)) links.push(join(dirname(document), target));
    }
  }
  for (const file of links) assert.ok(existsSync(join(ROOT, file)), file);
  assert.ok(links.includes("www/screenshot.png"), "the README shows the demo");
});

test("every command that they name exists, and each that exists is named", async () => {
  const { scripts } = JSON.parse(await read("package.json"));
  const contributing = await read("CONTRIBUTING.md");
  const texts = [
    contributing,
    await read("README.md"),
    await read("sso/README.md"),
    await read("bench/README.md"),
  ].join("\n");
  const named = [...texts.matchAll(/npm (?:run )?((?:(?<=run )[\w:]+)|start|test\b)/g)].map(([, name]) => name);
  for (const name of named) assert.ok(name in scripts, name);
  for (const name of Object.keys(scripts)) {
    const command = ["start", "test"].includes(name) ? `npm ${name}` : `npm run ${name}`;
    assert.ok(contributing.includes(`| \`${command}\` |`), command);
  }
});

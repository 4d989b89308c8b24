// The tarball in Node, in each environment of Vitest, and on a server of Next's: a login without a browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "../../scripts/run.js";
import { CHARACTER, makeApp } from "./app.js";
import { blocksOf } from "./documents.js";
import { login, startUser } from "./login.js";

const vitest = (window) => `
import { expect, test, vi } from "vitest";
import { logIn } from "./login.js";

test("a login", async () => {
  expect(typeof window).toBe("${window}");
  const warn = vi.spyOn(console, "warn");
  expect(await logIn()).toBe("${CHARACTER.name}");
  expect(warn).not.toHaveBeenCalled();
});
`;

const makeLogin = async (t, files) => makeApp(t, { "src/login.js": login(await startUser(t)), ...files });

test("Node", async (t) => {
  const app = await makeLogin(t, {
    "src/index.js": 'import { logIn } from "./login.js";\n\nconsole.log(await logIn());\n',
  });
  const printed = await run(process.execPath, ["src/index.js"], { cwd: app.folder, shown: false });
  assert.equal(printed.trim(), CHARACTER.name);
});

for (const environment of ["node", "jsdom", "happy-dom"]) {
  test(`Vitest: ${environment}`, async (t) => {
    const window = environment === "node" ? "undefined" : "object";
    const app = await makeLogin(t, { "src/login.test.js": vitest(window) });
    const printed = await app.run("vitest/vitest.mjs", "run", "--environment", environment);
    assert.match(printed, /1 passed/);
  });
}

test("Vitest with the condition `browser`", async (t) => {
  const [config] = await blocksOf("Node and Vitest");
  const app = await makeLogin(t, { "src/login.test.js": vitest("object"), "vitest.config.js": config });
  assert.match(await app.run("vitest/vitest.mjs", "run"), /1 passed/);
});

// The package in Node, where a server renders or a test runs: the same calls, the session in memory.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { EsiSecurity, isEsiError } from "esi-security";
import { ROOT } from "../../scripts/run.js";
import { withTemporaryFolder } from "../../scripts/temporary.js";
import { startSso } from "../../sso/index.js";
import { authorizeByForm } from "../helpers/login.js";

const ILMARI = 2119000101;

const OPTIONS = {
  clientId: "esi-security-demo",
  redirectUri: "http://localhost:3000/callback",
  scopes: ["esi-skills.read_skills.v1"],
  headers: { "User-Agent": "Tests/1.0 (tests@example.com)" },
};

test("a whole login: tokens, verified claims, a refresh, a revocation", async (t) => {
  const sso = await startSso();
  t.after(() => sso.close());
  const security = await EsiSecurity.create({ ...OPTIONS, ssoEndpointsUrl: sso.discoveryUrl });
  t.after(() => security.free());
  assert.equal(security.state, "signed-out");
  const authorizeUrl = await security.getAuthUri();
  const address = await authorizeByForm({ authorizeUrl, characterId: ILMARI });
  assert.ok(await security.handleRedirect(address));
  assert.equal((await security.verify()).characterId, ILMARI);
  const before = await security.getAccessToken();
  await security.refresh();
  assert.notEqual(await security.getAccessToken(), before);
  await security.revoke();
  assert.equal(security.state, "signed-out");
});

/** Runs a program in a Node of its own; gives what it printed, once it has ended by itself. */
async function run(program) {
  const given = ["--input-type=module", "--eval", program];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, given, { cwd: ROOT, timeout: 20_000 });
  assert.equal(stderr, "");
  return stdout.trim().split("\n");
}

test("an import runs nothing, and a program ends by itself once its objects are freed", async () => {
  const printed = await run(`
    const { EsiSecurity, generateCodeVerifier, isEsiError } = await import("esi-security");
    try {
      generateCodeVerifier();
    } catch (error) {
      console.log(isEsiError(error), error.code);
    }
    const security = await EsiSecurity.create(${JSON.stringify(OPTIONS)});
    security.updateToken({ access_token: "a.b.c", refresh_token: "a-refresh-token", expires_in: 1200 });
    console.log(security.state);
    security.free();
  `);
  assert.deepEqual(printed, ["true not_initialized", "active"]);
});

// Its timer is set for a minute, and `run` waits for 20 seconds.
test("a program ends although its object has waited before it was freed", async () => {
  const printed = await run(`
    import { EsiSecurity } from "esi-security";
    const security = await EsiSecurity.create(${JSON.stringify(OPTIONS)});
    security.updateToken({ access_token: "a.b.c", refresh_token: "a-refresh-token", expires_in: 1200 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    security.free();
    console.log("freed");
  `);
  assert.deepEqual(printed, ["freed"]);
});

test("`init` loads once, also from bytes that a test has read itself", async () => {
  const printed = await run(`
    import { readFile } from "node:fs/promises";
    import { EsiSecurity, init } from "esi-security";
    const file = new URL(import.meta.resolve("esi-security/esi_security_bg.wasm"));
    const first = init(await readFile(file));
    console.log(init() === first);
    console.log((await EsiSecurity.create(${JSON.stringify(OPTIONS)})).state);
  `);
  assert.deepEqual(printed, ["true", "signed-out"]);
});

test("without its file the load says what to do", async () => {
  await withTemporaryFolder(async (folder) => {
    await cp(join(ROOT, "js"), join(folder, "js"), { recursive: true });
    await copyFile(join(ROOT, "package.json"), join(folder, "package.json"));
    await mkdir(join(folder, "pkg"));
    await copyFile(join(ROOT, "pkg/esi_security.js"), join(folder, "pkg/esi_security.js"));
    const copy = await import(pathToFileURL(join(folder, "js/node.js")).href);
    await assert.rejects(copy.EsiSecurity.create(OPTIONS), (error) => {
      assert.ok(isEsiError(error));
      assert.equal(error.code, "load_failed");
      assert.equal(error.retryable, false);
      assert.match(error.message, /serverExternalPackages: \["esi-security"\]/);
      return true;
    });
    // It can be tried again once the file is there.
    await copyFile(join(ROOT, "pkg/esi_security_bg.wasm"), join(folder, "pkg/esi_security_bg.wasm"));
    assert.equal((await copy.EsiSecurity.create(OPTIONS)).state, "signed-out");
  });
});

test("the entry for browsers says in Node which one is needed", async () => {
  const [code, retryable, message] = await run(`
    import { EsiSecurity } from "./js/index.js";
    const { code, retryable, message } = await EsiSecurity.create(${JSON.stringify(OPTIONS)}).catch((error) => error);
    for (const value of [code, retryable, message]) console.log(value);
  `);
  assert.equal(code, "load_failed");
  assert.equal(retryable, "false");
  assert.match(message, /condition `node`.*docs\/bundlers\.md/);
});

test("a module that Node cannot fetch is not asked for again, and the message says what to give instead", async () => {
  const printed = await run(`
    import { init } from "esi-security";
    for (const source of ["/esi_security_bg.wasm", "", import.meta.resolve("esi-security/esi_security_bg.wasm")]) {
      const { code, retryable, message } = await init(source).catch((error) => error);
      console.log(code, retryable, message);
    }
  `);
  assert.equal(printed.length, 3);
  for (const line of printed) assert.match(line, /^load_failed false .*[Gg]ive `init` nothing.*bytes/);
});

// Loading the module, and the little that needs nothing else: nothing runs at import, a failed load can
// be tried again, and giving the memory back harms no call under way.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { test } from "node:test";
import { openPage } from "../helpers/page.js";

const WASM = "/pkg/esi_security_bg.wasm";

const NOT_READY = { name: "EsiError", code: "not_initialized", phase: "load", retryable: false, message: /init\(\)/ };

test("an import runs nothing, and use before loading says what to do", async (t) => {
  const page = await openPage(t);
  await page.runBare(() => import("/js/index.js"));
  assert.equal(page.requests(WASM).length, 0);
  await assert.rejects(
    page.runBare(async (options) => new (await import("/js/index.js")).EsiSecurity(options), page.options),
    NOT_READY,
  );
  for (const name of ["generateCodeVerifier", "generateCodeChallenge"]) {
    await assert.rejects(
      page.runBare(async (which) => (await import("/js/index.js"))[which](), name),
      NOT_READY,
    );
  }
  assert.deepEqual(await page.runBare(() => Object.keys(sessionStorage)), []);
});

test("it is loaded once, however many ask", async (t) => {
  const page = await openPage(t);
  const same = await page.runBare(async (options) => {
    const { EsiSecurity, init } = await import("/js/index.js");
    const first = init();
    await Promise.all([first, init(), EsiSecurity.create(options), EsiSecurity.create(options)]);
    new EsiSecurity(options);
    return first === init();
  }, page.options);
  assert.equal(same, true);
  assert.equal(page.requests(WASM).length, 1);
});

/** Serves what a server may answer in place of the module, to every origin. */
async function startAnswers(t) {
  const module = await readFile(new URL("../../pkg/esi_security_bg.wasm", import.meta.url));
  const page = "<!doctype html><title>The app</title>";
  const answers = {
    "/page": { type: "text/html; charset=utf-8", body: page },
    "/page-as-bytes": { type: "application/octet-stream", body: `\ufeff\n${page}` },
    "/refused": { status: 403, type: "text/html", body: page },
    "/missing": { status: 404, type: "text/html", body: page },
    "/gone": { status: 410, type: "text/plain", body: "" },
    "/busy": { status: 503, type: "text/plain", body: "" },
    "/words": { type: "text/plain", body: "Not here." },
    "/nothing": { type: "application/octet-stream", body: "" },
    "/cut": { type: "application/wasm", body: module.subarray(0, 10_000) },
    "/module-as-bytes": { type: "application/octet-stream", body: module },
  };
  const server = createServer(({ url }, response) => {
    const { pathname } = new URL(url, "http://localhost");
    const { status = 200, type, body, headers } = answers[pathname] ?? answers["/missing"];
    response.writeHead(status, { "Access-Control-Allow-Origin": "*", "Content-Type": type, ...headers });
    response.end(body);
  });
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  t.after(close);
  return { origin: `http://localhost:${server.address().port}`, answers, close };
}

const LOAD_FAILED = { name: "EsiError", code: "load_failed", phase: "load" };

const load = (page, source) =>
  page.runBare(async (given) => (await import("/js/index.js")).init(given ?? undefined), source);

test("a failed load says what mends it, and whether trying again may", async (t) => {
  const page = await openPage(t);
  const { origin } = await startAnswers(t);
  const VITE = /optimizeDeps: \{ exclude: \["esi-security"\] \}/;
  for (const [path, error] of Object.entries({
    "/page": { retryable: false, status: 200, message: VITE },
    "/page-as-bytes": { retryable: false, status: 200, message: VITE },
    "/refused": { retryable: false, status: 403, message: /server\.fs\.allow/ },
    "/missing": { retryable: false, status: 404, message: /copy `esi_security_bg\.wasm`.*`init\(url\)`/ },
    "/gone": { retryable: false, status: 410, message: /status 410/ },
    "/busy": { retryable: true, status: 503, message: /status 503/ },
    "/words": { retryable: false, status: 200, message: /is not the WebAssembly module \(`text\/plain`\)/ },
    "/nothing": { retryable: false, status: 200, message: /is not the WebAssembly module/ },
    "/cut": { retryable: true, message: /could not be loaded/, cause: /CompileError/ },
  })) {
    await assert.rejects(load(page, `${origin}${path}?signature=of-an-address#part`), (given) => {
      for (const [name, expected] of Object.entries({ ...LOAD_FAILED, ...error })) {
        if (expected instanceof RegExp) assert.match(given[name], expected, path);
        else assert.equal(given[name], expected, path);
      }
      assert.ok(path === "/cut" || given.message.includes(`\`${origin}${path}\``), path);
      assert.doesNotMatch(given.message, /signature|#part/);
      return true;
    });
  }
  await load(page, `${origin}/module-as-bytes`);
});

test("a server that is not there, and then is", async (t) => {
  const page = await openPage(t);
  const { origin, close } = await startAnswers(t);
  close();
  const address = `${origin}/module-as-bytes`;
  const failed = { ...LOAD_FAILED, retryable: true, message: /could not be fetched/, cause: /TypeError/ };
  await assert.rejects(load(page, address), failed);
  await assert.rejects(load(page, address), failed);
  await load(page);
});

test("a policy that blocks WebAssembly is named", async (t) => {
  const page = await openPage(t);
  const { origin, answers } = await startAnswers(t);
  const headers = { "Content-Security-Policy": `script-src 'unsafe-inline' ${page.origin}` };
  answers["/strict"] = {
    type: "text/html",
    body: "<!doctype html><title>Strict</title><link rel=icon href=data:,>",
    headers,
  };
  await page.open(`${origin}/strict`);
  await assert.rejects(
    page.runBare(async (from) => (await import(`${from}/js/index.js`)).init(), page.origin),
    { ...LOAD_FAILED, retryable: false, message: /'wasm-unsafe-eval'.*script-src/ },
  );
});

test("the module can come from wherever the page says", async (t) => {
  for (const source of [
    "url",
    "new URL(url, location)",
    "new Request(url)",
    "fetch(url)",
    "await fetch(url)",
    "await (await fetch(url)).arrayBuffer()",
    "await WebAssembly.compileStreaming(fetch(url))",
  ]) {
    const page = await openPage(t);
    const verifier = await page.runBare(
      `async (url) => {
        const { init, generateCodeVerifier } = await import("/js/index.js");
        await init(${source});
        return generateCodeVerifier();
      }`,
      WASM,
    );
    assert.equal(verifier.length, 43);
  }
});

test("`isEsiError` knows an error from any copy of the package, and nothing else", async (t) => {
  const page = await openPage(t);
  const known = await page.run(async ({ EsiError, isEsiError, security }) => {
    const error = await security.verify().catch((reason) => reason);
    const copy = await import("/js/error.js?another-copy");
    const foreign = new copy.EsiError("message", "no_token", "verify", false);
    const others = [
      new Error("x"),
      Object.assign(new Error("x"), { code: "no_token" }),
      { ...foreign, name: "EsiError" },
      null,
      "x",
    ];
    return {
      ours: [isEsiError(error), error instanceof EsiError, error instanceof Error],
      foreign: [isEsiError(foreign), foreign instanceof EsiError],
      others: others.map(isEsiError),
    };
  });
  assert.deepEqual(known, {
    ours: [true, true, true],
    foreign: [true, false],
    others: [false, false, false, false, false],
  });
});

test("`free` during a call harms nothing: every promise ends, and the tokens are stored", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const [revoked, ...tokens] = await page.run(async ({ EsiSecurity, options, security }) => {
    const freed = () => new EsiSecurity(options);
    const during = async (call) => {
      const object = freed();
      const promise = call(object);
      object.free();
      return promise;
    };
    const results = [await during((object) => object.refresh()), await during((object) => object.refresh())];
    await during((object) => object.verify());
    await during((object) => object.getAuthUri());
    results.push({ access_token: await security.getAccessToken() });
    return [await during((object) => object.revoke()), ...results];
  });
  assert.equal(revoked.revoked, true);
  assert.deepEqual(
    tokens.map(({ access_token: token }) => token),
    [1, 2, 2].map((index) => page.tokenRequests[index].json.access_token),
  );
});

/** What calls a listener, in a page: how it begins to listen, and what then happens. */
const TOLD = {
  "of a state, later": ["esi:session-changed", ({ security }) => security.refresh()],
  "of tokens, later": ["esi:token-refreshed", ({ security }) => security.refresh()],
  "of tokens, within the call": [
    "esi:token-refreshed",
    ({ security }) => {
      const [, row] = Object.entries(sessionStorage).find(([key]) => key.includes("/session/"));
      const { refresh_token: token } = JSON.parse(row);
      security.updateToken({ access_token: "brought.by.page", refresh_token: token, expires_in: 1200 });
    },
  ],
  "of a snapshot, later": [null, ({ security }) => security.refresh()],
};

test("`free` in a listener ends the object and no session", async (t) => {
  for (const [how, [event, call]] of Object.entries({ ...TOLD, "of its first snapshot": [null, null] })) {
    const page = await openPage(t);
    await page.logIn();
    await page.run(
      `async (given, event) => {
        const { security } = given;
        const work = ${call};
        let told = 0;
        const free = () => {
          told += 1;
          if (told > 1) return;
          try {
            security.free();
          } catch {
            // Within a call of the object it fails, and is done all the same once that has ended.
          }
        };
        let isFirst = work !== null;
        if (event) addEventListener(event, free);
        else security.subscribe(() => (isFirst ? (isFirst = false) : free()));
        await work?.(given);
        while (told === 0) await new Promise((resolve) => setTimeout(resolve, 1));
        globalThis.security = undefined;
      }`,
      event,
    );
    const before = page.tokenRequests.length;
    // Whoever looked after the session would refresh it now.
    await page.shiftClock(1199);
    await page.runBare(() => {
      dispatchEvent(new Event("online"));
      return new Promise((resolve) => setTimeout(resolve, 500));
    });
    assert.equal(page.tokenRequests.length, before, how);
    await page.shiftClock(-1199);
    const token = await page.run(({ security }) => security.getAccessToken());
    const newest =
      how === "of tokens, within the call" ? "brought.by.page" : page.tokenRequests.at(-1).json.access_token;
    assert.equal(token, newest, how);
    assert.ok(await page.refresh(), how);
    assert.deepEqual(new Set(page.tokenRequests.map(({ status }) => status)), new Set([200]), how);
  }
});

test("a code verifier has 32 to 96 random bytes in base64url (RFC 7636 section 4.1)", async (t) => {
  const page = await openPage(t);
  const make = (...bytes) => page.run(({ generateCodeVerifier }, ...given) => generateCodeVerifier(...given), ...bytes);
  for (const [bytes, length] of [
    [[], 43],
    [[null], 43],
    [[32], 43],
    [[33], 44],
    [[64], 86],
    [[96], 128],
  ]) {
    const verifier = await make(...bytes);
    assert.match(verifier, /^[\w-]+$/);
    assert.equal(verifier.length, length, String(bytes));
  }
  assert.notEqual(await make(), await make());
  for (const bytes of [31, 97, 0, -32, 32.5, 1e9, "32", {}, true]) {
    await assert.rejects(
      make(bytes),
      { code: "invalid_argument", phase: "login", message: /`bytes` must be a whole number/ },
      String(bytes),
    );
  }
});

test("the challenge is that of RFC 7636 appendix B", async (t) => {
  const page = await openPage(t);
  const challenge = (verifier) =>
    page.run(({ generateCodeChallenge }, given) => generateCodeChallenge(given), verifier);
  assert.equal(
    await challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
    "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
  );
  for (const verifier of ["too-short", "x".repeat(129), `${"x".repeat(42)}+`, `${"x".repeat(42)}é`, 7, null]) {
    await assert.rejects(challenge(verifier), { code: "invalid_argument", phase: "login" }, String(verifier));
  }
});

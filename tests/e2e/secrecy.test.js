// No token, code, verifier or secret gets out of the page but to the server that it is for. Every page of
// every test here is searched when its test ends; these tests search where servers and pages are hostile,
// and prove that the search finds something.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { openPage } from "../helpers/page.js";

const PLACES = ["document", "window.name", "localStorage", "cookie", "errors", "console"];

test("the search finds a secret in each place, in plain and encoded", async (t) => {
  for (const encode of ["(text) => text", "encodeURIComponent"]) {
    const page = await openPage(t, { leaks: PLACES });
    await page.logIn();
    assert.deepEqual(await page.leaks(), []);
    const [{ refresh_token: secret }] = await page.stored("/session/");
    await page.runBare(
      `(secret) => {
      const text = "<" + (${encode})(secret) + ">";
      document.title = window.name = localStorage.leak = text;
      document.cookie = "leak=" + text;
      console.log(text);
    }`,
      secret,
    );
    const thrown = page.runBare(`async (secret) => { throw new Error("no", { cause: (${encode})(secret) }); }`, secret);
    await assert.rejects(thrown, { message: "no" });
  }
});

test("the search knows each kind of secret", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.authorize();
  const [{ access, refresh_token: refreshToken }] = await page.stored("/session/");
  const [logins] = await page.stored("/logins/");
  const { verifier } = logins.find((login) => login.verifier);
  const { form } = page.tokenRequests[0];
  const secrets = await page.secrets();
  for (const secret of [access.token, refreshToken, verifier, form.get("code"), form.get("code_verifier")]) {
    assert.ok(secrets.includes(secret));
  }
});

test("after a login the address, the storage and the next page know neither code nor verifier", async (t) => {
  const page = await openPage(t);
  const callback = await page.authorize();
  await page.open(callback);
  await page.handleRedirect();
  const { form } = page.tokenRequests[0];
  const left = await page.runBare(() => location.href + JSON.stringify(sessionStorage) + JSON.stringify(history.state));
  for (const name of ["code", "code_verifier"]) assert.ok(!left.includes(form.get(name)), name);
});

test("after revoking nothing secret is stored, and nothing ever was but in sessionStorage", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.refresh();
  await page.run(({ security }) => security.verify());
  await page.run(({ security }) => security.revoke());
  const stored = await page.runBare(() => JSON.stringify(sessionStorage));
  for (const secret of await page.secrets()) assert.ok(!stored.includes(secret));
  const elsewhere = await page.runBare(async () => [
    localStorage.length,
    await indexedDB.databases(),
    await caches.keys(),
  ]);
  assert.deepEqual(elsewhere, [0, [], []]);
});

test("an error answer that repeats the request is not repeated, however it spells it", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const [{ refresh_token: token }] = await page.stored("/session/");
  const refuse = (error, description) => {
    page.sso.faults.set({ token: { kind: "oauth-error", error, description } });
    return page.refresh().then(assert.fail, ({ code, status, error, errorDescription, body }) => {
      return { code, status, error, errorDescription, body };
    });
  };
  const refused = { code: "oauth_error", status: 400, error: "invalid_request", body: undefined };
  for (const spelled of [token, encodeURIComponent(token), btoa(token), token.replaceAll("=", "&#61")]) {
    const text = `What is <${spelled}>?`;
    const expected = { ...refused, errorDescription: undefined };
    assert.deepEqual(await refuse("invalid_request", text), expected, spelled);
    assert.deepEqual(await refuse(`invalid_request: ${text}`), expected, spelled);
    assert.deepEqual(await refuse(text), { ...expected, code: "http_error", error: undefined }, spelled);
  }
  // What holds nothing of it is told.
  assert.deepEqual(await refuse("invalid_request", "Not <now>."), { ...refused, errorDescription: "Not <now>." });
});

test("of a rejection that repeats the request the name alone is told", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const callback = await page.authorize();
  await page.sendFromPage();
  await page.runBare(() => {
    globalThis.fetch = async (request) => {
      throw new TypeError(`cannot send ${decodeURIComponent(await request.text())}`);
    };
  });
  await assert.rejects(page.refresh(), { code: "network_error", cause: "TypeError" });
  await assert.rejects(page.handleRedirect(callback), { code: "network_error", cause: "TypeError" });
  const { error } = await page.run(({ security }) => security.revoke());
  assert.equal(error.cause, "TypeError");
});

test("requests to the SSO carry no cookie and no address, and no header that would need a preflight", async (t) => {
  const page = await openPage(t);
  await page.open("/callback?mine=secret-of-the-page");
  await page.runBare(() => {
    document.cookie = "mine=secret-of-the-page";
  });
  await page.run(({ security }) => security.getAuthUri());
  await page.open(await page.authorize());
  await page.handleRedirect();
  await page.run(({ security }) => security.verify());
  await page.refresh();
  await page.run(({ security }) => security.revoke());
  await page.runBare(() => {
    document.cookie = "mine=; max-age=0";
  });
  const paths = ["/.well-known/oauth-authorization-server", "/oauth/jwks", "/v2/oauth/token", "/v2/oauth/revoke"];
  for (const path of paths) {
    const requests = page.requests(path);
    assert.notEqual(requests.length, 0, path);
    for (const { headers } of requests) {
      assert.deepEqual(
        [headers.cookie, headers.referer, headers.authorization],
        [undefined, undefined, undefined],
        path,
      );
    }
  }
  assert.deepEqual(page.preflights, []);
});

test("a token endpoint that sends the form elsewhere is not followed", async (t) => {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    const headers = { "Access-Control-Allow-Origin": "*", Connection: "close" };
    response.writeHead(307, { ...headers, Location: "/elsewhere" }).end();
  });
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  t.after(() => server.close());
  const base = `http://localhost:${server.address().port}`;
  const page = await openPage(t, {
    options: {
      ssoEndpoints: {
        authorization_endpoint: `${base}/authorize`,
        token_endpoint: `${base}/token`,
        revocation_endpoint: `${base}/revoke`,
      },
    },
  });
  await page.run(({ security }) => security.updateToken({ refresh_token: "kept-elsewhere-for-this" }));
  await assert.rejects(page.refresh(), { code: "network_error", phase: "refresh" });
  assert.equal((await page.run(({ security }) => security.revoke())).error.code, "network_error");
  // The first comes again, as nobody knows whether it was served; in Firefox it may come more often.
  assert.deepEqual([...new Set(asked)], ["/token", "/revoke"]);
});

test("what is printed of the object, its promises and its errors tells nothing", async (t) => {
  const page = await openPage(t, { options: { codeVerifier: "0123456789-abcdefghijklmnopqrstuvwxyz.ABCDEF" } });
  await page.logIn();
  page.sso.faults.set({ token: { kind: "error-500" }, revoke: { kind: "error-500" } });
  const printed = await page.run(async ({ security }) => {
    const failure = await security.refresh().catch((error) => error);
    const result = await security.revoke();
    for (const value of [security, failure, result]) {
      console.log(value);
      console.error(String(value), JSON.stringify(value));
    }
    return JSON.stringify([security, Object.getOwnPropertyNames(security), failure, failure.stack]) + String(failure);
  });
  for (const secret of await page.secrets()) assert.ok(!printed.includes(secret));
  assert.ok((await page.console()).length >= 6);
});

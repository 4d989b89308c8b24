// The server's metadata (RFC 8414) and key set: fetched when first needed and kept, or given and never
// fetched; and EVE's own, which are built in.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CLIENT_ID, ILMARI, openPage } from "../helpers/page.js";

const DISCOVERY = "/.well-known/oauth-authorization-server";
const KEYS = "/oauth/jwks";

const getAuthUri = (page) => page.run(({ security }) => security.getAuthUri());
const count = (page) => [page.requests(DISCOVERY).length, page.requests(KEYS).length];

test("nothing is fetched until it is needed, then once for all who ask, and kept across a reload", async (t) => {
  const page = await openPage(t);
  await page.run(({ security }) => security.state);
  assert.deepEqual(count(page), [0, 0]);
  await page.run(({ security }) => Promise.all([security.getAuthUri(), security.getAuthUri(), security.getAuthUri()]));
  assert.deepEqual(count(page), [1, 0]);
  await page.logIn();
  await page.run(({ security }) => security.verify());
  await page.open("/");
  await page.refresh();
  await page.run(({ security }) => security.verify());
  assert.deepEqual(count(page), [1, 1]);
});

test("after five minutes it is fetched again; where that fails, the old one serves", async (t) => {
  const page = await openPage(t);
  await page.stopClock();
  await getAuthUri(page);
  await page.shiftClock(299);
  await getAuthUri(page);
  assert.deepEqual(count(page), [1, 0]);
  await page.shiftClock(1);
  await getAuthUri(page);
  assert.deepEqual(count(page), [2, 0]);
  page.sso.faults.set({ discovery: { kind: "downtime" } });
  await page.shiftClock(300);
  await getAuthUri(page);
  await getAuthUri(page);
  assert.deepEqual(count(page), [3, 0], "and is not asked for again at once");
  await page.shiftClock(60);
  await getAuthUri(page);
  assert.deepEqual(count(page), [4, 0]);
});

test("while an old document can serve, a new one is not waited for long", async (t) => {
  const page = await openPage(t);
  await getAuthUri(page);
  await page.shiftClock(300);
  await page.hurry();
  page.sso.faults.set({ discovery: { kind: "slow", delayMs: 10_000 } });
  await getAuthUri(page);
  assert.deepEqual(await page.timeouts(), [5000]);
});

test("endpoints and keys that were given are never fetched", async (t) => {
  const page = await openPage(t);
  page.options.ssoEndpoints = await (await fetch(page.sso.discoveryUrl)).json();
  page.options.jwksKey = await (await fetch(page.sso.issuer + KEYS)).json();
  const before = count(page);
  await page.logIn();
  assert.equal((await page.run(({ security }) => security.verify())).characterId, ILMARI);
  await page.refresh();
  assert.equal((await page.run(({ security }) => security.revoke())).revoked, true);
  assert.deepEqual(count(page), before);
});

test("metadata that cannot be had or read has its error, costs no token, and is asked for again", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  for (const [fault, expected] of [
    [{ kind: "downtime" }, { code: "network_error" }],
    [{ kind: "error-500-no-cors" }, { code: "network_error" }],
    [{ kind: "error-500" }, { code: "http_error", status: 500 }],
    [{ kind: "error-503" }, { code: "oauth_error", status: 503, error: "temporarily_unavailable" }],
    [{ kind: "rate-limited" }, { code: "rate_limited", status: 429 }],
    [{ kind: "html" }, { code: "invalid_metadata" }],
    [{ kind: "empty" }, { code: "invalid_metadata" }],
    [{ kind: "truncated" }, { code: "invalid_metadata" }],
    [{ kind: "wrong-issuer" }, { code: "invalid_metadata", message: /issuer/ }],
  ]) {
    await page.forgetDocuments();
    page.sso.faults.set({ discovery: fault });
    const refused = { phase: "metadata", retryable: true, ...expected };
    await page.keepsTokens(async () => {
      await assert.rejects(getAuthUri(page), refused, fault.kind);
      await assert.rejects(page.refresh(), refused, fault.kind);
    });
    page.sso.faults.clear();
    assert.ok(await getAuthUri(page), fault.kind);
    await page.refresh();
  }
});

test("a login whose exchange lacks the metadata stays open", async (t) => {
  const page = await openPage(t);
  const callback = await page.authorize();
  await page.forgetDocuments();
  await page.open(callback);
  page.sso.faults.set({ discovery: { kind: "html" } });
  await assert.rejects(page.handleRedirect(), { code: "invalid_metadata", phase: "metadata", retryable: true });
  assert.equal(await page.address(), callback);
  page.sso.faults.clear();
  assert.ok(await page.handleRedirect());
  assert.equal(await page.address(), page.redirectUri);
});

test("a kept document that is no longer readable is fetched anew", async (t) => {
  const page = await openPage(t);
  await getAuthUri(page);
  await page.runBare(() => {
    for (const key of Object.keys(sessionStorage)) sessionStorage[key] = "{";
  });
  await page.open("/");
  await getAuthUri(page);
  assert.deepEqual(count(page), [2, 0]);
});

test("without a network, EVE's own addresses and keys are there", async (t) => {
  const page = await openPage(t, { options: { ssoEndpointsUrl: undefined } });
  await page.run(({ security }) => security.state);
  await page.setOffline(true);
  try {
    const uri = new URL(await getAuthUri(page));
    assert.equal(uri.origin + uri.pathname, "https://login.eveonline.com/v2/oauth/authorize");
    assert.equal(uri.searchParams.get("client_id"), CLIENT_ID);
    await page.run(({ security }, access_token) => security.updateToken({ access_token, expires_in: 1199 }), FOREIGN);
    // Who has the built-in key sees that it did not sign this token, and asks for a newer one.
    const seen = await page.run(async ({ security }) => {
      const asked = [];
      const { fetch } = window;
      window.fetch = (request) => {
        asked.push(request.url);
        return fetch(request);
      };
      const { importKey } = SubtleCrypto.prototype;
      let modulus;
      SubtleCrypto.prototype.importKey = function kept(...args) {
        modulus = args[1].n;
        return importKey.apply(this, args);
      };
      const { code, phase } = await security.verify().catch((error) => error);
      window.fetch = fetch;
      SubtleCrypto.prototype.importKey = importKey;
      return { asked, modulus, code, phase };
    });
    const { modulus, ...refused } = seen;
    const url = "https://login.eveonline.com/oauth/jwks";
    assert.deepEqual(refused, { asked: [url, url], code: "signature_invalid", phase: "verify" });
    assert.match(modulus, /^nehPQ7FQ1YK-leKyIg-aACZaT-DbTL5V1XpXghtLX_bEC-fwxhdE_4yQ.*BrUlT85NRY9TeOw$/);
    await page.run(({ security }) => security.updateToken({ access_token: "", refresh_token: "kept-elsewhere" }));
    await assert.rejects(page.refresh(), { code: "network_error", phase: "refresh", retryable: true });
  } finally {
    await page.setOffline(false);
  }
});

/** A token that names EVE's RSA key, which did not sign it. */
const FOREIGN = [
  Buffer.from(JSON.stringify({ alg: "RS256", kid: "JWT-Signature-Key", typ: "JWT" })),
  Buffer.from(JSON.stringify({ iss: "https://login.eveonline.com", sub: `CHARACTER:EVE:${ILMARI}` })),
  Buffer.alloc(256, 1),
]
  .map((part) => part.toString("base64url"))
  .join(".");

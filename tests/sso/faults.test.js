// Faults: every kind at an endpoint that knows it, how often it strikes, and what it leaves behind.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { startSso } from "../../sso/index.js";
import { authorizeByForm, openLogin } from "../helpers/login.js";
import { authorizeUrl, getCode, logIn, postForm, postToken, readJwt, refresh } from "../helpers/oauth.js";

let sso;
before(async () => {
  sso = await startSso();
});
afterEach(() => sso.faults.clear());
after(() => sso.close());

/** One request to each endpoint. */
const ASK = {
  discovery: () => fetch(sso.discoveryUrl),
  jwks: () => fetch(`${sso.issuer}/oauth/jwks`),
  token: async () => postToken(sso, await getCode(sso)),
  revoke: () => postForm(`${sso.issuer}/v2/oauth/revoke`, { token: "x" }),
  authorize: () => fetch(authorizeUrl(sso), { redirect: "manual" }),
  esi: () => fetch(`${sso.esiUrl}/status/`),
};
const ENDPOINTS = Object.keys(ASK);
const JSON_ENDPOINTS = ["discovery", "jwks", "token", "esi"];

const allow = (response) => response.headers.get("access-control-allow-origin");

test("downtime closes the connection, everywhere", async () => {
  for (const endpoint of ENDPOINTS) {
    sso.faults.set({ [endpoint]: { kind: "downtime" } });
    const asked = endpoint === "token" ? postToken(sso, { grant_type: "refresh_token" }) : ASK[endpoint]();
    await assert.rejects(asked, TypeError, endpoint);
  }
});

test("errors have their status and their body, and EVE's CORS or none", async () => {
  const expected = {
    "error-500": [500, /^<html>/],
    "error-500-no-cors": [500, /^<html>/],
    "error-502-html": [502, /^<html>/],
    "error-503": [503, /^\{"error":/],
    "rate-limited": [429, /^\{"error":/],
  };
  for (const [kind, [status, body]] of Object.entries(expected)) {
    for (const endpoint of ENDPOINTS.filter((name) => name !== "token")) {
      sso.faults.set({ [endpoint]: { kind } });
      const response = await ASK[endpoint]();
      assert.equal(response.status, status, `${kind} ${endpoint}`);
      assert.match(await response.text(), body, `${kind} ${endpoint}`);
      const readable = endpoint !== "authorize" && kind !== "error-500-no-cors";
      assert.equal(allow(response), readable ? "*" : null, `${kind} ${endpoint}`);
    }
    const tokens = await logIn(clearedSso());
    sso.faults.set({ token: { kind } });
    assert.equal((await refresh(sso, tokens.refresh_token)).status, status);
    sso.faults.clear();
    assert.equal((await refresh(sso, tokens.refresh_token)).status, 200, `${kind}: nothing was served`);
  }
});

function clearedSso() {
  sso.faults.clear();
  return sso;
}

test("empty-400 refuses without a word, and serves nothing", async () => {
  const { refresh_token: token } = await logIn(clearedSso());
  sso.faults.set({ token: { kind: "empty-400" }, revoke: { kind: "empty-400" } });
  for (const response of [await refresh(sso, token), await ASK.revoke()]) {
    assert.deepEqual([response.status, await response.text(), allow(response)], [400, "", "*"]);
  }
  sso.faults.clear();
  assert.equal((await refresh(sso, token)).status, 200);
});

test("rate-limited tells when to come back", async () => {
  sso.faults.set({ token: { kind: "rate-limited" } });
  assert.equal((await postToken(sso, {})).headers.get("retry-after"), "5");
  sso.faults.set({ token: { kind: "rate-limited", retryAfter: 17 } });
  assert.equal((await postToken(sso, {})).headers.get("retry-after"), "17");
});

test("slow serves the request and keeps the answer back", async () => {
  const { refresh_token: token } = await logIn(sso);
  sso.requests.clear();
  sso.faults.set({ token: { kind: "slow", delayMs: 3_600_000 } });
  const impatience = new AbortController();
  const body = new URLSearchParams({
    grant_type: "refresh_token",
    refresh_token: token,
    client_id: "esi-security-demo",
  });
  const asked = fetch(`${sso.issuer}/v2/oauth/token`, { method: "POST", body, signal: impatience.signal });
  while (sso.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
  for (let others = 0; others < 5; others++)
    assert.equal((await ASK.jwks()).status, 200, "others are served meanwhile");
  assert.deepEqual(sso.requests[0].status, null, "still under way");
  impatience.abort();
  await assert.rejects(asked, { name: "AbortError" });
  sso.faults.clear();
  assert.equal((await refresh(sso, token)).status, 400, "it was served");

  sso.faults.set({ jwks: { kind: "slow", delayMs: 5 } });
  assert.equal((await (await ASK.jwks()).json()).keys.length, 2);
});

test("what slow keeps back is answered when the faults are cleared, or set anew", { timeout: 60_000 }, async () => {
  for (const end of [() => sso.faults.clear(), () => sso.faults.set({ discovery: { kind: "downtime" } })]) {
    sso.requests.clear();
    sso.faults.set({ jwks: { kind: "slow", delayMs: 3_600_000 } });
    const asked = ASK.jwks();
    while (sso.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    end();
    assert.equal((await asked).status, 200);
  }
});

test("a server that is slow can be closed", { timeout: 60_000 }, async () => {
  const other = await startSso();
  other.faults.set({ discovery: { kind: "slow", delayMs: 3_600_000 } });
  const asked = assert.rejects(fetch(other.discoveryUrl), TypeError);
  while (other.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await other.close();
  await asked;
});

test("html, empty and truncated come with 200", async () => {
  for (const endpoint of JSON_ENDPOINTS) {
    sso.faults.set({ [endpoint]: { kind: "html" } });
    const html = await ASK[endpoint]();
    assert.equal(html.status, 200);
    assert.match(html.headers.get("content-type"), /^text\/html/);
    assert.match(await html.text(), /^<html>/);

    sso.faults.set({ [endpoint]: { kind: "empty" } });
    const empty = await ASK[endpoint]();
    assert.equal(empty.status, 200);
    assert.equal(await empty.text(), "");

    sso.faults.set({ [endpoint]: { kind: "truncated" } });
    const truncated = await ASK[endpoint]();
    assert.equal(truncated.status, 200);
    assert.match(truncated.headers.get("content-type"), /^application\/json/);
    const text = await truncated.text();
    assert.match(text, /^\{"/);
    assert.throws(() => JSON.parse(text), SyntaxError);
    assert.equal(allow(truncated), "*");
  }
  sso.faults.set({ token: { kind: "truncated" } });
  const refusal = await refresh(sso, "never-issued");
  assert.equal(refusal.status, 400, "a refusal stays one");
  await assert.rejects(refusal.json(), SyntaxError);
});

test("no-access-token leaves the rest", async () => {
  sso.faults.set({ token: { kind: "no-access-token" } });
  const body = await (await ASK.token()).json();
  assert.deepEqual(Object.keys(body), ["expires_in", "token_type", "refresh_token"]);
});

test("expires-in takes any JSON value, or leaves the member out", async () => {
  for (const value of ["1199", 0, -5, 1e300, null, { a: [1] }]) {
    sso.faults.set({ token: { kind: "expires-in", value } });
    assert.deepEqual((await (await ASK.token()).json()).expires_in, value);
  }
  sso.faults.set({ token: { kind: "expires-in" } });
  assert.ok(!("expires_in" in (await (await ASK.token()).json())));
});

test("stalled-body serves the request, sends half of the JSON, and nothing more", async () => {
  for (const endpoint of ["discovery", "jwks", "token"]) {
    sso.faults.set({ [endpoint]: { kind: "stalled-body" } });
    const impatience = new AbortController();
    const ask = endpoint === "token" ? await getCode(sso) : undefined;
    const url = { discovery: sso.discoveryUrl, jwks: `${sso.issuer}/oauth/jwks` }[endpoint];
    const init = ask && {
      method: "POST",
      body: new URLSearchParams({ client_id: "esi-security-demo", ...ask }),
    };
    const response = await fetch(url ?? `${sso.issuer}/v2/oauth/token`, { ...init, signal: impatience.signal });
    assert.equal(response.status, 200, endpoint);
    const reader = response.body.getReader();
    const { value } = await reader.read();
    const text = Buffer.from(value).toString();
    assert.match(text, /^\{"/, endpoint);
    assert.throws(() => JSON.parse(text), SyntaxError, endpoint);
    // There is more to come, which does not.
    const rest = reader.read().then(
      () => "it came",
      () => "given up",
    );
    impatience.abort();
    assert.equal(await rest, "given up", endpoint);
  }
});

test("refresh-token takes any JSON value, or leaves the member out, and the grant moves on", async () => {
  const { refresh_token: token } = await logIn(sso);
  for (const value of ["", null, 7]) {
    sso.faults.set({ token: { kind: "refresh-token", value } });
    assert.deepEqual((await (await ASK.token()).json()).refresh_token, value);
  }
  sso.faults.set({ token: { kind: "refresh-token", times: 1 } });
  assert.ok(!("refresh_token" in (await (await refresh(sso, token)).json())));
  assert.equal((await refresh(sso, token)).status, 400, "it was rotated");
});

test("oauth-error says what it is told, and serves nothing", async () => {
  const { refresh_token: token } = await logIn(sso);
  const error = "invalid_grant: Token is expired or invalid.";
  sso.faults.set({ token: { kind: "oauth-error", error, status: 403, description: "Really." } });
  const response = await refresh(sso, token);
  assert.equal(response.status, 403);
  assert.deepEqual(await response.json(), { error, error_description: "Really." });
  sso.faults.set({ revoke: { kind: "oauth-error", error: "unsupported_token_type" } });
  const revoked = await ASK.revoke();
  assert.deepEqual([revoked.status, await revoked.json()], [400, { error: "unsupported_token_type" }]);
  sso.faults.clear();
  assert.equal((await refresh(sso, token)).status, 200);
});

test("oauth-error at the login goes back to the application, in query or fragment, and to nobody else", async () => {
  sso.faults.set({ authorize: { kind: "oauth-error", error: "temporarily_unavailable" } });
  const end = "error=temporarily_unavailable&state=a-state-of-this-test";
  assert.equal((await openLogin(authorizeUrl(sso))).away, `http://localhost:4999/callback?${end}`);
  const implicit = await openLogin(authorizeUrl(sso, { response_type: "token" }));
  assert.equal(implicit.away, `http://localhost:4999/callback#${end}`);
  const foreign = await openLogin(authorizeUrl(sso, { redirect_uri: "https://example.com/" }));
  assert.equal(foreign.response.status, 400);
});

test("drop-after serves the request and closes the connection: the old refresh token is spent", async () => {
  const { refresh_token: token } = await logIn(sso);
  sso.requests.clear();
  sso.faults.set({ token: { kind: "drop-after", times: 1 } });
  await assert.rejects(refresh(sso, token), TypeError);
  assert.deepEqual(
    sso.requests.map(({ grantType, status }) => ({ grantType, status })),
    [{ grantType: "refresh_token", status: null }],
  );
  const again = await refresh(sso, token);
  assert.equal(again.status, 400);
  assert.equal((await again.json()).error, "invalid_grant");
});

test("drop-after at the revocation: the token is dead although nobody heard so", async () => {
  const { refresh_token: token } = await logIn(sso);
  sso.faults.set({ revoke: { kind: "drop-after" } });
  const fields = { token, client_id: "esi-security-demo" };
  await assert.rejects(postForm(`${sso.issuer}/v2/oauth/revoke`, fields), TypeError);
  assert.equal((await refresh(sso, token)).status, 400);
});

test("claims are changed, added or removed, and signed", async () => {
  sso.faults.set({ token: { kind: "claims", value: { name: "Somebody", nbf: 1, owner: null } } });
  const claims = readJwt((await (await ASK.token()).json()).access_token);
  assert.equal(claims.name, "Somebody");
  assert.equal(claims.nbf, 1);
  assert.ok(!("owner" in claims));
  assert.equal(claims.tier, "live");
});

test("bad-signature keeps the rest of the token", async () => {
  sso.faults.set({ token: { kind: "bad-signature", times: 1 } });
  const { access_token: bad } = await (await ASK.token()).json();
  assert.equal(readJwt(bad).tier, "live");
  const signature = Buffer.from(bad.split(".")[2], "base64url");
  assert.equal(signature.length, 256);
  assert.equal(signature.toString("base64url"), bad.split(".")[2], "it is still base64url");
  const headers = { authorization: `Bearer ${bad}` };
  assert.equal((await fetch(`${sso.esiUrl}/characters/2119000101/skills/`, { headers })).status, 401);
});

test("wrong-issuer names another server", async () => {
  sso.faults.set({ discovery: { kind: "wrong-issuer" } });
  const { issuer, token_endpoint: token } = await (await ASK.discovery()).json();
  assert.equal(issuer, "https://login.example.com");
  assert.equal(token, `${sso.issuer}/v2/oauth/token`);
});

test("unusable-keys spoils the set in four ways", async () => {
  const { keys: good } = await (await ASK.jwks()).json();
  const spoilt = async (value) => {
    sso.faults.set({ jwks: { kind: "unusable-keys", ...(value && { value }) } });
    return (await (await ASK.jwks()).json()).keys;
  };
  const truncated = await spoilt("truncated-modulus");
  assert.equal(truncated[0].n, good[0].n.slice(0, 25));
  assert.deepEqual(truncated[1], good[1], "an EC key has no modulus");
  assert.deepEqual(await spoilt(), truncated);
  assert.deepEqual(
    await spoilt("missing-kid"),
    good.map(({ kid: _kid, ...key }) => key),
  );
  for (const key of await spoilt("private-members")) assert.equal(typeof key.d, "string");
  for (const [index, { "x-note": note, ...key }] of (await spoilt("extra-members")).entries()) {
    assert.equal(typeof note, "object");
    assert.deepEqual(key, good[index]);
  }
});

test("times counts requests down and clears the fault; other endpoints and preflights don't count", async () => {
  sso.faults.set({ jwks: { kind: "error-503", times: 2 }, discovery: { kind: "error-500" } });
  await fetch(`${sso.issuer}/oauth/jwks`, { method: "OPTIONS" });
  assert.equal((await ASK.jwks()).status, 503);
  assert.deepEqual(sso.faults.get().jwks, { kind: "error-503", times: 1 });
  assert.equal((await ASK.discovery()).status, 500);
  assert.equal((await ASK.jwks()).status, 503);
  assert.equal((await ASK.jwks()).status, 200);
  assert.deepEqual(sso.faults.get(), { discovery: { kind: "error-500" } });
  assert.equal((await ASK.discovery()).status, 500, "without times it stays");
});

test("set replaces, clear clears, and what was handed over is copied", async () => {
  const mine = { jwks: { kind: "empty" } };
  sso.faults.set(mine);
  mine.jwks.kind = "html";
  sso.faults.get().jwks.kind = "html";
  assert.deepEqual(sso.faults.get(), { jwks: { kind: "empty" } });
  sso.faults.set({ esi: { kind: "empty" } });
  assert.deepEqual(sso.faults.get(), { esi: { kind: "empty" } });
  sso.faults.clear();
  assert.deepEqual(sso.faults.get(), {});
});

test("what cannot be is refused by name, and changes nothing", () => {
  sso.faults.set({ esi: { kind: "empty" } });
  for (const [faults, message] of [
    [{ tokens: { kind: "empty" } }, /no endpoint "tokens"; there are: discovery, jwks, token/],
    [{ token: { kind: "wrong-issuer" } }, /no fault "wrong-issuer" for token; there are: downtime/],
    [{ token: {} }, /no fault "undefined" for token/],
    [{ token: null }, /no fault "undefined" for token/],
    [{ token: { kind: "empty", delayMs: 3 } }, /"empty" has no member "delayMs"/],
    [{ token: { kind: "empty", constructor: 3 } }, /"empty" has no member "constructor"/],
    [{ token: { kind: "slow", delayMs: "3" } }, /"slow" cannot have this delayMs: "3"/],
    [{ token: { kind: "empty", times: 0 } }, /"empty" cannot have this times: 0/],
    [{ token: { kind: "oauth-error" } }, /"oauth-error" cannot have this error/],
    [{ token: { kind: "claims" } }, /"claims" cannot have this value/],
    [{ jwks: { kind: "unusable-keys", value: "toString" } }, /"unusable-keys" cannot have this value/],
    [null, /faults are an object/],
    [[], /faults are an object/],
  ]) {
    assert.throws(() => sso.faults.set(faults), { name: "TypeError", message });
  }
  assert.deepEqual(sso.faults.get(), { esi: { kind: "empty" } });
});

test("a login goes through while other endpoints have faults", async () => {
  sso.faults.set({ jwks: { kind: "downtime" }, token: { kind: "downtime" } });
  const back = await authorizeByForm({ authorizeUrl: authorizeUrl(sso), characterId: 91000203 });
  assert.ok(new URL(back).searchParams.get("code"));
});

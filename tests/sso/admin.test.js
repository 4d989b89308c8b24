// The admin routes: faults, key rotation and the record of requests, for this machine's pages alone.
import assert from "node:assert/strict";
import { request } from "node:http";
import { after, afterEach, before, test } from "node:test";
import { startSso } from "../../sso/index.js";
import { getCode, postToken } from "../helpers/oauth.js";

let sso;
before(async () => {
  sso = await startSso();
});
afterEach(() => sso.faults.clear());
after(() => sso.close());

const admin = (method, path, body, headers) =>
  fetch(`${sso.issuer}/_admin${path}`, { method, headers, body: body === undefined ? body : JSON.stringify(body) });

test("faults can be read, replaced and cleared, and their kinds are listed", async () => {
  const put = await admin("PUT", "/faults", { token: { kind: "slow", delayMs: 5, times: 2 } });
  assert.equal(put.status, 200);
  const state = await (await admin("GET", "/faults")).json();
  assert.deepEqual(state.faults, { token: { kind: "slow", delayMs: 5, times: 2 } });
  assert.deepEqual(state.faults, sso.faults.get());
  assert.deepEqual(Object.keys(state.kinds), ["discovery", "jwks", "token", "revoke", "authorize", "esi"]);
  assert.ok(state.kinds.token.includes("drop-after") && !state.kinds.jwks.includes("drop-after"));
  assert.ok(state.kinds.jwks.includes("unusable-keys"));
  await admin("PUT", "/faults", { jwks: { kind: "error-503" } });
  assert.deepEqual(sso.faults.get(), { jwks: { kind: "error-503" } });
  assert.equal((await fetch(`${sso.issuer}/oauth/jwks`)).status, 503);
  assert.deepEqual((await (await admin("DELETE", "/faults")).json()).faults, {});
  assert.equal((await fetch(`${sso.issuer}/oauth/jwks`)).status, 200);
});

test("what faults cannot be is a 400 that lists what they can", async () => {
  sso.faults.set({ esi: { kind: "empty" } });
  const response = await admin("PUT", "/faults", { token: { kind: "nonsense" } });
  assert.equal(response.status, 400);
  const { error, kinds } = await response.json();
  assert.match(error, /no fault "nonsense" for token/);
  assert.ok(kinds.token.includes("downtime"));
  const broken = await fetch(`${sso.issuer}/_admin/faults`, { method: "PUT", body: "{" });
  assert.equal(broken.status, 400);
  assert.deepEqual(sso.faults.get(), { esi: { kind: "empty" } });
});

test("keys are rotated", async () => {
  const kids = async () => (await (await fetch(`${sso.issuer}/oauth/jwks`)).json()).keys.map(({ kid }) => kid);
  const { kid } = await (await admin("POST", "/rotate-keys")).json();
  assert.equal(kid, "JWT-Signature-Key-2");
  assert.ok(!(await kids()).includes("JWT-Signature-Key"));
  await admin("POST", "/rotate-keys", { keepOld: true });
  assert.deepEqual((await kids()).slice(0, 2), ["JWT-Signature-Key-3", "JWT-Signature-Key-2"]);
});

test("the record of requests can be read and cleared, and admin routes don't stand in it", async () => {
  await admin("DELETE", "/requests");
  await postToken(sso, { grant_type: "refresh_token", refresh_token: "x" });
  const requests = await (await admin("GET", "/requests")).json();
  assert.equal(requests.length, 1);
  const { time, ...entry } = requests[0];
  assert.deepEqual(entry, { method: "POST", path: "/v2/oauth/token", status: 400, grantType: "refresh_token" });
  assert.equal(new Date(time).toISOString(), time);
  await admin("DELETE", "/requests");
  assert.equal(sso.requests.length, 0);
});

test("the record never holds a query, a code or a token", async () => {
  sso.requests.clear();
  const exchange = await getCode(sso);
  const { access_token: access, refresh_token: refresh } = await (await postToken(sso, exchange)).json();
  const text = JSON.stringify(sso.requests);
  for (const secret of [exchange.code, exchange.code_verifier, access, refresh, "?", "a-state-of-this-test"]) {
    assert.ok(!text.includes(secret));
  }
});

test("pages of this machine may use the routes, others may not", async () => {
  for (const origin of ["http://localhost:5173", "http://127.0.0.1:1"]) {
    const response = await admin("GET", "/faults", undefined, { origin });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("access-control-allow-origin"), origin);
    const preflight = await admin("OPTIONS", "/faults", undefined, { origin, "access-control-request-method": "PUT" });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get("access-control-allow-origin"), origin);
    assert.equal(preflight.headers.get("access-control-allow-methods"), "GET, PUT, POST, DELETE");
    assert.equal(preflight.headers.get("access-control-allow-headers"), "content-type");
  }
  for (const origin of ["https://evil.example", "http://localhost.evil.example", "null"]) {
    const response = await admin("PUT", "/faults", { esi: { kind: "empty" } }, { origin });
    assert.equal(response.status, 403, origin);
    assert.equal(response.headers.get("access-control-allow-origin"), null);
  }
  assert.deepEqual(sso.faults.get(), {});
});

test("an unknown route says which there are", async () => {
  const response = await admin("GET", "/nothing");
  assert.equal(response.status, 404);
  assert.ok((await response.json()).routes.includes("PUT /_admin/faults"));
});

test("both servers answer to names of this machine only, against DNS rebinding", async () => {
  const status = (base, host) =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(base);
      request({ hostname, port, path: "/_admin/faults", headers: { host } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on("error", reject)
        .end();
    });
  for (const host of ["evil.example", "evil.example:80", "localhost.evil.example", "10.0.0.1", "a b", "[::2]"]) {
    assert.equal(await status(sso.issuer, host), 421, host);
    assert.equal(await status(sso.esiUrl, host), 421, host);
  }
  for (const host of ["localhost", "localhost:1", "127.0.0.1", "127.1.2.3:80", "[::1]:80"]) {
    assert.equal(await status(sso.issuer, host), 200, host);
    assert.equal(await status(sso.esiUrl, host), 404, host);
  }
});

// Cross-origin access, as EVE's SSO and ESI grant it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startSso } from "../../sso/index.js";
import { authorizeUrl, getCode, postForm, postToken } from "../helpers/oauth.js";

const ORIGIN = { origin: "https://app.example" };
const ALLOW = "access-control-allow-origin";

let sso;
before(async () => {
  sso = await startSso();
});
after(() => sso.close());

const preflight = (url, method, headers) =>
  fetch(url, {
    method: "OPTIONS",
    headers: { ...ORIGIN, "access-control-request-method": method, "access-control-request-headers": headers },
  });

const list = (response, header) => response.headers.get(header).split(", ");

test("everyone may read discovery, keys, and the token endpoint's 200, 400, 401 and 500", async () => {
  const answers = [
    [200, await fetch(sso.discoveryUrl, { headers: ORIGIN })],
    [200, await fetch(`${sso.issuer}/oauth/jwks`, { headers: ORIGIN })],
    [200, await postToken(sso, await getCode(sso), ORIGIN)],
    [400, await postToken(sso, { grant_type: "refresh_token", refresh_token: "x" }, ORIGIN)],
    [401, await postToken(sso, { grant_type: "refresh_token", refresh_token: "x", client_id: "nobody" }, ORIGIN)],
    [500, await postToken(sso, { grant_type: "authorization_code", code: "fake" }, ORIGIN)],
    [200, await postForm(`${sso.issuer}/v2/oauth/revoke`, { token: "x" }, ORIGIN)],
  ];
  for (const [status, response] of answers) {
    assert.equal(response.status, status, response.url);
    assert.equal(response.headers.get(ALLOW), "*", `${response.url} ${status}`);
    assert.equal(response.headers.get("access-control-allow-credentials"), null);
  }
});

test("another server lets one origin alone read its answers", async (t) => {
  const strict = await startSso({ allowedOrigin: ORIGIN.origin });
  t.after(() => strict.close());
  const { headers } = await fetch(`${strict.issuer}/oauth/jwks`, { headers: { origin: "null" } });
  assert.deepEqual([headers.get(ALLOW), headers.get("vary")], [ORIGIN.origin, "Origin"]);
  await assert.rejects(startSso({ allowedOrigin: "https://app.example/" }), /allowedOrigin: an origin/);
});

test("the SSO's preflight lets a content type through, and no Authorization", async () => {
  for (const path of [
    "/v2/oauth/token",
    "/v2/oauth/revoke",
    "/oauth/jwks",
    "/.well-known/oauth-authorization-server",
  ]) {
    const response = await preflight(sso.issuer + path, "POST", "authorization, content-type");
    assert.equal(response.status, 204, path);
    assert.equal(response.headers.get(ALLOW), "*");
    assert.deepEqual(list(response, "access-control-allow-headers"), ["content-type"]);
  }
});

test("the pages are nobody's to read", async () => {
  for (const url of [authorizeUrl(sso), authorizeUrl(sso, { state: undefined }), `${sso.issuer}/login/x`]) {
    const response = await fetch(url, { headers: ORIGIN, redirect: "manual" });
    assert.equal(response.headers.get(ALLOW), null);
  }
});

test("ESI can be read by everyone, on errors too, and exposes its headers", async () => {
  for (const path of ["/status/", "/characters/91000203/skills/", "/nothing"]) {
    const response = await fetch(sso.esiUrl + path, { headers: ORIGIN });
    assert.equal(response.headers.get(ALLOW), "*", path);
    const exposed = list(response, "access-control-expose-headers");
    for (const name of ["Etag", "Retry-After", "X-Pages", "X-Esi-Error-Limit-Remain", "X-Esi-Error-Limit-Reset"]) {
      assert.ok(exposed.includes(name), name);
    }
    assert.ok(exposed.some((name) => name.startsWith("X-Ratelimit-")));
  }
});

test("ESI's preflight lets its headers through", async () => {
  const response = await preflight(`${sso.esiUrl}/characters/91000203/skills/`, "GET", "authorization");
  assert.equal(response.status, 204);
  assert.equal(response.headers.get(ALLOW), "*");
  assert.deepEqual(list(response, "access-control-allow-headers"), [
    "authorization",
    "content-type",
    "x-user-agent",
    "x-compatibility-date",
  ]);
});

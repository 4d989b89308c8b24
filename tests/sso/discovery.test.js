// The metadata document: EVE's members and paths, and no others.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startSso } from "../../sso/index.js";

let sso;
before(async () => {
  sso = await startSso();
});
after(() => sso.close());

test("the document has EVE's members, paths and values", async () => {
  const response = await fetch(sso.discoveryUrl);
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type"), /^application\/json/);
  const methods = ["client_secret_basic", "client_secret_post", "client_secret_jwt"];
  assert.deepEqual(await response.json(), {
    issuer: sso.issuer,
    authorization_endpoint: `${sso.issuer}/v2/oauth/authorize`,
    token_endpoint: `${sso.issuer}/v2/oauth/token`,
    userinfo_endpoint: `${sso.issuer}/v2/oauth/verify`,
    response_types_supported: ["code", "token"],
    jwks_uri: `${sso.issuer}/oauth/jwks`,
    revocation_endpoint: `${sso.issuer}/v2/oauth/revoke`,
    subject_types_supported: ["public"],
    revocation_endpoint_auth_methods_supported: methods,
    token_endpoint_auth_methods_supported: methods,
    id_token_signing_alg_values_supported: ["HS256"],
    token_endpoint_auth_signing_alg_values_supported: ["HS256"],
    code_challenge_methods_supported: ["S256"],
  });
});

test("it is at both addresses", async () => {
  assert.equal(sso.discoveryUrl, `${sso.issuer}/.well-known/oauth-authorization-server`);
  const [one, other] = await Promise.all(
    [sso.discoveryUrl, `${sso.issuer}/.well-known/openid-configuration`].map(async (url) => (await fetch(url)).json()),
  );
  assert.deepEqual(one, other);
});

test("the issuer can stand without its scheme, as in EVE's older documents", async () => {
  const older = await startSso({ issuerWithoutScheme: true });
  try {
    const { issuer, token_endpoint: token } = await (await fetch(older.discoveryUrl)).json();
    assert.match(issuer, /^localhost:\d+$/);
    assert.equal(issuer, older.issuer);
    assert.equal(token, `http://${issuer}/v2/oauth/token`);
  } finally {
    await older.close();
  }
});

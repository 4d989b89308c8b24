// The revocation endpoint: always 200, and either token ends the grant.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startSso } from "../../sso/index.js";
import { CLIENT_ID, logIn, postForm, refresh } from "../helpers/oauth.js";

let sso;
before(async () => {
  sso = await startSso({ clients: [{ clientId: CLIENT_ID }, { clientId: "another" }] });
});
after(() => sso.close());

const revoke = (fields) => postForm(new URL("/v2/oauth/revoke", sso.issuer), { client_id: CLIENT_ID, ...fields });
const lives = async ({ refresh_token: token }) => (await refresh(sso, token)).status === 200;

test("a refresh token that is revoked is dead", async () => {
  const tokens = await logIn(sso);
  const response = await revoke({ token: tokens.refresh_token, token_type_hint: "refresh_token" });
  assert.equal(response.status, 200);
  assert.equal(await response.text(), "");
  assert.equal(await lives(tokens), false);
});

test("an access token that is revoked takes its refresh token along, whatever the hint says", async () => {
  for (const hint of [{ token_type_hint: "access_token" }, { token_type_hint: "refresh_token" }, {}]) {
    const tokens = await logIn(sso);
    assert.equal((await revoke({ token: tokens.access_token, ...hint })).status, 200);
    assert.equal(await lives(tokens), false);
  }
});

test("an access token that is out stays good until it expires", async () => {
  const { access_token: token, refresh_token: other } = await logIn(sso);
  await revoke({ token: other });
  const url = `${sso.esiUrl}/characters/2119000101/skills/`;
  assert.equal((await fetch(url, { headers: { authorization: `Bearer ${token}` } })).status, 200);
});

test("one login's end leaves the others alone", async () => {
  const [one, other] = [await logIn(sso), await logIn(sso)];
  await revoke({ token: one.refresh_token });
  assert.equal(await lives(one), false);
  assert.equal(await lives(other), true);
});

test("200 for anything, and nothing happens", async () => {
  const tokens = await logIn(sso);
  for (const fields of [
    { token: "unknown" },
    { token: "a.b.c" },
    {},
    { token: tokens.refresh_token, client_id: "nobody" },
    { token: tokens.refresh_token, client_id: "another" },
    { token: tokens.access_token, client_id: "another" },
  ]) {
    const response = await revoke(fields);
    assert.equal(response.status, 200, Object.keys(fields).join());
    assert.equal(await response.text(), "");
  }
  assert.equal(await lives(tokens), true);
});

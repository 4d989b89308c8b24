// The implicit grant: the token comes in the fragment, and there is no refresh token.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startSso } from "../../sso/index.js";
import { authorizeByForm, openLogin } from "../helpers/login.js";
import { authorizeUrl, REDIRECT_URI, readJwt, SCOPES } from "../helpers/oauth.js";

let sso;
before(async () => {
  sso = await startSso();
});
after(() => sso.close());

const IMPLICIT = { response_type: "token", code_challenge: undefined, code_challenge_method: undefined };
const implicitUrl = (parameters) => authorizeUrl(sso, { ...IMPLICIT, ...parameters });

async function fragment(answer, parameters) {
  const back = new URL(await authorizeByForm({ authorizeUrl: implicitUrl(parameters), ...answer }));
  assert.equal(back.origin + back.pathname, REDIRECT_URI);
  assert.equal(back.search, "");
  return Object.fromEntries(new URLSearchParams(back.hash.slice(1)));
}

test("a login ends with a token in the fragment", async () => {
  const { access_token: token, ...rest } = await fragment({ characterId: 91000203 }, { state: "st&te" });
  assert.deepEqual(rest, { token_type: "Bearer", expires_in: "1199", state: "st&te" });
  const claims = readJwt(token);
  assert.equal(claims.sub, "CHARACTER:EVE:91000203");
  assert.deepEqual(claims.scp, SCOPES);
  const headers = { authorization: `Bearer ${token}` };
  assert.equal((await fetch(`${sso.esiUrl}/characters/91000203/skills/`, { headers })).status, 200);
});

test("it is the same page, without scopes too", async () => {
  const { response } = await openLogin(implicitUrl());
  const html = await response.text();
  assert.match(html, /Choose a character/);
  assert.ok(html.includes(SCOPES[0]));
  assert.equal(readJwt((await fragment({ characterId: 91000203 }, { scope: undefined })).access_token).scp, undefined);
});

test("cancel and unknown scopes answer in the fragment", async () => {
  assert.deepEqual(await fragment({ cancel: true }), { error: "access_denied", state: "a-state-of-this-test" });
  const { error, state } = await fragment({}, { scope: "esi-nothing" });
  assert.deepEqual({ error, state }, { error: "invalid_scope", state: "a-state-of-this-test" });
});

test("what is refused is refused on a page: no state, unknown client, foreign redirect URI, no character", async () => {
  for (const parameters of [{ state: undefined }, { client_id: "nobody" }, { redirect_uri: "https://example.com/" }]) {
    for (const init of [
      {},
      { method: "POST", body: new URLSearchParams({ action: "authorize", character: "91000203" }) },
    ]) {
      const response = await fetch(implicitUrl(parameters), { ...init, redirect: "manual" });
      assert.equal(response.status, 400, JSON.stringify(parameters));
    }
  }
  const body = new URLSearchParams({ action: "authorize", character: "1" });
  assert.equal((await fetch(implicitUrl(), { method: "POST", body, redirect: "manual" })).status, 400);
});

// The authorization endpoint: what it demands, and what it sends back.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startSso } from "../../sso/index.js";
import { authorizeByForm, openLogin } from "../helpers/login.js";
import { authorizeUrl, REDIRECT_URI } from "../helpers/oauth.js";

let sso;
before(async () => {
  sso = await startSso({
    clients: [{ clientId: "esi-security-demo" }, { clientId: "registered", redirectUris: ["https://app.example/cb"] }],
  });
});
after(() => sso.close());

async function page(parameters) {
  const { response, away } = await openLogin(authorizeUrl(sso, parameters));
  assert.equal(away, undefined, "no redirect");
  return { status: response.status, type: response.headers.get("content-type"), html: await response.text() };
}

const sentBack = async (parameters) =>
  Object.fromEntries(new URL((await openLogin(authorizeUrl(sso, parameters))).away).searchParams);

test("the answer is the code and the state, and nothing else", async () => {
  const back = await authorizeByForm({ authorizeUrl: authorizeUrl(sso, { state: "+/= ü" }), characterId: 91000203 });
  assert.ok(back.startsWith(`${REDIRECT_URI}?code=`));
  assert.deepEqual([...new URL(back).searchParams.keys()], ["code", "state"]);
  assert.equal(new URL(back).searchParams.get("state"), "+/= ü");
});

test("iss is sent with every answer where the option asks for it, and the metadata says so (RFC 9207)", async () => {
  for (const options of [{}, { issuerWithoutScheme: true }]) {
    const other = await startSso({ issParameter: true, ...options });
    try {
      const { issuer, ...metadata } = await (await fetch(other.discoveryUrl)).json();
      assert.equal(metadata.authorization_response_iss_parameter_supported, true);
      const base = { ...other, issuer: new URL(other.discoveryUrl).origin };
      const answers = [
        authorizeByForm({ authorizeUrl: authorizeUrl(base), characterId: 91000203 }),
        authorizeByForm({ authorizeUrl: authorizeUrl(base), cancel: true }),
        authorizeByForm({ authorizeUrl: authorizeUrl(base, { scope: "unknown" }) }),
        authorizeByForm({ authorizeUrl: authorizeUrl(base, { code_challenge: "short" }) }),
        authorizeByForm({ authorizeUrl: authorizeUrl(base, { response_type: "token" }), characterId: 91000203 }),
      ];
      for (const back of await Promise.all(answers)) {
        const { search, hash } = new URL(back);
        const sent = new URLSearchParams(search || hash.slice(1));
        assert.deepEqual(sent.getAll("iss"), [issuer], back);
      }
    } finally {
      await other.close();
    }
  }
});

test("a missing state is refused with EVE's words", async () => {
  for (const state of [undefined, ""]) {
    const { status, type, html } = await page({ state });
    assert.equal(status, 400);
    assert.match(type, /^text\/html/);
    assert.match(html, /The state parameter is required\./);
  }
});

test("a parameter that is there twice is refused", async () => {
  const { response } = await openLogin(`${authorizeUrl(sso)}&state=another`);
  assert.equal(response.status, 400);
  const implicit = await openLogin(`${authorizeUrl(sso, { response_type: "token" })}&scope=publicData`);
  assert.equal(implicit.response.status, 400);
});

test("an address beyond 2048 characters is not found", async () => {
  const fill = (length) => authorizeUrl(sso, { state: "s".repeat(length - authorizeUrl(sso, { state: "" }).length) });
  assert.equal(fill(2048).length, 2048);
  assert.equal((await openLogin(fill(2048))).response.status, 200);
  assert.equal((await openLogin(fill(2049))).response.status, 404);
});

test("PKCE with S256 is mandatory for the public client", async () => {
  for (const parameters of [
    { code_challenge: undefined, code_challenge_method: undefined },
    { code_challenge_method: "plain" },
    { code_challenge_method: undefined },
    { code_challenge: "short" },
  ]) {
    const answer = await sentBack(parameters);
    assert.equal(answer.error, "invalid_request", JSON.stringify(parameters));
    assert.equal(answer.state, "a-state-of-this-test");
    assert.equal(answer.iss, undefined);
  }
});

test("an unknown scope goes back as invalid_scope, with the state", async () => {
  const answer = await sentBack({ scope: "esi-skills.read_skills.v1 esi-skills.read_skils.v1" });
  assert.equal(answer.error, "invalid_scope");
  assert.equal(answer.state, "a-state-of-this-test");
  assert.match(answer.error_description, /read_skils/);
  assert.equal((await sentBack({ scope: "openid" })).error, "invalid_scope");
});

test("an unknown client is shown a page", async () => {
  assert.equal((await page({ client_id: "nobody" })).status, 400);
  assert.equal((await page({ client_id: undefined })).status, 400);
});

test("without registered redirect URIs any http address of this machine will do, and no other", async () => {
  for (const uri of ["http://localhost:1/", "http://127.0.0.1:9999/a/b?c=d", "http://[::1]/x", "http://localhost"]) {
    assert.equal((await page({ redirect_uri: uri })).status, 200, uri);
  }
  for (const uri of [
    "https://localhost/",
    "http://example.com/",
    "http://localhost.example.com/",
    "http://127.0.0.1.example.com/",
    "javascript:alert(1)//localhost",
    "not a url",
    undefined,
  ]) {
    for (const response_type of ["code", "token"]) {
      assert.equal((await page({ redirect_uri: uri, response_type })).status, 400, `${response_type} ${uri}`);
      assert.equal((await page({ redirect_uri: uri, response_type, scope: "unknown" })).status, 400, `scope ${uri}`);
    }
  }
});

test("the redirect URI's own query stays, whatever the answer", async () => {
  const redirect_uri = "http://localhost:4999/cb?keep=1&iss=mine";
  for (const answer of [{ characterId: 91000203 }, { cancel: true }]) {
    const { searchParams } = new URL(
      await authorizeByForm({ authorizeUrl: authorizeUrl(sso, { redirect_uri }), ...answer }),
    );
    assert.equal(searchParams.get("keep"), "1");
    assert.deepEqual(searchParams.getAll("iss"), ["mine"]);
    assert.equal(searchParams.get("state"), "a-state-of-this-test");
  }
  const { iss, error } = await sentBack({ redirect_uri, code_challenge: "short" });
  assert.deepEqual({ iss, error }, { iss: "mine", error: "invalid_request" });
});

test("a registered redirect URI must match exactly", async () => {
  const client_id = "registered";
  assert.equal((await page({ client_id, redirect_uri: "https://app.example/cb" })).status, 200);
  for (const uri of ["https://app.example/cb/", "https://app.example/cb?x", "https://app.example/", REDIRECT_URI]) {
    assert.equal((await page({ client_id, redirect_uri: uri })).status, 400, uri);
  }
});

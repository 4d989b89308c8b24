// The token endpoint: EVE's token, EVE's answers, rotation, and reuse that ends the grant.
import assert from "node:assert/strict";
import { after, before, mock, test } from "node:test";
import { startSso } from "../../sso/index.js";
import {
  CLIENT_ID,
  getCode,
  logIn,
  pkce,
  postToken,
  REDIRECT_URI,
  readJwt,
  refresh,
  SCOPES,
} from "../helpers/oauth.js";

let sso;
before(async () => {
  sso = await startSso();
});
after(() => sso.close());

async function json(response) {
  assert.match(response.headers.get("content-type"), /^application\/json/);
  return response.json();
}

async function refused(response, status, body) {
  assert.equal(response.status, status);
  assert.deepEqual(await json(response), body);
}

async function refusedAsHtml(response, status) {
  assert.equal(response.status, status);
  assert.match(response.headers.get("content-type"), /^text\/html/);
  assert.match(await response.text(), /^<html>/);
}

const DEAD = { error: "invalid_grant", error_description: "Invalid refresh token." };

test("the answer has EVE's members", async () => {
  const body = await logIn(sso);
  assert.deepEqual(Object.keys(body), ["access_token", "expires_in", "token_type", "refresh_token"]);
  assert.equal(body.expires_in, 1199);
  assert.equal(body.token_type, "Bearer");
  const response = await postToken(sso, await getCode(sso));
  assert.equal(response.headers.get("cache-control"), "no-store");
});

test("the access token has EVE's header and claims", async () => {
  const before = Math.floor(Date.now() / 1000);
  const { access_token: token } = await logIn(sso, { characterId: 91000203 });
  const { iat, exp, jti, owner, ...claims } = readJwt(token);
  assert.deepEqual(readJwt(token, 0), { alg: "RS256", kid: "JWT-Signature-Key", typ: "JWT" });
  assert.deepEqual(claims, {
    scp: SCOPES,
    kid: "JWT-Signature-Key",
    sub: "CHARACTER:EVE:91000203",
    azp: CLIENT_ID,
    tenant: "tranquility",
    tier: "live",
    region: "world",
    aud: [CLIENT_ID, "EVE Online"],
    name: "Þórhildur Snæfell",
    iss: sso.issuer,
  });
  assert.equal(exp - iat, 1200);
  assert.ok(iat >= before && iat <= Math.floor(Date.now() / 1000));
  assert.ok(jti && owner);
  const { jti: another } = readJwt((await logIn(sso)).access_token);
  assert.notEqual(another, jti);
});

test("scp is missing, a string or an array, as EVE has it", async () => {
  const scp = async (scope) => readJwt((await logIn(sso, { scope })).access_token).scp;
  assert.equal(await scp(undefined), undefined);
  assert.equal(await scp(SCOPES[1]), SCOPES[1]);
  assert.deepEqual(await scp(SCOPES.join(" ")), SCOPES);
});

test("the options that shape the token do", async () => {
  for (const [scopeClaim, one] of [
    ["array", [SCOPES[0]]],
    ["string", SCOPES[0]],
  ]) {
    const shaped = await startSso({ scopeClaim, accessTokenTtl: 60, issuerWithoutScheme: true });
    try {
      const { access_token: token, expires_in: expiresIn } = await logIn(shaped, { scope: SCOPES[0] });
      const { scp, iat, exp, iss } = readJwt(token);
      assert.deepEqual(scp, one);
      assert.equal(exp - iat, 60);
      assert.equal(expiresIn, 59);
      assert.equal(iss, new URL(shaped.discoveryUrl).host);
      if (scopeClaim === "string") assert.equal(readJwt((await logIn(shaped)).access_token).scp, SCOPES.join(" "));
    } finally {
      await shaped.close();
    }
  }
});

test("a login without scopes gets refresh_token: null", async () => {
  for (const scope of [undefined, ""]) {
    const body = await logIn(sso, { scope });
    assert.equal(body.refresh_token, null);
    assert.equal(readJwt(body.access_token).scp, undefined);
  }
});

test("refresh tokens are base64 of which some hold + and / and all hold =", async () => {
  let { refresh_token: token } = await logIn(sso);
  let all = "";
  for (let round = 0; round < 60; round++) {
    assert.match(token, /^[A-Za-z0-9+/]{22}==$/);
    all += token;
    token = (await (await refresh(sso, token)).json()).refresh_token;
  }
  assert.ok(all.includes("+") && all.includes("/"));
});

test("a refresh token whose + was not encoded is refused", async () => {
  let { refresh_token: token } = await logIn(sso);
  while (!token.includes("+")) token = (await (await refresh(sso, token)).json()).refresh_token;
  const response = await fetch(new URL("/v2/oauth/token", sso.issuer), {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: `grant_type=refresh_token&client_id=${CLIENT_ID}&refresh_token=${token}`,
  });
  await refused(response, 400, DEAD);
  assert.equal((await refresh(sso, token)).status, 200, "and nothing was lost by it");
});

test("a code serves once, and its second use ends what the first one got", async () => {
  const exchange = await getCode(sso);
  const { refresh_token: token } = await (await postToken(sso, exchange)).json();
  const again = await postToken(sso, exchange);
  assert.equal(again.status, 400);
  assert.equal((await json(again)).error, "invalid_grant");
  await refused(await refresh(sso, token), 400, DEAD);
});

test("a code lives five minutes", async () => {
  mock.timers.enable({ apis: ["Date"], now: Date.now() });
  try {
    const early = await getCode(sso);
    mock.timers.tick(299_000);
    assert.equal((await postToken(sso, early)).status, 200);
    const late = await getCode(sso);
    mock.timers.tick(301_000);
    const response = await postToken(sso, late);
    assert.equal(response.status, 400);
    assert.equal((await json(response)).error, "invalid_grant");
  } finally {
    mock.timers.reset();
  }
});

test("the code verifier is checked", async () => {
  for (const code_verifier of [pkce().verifier, undefined, "short"]) {
    const { code_verifier: _right, ...exchange } = await getCode(sso);
    const response = await postToken(sso, { ...exchange, ...(code_verifier && { code_verifier }) });
    assert.equal(response.status, 400, code_verifier);
  }
});

test("a redirect_uri need not be sent, but must be the right one if it is", async () => {
  const right = await postToken(sso, { ...(await getCode(sso)), redirect_uri: REDIRECT_URI });
  assert.equal(right.status, 200);
  const wrong = await postToken(sso, { ...(await getCode(sso)), redirect_uri: "http://localhost:4999/other" });
  assert.equal(wrong.status, 400);
  assert.equal((await json(wrong)).error, "invalid_grant");
});

test("a malformed code is a 500 in HTML, a well-formed unknown one an invalid_grant", async () => {
  const exchange = { grant_type: "authorization_code", code_verifier: pkce().verifier };
  await refusedAsHtml(await postToken(sso, { ...exchange, code: "fake" }), 500);
  const unknown = await postToken(sso, { ...exchange, code: "x".repeat(43) });
  assert.equal(unknown.status, 400);
  assert.equal((await json(unknown)).error, "invalid_grant");
});

test("an unknown client is a 401 in HTML", async () => {
  await refusedAsHtml(await postToken(sso, { ...(await getCode(sso)), client_id: "nobody" }), 401);
  await refusedAsHtml(
    await postToken(sso, { grant_type: "refresh_token", refresh_token: "x", client_id: "nobody" }),
    401,
  );
});

test("HTML stays where EVE has it, also for a client that prefers HTML", async () => {
  const response = await postToken(sso, { grant_type: "refresh_token", refresh_token: "x" }, { accept: "text/html" });
  await refused(response, 400, DEAD);
});

test("only forms, and only the two grants", async () => {
  const body = JSON.stringify({ ...(await getCode(sso)), client_id: CLIENT_ID });
  const headers = { "content-type": "application/json" };
  const asJson = await fetch(new URL("/v2/oauth/token", sso.issuer), { method: "POST", headers, body });
  assert.equal(asJson.status, 400);
  const password = await postToken(sso, { grant_type: "password", username: "a", password: "b" });
  await refused(password, 400, {
    error: "unsupported_grant_type",
    error_description: "unsupported grant_type requested",
  });
});

test("another client's code or refresh token is no good", async () => {
  const both = await startSso({ clients: [{ clientId: CLIENT_ID }, { clientId: "another" }] });
  try {
    const stolen = await postToken(both, { ...(await getCode(both)), client_id: "another" });
    assert.equal(stolen.status, 400);
    const { refresh_token: token } = await logIn(both);
    await refused(await refresh(both, token, { client_id: "another" }), 400, DEAD);
    assert.equal((await refresh(both, token)).status, 200);
  } finally {
    await both.close();
  }
});

test("the confidential client authenticates by form or by header", async () => {
  const client = { client_id: "esi-security-secret" };
  const secret = "local-secret-not-a-secret";
  const withoutPkce = { ...client, code_challenge: undefined, code_challenge_method: undefined };
  const basic = (password) => ({ authorization: `Basic ${btoa(`${client.client_id}:${password}`)}` });
  const exchange = async () => {
    const { grant_type, code } = await getCode(sso, withoutPkce);
    return { ...client, grant_type, code };
  };
  const posted = await postToken(sso, { ...(await exchange()), client_secret: secret });
  assert.equal(posted.status, 200);
  assert.deepEqual(readJwt((await posted.json()).access_token).aud, ["esi-security-secret", "EVE Online"]);
  assert.equal((await postToken(sso, await exchange(), basic(secret))).status, 200);
  await refusedAsHtml(await postToken(sso, { ...(await exchange()), client_secret: "wrong" }), 401);
  await refusedAsHtml(await postToken(sso, await exchange(), basic("wrong")), 401);
  await refusedAsHtml(await postToken(sso, await exchange()), 401);
});

test("a refresh gives a new pair, and the character stays", async () => {
  const first = await logIn(sso, { characterId: 95000304 });
  const response = await refresh(sso, first.refresh_token);
  const second = await json(response);
  assert.deepEqual(Object.keys(second), ["access_token", "expires_in", "token_type", "refresh_token"]);
  assert.notEqual(second.refresh_token, first.refresh_token);
  const { sub, scp, jti } = readJwt(second.access_token);
  assert.equal(sub, "CHARACTER:EVE:95000304");
  assert.deepEqual(scp, SCOPES);
  assert.notEqual(jti, readJwt(first.access_token).jti);
});

test("a refresh token that was used already ends the whole grant, without a grace", async () => {
  const first = await logIn(sso);
  const second = await (await refresh(sso, first.refresh_token)).json();
  await refused(await refresh(sso, first.refresh_token), 400, DEAD);
  await refused(await refresh(sso, second.refresh_token), 400, DEAD);
});

test("two refreshes at once with one token: one wins, and then the grant is gone", async () => {
  const { refresh_token: token } = await logIn(sso);
  const answers = await Promise.all([refresh(sso, token), refresh(sso, token)]);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400]);
  const winner = await answers.find(({ status }) => status === 200).json();
  await refused(await refresh(sso, winner.refresh_token), 400, DEAD);
});

test("an unknown refresh token gets EVE's answer", async () => {
  await refused(await refresh(sso, "AAAAAAAAAAAAAAAAAAAAAA=="), 400, DEAD);
});

test("a subset of scopes is honoured, for that token; more is refused, and costs nothing", async () => {
  const first = await logIn(sso);
  const narrow = await (await refresh(sso, first.refresh_token, { scope: SCOPES[0] })).json();
  assert.equal(readJwt(narrow.access_token).scp, SCOPES[0]);
  const tooMuch = await refresh(sso, narrow.refresh_token, {
    scope: `${SCOPES[0]} esi-wallet.read_character_wallet.v1`,
  });
  assert.equal(tooMuch.status, 400);
  assert.equal((await json(tooMuch)).error, "invalid_scope");
  const whole = await (await refresh(sso, narrow.refresh_token)).json();
  assert.deepEqual(readJwt(whole.access_token).scp, SCOPES);
});

test("a refresh token outlives its login, and dies after thirty days without use", async () => {
  const DAY = 24 * 60 * 60 * 1000;
  mock.timers.enable({ apis: ["Date"], now: Date.now() });
  try {
    let { refresh_token: token } = await logIn(sso);
    for (let month = 0; month < 3; month++) {
      mock.timers.tick(29 * DAY);
      const response = await refresh(sso, token);
      assert.equal(response.status, 200);
      token = (await response.json()).refresh_token;
    }
    mock.timers.tick(31 * DAY);
    await refused(await refresh(sso, token), 400, DEAD);
  } finally {
    mock.timers.reset();
  }
});

test("rotation can be switched off", async () => {
  const still = await startSso({ rotate: false });
  try {
    const { refresh_token: token } = await logIn(still);
    for (let round = 0; round < 2; round++) {
      assert.equal((await (await refresh(still, token)).json()).refresh_token, token);
    }
  } finally {
    await still.close();
  }
});

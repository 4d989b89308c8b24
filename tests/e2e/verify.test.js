// Verifying (RFC 7519, RFC 8725): the claims of a token whose signature is the server's, and what is
// refused. Tokens that the local SSO would not issue are signed here, by a key of the test's own.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readJwt } from "../helpers/oauth.js";
import { CLIENT_ID, ILMARI, LOCATION, openPage, SAPHRA, SKILLS } from "../helpers/page.js";
import { bring, openWithKeys, verify, YEAR_2100 } from "../helpers/verification.js";

const KEYS = "/oauth/jwks";

test("the claims are those of the token, typed", async (t) => {
  const page = await openPage(t);
  await page.logIn({ characterId: SAPHRA });
  const [{ access }] = await page.stored("/session/");
  const token = readJwt(access.token);
  assert.deepEqual(await verify(page), {
    verified: true,
    characterId: SAPHRA,
    subject: `CHARACTER:EVE:${SAPHRA}`,
    name: "Saphra Tolon",
    owner: token.owner,
    scopes: [LOCATION, SKILLS],
    issuer: page.sso.issuer,
    audience: [CLIENT_ID, "EVE Online"],
    authorizedParty: CLIENT_ID,
    issuedAt: token.iat,
    expiresAt: token.exp,
    tenant: "tranquility",
    tier: "live",
    region: "world",
    raw: token,
  });
});

test("names outside ASCII arrive whole", async (t) => {
  const page = await openPage(t);
  await page.logIn({ characterId: 91000203 });
  assert.equal((await verify(page)).name, "Þórhildur Snæfell");
});

test("`scp` may be missing, one scope or several, as a text or a list", async (t) => {
  for (const scopeClaim of ["auto", "array", "string"]) {
    const page = await openPage(t, { sso: { scopeClaim } });
    for (const scopes of [[], [SKILLS], [LOCATION, SKILLS]]) {
      await page.logIn({ scopes });
      assert.deepEqual((await verify(page)).scopes, scopes, scopeClaim);
    }
  }
});

test("ES256 serves as well as RS256", async (t) => {
  const page = await openPage(t, { sso: { algorithm: "ES256" } });
  await page.logIn();
  const [{ access }] = await page.stored("/session/");
  assert.equal(readJwt(access.token, 0).alg, "ES256");
  assert.equal((await verify(page)).characterId, ILMARI);
});

test("the issuer may leave its scheme out, as EVE's has", async (t) => {
  const page = await openPage(t, { sso: { issuerWithoutScheme: true } });
  await page.logIn();
  assert.equal((await verify(page)).issuer, page.sso.issuer);
});

test("a token may leave the scheme out where the metadata has it", async (t) => {
  const page = await openPage(t);
  const { host } = new URL(page.sso.issuer);
  page.sso.faults.set({ token: { kind: "claims", value: { iss: host } } });
  await page.logIn();
  assert.equal((await verify(page)).issuer, host);
});

test("without a token there is nothing to verify", async (t) => {
  const page = await openPage(t);
  await assert.rejects(verify(page), { code: "no_token", phase: "verify", retryable: false });
});

test("the key set is fetched once, for all who ask, and kept across a reload", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  assert.equal(page.requests(KEYS).length, 0);
  await page.run(({ security }) => Promise.all([security.verify(), security.verify(), security.verify()]));
  await verify(page);
  await page.open("/");
  await verify(page);
  assert.equal(page.requests(KEYS).length, 1);
  await page.shiftClock(300);
  await verify(page);
  assert.equal(page.requests(KEYS).length, 2);
});

test("a key set that was given is believed, alone or in a set, and nothing is fetched", async (t) => {
  for (const single of [true, false]) {
    const { page, sign } = await openWithKeys(t, ["mine"], { single });
    await bring(page, await sign(0, { kid: "mine" }));
    assert.equal((await verify(page)).characterId, SAPHRA);
    await page.logIn();
    await assert.rejects(verify(page), { code: "key_not_found", phase: "verify", retryable: false });
    assert.equal(page.requests(KEYS).length, 0);
  }
});

test("a P-256 key can be given", async (t) => {
  const { page, sign } = await openWithKeys(t, ["curve"], { alg: "ES256" });
  await bring(page, await sign(0, { kid: "curve" }));
  assert.equal((await verify(page)).verified, true);
});

test("`kid` chooses the key where the token names none, and never where it names one", async (t) => {
  const { page, sign } = await openWithKeys(t, ["JWT-Signature-Key", "second"]);
  await bring(page, await sign(0));
  assert.equal((await verify(page)).verified, true);
  await assert.rejects(verify(page, { kid: "second" }), { code: "signature_invalid" });
  await assert.rejects(verify(page, { kid: "third" }), { code: "key_not_found" });
  await bring(page, await sign(1));
  await assert.rejects(verify(page), { code: "signature_invalid", phase: "verify", retryable: false });
  assert.equal((await verify(page, { kid: "second" })).verified, true);
  await bring(page, await sign(1, { kid: "second" }));
  assert.equal((await verify(page, { kid: "JWT-Signature-Key" })).verified, true);
});

test("each check can be switched off by its name, and only that one", async (t) => {
  const page = await openPage(t);
  const future = YEAR_2100;
  const rows = [
    [{ aud: [CLIENT_ID] }, "verifyAud", { code: "claim_invalid", claim: "aud" }],
    [{ aud: "EVE Online" }, "verifyAud", { code: "claim_invalid", claim: "aud" }],
    [{ aud: null }, "verifyAud", { code: "claim_missing", claim: "aud" }],
    [{ azp: "another-app" }, "verifyAud", { code: "claim_invalid", claim: "azp" }],
    [{ iss: "https://login.evil.example" }, "verifyIss", { code: "claim_invalid", claim: "iss" }],
    [{ iss: null }, "verifyIss", { code: "claim_missing", claim: "iss" }],
    [{ exp: 1 }, "verifyExp", { code: "token_expired", claim: "exp" }],
    [{ exp: null }, "verifyExp", { code: "claim_missing", claim: "exp" }],
    [{ nbf: future }, "verifyNbf", { code: "token_not_yet_valid", claim: "nbf" }],
    [{ iat: future }, "verifyIat", { code: "token_not_yet_valid", claim: "iat" }],
    [{ sub: null }, "verifySub", { code: "claim_missing", claim: "sub" }],
    [{ sub: "" }, "verifySub", { code: "claim_invalid", claim: "sub" }],
  ];
  const all = ["verifyAud", "verifyIss", "verifyExp", "verifyNbf", "verifyIat", "verifySub"];
  for (const [value, name, expected] of rows) {
    page.sso.faults.set({ token: { kind: "claims", value } });
    await page.logIn();
    const refused = { phase: "verify", retryable: false, ...expected };
    const others = Object.fromEntries(all.filter((other) => other !== name).map((other) => [other, false]));
    await page.keepsTokens(async () => {
      await assert.rejects(verify(page), refused, JSON.stringify(value));
      await assert.rejects(verify(page, { options: { [name]: true } }), refused);
      await assert.rejects(verify(page, { options: others }), refused);
      assert.equal((await verify(page, { options: { [name]: false } })).verified, true, JSON.stringify(value));
    });
  }
});

test("claims of the wrong type are refused", async (t) => {
  const page = await openPage(t);
  for (const [claim, value] of [
    ["exp", "4102444800"],
    ["exp", -1],
    ["aud", [CLIENT_ID, "EVE Online", 7]],
    ["sub", 7],
    ["scp", { scope: SKILLS }],
  ]) {
    page.sso.faults.set({ token: { kind: "claims", value: { [claim]: value } } });
    await page.logIn();
    await assert.rejects(verify(page), { code: "claim_invalid", phase: "verify", claim }, `${claim} ${value}`);
  }
});

test("the audiences are the application's to say", async (t) => {
  const page = await openPage(t, { options: { audiences: ["EVE Online"] } });
  page.sso.faults.set({ token: { kind: "claims", value: { aud: "EVE Online" } } });
  await page.logIn();
  assert.deepEqual((await verify(page)).audience, ["EVE Online"]);
  page.sso.faults.set({ token: { kind: "claims", value: { aud: CLIENT_ID } } });
  await page.logIn();
  await assert.rejects(verify(page), { code: "claim_invalid", claim: "aud" });
});

test("clocks may differ by ten seconds, or by as many as are given", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.shiftClock(1200 + 60);
  const expired = { code: "token_expired", phase: "verify" };
  await assert.rejects(verify(page), expired);
  await assert.rejects(verify(page, { options: { leeway: 0 } }), expired);
  assert.equal((await verify(page, { options: { leeway: 300 } })).verified, true);
});

test("an unchecked signature is never called verified", async (t) => {
  const page = await openPage(t);
  page.sso.faults.set({ token: { kind: "bad-signature" } });
  await page.logIn();
  await page.keepsTokens(() =>
    assert.rejects(verify(page), { code: "signature_invalid", phase: "verify", retryable: false }),
  );
  const claims = await verify(page, { options: { verifySignature: false } });
  assert.deepEqual([claims.verified, claims.characterId], [false, ILMARI]);
  await page.shiftClock(1300);
  await assert.rejects(verify(page, { options: { verifySignature: false } }), { code: "token_expired" });
});

test("what is no JWT, or has another algorithm, is refused", async (t) => {
  const { page, sign } = await openWithKeys(t, ["mine"]);
  const token = await sign(0, { kid: "mine" });
  const [, payload, signature] = token.split(".");
  const withHeader = (header, end = signature) =>
    [Buffer.from(JSON.stringify(header)).toString("base64url"), payload, end].join(".");
  for (const [bad, code] of [
    ["opaque-token", "token_malformed"],
    [`${token}.x`, "token_malformed"],
    [withHeader({ alg: "RS256", kid: "mine", crit: ["exp"] }), "token_malformed"],
    [withHeader({ alg: "RS256", kid: "mine", typ: "dpop+jwt" }), "token_malformed"],
    [withHeader({ alg: "none" }, ""), "algorithm_not_allowed"],
    [withHeader({ alg: "HS256", kid: "mine" }), "algorithm_not_allowed"],
    [withHeader({ alg: "PS256", kid: "mine" }), "algorithm_not_allowed"],
    [withHeader({ alg: "ES256", kid: "mine" }), "key_unusable"],
    [withHeader({ alg: "RS256", kid: "mine", typ: "at+jwt" }), "signature_invalid"],
  ]) {
    await bring(page, bad);
    await page.keepsTokens(() => assert.rejects(verify(page), { code, phase: "verify", retryable: false }, bad));
  }
  await bring(page, token);
  assert.equal((await verify(page)).verified, true);
});

test("options that do not exist or have the wrong type are refused", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const bad = [
    [{ options: { verify_signature: false } }, "unknown_option", /did you mean `verifySignature`/],
    [{ options: { verifyAzp: false } }, "unknown_option", /`verifyAzp`/],
    [{ options: { verifyAtHash: "no" } }, "invalid_argument", /`verifyAtHash`/],
    [{ options: { requireExp: 1 } }, "invalid_argument", /`requireExp`/],
    [{ Kid: "x" }, "unknown_option", /did you mean `kid`/],
    [{ kid: 7 }, "invalid_argument", /`kid`/],
    [{ options: { verifyExp: 0 } }, "invalid_argument", /`verifyExp`/],
    [{ options: "none" }, "invalid_argument", /`options`/],
    [{ options: { leeway: "10" } }, "invalid_argument", /`leeway`/],
    [{ options: { leeway: -1 } }, "invalid_argument", /`leeway`/],
    [{ options: { leeway: 301 } }, "invalid_argument", /`leeway`/],
    ["kid", "invalid_argument", /`options`/],
  ];
  await page.keepsTokens(async () => {
    for (const [options, code, message] of bad) {
      const refused = { code, phase: "verify", retryable: false, message };
      await assert.rejects(verify(page, options), refused, JSON.stringify(options));
    }
  });
});

test("a key that was changed is found, by one request", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await verify(page);
  await page.sso.rotateKeys();
  await page.refresh();
  assert.equal((await verify(page)).characterId, ILMARI);
  await verify(page);
  assert.equal(page.requests(KEYS).length, 2);
});

test("a key that is nowhere is not asked for again and again", async (t) => {
  const page = await openPage(t);
  page.sso.faults.set({ jwks: { kind: "unusable-keys" } });
  await page.logIn();
  await page.keepsTokens(async () => {
    for (const _ of [1, 2, 3]) {
      await assert.rejects(verify(page), { code: "key_not_found", phase: "verify", retryable: false });
    }
  });
  assert.equal(page.requests(KEYS).length, 1);
  page.sso.faults.clear();
  await page.shiftClock(60);
  assert.equal((await verify(page)).verified, true);
});

test("members that nobody knows and private ones do no harm to a key set; without names nothing chooses", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  for (const value of ["extra-members", "private-members"]) {
    page.sso.faults.set({ jwks: { kind: "unusable-keys", value } });
    await page.forgetDocuments();
    assert.equal((await verify(page)).verified, true, value);
  }
  page.sso.faults.set({ jwks: { kind: "unusable-keys", value: "missing-kid" } });
  await page.forgetDocuments();
  await page.keepsTokens(() => assert.rejects(verify(page), { code: "key_unusable", phase: "verify" }));
});

test("a key set that cannot be had or read has its error, costs no token, and is asked for again", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  for (const [fault, expected] of [
    [{ kind: "downtime" }, { code: "network_error" }],
    [{ kind: "error-500-no-cors" }, { code: "network_error" }],
    [{ kind: "error-500" }, { code: "http_error", status: 500 }],
    [{ kind: "error-503" }, { code: "oauth_error", status: 503 }],
    [{ kind: "rate-limited" }, { code: "rate_limited", status: 429 }],
    [{ kind: "html" }, { code: "invalid_key_set" }],
    [{ kind: "empty" }, { code: "invalid_key_set" }],
    [{ kind: "truncated" }, { code: "invalid_key_set" }],
  ]) {
    await page.forgetDocuments();
    page.sso.faults.set({ jwks: fault });
    await page.keepsTokens(() =>
      assert.rejects(verify(page), { phase: "keys", retryable: true, ...expected }, fault.kind),
    );
    page.sso.faults.clear();
    assert.equal((await verify(page)).verified, true, fault.kind);
  }
});

test("while the server cannot be asked, an old key set serves", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await verify(page);
  page.sso.faults.set({ jwks: { kind: "downtime" } });
  await page.shiftClock(400);
  assert.equal((await verify(page)).verified, true);
  await verify(page);
  assert.equal(page.requests(KEYS).length, 2, "not asked again at once");
});

test("what counts is what stands when `verify` is called", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const claims = await page.run(({ security }) => {
    const options = { options: { verifySignature: true, leeway: 0 } };
    const verifying = security.verify(options);
    Object.assign(options.options, { verifySignature: false, leeway: -1 });
    return verifying;
  });
  assert.equal(claims.verified, true);
  const superseded = { code: "superseded", phase: "verify", retryable: false };
  for (const end of [
    "security.revoke()",
    "security.updateToken({ access_token: 'another', expires_in: 1199 })",
    "security.updateToken({ access_token: 'another', expires_in: 1199 }, { tokenIdentifier: 'another' })",
  ]) {
    await page.logIn();
    const work = `({ security }) => { const verifying = security.verify(); ${end}; return verifying; }`;
    await assert.rejects(page.run(work), superseded, end);
  }
});

test("a session that ends while the keys are under way has no claims any more", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  page.sso.faults.set({ jwks: { kind: "slow", delayMs: 300 } });
  await page.run(({ security }) => {
    globalThis.verifying = security.verify();
    globalThis.verifying.catch(() => {});
  });
  await page.waitForTraffic(() => page.requests(KEYS).length === 1);
  await page.run(({ security }) => security.revoke());
  const superseded = { code: "superseded", phase: "verify", retryable: false };
  await assert.rejects(
    page.runBare(() => globalThis.verifying),
    superseded,
  );
});

test("a token that is refreshed meanwhile has its claims all the same", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const [{ access }] = await page.stored("/session/");
  page.sso.faults.set({ jwks: { kind: "slow", delayMs: 300 } });
  const { raw } = await page.run(async ({ security }) => {
    const verifying = security.verify();
    await security.refresh();
    return verifying;
  });
  assert.equal(raw.jti, readJwt(access.token).jti);
  assert.notEqual((await verify(page)).raw.jti, raw.jti);
});

test("a page without WebCrypto is told so", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.runBare(() => Object.defineProperty(crypto, "subtle", { value: undefined }));
  await page.keepsTokens(() => assert.rejects(verify(page), { code: "crypto_unavailable", phase: "verify" }));
});

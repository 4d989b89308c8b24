// Each check by the name that python-jose's options have for it, and the rules that a page can write down for
// another server's tokens.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CLIENT_ID, ILMARI, openPage } from "../helpers/page.js";
import { bring, makeKey, openWithKeys, signToken, verify, YEAR_2100 } from "../helpers/verification.js";

const DISCOVERY = "/.well-known/oauth-authorization-server";
const KEYS = "/oauth/jwks";

const missing = (claim) => ({ code: "claim_missing", phase: "verify", claim, retryable: false });
const invalid = (claim) => ({ code: "claim_invalid", phase: "verify", claim, retryable: false });
const early = (claim) => ({ code: "token_not_yet_valid", phase: "verify", claim, retryable: false });
const EXPIRED = { code: "token_expired", phase: "verify", claim: "exp", retryable: false };

/** By its name in the options: the claim, whether it must be there by default, and values that are wrong. */
const CHECKS = {
  Iss: { claim: "iss", required: true, wrong: [["https://login.evil.example", invalid("iss")]] },
  Aud: { claim: "aud", required: true, wrong: [["EVE Online", invalid("aud")]] },
  Exp: { claim: "exp", required: true, wrong: [[1, EXPIRED]] },
  Nbf: { claim: "nbf", required: false, wrong: [[YEAR_2100, early("nbf")]] },
  Iat: { claim: "iat", required: false, wrong: [[YEAR_2100, early("iat")]] },
  Sub: {
    claim: "sub",
    required: true,
    wrong: ["", "user-7", "CHARACTER:EVE:007"].map((sub) => [sub, invalid("sub")]),
  },
  Jti: { claim: "jti", required: false, wrong: [] },
};

/** `verify…`, `require…`, and what they mean: whether the claim must be there, and is looked at where it is. */
const COMBINATIONS = [
  [undefined, undefined, "by default", true],
  [true, undefined, "by default", true],
  [undefined, true, "must", true],
  [true, true, "must", true],
  [undefined, false, "may", true],
  [true, false, "may", true],
  [false, undefined, "may", false],
  [false, false, "may", false],
  // What is required is checked, as python-jose has it.
  [false, true, "must", true],
];

/** The next token has these claims in place of its own; `null` removes one. */
async function renewWith(page, claims) {
  page.sso.faults.set({ token: { kind: "claims", value: claims } });
  await page.refresh();
}

for (const [name, { claim, required, wrong }] of Object.entries(CHECKS)) {
  test(`verify${name} and require${name}: ${claim} missing, wrong, or of the wrong type`, async (t) => {
    const page = await openPage(t);
    await page.logIn();
    for (const [value, refused] of [[null, missing(claim)], [{ of: "another type" }, invalid(claim)], ...wrong]) {
      await renewWith(page, { [claim]: value });
      for (const [verifies, requires, presence, looks] of COMBINATIONS) {
        const mustBe = presence === "must" || (presence === "by default" && required);
        const options = { [`verify${name}`]: verifies, [`require${name}`]: requires };
        const what = `${JSON.stringify(value)} with ${JSON.stringify(options)}`;
        if (value === null ? mustBe : looks) await assert.rejects(verify(page, { options }), refused, what);
        else assert.equal((await verify(page, { options })).verified, true, what);
      }
    }
  });
}

test("claims that are as they must be pass every check that can be asked for", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await renewWith(page, { nbf: 1 });
  const all = Object.keys(CHECKS).flatMap((name) => [`verify${name}`, `require${name}`]);
  assert.equal((await verify(page, { options: Object.fromEntries(all.map((name) => [name, true])) })).verified, true);
});

test("`azp` is checked where it is there, together with `aud`", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await renewWith(page, { azp: null });
  assert.equal((await verify(page)).authorizedParty, null);
  assert.equal((await verify(page, { options: { requireAud: true } })).authorizedParty, null);
  for (const azp of ["another-app", "", [CLIENT_ID]]) {
    await renewWith(page, { azp });
    await assert.rejects(verify(page), invalid("azp"));
    await assert.rejects(verify(page, { options: { requireAud: false } }), invalid("azp"));
    assert.equal((await verify(page, { options: { verifyAud: false } })).verified, true);
  }
});

test("`verifyAtHash` and `requireAtHash` do nothing", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  for (const at_hash of [null, "wrong", 7]) {
    await renewWith(page, { at_hash });
    for (const flag of [true, false]) {
      const options = { verifyAtHash: flag, requireAtHash: flag };
      assert.equal((await verify(page, { options })).verified, true);
    }
  }
});

test("without the signature's check all others are made, and no key is asked for", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const unsigned = { verifySignature: false };
  for (const token of [
    await signToken(page, await makeKey("nobody", "ES256"), { kid: "nobody" }, { sub: "CHARACTER:EVE:7" }),
    unsignedToken(page, { sub: "CHARACTER:EVE:7" }),
  ]) {
    await bring(page, token);
    const { verified, characterId, raw } = await verify(page, { options: unsigned });
    assert.deepEqual([verified, characterId, raw.sub], [false, 7, "CHARACTER:EVE:7"]);
  }
  for (const [name, { claim, required, wrong }] of Object.entries(CHECKS)) {
    const values = [[{ of: "another type" }, invalid(claim)], ...wrong];
    if (required) values.push([undefined, missing(claim)]);
    for (const [value, refused] of values) {
      await bring(page, unsignedToken(page, { [claim]: value }));
      await assert.rejects(verify(page, { options: unsigned }), refused);
      const options = { ...unsigned, [`verify${name}`]: false };
      assert.equal((await verify(page, { options })).verified, false);
    }
    await bring(page, unsignedToken(page, { [claim]: undefined }));
    await assert.rejects(verify(page, { options: { ...unsigned, [`require${name}`]: true } }), missing(claim));
  }
  assert.equal(page.requests(KEYS).length, 0);
});

/** A token that nobody signed. */
function unsignedToken(page, changes) {
  const whole = { iss: page.sso.issuer, aud: [CLIENT_ID, "EVE Online"], sub: "CHARACTER:EVE:1", exp: YEAR_2100 };
  const encode = (part) => Buffer.from(JSON.stringify(part)).toString("base64url");
  return `${encode({ alg: "none" })}.${encode({ ...whole, ...changes })}.`;
}

test("`issuers` are those that stand in the token, and the metadata is not asked", async (t) => {
  const issuers = ["https://one.example", "two.example"];
  const { page, sign } = await openWithKeys(t, ["mine"], { alg: "ES256", options: { issuers } });
  const before = page.requests(DISCOVERY).length;
  for (const iss of issuers) {
    await bring(page, await sign(0, { kid: "mine" }, { iss }));
    assert.equal((await verify(page)).issuer, iss);
  }
  for (const iss of ["one.example", "https://two.example", "https://one.example/", "HTTPS://one.example", ""]) {
    await bring(page, await sign(0, { kid: "mine" }, { iss }));
    await assert.rejects(verify(page), invalid("iss"), iss);
  }
  await bring(page, await sign(0, { kid: "mine" }));
  await assert.rejects(verify(page), invalid("iss"), "the metadata's issuer is none of them");
  assert.equal(page.requests(DISCOVERY).length, before);
});

test("`audiences` must all be there; with none at all the token must have none", async (t) => {
  const rows = [
    [["one"], "one", true],
    [["one"], ["two", "one"], true],
    [["one", "two"], ["two", "one"], true],
    [["one", "two"], ["one"], false],
    [["one"], ["ONE"], false],
    [[], undefined, true],
    [[], [], true],
    [[], [CLIENT_ID], false],
  ];
  const { page, sign } = await openWithKeys(t, ["mine"], { alg: "ES256" });
  for (const [audiences, aud, good] of rows) {
    page.options.audiences = audiences;
    await page.open("/");
    await bring(page, await sign(0, { kid: "mine" }, { aud }));
    if (good) assert.deepEqual((await verify(page)).audience, [aud ?? []].flat());
    else await assert.rejects(verify(page), invalid("aud"), JSON.stringify([audiences, aud]));
  }
});

test("`requireAzp` wants `azp`", async (t) => {
  const page = await openPage(t, { options: { requireAzp: true } });
  await page.logIn();
  assert.equal((await verify(page)).authorizedParty, CLIENT_ID);
  await renewWith(page, { azp: null });
  await assert.rejects(verify(page), missing("azp"));
  await assert.rejects(verify(page, { options: { requireAud: false } }), missing("azp"));
  assert.equal((await verify(page, { options: { verifyAud: false } })).authorizedParty, null);
});

test("`algorithms` are the only ones", async (t) => {
  const refused = { code: "algorithm_not_allowed", phase: "verify", retryable: false };
  for (const [algorithm, other] of [
    ["RS256", "ES256"],
    ["ES256", "RS256"],
  ]) {
    const page = await openPage(t, { sso: { algorithm }, options: { algorithms: [other, "PS512"] } });
    await page.logIn();
    await page.keepsTokens(() => assert.rejects(verify(page), refused));
    page.options.algorithms = ["EdDSA", algorithm];
    await page.open("/");
    assert.equal((await verify(page)).characterId, ILMARI);
  }
});

test("on another server's rules a token that is no character's is a valid token all the same", async (t) => {
  const options = { issuers: ["https://id.example"], audiences: ["https://api.example"], algorithms: ["ES256"] };
  const { page, sign } = await openWithKeys(t, ["mine"], { alg: "ES256", options });
  const claims = { iss: "https://id.example", aud: "https://api.example", azp: undefined, scope: "read write" };
  for (const sub of [
    "user-7",
    "CHARACTER:EVE:",
    "CHARACTER:EVE:007",
    "CHARACTER:EVE:9007199254740992",
    "character:eve:7",
  ]) {
    await bring(page, await sign(0, { kid: "mine", typ: "at+jwt" }, { ...claims, sub }));
    const { verified, characterId, subject, name, owner, scopes, tenant } = await verify(page);
    assert.deepEqual(
      { verified, characterId, subject, name, owner, scopes, tenant },
      {
        verified: true,
        characterId: null,
        subject: sub,
        name: null,
        owner: null,
        scopes: ["read", "write"],
        tenant: null,
      },
    );
  }
});

test("tokens of a server whose metadata has the issuer without a scheme, as Serenity's", async (t) => {
  const host = "login.evepc.163.com";
  const ssoEndpoints = {
    issuer: host,
    authorization_endpoint: `https://${host}/v2/oauth/authorize`,
    token_endpoint: `https://${host}/v2/oauth/token`,
    jwks_uri: `https://${host}/oauth/jwks`,
  };
  const { page, sign } = await openWithKeys(t, ["JWT-Signature-Key"], { options: { ssoEndpoints } });
  for (const iss of [host, `https://${host}`]) {
    await bring(page, await sign(0, {}, { iss }));
    assert.equal((await verify(page)).issuer, iss);
  }
  for (const iss of [`http://${host}`, `https://${host}/`, "login.eveonline.com", page.sso.issuer]) {
    await bring(page, await sign(0, {}, { iss }));
    await assert.rejects(verify(page), invalid("iss"), iss);
  }
});

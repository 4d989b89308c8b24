// What npm's jose signs, the package verifies, by the browser's WebCrypto: every algorithm, with the same claims
// as jose reads. INTEROP_SEED repeats a run's claims.
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { test } from "node:test";
import { createLocalJWKSet, errors, exportJWK, generateKeyPair, jwtVerify, SignJWT } from "jose";
import { makeClaims, Random } from "../helpers/claims.js";
import { CLIENT_ID, openPage } from "../helpers/page.js";

const RSA = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
const ALGORITHMS = [...RSA, "ES256", "ES384", "EdDSA", "Ed25519"];
const TOKENS = 100;
const NAMES = 5;
/** What a header may tell beside `alg` and `kid`; the address and the key are never believed. */
const HEADERS = [
  { typ: "JWT" },
  { typ: "at+jwt" },
  { typ: "Application/AT+JWT" },
  {},
  { jku: "https://keys.example/", jwk: { kty: "oct", k: "AAAA" }, extra: { nested: [1.5, null, "þ"] } },
];
/** The codes for a token whose header is not the one that was signed. */
const HEADER_REFUSALS = [
  "token_malformed",
  "algorithm_not_allowed",
  "key_not_found",
  "key_unusable",
  "signature_invalid",
];

const ISSUER = "https://sso.example";
const AUDIENCE = "https://api.example";

/** Keys of one algorithm under some random names each, as jose exports them. */
async function makeKeys(random, alg) {
  const lengths = RSA.includes(alg) ? (alg === "RS256" ? [2048, 4096] : [2048]) : [undefined];
  const pairs = await Promise.all(lengths.map((modulusLength) => generateKeyPair(alg, { modulusLength })));
  const named = pairs.map(async ({ publicKey, privateKey }) => {
    const jwk = { ...(await exportJWK(publicKey)), alg, use: "sig", key_ops: ["verify"], ext: true };
    return Array.from({ length: NAMES }, (_, index) => {
      const kid = `${index}${random.text()}`;
      return { alg, kid, privateKey, jwk: { ...jwk, kid } };
    });
  });
  return (await Promise.all(named)).flat();
}

/** A page with the public halves of new keys for every algorithm, and how jose verifies with the same ones. */
async function openWithKeys(t) {
  const seed = Number(process.env.INTEROP_SEED ?? randomInt(2 ** 32));
  t.diagnostic(`INTEROP_SEED=${seed}`);
  const random = new Random(seed);
  const keys = [];
  for (const alg of ALGORITHMS) keys.push(...(await makeKeys(random, alg)));
  const jwksKey = { keys: random.shuffle(keys.map(({ jwk }) => jwk)) };
  const options = { jwksKey, algorithms: ALGORITHMS, issuers: [ISSUER], audiences: [AUDIENCE] };
  const page = await openPage(t, { options });
  const local = createLocalJWKSet(jwksKey);
  const askJose = (token) => jwtVerify(token, local, { algorithms: ALGORITHMS, issuer: ISSUER, audience: AUDIENCE });
  const sign = (alg) => {
    const { kid, privateKey } = random.pick(keys.filter((key) => key.alg === alg));
    return new SignJWT(makeClaims(random, { issuer: ISSUER, audience: AUDIENCE, clientId: CLIENT_ID }))
      .setProtectedHeader({ alg, kid, ...random.pick(HEADERS) })
      .sign(privateKey);
  };
  return { page, random, askJose, sign };
}

/** Each token's claims, or the code of its refusal. */
const verifyAll = (page, tokens) =>
  page.run(async ({ security, isEsiError }, given) => {
    const outcomes = [];
    for (const access_token of given) {
      security.updateToken({ access_token, expires_in: 1199 });
      const claims = security.verify();
      outcomes.push(await claims.catch((error) => (isEsiError(error) ? error.code : Promise.reject(error))));
    }
    return outcomes;
  }, tokens);

/** The result that the claims must have, as `types.d.ts` describes it. */
function typed(payload) {
  const { sub, aud, scp = payload.scope ?? [] } = payload;
  const moment = (seconds) => (seconds === undefined ? null : Math.floor(seconds));
  return {
    verified: true,
    characterId: Number(/^CHARACTER:EVE:(\d+)$/.exec(sub)?.[1] ?? Number.NaN) || null,
    subject: sub,
    name: payload.name ?? null,
    owner: payload.owner ?? null,
    scopes: [scp].flat().flatMap((text) => text.split(" ").filter(Boolean)),
    issuer: payload.iss,
    audience: [aud].flat(),
    authorizedParty: payload.azp ?? null,
    issuedAt: moment(payload.iat),
    expiresAt: moment(payload.exp),
    tenant: payload.tenant ?? null,
    tier: payload.tier ?? null,
    region: payload.region ?? null,
    raw: payload,
  };
}

/** The token with one byte of a part changed. */
function damage(random, token, part) {
  const parts = token.split(".");
  const bytes = Buffer.from(parts[part], "base64url");
  bytes[random.below(bytes.length)] ^= 1 + random.below(255);
  parts[part] = bytes.toString("base64url");
  return parts.join(".");
}

test("jose's tokens verify, with the claims that jose reads", async (t) => {
  const { page, askJose, sign } = await openWithKeys(t);
  for (const alg of ALGORITHMS) {
    const tokens = await Promise.all(Array.from({ length: TOKENS }, () => sign(alg)));
    const expected = await Promise.all(tokens.map(async (token) => typed((await askJose(token)).payload)));
    const outcomes = await verifyAll(page, tokens);
    assert.equal(new Set(tokens).size, TOKENS, alg);
    for (const [index, outcome] of outcomes.entries()) assert.deepEqual(outcome, expected[index], `${alg} ${index}`);
    assert.equal(outcomes.length, TOKENS, alg);
  }
});

test("what is damaged is refused, here as there", async (t) => {
  const { page, random, askJose, sign } = await openWithKeys(t);
  for (const alg of ALGORITHMS) {
    const tokens = await Promise.all(Array.from({ length: 10 }, () => sign(alg)));
    for (const [part, codes] of [HEADER_REFUSALS, ["signature_invalid"], ["signature_invalid"]].entries()) {
      const damaged = tokens.map((token) => damage(random, token, part));
      for (const token of damaged) await assert.rejects(askJose(token), errors.JOSEError, token);
      const outcomes = await verifyAll(page, damaged);
      assert.ok(
        outcomes.every((outcome) => codes.includes(outcome)),
        `${alg} ${part} ${JSON.stringify(outcomes)}`,
      );
      assert.equal(outcomes.length, tokens.length);
    }
  }
});

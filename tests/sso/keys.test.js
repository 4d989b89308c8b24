// The key set and its rotation.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createLocalJWKSet, jwtVerify } from "jose";
import { startSso } from "../../sso/index.js";
import { logIn, readJwt } from "../helpers/oauth.js";

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

const keySet = async (sso) => (await fetch(new URL("/oauth/jwks", sso.discoveryUrl))).json();

async function verifies(set, token) {
  return jwtVerify(token, createLocalJWKSet(set)).then(
    () => true,
    () => false,
  );
}

let sso;
before(async () => {
  sso = await startSso();
});
after(() => sso.close());

test("an RSA key of 2048 bits and a P-256 key, with EVE's members, and EVE's extra one beside them", async () => {
  const set = await keySet(sso);
  assert.deepEqual(Object.keys(set), ["keys", "SkipUnresolvedJsonWebKeys"]);
  assert.equal(set.SkipUnresolvedJsonWebKeys, true);
  const [rsa, ec] = set.keys;
  assert.deepEqual(Object.keys(rsa), ["alg", "e", "kid", "kty", "n", "use"]);
  assert.deepEqual(
    { ...rsa, n: "" },
    { alg: "RS256", e: "AQAB", kid: "JWT-Signature-Key", kty: "RSA", n: "", use: "sig" },
  );
  assert.equal(Buffer.from(rsa.n, "base64url").length, 256);
  assert.deepEqual(Object.keys(ec), ["alg", "crv", "kid", "kty", "use", "x", "y"]);
  assert.deepEqual([ec.alg, ec.crv, ec.kty, ec.use], ["ES256", "P-256", "EC", "sig"]);
  assert.match(ec.kid, UUID);
  assert.equal(set.keys.length, 2);
});

test("every server has keys of its own", async () => {
  const other = await startSso();
  try {
    const [mine, others] = await Promise.all([keySet(sso), keySet(other)]);
    assert.notEqual(mine.keys[0].n, others.keys[0].n);
    assert.notEqual(mine.keys[1].kid, others.keys[1].kid);
  } finally {
    await other.close();
  }
});

test("rotation signs with a new key under a new kid, and drops or keeps the old one", async () => {
  const rotating = await startSso();
  try {
    const { access_token: first } = await logIn(rotating);
    assert.ok(await verifies(await keySet(rotating), first));

    await rotating.rotateKeys({ keepOld: true });
    const { access_token: second } = await logIn(rotating);
    assert.equal(readJwt(second, 0).kid, "JWT-Signature-Key-2");
    assert.equal(readJwt(second).kid, "JWT-Signature-Key-2");
    const both = await keySet(rotating);
    assert.ok(await verifies(both, first), "the old key was kept");
    assert.ok(await verifies(both, second));

    await rotating.rotateKeys();
    const { access_token: third } = await logIn(rotating);
    const last = await keySet(rotating);
    assert.deepEqual(
      last.keys.map(({ kid }) => kid).filter((kid) => !UUID.test(kid)),
      ["JWT-Signature-Key-3", "JWT-Signature-Key"],
    );
    assert.equal(await verifies(last, second), false, "the old key was dropped");
    assert.ok(await verifies(last, third));
  } finally {
    await rotating.close();
  }
});

test("rotation can give the new key the old one's name", async () => {
  const rotating = await startSso();
  try {
    const { access_token: first } = await logIn(rotating);
    assert.deepEqual(await rotating.rotateKeys({ keepKid: true }), { kid: "JWT-Signature-Key" });
    const { access_token: second } = await logIn(rotating);
    const set = await keySet(rotating);
    assert.equal(readJwt(second, 0).kid, "JWT-Signature-Key");
    assert.deepEqual([set.keys.length, set.keys[0].kid], [2, "JWT-Signature-Key"]);
    assert.deepEqual([await verifies(set, first), await verifies(set, second)], [false, true]);
  } finally {
    await rotating.close();
  }
});

test("tokens can be signed with the P-256 key", async () => {
  const elliptic = await startSso({ algorithm: "ES256" });
  try {
    const set = await keySet(elliptic);
    const { access_token: token } = await logIn(elliptic);
    assert.deepEqual(readJwt(token, 0), { alg: "ES256", kid: set.keys[1].kid, typ: "JWT" });
    assert.ok(await verifies(set, token));
    await elliptic.rotateKeys();
    const { access_token: later } = await logIn(elliptic);
    assert.match(readJwt(later, 0).kid, UUID);
    assert.notEqual(readJwt(later, 0).kid, set.keys[1].kid);
    assert.ok(await verifies(await keySet(elliptic), later));
  } finally {
    await elliptic.close();
  }
});

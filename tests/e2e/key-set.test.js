// The life of the server's key set (RFC 7517 section 5): keys that are rotated, an endpoint that is down or
// slow, keys that are nowhere; and how often the server is asked.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CLIENT_ID, ILMARI, openPage } from "../helpers/page.js";
import { bring, makeKey, openWithKeys, signToken, verify } from "../helpers/verification.js";

const DISCOVERY = "/.well-known/oauth-authorization-server";
const KEYS = "/oauth/jwks";
const NOT_FOUND = { code: "key_not_found", phase: "verify", retryable: false };

const keyRequests = (page) => page.requests(KEYS).length;
const accessToken = async (page) => (await page.stored("/session/"))[0].access.token;

/** A page that holds the server's keys, and a token that names a key which is not among them. */
async function openWithStranger(t, options) {
  const page = await openPage(t, { options });
  await page.logIn();
  await page.stopClock();
  await verify(page);
  await bring(page, await signToken(page, await makeKey("nobody", "ES256"), { kid: "nobody" }));
  return page;
}

/** Makes a second object for the same server in the page, as `other`. */
const makeOther = (page) =>
  page.run(async ({ EsiSecurity, options }) => {
    globalThis.other = await EsiSecurity.create(options);
  });

test("keys that changed between login and verification: the old one serves while the set has it", async (t) => {
  for (const keepOld of [true, false]) {
    const page = await openPage(t);
    await page.logIn();
    await page.sso.rotateKeys({ keepOld });
    if (keepOld) assert.equal((await verify(page)).characterId, ILMARI);
    else await page.keepsTokens(() => assert.rejects(verify(page), NOT_FOUND));
    await page.refresh();
    assert.equal((await verify(page)).characterId, ILMARI);
  }
});

test("after a rotation old and new tokens are verified, each while its key is in the set", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const old = await accessToken(page);
  await page.stopClock();
  await verify(page);
  await page.sso.rotateKeys({ keepOld: true });
  await page.refresh();
  await verify(page);
  assert.equal(keyRequests(page), 2);
  await bring(page, old);
  await verify(page);
  await page.sso.rotateKeys();
  await page.sso.rotateKeys();
  await page.shiftClock(299);
  await verify(page);
  assert.equal(keyRequests(page), 2);
  await page.shiftClock(1);
  // The first key was kept by the first rotation, the second was not.
  await verify(page);
  assert.equal(keyRequests(page), 3);
});

test("a key that was dropped is believed no longer than its set", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.stopClock();
  await verify(page);
  await page.sso.rotateKeys();
  await page.shiftClock(299);
  await verify(page);
  await page.shiftClock(1);
  await page.keepsTokens(() => assert.rejects(verify(page), NOT_FOUND));
});

test("a new key under the old name is found, by one request", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await verify(page);
  await page.sso.rotateKeys({ keepKid: true });
  await page.refresh();
  assert.equal((await verify(page)).characterId, ILMARI);
  assert.equal(keyRequests(page), 2);
});

test("a new key of another type under the old name is found, by one request", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await verify(page);
  await page.open("/");
  const other = await makeKey("JWT-Signature-Key", "ES256");
  await page.runBare(
    (keys) => {
      const name = Object.keys(sessionStorage).find((key) => key.includes("/document/") && key.includes("jwks"));
      const document = JSON.parse(sessionStorage.getItem(name));
      sessionStorage.setItem(name, JSON.stringify({ ...document, text: JSON.stringify(keys) }));
    },
    { keys: [other.jwk] },
  );
  const before = keyRequests(page);
  assert.equal((await verify(page)).characterId, ILMARI);
  assert.equal(keyRequests(page), before + 1);
});

test("of two keys under one name none is believed", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.sso.rotateKeys({ keepKid: true, keepOld: true });
  const refused = { code: "key_unusable", phase: "verify", retryable: false, message: /several keys fit/ };
  await page.keepsTokens(() => assert.rejects(verify(page), refused));
});

test("two who verify right after a rotation cause one request, and both succeed", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await makeOther(page);
  await verify(page);
  await page.sso.rotateKeys();
  await page.refresh();
  const both = await page.run(async ({ security }) => {
    const claims = await Promise.all([security.verify(), globalThis.other.verify()]);
    return claims.map(({ characterId }) => characterId);
  });
  assert.deepEqual(both, [ILMARI, ILMARI]);
  assert.equal(keyRequests(page), 2);
});

test("who comes while the keys are under way waits for the same answer", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await makeOther(page);
  await page.holdAnswers();
  await page.run(({ security }) => {
    globalThis.first = security.verify();
  });
  await page.waitForTraffic(() => page.requests(KEYS)[0]?.status === 200);
  await page.run(({ security }) => {
    globalThis.later = [security.verify(), globalThis.other.verify()];
  });
  await page.releaseAnswers();
  const ids = await page.runBare(async () => {
    const claims = await Promise.all([globalThis.first, ...globalThis.later]);
    return claims.map(({ characterId }) => characterId);
  });
  assert.deepEqual(ids, [ILMARI, ILMARI, ILMARI]);
  assert.equal(keyRequests(page), 1);
});

test("metadata and keys are fetched once for all objects of the same server", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const token = await accessToken(page);
  await page.forgetDocuments();
  const before = page.requests(DISCOVERY).length;
  const ids = await page.run(async ({ EsiSecurity, options }, access_token) => {
    const objects = [
      { tokenIdentifier: "one" },
      { tokenIdentifier: "two" },
      // Another client: what says so in the token is none of the key set's business.
      { clientId: "another-client", audiences: [options.clientId] },
    ].map((different) => new EsiSecurity({ ...options, ...different }));
    for (const object of objects) object.updateToken({ access_token, expires_in: 1199 });
    const verifying = objects.map((object) => object.verify({ options: { verifyAud: false } }));
    return (await Promise.all(verifying)).map(({ characterId }) => characterId);
  }, token);
  assert.deepEqual(ids, [ILMARI, ILMARI, ILMARI]);
  assert.deepEqual([page.requests(DISCOVERY).length - before, keyRequests(page)], [1, 1]);
});

test("a key that is nowhere costs one request in a minute, however many ask, one by one or at once", async (t) => {
  const page = await openWithStranger(t);
  await makeOther(page);
  const ask = (at) =>
    page.run(async ({ security }, atOnce) => {
      const code = (_, index) => (index % 2 ? security : globalThis.other).verify().catch((error) => error.code);
      if (atOnce) return [...new Set(await Promise.all(Array.from({ length: 1000 }, code)))];
      const codes = new Set();
      for (let index = 0; index < 1000; index += 1) codes.add(await code(null, index));
      return [...codes];
    }, at === "at once");
  assert.equal(keyRequests(page), 1);
  const rows = [
    [0, "one by one", 2],
    [59, "one by one", 2],
    [1, "at once", 3],
    [59, "at once", 3],
    [1, "one by one", 4],
    // Beyond the five minutes for which a set is believed: each request has brought it anew.
    [60, "at once", 5],
    [60, "one by one", 6],
    [60, "at once", 7],
    [60, "at once", 8],
  ];
  for (const [seconds, how, requests] of rows) {
    await page.shiftClock(seconds);
    assert.deepEqual(await ask(how), ["key_not_found"]);
    assert.equal(keyRequests(page), requests, `${how}, after ${seconds} more seconds`);
  }
});

test("while newer keys cannot be had, what the old ones say of a token stands", async (t) => {
  for (const [rotation, code] of [
    [{}, "key_not_found"],
    [{ keepKid: true }, "signature_invalid"],
  ]) {
    for (const kind of ["downtime", "error-503", "html"]) {
      const page = await openPage(t);
      await page.logIn();
      await page.stopClock();
      await verify(page);
      const old = await accessToken(page);
      await page.sso.rotateKeys(rotation);
      await page.refresh();
      page.sso.faults.set({ jwks: { kind } });
      const refused = { code, phase: "verify", retryable: false };
      await page.keepsTokens(() => assert.rejects(verify(page), refused, kind));
      page.sso.faults.clear();
      await page.shiftClock(59);
      for (const _ of [1, 2, 3]) await assert.rejects(verify(page), refused, kind);
      assert.equal(keyRequests(page), 2);
      const fresh = await accessToken(page);
      // The keys that are held serve all the while.
      await bring(page, old);
      await verify(page);
      await bring(page, fresh);
      await page.shiftClock(1);
      await verify(page);
      assert.equal(keyRequests(page), 3, kind);
    }
  }
});

test("a key that the very first set lacks is asked for once", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.stopClock();
  const own = await accessToken(page);
  await bring(page, await signToken(page, await makeKey("nobody", "ES256"), { kid: "nobody" }));
  for (const _ of [1, 2, 3]) await assert.rejects(verify(page), NOT_FOUND);
  assert.equal(keyRequests(page), 1);
  await page.shiftClock(59);
  await assert.rejects(verify(page), NOT_FOUND);
  assert.equal(keyRequests(page), 1);
  await page.shiftClock(1);
  await assert.rejects(verify(page), NOT_FOUND);
  assert.equal(keyRequests(page), 2);
  await bring(page, own);
  await verify(page);
  assert.equal(keyRequests(page), 2);
});

test("who waits for a request that somebody else has made has asked too", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const own = await accessToken(page);
  await page.stopClock();
  await verify(page);
  await bring(page, await signToken(page, await makeKey("nobody", "ES256"), { kid: "nobody" }));
  // The request is under way until the second one has come to need it.
  page.sso.faults.set({ jwks: { kind: "slow" } });
  const outcomes = await page.run(async ({ EsiSecurity, security, options }, access_token) => {
    const other = new EsiSecurity({ ...options, cacheMaxAge: 0, tokenIdentifier: "other" });
    other.updateToken({ access_token, expires_in: 1199 });
    const [claims, code] = await Promise.all([other.verify(), security.verify().catch((error) => error.code)]);
    return [claims.characterId, code];
  }, own);
  assert.deepEqual(outcomes, [ILMARI, "key_not_found"]);
  assert.equal(keyRequests(page), 2);
  page.sso.faults.clear();
  await assert.rejects(verify(page), NOT_FOUND);
  assert.equal(keyRequests(page), 2);
});

test("keys that come slowly are waited for, by all together", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await makeOther(page);
  page.sso.faults.set({ jwks: { kind: "slow", delayMs: 300 } });
  const both = await page.run(async ({ security }) => {
    const claims = await Promise.all([security.verify(), globalThis.other.verify()]);
    return claims.map(({ characterId }) => characterId);
  });
  assert.deepEqual(both, [ILMARI, ILMARI]);
  assert.equal(keyRequests(page), 1);
});

test("an old key set is not waited for long, none at all or a newer one for thirty seconds", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  page.sso.faults.set({ jwks: { kind: "slow", delayMs: 10_000 } });
  const timeout = { code: "timeout", phase: "keys", retryable: true };
  await page.hurry();
  await assert.rejects(verify(page), timeout);
  assert.deepEqual(await page.timeouts(), [30_000]);

  page.sso.faults.clear();
  await page.open("/");
  await verify(page);
  page.sso.faults.set({ jwks: { kind: "slow", delayMs: 10_000 } });
  await page.shiftClock(300);
  await page.run(({ security }) => security.getAuthUri());
  await page.hurry();
  assert.equal((await verify(page)).characterId, ILMARI);
  assert.deepEqual(await page.timeouts(), [5000]);

  await page.sso.rotateKeys();
  page.sso.faults.clear();
  await page.open("/");
  await verify(page, { options: { verifySignature: false } });
  await page.refresh();
  page.sso.faults.set({ jwks: { kind: "slow", delayMs: 10_000 } });
  await page.hurry();
  await assert.rejects(verify(page), NOT_FOUND);
  assert.deepEqual(await page.timeouts(), [30_000]);
});

test("`cacheMaxAge` says for how long the keys are believed", async (t) => {
  const anyAge = { options: { verifyExp: false } };
  for (const [cacheMaxAge, shifts] of [
    [0, [0, 0, 1]],
    [10, [10, 10]],
    [86_400, [86_400]],
  ]) {
    const page = await openPage(t, { options: { cacheMaxAge } });
    await page.logIn();
    await page.stopClock();
    await verify(page, anyAge);
    for (const [index, seconds] of shifts.entries()) {
      if (seconds > 1) {
        await page.shiftClock(seconds - 1);
        await verify(page, anyAge);
      }
      assert.equal(keyRequests(page), index + 1, `${cacheMaxAge}, before`);
      await page.shiftClock(Math.min(seconds, 1));
      await verify(page, anyAge);
      assert.equal(keyRequests(page), index + 2, `${cacheMaxAge}, after ${seconds} seconds`);
    }
  }
});

test("`cacheMaxAge` is for the metadata too", async (t) => {
  const page = await openPage(t, { options: { cacheMaxAge: 10 } });
  await page.stopClock();
  const ask = () => page.run(({ security }) => security.getAuthUri());
  await ask();
  await page.shiftClock(9);
  await ask();
  assert.equal(page.requests(DISCOVERY).length, 1);
  await page.shiftClock(1);
  await ask();
  assert.equal(page.requests(DISCOVERY).length, 2);
});

test("a key that is nowhere is not asked for twice in a minute, however short keys are believed", async (t) => {
  const page = await openWithStranger(t, { cacheMaxAge: 0 });
  const before = keyRequests(page);
  for (const _ of [1, 2, 3]) await assert.rejects(verify(page), NOT_FOUND);
  // One for each call, since nothing is believed: what was fetched just now need not be fetched anew.
  assert.equal(keyRequests(page) - before, 3);
});

test("while no key set was ever had, each call asks for it", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  page.sso.faults.set({ jwks: { kind: "downtime", times: 2 } });
  const refused = { code: "network_error", phase: "keys", retryable: true };
  for (const _ of [1, 2]) await page.keepsTokens(() => assert.rejects(verify(page), refused));
  await verify(page);
  assert.equal(keyRequests(page), 3);
});

test("keys that cannot be used are skipped, with one warning for each reason", async (t) => {
  const warnings = async (page) =>
    (await page.console()).filter((line) => /was skipped/.test(line)).map((line) => line.match(/skipped: (.*)\./)[1]);
  const page = await openPage(t, { sso: { algorithm: "ES256" } });
  await page.logIn();
  page.sso.faults.set({ jwks: { kind: "unusable-keys" } });
  await verify(page);
  await page.shiftClock(300);
  await verify(page);
  assert.equal(keyRequests(page), 2);
  assert.deepEqual(await warnings(page), ["a key has a number that is not base64url"]);

  const good = await makeKey("good", "ES256");
  const keys = [
    { kty: "RSA", n: "AQAB", e: "AQAB" },
    { kid: "no type" },
    good.jwk,
    { kty: "oct", k: "c2VjcmV0" },
    null,
  ];
  const given = await openPage(t, { options: { jwksKey: { keys } } });
  await bring(given, await signToken(given, good, { kid: "good" }));
  await makeOther(given);
  await verify(given);
  assert.deepEqual(await warnings(given), [
    "an RSA key has fewer than 2048 or more than 4096 bits",
    "a key has no kty",
    "a key is neither RSA, P-256, P-384 nor Ed25519",
  ]);
  assert.equal(keyRequests(given), 0);
});

test("with keys that were given none is ever asked for", async (t) => {
  const { page, sign } = await openWithKeys(t, ["mine"], { alg: "ES256", options: { cacheMaxAge: 0 } });
  const foreign = await makeKey("mine", "ES256");
  for (const [token, code] of [
    [await sign(0, { kid: "mine" }), undefined],
    [await sign(0, { kid: "another" }), "key_not_found"],
    [await signToken(page, foreign, { kid: "mine" }), "signature_invalid"],
    [
      await signToken(page, foreign, { kid: "mine", jwk: foreign.jwk, jku: page.sso.issuer + KEYS }),
      "signature_invalid",
    ],
  ]) {
    await bring(page, token);
    if (code) await assert.rejects(verify(page), { code, phase: "verify", retryable: false });
    else assert.deepEqual((await verify(page)).audience, [CLIENT_ID, "EVE Online"]);
    await page.shiftClock(1000);
  }
  assert.equal(keyRequests(page), 0);
});

// How often the browser's WebCrypto is asked: a signature that was checked is not checked again with the same
// keys, and a key that was imported is kept. What depends on the clock is judged each time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ILMARI, openPage, SAPHRA } from "../helpers/page.js";
import { bring, openWithKeys, verify } from "../helpers/verification.js";

/** From now on this document counts what it asks of WebCrypto. */
const countCalls = (page) =>
  page.runBare(() => {
    globalThis.calls = { verify: 0, importKey: 0 };
    for (const name of Object.keys(globalThis.calls)) {
      const original = SubtleCrypto.prototype[name];
      SubtleCrypto.prototype[name] = function counted(...args) {
        globalThis.calls[name] += 1;
        return original.apply(this, args);
      };
    }
  });

/** Checks how often signatures were checked and keys imported since the last look. */
async function assertCalls(page, expected) {
  const { verify: checked, importKey: imported } = await page.runBare(() => {
    const { calls } = globalThis;
    globalThis.calls = { verify: 0, importKey: 0 };
    return calls;
  });
  assert.deepEqual({ checked, imported }, expected);
}

const NOTHING = { checked: 0, imported: 0 };
const SIGNATURE = { checked: 1, imported: 0 };
const BOTH = { checked: 1, imported: 1 };

test("a token is checked once, a key imported once, until there is another", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await countCalls(page);
  await verify(page);
  await assertCalls(page, BOTH);
  await verify(page);
  await page.run(({ security }) => Promise.all([security.verify(), security.verify()]));
  await assertCalls(page, NOTHING);
  await page.refresh();
  await verify(page);
  await assertCalls(page, SIGNATURE);
  await page.sso.rotateKeys();
  await page.refresh();
  assert.equal((await verify(page)).characterId, ILMARI);
  await assertCalls(page, BOTH);
  await verify(page);
  await assertCalls(page, NOTHING);
});

test("a key set that was fetched anew and is the same changes nothing, another one does", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await countCalls(page);
  await verify(page);
  await assertCalls(page, BOTH);
  await page.shiftClock(300);
  await verify(page);
  assert.equal(page.requests("/oauth/jwks").length, 2);
  await assertCalls(page, NOTHING);
  await page.sso.rotateKeys({ keepOld: true });
  await page.shiftClock(300);
  await verify(page);
  assert.equal(page.requests("/oauth/jwks").length, 3);
  await assertCalls(page, SIGNATURE);
});

test("the times and the other claims are judged each time, without WebCrypto", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await countCalls(page);
  await verify(page);
  await assertCalls(page, BOTH);
  await page.shiftClock(1300);
  await assert.rejects(verify(page), { code: "token_expired" });
  assert.equal((await verify(page, { options: { verifyExp: false } })).verified, true);
  await page.shiftClock(-2600);
  await assert.rejects(verify(page), { code: "token_not_yet_valid", claim: "iat" });
  await assert.rejects(verify(page, { options: { verifyIat: false, requireNbf: true } }), { code: "claim_missing" });
  await assertCalls(page, NOTHING);
});

test("what is refused is checked anew", async (t) => {
  const page = await openPage(t);
  page.sso.faults.set({ token: { kind: "bad-signature" } });
  await page.logIn();
  await countCalls(page);
  for (const expected of [BOTH, SIGNATURE]) {
    await assert.rejects(verify(page), { code: "signature_invalid" });
    await assertCalls(page, expected);
  }
});

test("another `kid` is another check, and so are other algorithms", async (t) => {
  const { page, sign } = await openWithKeys(t, ["JWT-Signature-Key", "second"], { alg: "ES256" });
  await bring(page, await sign(0));
  await countCalls(page);
  await verify(page);
  await assertCalls(page, BOTH);
  await assert.rejects(verify(page, { kid: "second" }), { code: "signature_invalid" });
  await assertCalls(page, BOTH);
  await verify(page, { kid: "JWT-Signature-Key" });
  await assertCalls(page, NOTHING);
  const code = await page.run(async ({ EsiSecurity, options }) => {
    const strict = await EsiSecurity.create({ ...options, algorithms: ["RS256"] });
    return strict.verify().catch((error) => error.code);
  });
  assert.equal(code, "algorithm_not_allowed");
  await assertCalls(page, NOTHING);
});

test("another token is another check, whoever it belongs to", async (t) => {
  const { page, sign } = await openWithKeys(t, ["mine"], { alg: "ES256" });
  const tokens = [await sign(0, { kid: "mine" }), await sign(0, { kid: "mine" }, { sub: `CHARACTER:EVE:${ILMARI}` })];
  await countCalls(page);
  for (const [index, expected] of [BOTH, SIGNATURE, SIGNATURE].entries()) {
    await bring(page, tokens[index % 2]);
    assert.equal((await verify(page)).characterId, index % 2 ? ILMARI : SAPHRA);
    await assertCalls(page, expected);
  }
});

test("the newest eight keys stay imported", async (t) => {
  const names = Array.from({ length: 9 }, (_, index) => `key-${index}`);
  const { page, sign } = await openWithKeys(t, names, { alg: "ES256" });
  const tokens = await Promise.all(names.map((kid, index) => sign(index, { kid })));
  await countCalls(page);
  const rows = [
    ...names.map((_, index) => [index, BOTH]),
    ...names.slice(1).map((_, index) => [index + 1, SIGNATURE]),
    [0, BOTH],
    [2, SIGNATURE],
    [1, BOTH],
  ];
  for (const [index, expected] of rows) {
    await bring(page, tokens[index]);
    await verify(page);
    await assertCalls(page, expected);
  }
});

test("the imported key can check signatures, and nothing else", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.runBare(() => {
    const { importKey } = SubtleCrypto.prototype;
    SubtleCrypto.prototype.importKey = async function kept(...args) {
      globalThis.key = await importKey.apply(this, args);
      return globalThis.key;
    };
  });
  await verify(page);
  const { type, extractable, usages, algorithm } = await page.runBare(() => {
    const { type, extractable, usages, algorithm } = globalThis.key;
    return { type, extractable, usages, algorithm: [algorithm.name, algorithm.hash.name, algorithm.modulusLength] };
  });
  assert.deepEqual(
    { type, extractable, usages, algorithm },
    {
      type: "public",
      extractable: false,
      usages: ["verify"],
      algorithm: ["RSASSA-PKCS1-v1_5", "SHA-256", 2048],
    },
  );
});

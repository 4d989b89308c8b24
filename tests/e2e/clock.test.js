// A machine whose clock is wrong: how far it is from the server's is measured when tokens come, and counted in.
import assert from "node:assert/strict";
import { test } from "node:test";
import { logIn } from "../helpers/oauth.js";
import { openPage } from "../helpers/page.js";
import { bring, verify } from "../helpers/verification.js";

/** Ten minutes ahead or behind, for tokens that live five: no leeway makes up for that. */
const SHIFTS = [600, -600];
const TTL = { accessTokenTtl: 300 };

/** What such a clock makes of a token from this moment. */
const refusal = (shift) => (shift > 0 ? { code: "token_expired" } : { code: "token_not_yet_valid", claim: "iat" });

/** A login in a document whose clock is wrong from the beginning to the end. */
async function logInAt(page, shift) {
  await page.shiftClock(shift);
  await page.handleRedirect(await page.authorize());
}

const lasts = (page) =>
  page.run(({ security }) => [security.isTokenExpired(), security.isTokenExpired(250), security.isTokenExpired(310)]);

test("login, verification, expiry and refresh work with a clock that is ten minutes wrong", async (t) => {
  for (const shift of SHIFTS) {
    const page = await openPage(t, { sso: TTL });
    await logInAt(page, shift);
    assert.equal((await verify(page)).verified, true, `${shift} s`);
    assert.deepEqual(await lasts(page), [false, false, true]);
    await page.refresh();
    assert.equal((await verify(page)).verified, true, `${shift} s, refreshed`);
    assert.deepEqual(await lasts(page), [false, false, true]);
    assert.equal(await page.run(({ security }) => security.state), "active");
    await page.shiftClock(320);
    await assert.rejects(verify(page), { code: "token_expired" });
    assert.deepEqual(await lasts(page), [true, true, true]);
    await page.run(({ security }) => security.getAccessToken());
    assert.equal(page.tokenRequests.length, 3, "refreshed by itself");
  }
});

test("the implicit grant tells no less of the clock", async (t) => {
  for (const shift of SHIFTS) {
    const page = await openPage(t, { sso: TTL });
    await page.shiftClock(shift);
    await page.handleRedirect(await page.authorize({ implicit: true }));
    assert.equal((await verify(page)).verified, true, `${shift} s`);
  }
});

test("a clock that is set right between two refreshes is measured anew", async (t) => {
  for (const shift of SHIFTS) {
    const page = await openPage(t, { sso: TTL });
    await logInAt(page, shift);
    await page.shiftClock(-shift);
    await assert.rejects(verify(page), refusal(-shift));
    await page.refresh();
    assert.equal((await verify(page)).verified, true);
  }
});

test("what was measured survives a reload", async (t) => {
  for (const shift of SHIFTS) {
    const page = await openPage(t, { sso: TTL });
    await logInAt(page, shift);
    await page.open("/");
    await page.shiftClock(shift);
    assert.equal((await verify(page)).verified, true, `${shift} s`);
  }
});

test("tokens from elsewhere tell nothing of the clock, and leave what is known", async (t) => {
  for (const shift of SHIFTS) {
    const page = await openPage(t, { sso: TTL });
    const { access_token: token } = await logIn(page.sso);
    await page.shiftClock(shift);
    await bring(page, token);
    await assert.rejects(verify(page), refusal(shift));
    await page.handleRedirect(await page.authorize());
    assert.equal((await verify(page)).verified, true);
    await bring(page, token);
    assert.equal((await verify(page)).verified, true);
  }
});

test("one wrong time in a token does not make the clock wrong", async (t) => {
  const page = await openPage(t);
  for (const [value, refused] of [
    [{ exp: 1 }, { code: "token_expired" }],
    [{ iat: 4_102_444_800 }, { code: "token_not_yet_valid", claim: "iat" }],
    [{ nbf: 4_102_444_800 }, { code: "token_not_yet_valid", claim: "nbf" }],
  ]) {
    page.sso.faults.set({ token: { kind: "claims", value } });
    await page.logIn();
    await assert.rejects(verify(page), refused);
    page.sso.faults.clear();
    await page.refresh();
    assert.equal((await verify(page)).verified, true);
  }
});

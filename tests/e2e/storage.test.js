// sessionStorage that is full, blocked or spoiled. A page's session then lives in memory, and only what
// cannot work without storage is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "../helpers/page.js";

const NO_LOGIN = { code: "storage_unavailable", phase: "login", retryable: false };
const ONLY_MEMORY = /the session lives in this page's memory/;

const getAuthUri = (page) => page.run(({ security }) => security.getAuthUri());

/** Fills what is left of sessionStorage, to the last character. */
const fill = (page) =>
  page.runBare(() => {
    for (let size = 1 << 22; size >= 1; size >>= 1) {
      try {
        for (let row = 0; ; row += 1) sessionStorage.setItem(`filler-${size}-${row}`.padEnd(32), "x".repeat(size));
      } catch (error) {
        if (error.name !== "QuotaExceededError") throw error;
      }
    }
  });

const empty = (page) =>
  page.runBare(() => {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith("filler")) sessionStorage.removeItem(key);
  });

test("with a full storage a login is refused before anybody leaves, and the session goes on", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await fill(page);
  await page.keepsTokens(async () => {
    await assert.rejects(getAuthUri(page), NO_LOGIN);
    await assert.rejects(
      page.run(({ security }) => security.login({ returnTo: "/" })),
      NO_LOGIN,
    );
  });
  assert.equal(await page.address(), page.redirectUri);
  await empty(page);
  assert.ok(await getAuthUri(page));
});

test("a session that no longer fits lives on in memory, with one warning", async (t) => {
  const page = await openPage(t);
  const callback = await page.authorize();
  await page.open(callback);
  await fill(page);
  assert.ok(await page.handleRedirect());
  await page.refresh();
  await page.refresh();
  assert.equal(await page.run(({ security }) => security.state), "active");
  assert.deepEqual(await page.stored("/session/"), []);
  const lines = await page.console();
  assert.equal(lines.length, 1);
  assert.match(lines[0], ONLY_MEMORY);
  await empty(page);
  await page.refresh();
  await page.open("/");
  assert.equal(await page.run(({ security }) => security.state), "active", "once there is room it is stored");
});

test("where the new tokens no longer fit, no older ones stay behind, whose refresh token may be used up", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await fill(page);
  const longer = "x".repeat(5000);
  await page.run(({ security }, access_token) => security.updateToken({ access_token, expires_in: 1199 }), longer);
  assert.equal(await page.run(({ security }) => security.getAccessToken()), longer);
  assert.deepEqual(await page.stored("/session/"), []);
  assert.match((await page.console())[0], ONLY_MEMORY);
});

test("where storage is blocked everything but the login works", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const [{ refresh_token }] = await page.stored("/session/");
  await page.runBare(() => sessionStorage.clear());
  await page.open("/sandboxed/");
  await assert.rejects(
    page.runBare(() => sessionStorage.length),
    { name: "SecurityError" },
  );
  assert.equal(await page.run(({ security }) => security.state), "signed-out");
  assert.equal(await page.handleRedirect(), null);
  await assert.rejects(getAuthUri(page), NO_LOGIN);
  await page.run(({ security }, token) => security.updateToken({ refresh_token: token }), refresh_token);
  const getAccessToken = () => page.run(({ security }) => security.getAccessToken());
  const brought = await getAccessToken();
  await assert.rejects(getAuthUri(page), NO_LOGIN);
  assert.equal(await getAccessToken(), brought);
  const { access_token: refreshed } = await page.refresh();
  await assert.rejects(getAuthUri(page), NO_LOGIN);
  assert.equal(await getAccessToken(), refreshed);
  assert.equal((await page.run(({ security }) => security.verify())).verified, true);
  assert.equal((await page.run(({ security }) => security.revoke())).revoked, true);
  const lines = await page.console();
  assert.equal(lines.length, 1);
  assert.match(lines[0], ONLY_MEMORY);
});

test("rows that somebody spoiled count as none", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.authorize();
  const keys = await page.runBare(() => Object.keys(sessionStorage));
  assert.equal(keys.length, 3, "session, logins, metadata");
  for (const row of ["", "{", "null", "[]", "7", '{"access":7}', '[{"state":7}]', '"text"', "[".repeat(10_000)]) {
    await page.runBare(
      (names, value) => {
        for (const name of names) sessionStorage.setItem(name, value);
      },
      keys,
      row,
    );
    await page.open("/callback?code=a-code-of-nobody&state=a-state-of-nobody");
    assert.equal(await page.run(({ security }) => security.state), "signed-out", row);
    await assert.rejects(page.handleRedirect(), { code: "state_unknown", phase: "redirect" });
  }
  await page.logIn();
  assert.equal(await page.run(({ security }) => security.state), "active");
});

test("rows of others are left alone", async (t) => {
  const page = await openPage(t);
  await page.runBare(() => sessionStorage.setItem("theirs", "untouched"));
  await page.logIn();
  await page.run(({ security }) => security.revoke());
  assert.equal(await page.runBare(() => sessionStorage.theirs), "untouched");
});

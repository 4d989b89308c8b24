// Tokens from elsewhere (EsiPy's `update_token`), how their life is counted, and the event that tells of
// them (EsiPy's `AFTER_TOKEN_REFRESH`).
import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage, SAPHRA } from "../helpers/page.js";

const update = (page, response, options) =>
  page.run(({ security }, ...given) => security.updateToken(...given), response, options);
const isTokenExpired = (page, ...offset) =>
  page.run(({ security }, ...given) => security.isTokenExpired(...given), ...offset);
const stateOf = (page) => page.run(({ security }) => security.state);

/** From now on this document keeps the details of the events of that type. */
const listen = (page, type = "esi:token-refreshed") =>
  page.runBare((kind) => {
    const details = [];
    globalThis.heard = details;
    addEventListener(kind, ({ detail }) => details.push(detail));
  }, type);
const heard = (page) => page.runBare(() => globalThis.heard);

test("a token response from elsewhere becomes the session, and survives a reload", async (t) => {
  const page = await openPage(t);
  await page.logIn({ characterId: SAPHRA });
  const { json: tokens } = page.tokenRequests[0];
  await page.run(({ security }) => security.revoke());
  await update(page, { ...tokens, unknown: "member" });
  await page.open("/");
  assert.equal(await stateOf(page), "active");
  assert.equal((await page.run(({ security }) => security.verify())).characterId, SAPHRA);
});

test("a refresh token alone is enough to start", async (t) => {
  const page = await openPage(t, { options: { autoRefresh: false } });
  await page.logIn({ characterId: SAPHRA });
  for (const [access_token, expires_in] of [
    [undefined, undefined],
    [null, null],
    ["", -1],
  ]) {
    const [{ refresh_token }] = await page.stored("/session/");
    await page.runBare(() => sessionStorage.clear());
    await page.open("/");
    await update(page, { access_token, expires_in, refresh_token });
    assert.equal(await stateOf(page), "expiring");
    assert.equal(await isTokenExpired(page, -1e9), true);
    await page.open("/");
    assert.equal(await stateOf(page), "expiring");
    await page.run(({ security }) => security.getAccessToken());
    assert.equal((await page.run(({ security }) => security.verify())).characterId, SAPHRA);
  }
});

test("`refresh_token: null`, or none, keeps the one before", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const [{ refresh_token: kept }] = await page.stored("/session/");
  for (const refresh_token of [null, undefined, ""]) {
    await update(page, { access_token: "brought", expires_in: 100, refresh_token });
    assert.equal((await page.stored("/session/"))[0].refresh_token, kept);
  }
  await page.refresh();
});

test("a bad shape is refused, and nothing is half-written", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const good = { access_token: "brought", expires_in: 100, refresh_token: "brought-too", token_type: "Bearer" };
  await listen(page);
  await page.keepsTokens(async () => {
    for (const response of [
      {},
      [],
      "text",
      7,
      null,
      { ...good, access_token: 7 },
      { ...good, access_token: "two words" },
      { ...good, access_token: "naïve" },
      { access_token: "", expires_in: 100 },
      { ...good, token_type: "MAC" },
      { ...good, refresh_token: 7 },
      { ...good, refresh_token: ["x"] },
    ]) {
      await assert.rejects(
        update(page, response, { tokenIdentifier: "other" }),
        { code: "invalid_response", phase: "update", retryable: false },
        JSON.stringify(response),
      );
    }
    await assert.rejects(update(page, good, { tokenIdentifier: 7 }), { code: "invalid_argument", phase: "update" });
    await assert.rejects(update(page, good, { token_identifier: "x" }), {
      code: "unknown_option",
      phase: "update",
      message: /did you mean `tokenIdentifier`/,
    });
    await assert.rejects(
      page.run(({ security }) => {
        const circle = {};
        circle.circle = circle;
        security.updateToken(circle);
      }),
      { code: "invalid_argument", phase: "update", message: /`response` must be plain data/ },
    );
  });
  assert.deepEqual(await heard(page), []);
  assert.equal(await page.run(({ security }) => security.tokenIdentifier), null);
  await page.refresh();
});

test("another `tokenIdentifier` is another session, which leaves the first where it was", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const [first] = await page.stored("/session/");
  await update(page, { access_token: "brought", expires_in: 100 }, { tokenIdentifier: "second" });
  assert.equal(await page.run(({ security }) => security.tokenIdentifier), "second");
  const rows = await page.stored("/session/");
  assert.equal(rows.length, 2);
  const second = rows.find(({ access }) => access.token === "brought");
  assert.equal("refresh_token" in second, false, "it inherits nothing");
  assert.deepEqual(
    rows.find((row) => row !== second),
    first,
  );
  await page.open("/");
  assert.equal(await page.run(({ security }) => security.getAccessToken()), first.access.token);
});

test("expiry is counted from now, with an offset either way, and unknown counts as expired", async (t) => {
  const page = await openPage(t);
  assert.equal(await isTokenExpired(page), true);
  await update(page, { access_token: "brought", expires_in: 600 });
  const { expiry, now } = await page.run(({ security }) => ({ expiry: security.tokenExpiry, now: Date.now() / 1000 }));
  assert.ok(Math.abs(expiry - now - 600) < 60);
  for (const [offset, expired] of [
    [undefined, false],
    [null, false],
    [0, false],
    [500, false],
    [700, true],
    [-1000, false],
    [1e300, true],
  ]) {
    assert.equal(await isTokenExpired(page, offset), expired, String(offset));
  }
  await page.shiftClock(700);
  for (const [offset, expired] of [
    [undefined, true],
    [0, true],
    [500, true],
    [-50, true],
    [-200, false],
    [-1e300, false],
  ]) {
    assert.equal(await isTokenExpired(page, offset), expired, String(offset));
  }
  await page.shiftClock(-1500);
  assert.equal(await isTokenExpired(page), true, "a clock that was set back makes a token old");
  await update(page, { access_token: "brought" });
  assert.equal(await isTokenExpired(page, -1e9), true);
  assert.equal(await page.run(({ security }) => security.tokenExpiry), null);
});

test("an offset that is no number of seconds is refused", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const refused = { code: "invalid_argument", phase: "refresh", retryable: false, message: /`offset`/ };
  await page.keepsTokens(async () => {
    for (const offset of ["60", {}, [], true]) await assert.rejects(isTokenExpired(page, offset), refused);
    await assert.rejects(
      page.run(({ security }) => security.isTokenExpired(Number.NaN)),
      refused,
    );
  });
});

test("the event tells after a login, a refresh, an update and `auth` what EsiPy's signal tells", async (t) => {
  const page = await openPage(t, { options: { tokenIdentifier: "pilot-7" } });
  const callback = await page.authorize();
  await page.open(callback);
  await listen(page);
  await page.handleRedirect();
  await page.refresh();
  await update(page, { access_token: "brought", token_type: "bearer" });
  const { code, state } = Object.fromEntries(new URL(await page.authorize()).searchParams);
  await page.run(({ security }, ...given) => security.auth(...given), code, state);
  const [login, refresh, auth] = page.tokenRequests.map(({ json }) => ({ token_identifier: "pilot-7", ...json }));
  const brought = {
    token_identifier: "pilot-7",
    access_token: "brought",
    refresh_token: refresh.refresh_token,
    expires_in: null,
    token_type: "bearer",
  };
  assert.deepEqual(await heard(page), [login, refresh, brought, auth]);
});

test("a refresh token is told of although the rest of the answer is of no use", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await listen(page);
  page.sso.faults.set({ token: { kind: "no-access-token" } });
  await assert.rejects(page.refresh());
  const { refresh_token: rotated } = page.tokenRequests[1].json;
  const { access_token: before } = page.tokenRequests[0].json;
  const [event, ...others] = await heard(page);
  assert.deepEqual([event.access_token, event.refresh_token, others], [before, rotated, []]);
});

test("failures, revoking and a refresh token alone are no such event", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await listen(page);
  page.sso.faults.set({ token: { kind: "error-500" } });
  await assert.rejects(page.refresh());
  await update(page, { refresh_token: "kept-elsewhere" });
  await page.run(({ security }) => security.revoke());
  assert.deepEqual(await heard(page), []);
});

test("`signalTokenUpdated` is the event's type", async (t) => {
  const page = await openPage(t, { options: { signalTokenUpdated: "my-app:tokens" } });
  await listen(page, "my-app:tokens");
  await update(page, { access_token: "brought" });
  const mine = await heard(page);
  assert.deepEqual(
    mine.map(({ access_token: token }) => token),
    ["brought"],
  );
  await listen(page);
  await update(page, { access_token: "brought" });
  assert.deepEqual(await heard(page), []);
});

test("objects of one session are told of its tokens each in its own way, whichever of them has refreshed", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.run(async ({ EsiSecurity, options }) => {
    globalThis.other = await EsiSecurity.create({ ...options, signalTokenUpdated: "my-app:tokens" });
  });
  const tokens = async () => (await heard(page)).map(({ access_token: token }) => token);
  await listen(page, "my-app:tokens");
  const { access_token: first } = await page.refresh();
  assert.deepEqual(await tokens(), [first]);
  await listen(page);
  const { access_token: second } = await page.run(() => globalThis.other.refresh());
  assert.deepEqual(await tokens(), [second]);
});

test("the tokens are stored before anybody is told, and a listener may call back", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.run(({ security }) => {
    addEventListener("esi:token-refreshed", ({ detail }) => {
      const row = Object.keys(sessionStorage).find((key) => key.includes("/session/"));
      globalThis.stored = sessionStorage[row].includes(detail.access_token);
      globalThis.seen = [security.state, security.isTokenExpired()];
      globalThis.token = security.getAccessToken();
    });
  });
  const { access_token: token } = await page.refresh();
  assert.deepEqual(await page.runBare(() => [globalThis.stored, globalThis.seen]), [true, ["active", false]]);
  assert.equal(await page.runBare(() => globalThis.token), token);
});

test("a login is over before anybody is told, so that a listener may leave the page", async (t) => {
  const page = await openPage(t);
  await page.open(await page.authorize());
  await page.run(() => {
    const parsed = (part) => JSON.parse(sessionStorage[Object.keys(sessionStorage).find((key) => key.includes(part))]);
    addEventListener("esi:token-refreshed", ({ detail }) => {
      const [{ verifier, answer }] = parsed("/logins/");
      globalThis.seen = [verifier, typeof answer, parsed("/session/").access.token === detail.access_token];
    });
  });
  await page.handleRedirect();
  assert.deepEqual(await page.runBare(() => globalThis.seen), [null, "string", true]);
});

test("a listener that throws harms nothing", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.runBare(() =>
    addEventListener("esi:token-refreshed", () => {
      throw new Error("the listener's own");
    }),
  );
  await listen(page);
  const tokens = await page.refresh();
  assert.equal((await heard(page))[0].access_token, tokens.access_token);
  await page.refresh();
  const [line] = await page.console();
  assert.match(line, /the listener's own/, "the browser reports it");
});

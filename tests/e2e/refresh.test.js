// Refreshing (RFC 6749 section 6): what is sent, once however many ask, and what ends a session.
import assert from "node:assert/strict";
import { test } from "node:test";
import { postForm } from "../helpers/oauth.js";
import { CLIENT_ID, LOCATION, openPage, SKILLS } from "../helpers/page.js";

const WALLET = "esi-wallet.read_character_wallet.v1";

const getAccessToken = (page) => page.run(({ security }) => security.getAccessToken());
const stateOf = (page) => page.run(({ security }) => security.state);
const scopesOf = (page) => page.run(async ({ security }) => (await security.verify()).scopes);

/** Ends the grant behind the page's back, as the pilot can at EVE's. */
async function endGrant(page) {
  const [{ refresh_token: token }] = await page.stored("/session/");
  await postForm(`${page.sso.issuer}/v2/oauth/revoke`, { token, client_id: CLIENT_ID });
}

test("a refresh sends the refresh token, stores the new ones and gives them back", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const [before] = await page.stored("/session/");
  const tokens = await page.refresh();
  const [, { form, json }] = page.tokenRequests;
  assert.deepEqual(Object.fromEntries(form), {
    grant_type: "refresh_token",
    refresh_token: before.refresh_token,
    client_id: CLIENT_ID,
  });
  assert.deepEqual(tokens, json);
  const [after] = await page.stored("/session/");
  assert.equal(after.refresh_token, tokens.refresh_token);
  assert.notEqual(after.refresh_token, before.refresh_token);
  assert.equal(after.access.token, tokens.access_token);
  assert.equal(await getAccessToken(page), tokens.access_token);
  assert.deepEqual(await scopesOf(page), [LOCATION, SKILLS]);
});

test("each refresh sends the newest token, also after a reload", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  for (const reload of [false, true, false]) {
    if (reload) await page.open("/");
    await page.refresh();
  }
  const [, ...refreshes] = page.tokenRequests;
  assert.deepEqual(
    refreshes.map(({ form }) => form.get("refresh_token")),
    page.tokenRequests.slice(0, -1).map(({ json }) => json.refresh_token),
  );
});

test("a subset of the scopes can be asked for, between spaces that are encoded once", async (t) => {
  const page = await openPage(t);
  await page.logIn({ scopes: [LOCATION, SKILLS, WALLET] });
  await page.refresh([LOCATION, WALLET]);
  assert.equal(page.tokenRequests[1].form.get("scope"), `${LOCATION} ${WALLET}`);
  assert.deepEqual(await scopesOf(page), [LOCATION, WALLET]);
  await page.refresh([SKILLS]);
  assert.deepEqual(await scopesOf(page), [SKILLS]);
  await page.refresh();
  assert.deepEqual(await scopesOf(page), [LOCATION, SKILLS, WALLET]);
});

test("scopes beyond the granted ones are refused by the server, and no session is lost", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.keepsTokens(() =>
    assert.rejects(page.refresh([SKILLS, WALLET]), {
      code: "oauth_error",
      phase: "refresh",
      retryable: false,
      status: 400,
      error: "invalid_scope",
    }),
  );
  await page.refresh();
});

test("what is no list of scopes is refused before anything is sent", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.keepsTokens(async () => {
    for (const scopes of [SKILLS, 7, {}, [7], [""], [`${LOCATION} ${SKILLS}`]]) {
      const refused = { code: "invalid_argument", phase: "refresh", retryable: false, message: /`scopes`/ };
      await assert.rejects(page.refresh(scopes), refused, JSON.stringify(scopes));
    }
  });
  assert.equal(page.tokenRequests.length, 1);
});

test("without tokens there is nothing to refresh", async (t) => {
  const page = await openPage(t);
  await assert.rejects(page.refresh(), { code: "no_token", phase: "refresh", retryable: false });
  await assert.rejects(getAccessToken(page), { code: "no_token", phase: "refresh", retryable: false });
});

test("twenty refreshes at once are one, whichever object asks", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const answers = await page.run(async ({ EsiSecurity, options, security }) => {
    const other = await EsiSecurity.create(options);
    return Promise.all(Array.from({ length: 20 }, (_, index) => (index % 2 ? other : security).refresh()));
  });
  assert.equal(page.tokenRequests.length, 2);
  for (const answer of answers) assert.deepEqual(answer, page.tokenRequests[1].json);
});

test("twenty who want a token at its end cause one refresh, and one who comes later none", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.shiftClock(1150);
  const tokens = await page.run(({ security }) =>
    Promise.all(Array.from({ length: 20 }, () => security.getAccessToken())),
  );
  assert.deepEqual(new Set(tokens), new Set([page.tokenRequests[1].json.access_token]));
  await getAccessToken(page);
  assert.equal(page.tokenRequests.length, 2);
});

test("a thousand who want a token after its end cause one request, and all get what it brings", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.shiftClock(1200);
  const [count, different] = await page.run(async ({ EsiSecurity, options, security }) => {
    const other = await EsiSecurity.create(options);
    const asking = Array.from({ length: 1000 }, (_, index) => (index % 2 ? other : security).getAccessToken());
    const tokens = await Promise.all(asking);
    return [tokens.length, [...new Set(tokens)]];
  });
  assert.equal(page.tokenRequests.length, 2);
  assert.deepEqual([count, different], [1000, [page.tokenRequests[1].json.access_token]]);
});

test("refreshes for different scopes follow one another, each with the newest token", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.run(
    ({ security }, lists) => Promise.all(lists.map((scopes) => security.refresh(scopes))),
    [[LOCATION], [SKILLS], [LOCATION], []],
  );
  const [, ...refreshes] = page.tokenRequests;
  assert.deepEqual(refreshes.map(({ form }) => form.get("scope")).sort(), [LOCATION, SKILLS, null].sort());
  for (const [index, { began, status }] of refreshes.entries()) {
    assert.equal(status, 200);
    assert.ok(began > page.tokenRequests[index].ended);
  }
});

test("who wants a token waits for a refresh that asked for other scopes, and is content with what it brings", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.shiftClock(1150);
  const both = async ({ security }, scope) => {
    const [refreshed, token] = await Promise.allSettled([security.refresh([scope]), security.getAccessToken()]);
    return [refreshed.value?.access_token ?? refreshed.reason.code, token.value];
  };
  const [refreshed, token] = await page.run(both, LOCATION);
  assert.equal(token, refreshed);
  assert.equal(page.tokenRequests.length, 2);

  await page.shiftClock(1150);
  const [refused, fresh] = await page.run(both, WALLET);
  assert.equal(refused, "oauth_error");
  assert.equal(page.tokenRequests.length, 4);
  assert.equal(fresh, page.tokenRequests[3].json.access_token);
});

test("where no refresh token comes back, the old one stays", async (t) => {
  const page = await openPage(t, { sso: { rotate: false } });
  await page.logIn();
  const [{ refresh_token: kept }] = await page.stored("/session/");
  for (const value of [null, "", undefined]) {
    page.sso.faults.set({ token: { kind: "refresh-token", value } });
    assert.equal((await page.refresh()).refresh_token, null);
    assert.equal((await page.stored("/session/"))[0].refresh_token, kept);
  }
  page.sso.faults.set({ token: { kind: "refresh-token", value: 7 } });
  await page.keepsTokens(() => assert.rejects(page.refresh(), { code: "invalid_response", phase: "refresh" }));
  page.sso.faults.clear();
  await page.open("/");
  await page.refresh();
});

test("the server's `invalid_grant` ends the session; the access token serves out its time", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await endGrant(page);
  const access = await getAccessToken(page);
  await assert.rejects(page.refresh(), {
    code: "invalid_grant",
    phase: "refresh",
    retryable: false,
    status: 400,
    error: "invalid_grant",
  });
  assert.equal(await getAccessToken(page), access);
  await page.open("/");
  assert.equal(await getAccessToken(page), access);
  const sent = page.tokenRequests.length;
  await page.shiftClock(1200);
  assert.equal(await stateOf(page), "needs-login");
  for (const work of [() => page.refresh(), () => getAccessToken(page)]) {
    await assert.rejects(work, { code: "needs_login", phase: "refresh", retryable: false });
  }
  assert.equal(page.tokenRequests.length, sent);
  await page.open("/");
  await page.logIn();
  assert.equal(await stateOf(page), "active");
});

test("a description glued to `invalid_grant` means the same; nothing else ends a session", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  for (const [status, error, told] of [
    [400, "invalid_client"],
    // No registered code, so not repeated.
    [400, "not_invalid_grant", { code: "http_error", status: 400 }],
    [401, "invalid_grant"],
    [403, "invalid_grant"],
    [500, "invalid_grant"],
  ]) {
    page.sso.faults.set({ token: { kind: "oauth-error", status, error } });
    await page.keepsTokens(() => assert.rejects(page.refresh(), told ?? { code: "oauth_error", status, error }));
    page.sso.faults.clear();
    await page.refresh();
  }
  page.sso.faults.set({ token: { kind: "oauth-error", error: "invalid_grant: Token is expired or invalid." } });
  await assert.rejects(page.refresh(), { code: "invalid_grant", phase: "refresh", error: "invalid_grant" });
  page.sso.faults.clear();
  await assert.rejects(page.refresh(), { code: "needs_login" });
});

test("an `invalid_token` ends the session if a second try says the same", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const fault = { kind: "oauth-error", error: "invalid_token" };
  page.sso.faults.set({ token: { ...fault, times: 1 } });
  await page.refresh();
  assert.equal(page.tokenRequests.length, 3);
  page.sso.faults.set({ token: fault });
  await assert.rejects(page.refresh(), { code: "oauth_error", phase: "refresh", status: 400, error: "invalid_token" });
  assert.equal(page.tokenRequests.length, 5);
  page.sso.faults.clear();
  await assert.rejects(page.refresh(), { code: "needs_login" });
  assert.equal(page.tokenRequests.length, 5);
});

test("the state tells what stands", async (t) => {
  const page = await openPage(t);
  assert.equal(await stateOf(page), "signed-out");
  await page.logIn();
  assert.equal(await stateOf(page), "active");
  await page.shiftClock(1199 - 55);
  assert.equal(await stateOf(page), "expiring");
  const states = await page.run(async ({ security }) => {
    const refreshing = security.refresh();
    await Promise.resolve();
    const during = security.state;
    await refreshing;
    return [during, security.state];
  });
  assert.deepEqual(states, ["refreshing", "active"]);
});

test("without a network the session waits, and the token serves while it lives", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const access = await getAccessToken(page);
  await page.shiftClock(1199 - 55);
  await page.setOffline(true);
  try {
    assert.equal(await getAccessToken(page), access);
    assert.equal(await stateOf(page), "offline");
    await page.shiftClock(60);
    for (const work of [() => getAccessToken(page), () => page.refresh()]) {
      await assert.rejects(work, { code: "network_error", phase: "refresh", retryable: true });
    }
    assert.equal(await stateOf(page), "offline");
  } finally {
    await page.setOffline(false);
  }
  assert.notEqual(await getAccessToken(page), access);
  assert.equal(await stateOf(page), "active");
});

test("while a token can be used, a refresh with other scopes is not waited for long either", async (t) => {
  const page = await openPage(t, { options: { autoRefresh: false } });
  await page.logIn();
  const access = await getAccessToken(page);
  await page.shiftClock(1150);
  await page.holdAnswers();
  await page.run(
    ({ security }, scopes) => {
      globalThis.refreshing = security.refresh(scopes);
    },
    [LOCATION],
  );
  assert.equal(await getAccessToken(page), access);
  await page.releaseAnswers();
  const { access_token: newest } = await page.runBare(() => globalThis.refreshing);
  assert.equal(await getAccessToken(page), newest);
});

test("an answer that comes after the tokens were replaced is dropped", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.holdAnswers();
  await page.run(({ security }) => {
    globalThis.refreshing = security.refresh();
  });
  await page.waitForTraffic(({ tokenRequests }) => tokenRequests[1]?.ended);
  await page.run(({ security }) =>
    security.updateToken({ access_token: "brought", expires_in: 1199, refresh_token: "too" }),
  );
  await page.releaseAnswers();
  await page.keepsTokens(() =>
    assert.rejects(
      page.runBare(() => globalThis.refreshing),
      { code: "superseded", phase: "refresh", retryable: false },
    ),
  );
  assert.equal(await getAccessToken(page), "brought");
});

test("a rotated refresh token survives tokens that were brought without one meanwhile", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.holdAnswers();
  await page.run(({ security }) => {
    globalThis.refreshing = security.refresh();
  });
  await page.waitForTraffic(({ tokenRequests }) => tokenRequests[1]?.ended);
  await page.run(({ security }) => security.updateToken({ access_token: "brought", expires_in: 1199 }));
  await page.releaseAnswers();
  // Whoever asked for new tokens gets the newest there are.
  const { json } = page.tokenRequests[1];
  const { access_token: access, refresh_token: rotated } = await page.runBare(() => globalThis.refreshing);
  assert.deepEqual([access, rotated], ["brought", json.refresh_token]);
  assert.equal(await getAccessToken(page), "brought");
  await page.open("/");
  assert.equal((await page.refresh()).token_type, "Bearer");
});

test("a token that lives less than two minutes is used for half its life", async (t) => {
  const page = await openPage(t, { sso: { accessTokenTtl: 61 } });
  await page.logIn();
  const access = await getAccessToken(page);
  assert.equal(await stateOf(page), "active");
  await page.shiftClock(35);
  assert.equal(await stateOf(page), "expiring");
  assert.notEqual(await getAccessToken(page), access);
  assert.equal(page.tokenRequests.length, 2);
});

test("what a frame of the same tab has refreshed, the page goes on with", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const inFrame = await page.run(async ({ options }) => {
    const frame = document.createElement("iframe");
    frame.src = "/frame";
    const loaded = new Promise((resolve) => {
      frame.onload = resolve;
    });
    document.body.append(frame);
    await loaded;
    const { EsiSecurity } = await frame.contentWindow.eval("import('/js/index.js')");
    const security = await EsiSecurity.create(options);
    return security.refresh();
  });
  assert.equal(await getAccessToken(page), inFrame.access_token);
  await page.refresh();
  assert.equal(page.tokenRequests[2].form.get("refresh_token"), inFrame.refresh_token);
});

test("who has a token that is still good is not kept waiting by a server that hangs", async (t) => {
  const page = await openPage(t, { options: { autoRefresh: false } });
  await page.logIn();
  const { access_token: old } = page.tokenRequests[0].json;
  await page.shiftClock(1150);
  page.sso.faults.set({ token: { kind: "slow", delayMs: 12_000 } });
  await page.run(({ security }) => {
    globalThis.refreshed = security.refresh();
  });
  const first = await page.run(({ security }) => Promise.race([security.getAccessToken(), globalThis.refreshed]));
  assert.equal(first, old);
  page.sso.faults.clear();
  const { access_token: newest } = await page.run(() => globalThis.refreshed);
  assert.notEqual(newest, old);
  assert.equal(await getAccessToken(page), newest);
  assert.equal(page.tokenRequests.length, 2);
});

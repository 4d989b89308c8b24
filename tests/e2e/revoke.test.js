// Revoking (RFC 7009): which token is sent, and that both are gone whatever the server says.
import assert from "node:assert/strict";
import { test } from "node:test";
import { refresh } from "../helpers/oauth.js";
import { CLIENT_ID, openPage } from "../helpers/page.js";
import { openTabs } from "../helpers/tabs.js";

const PATH = "/v2/oauth/revoke";

const revoke = (page) => page.run(({ security }) => security.revoke());

async function assertGone(page) {
  assert.deepEqual(await page.stored("/session/"), []);
  const look = ({ security }) => [security.state, security.isTokenExpired(-1e9), security.tokenExpiry];
  assert.deepEqual(await page.run(look), ["signed-out", true, null]);
  await page.open("/");
  assert.deepEqual(await page.run(look), ["signed-out", true, null]);
}

test("the refresh token is revoked, and with it the grant", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const [{ refresh_token: token }] = await page.stored("/session/");
  assert.deepEqual(await revoke(page), { revoked: true, tokenTypeHint: "refresh_token", status: 200, error: null });
  assert.deepEqual(Object.fromEntries(page.requests(PATH)[0].form), {
    token,
    token_type_hint: "refresh_token",
    client_id: CLIENT_ID,
  });
  assert.equal((await refresh(page.sso, token)).status, 400);
  await assertGone(page);
});

test("without a refresh token it is the access token", async (t) => {
  const page = await openPage(t);
  await page.logIn({ scopes: [] });
  const [{ access }] = await page.stored("/session/");
  assert.deepEqual(await revoke(page), { revoked: true, tokenTypeHint: "access_token", status: 200, error: null });
  const { form } = page.requests(PATH)[0];
  assert.deepEqual([form.get("token"), form.get("token_type_hint")], [access.token, "access_token"]);
  await assertGone(page);
});

test("whatever the server says, the tokens are gone, and the result tells", async (t) => {
  const page = await openPage(t);
  for (const [fault, status, error] of [
    [{ kind: "downtime" }, null, { code: "network_error", retryable: true }],
    [{ kind: "drop-after" }, null, { code: "network_error", retryable: true }],
    [{ kind: "error-500-no-cors" }, null, { code: "network_error", retryable: true }],
    [{ kind: "error-500" }, 500, { code: "http_error", retryable: true }],
    [{ kind: "error-502-html" }, 502, { code: "http_error", retryable: true }],
    [{ kind: "rate-limited" }, 429, { code: "rate_limited", retryable: true }],
    [{ kind: "oauth-error", error: "unsupported_token_type" }, 400, { code: "oauth_error", retryable: false }],
  ]) {
    await page.logIn();
    page.sso.faults.set({ revoke: fault });
    const result = await revoke(page);
    page.sso.faults.clear();
    assert.deepEqual([result.revoked, result.tokenTypeHint, result.status], [false, "refresh_token", status]);
    const { name, code, phase, retryable } = result.error;
    assert.deepEqual({ name, phase, code, retryable }, { name: "EsiError", phase: "revoke", ...error }, fault.kind);
    await assertGone(page);
  }
});

test("without a network the tokens are gone too", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.setOffline(true);
  const result = await revoke(page).finally(() => page.setOffline(false));
  assert.deepEqual([result.revoked, result.status, result.error.code], [false, null, "network_error"]);
  await assertGone(page);
});

test("a server that revokes nothing is told as such", async (t) => {
  const page = await openPage(t, {
    options: ({ sso }) => ({
      ssoEndpoints: {
        authorization_endpoint: `${sso.issuer}/v2/oauth/authorize`,
        token_endpoint: `${sso.issuer}/v2/oauth/token`,
      },
    }),
  });
  await page.logIn();
  const { revoked, error } = await revoke(page);
  assert.deepEqual([revoked, error.code, error.phase], [false, "invalid_metadata", "metadata"]);
  assert.equal(page.requests(PATH).length, 0);
  await assertGone(page);
});

test("without tokens there is nothing to revoke", async (t) => {
  const page = await openPage(t);
  await assert.rejects(revoke(page), { code: "no_token", phase: "revoke", retryable: false });
  await page.logIn();
  await revoke(page);
  await assert.rejects(revoke(page), { code: "no_token", phase: "revoke", retryable: false });
  assert.equal(page.requests(PATH).length, 1);
});

/** Begins a refresh whose answer has come, but is held back. */
async function beginRefresh(page) {
  await page.holdAnswers();
  await page.run(({ security }) => {
    globalThis.refreshing = security.refresh();
    globalThis.refreshing.catch(() => {});
  });
  await page.waitForTraffic(({ tokenRequests }) => tokenRequests[1]?.ended);
}

/** Begins to revoke: what stands when the call has returned. */
const beginRevoking = (page) =>
  page.run(({ security }) => {
    globalThis.revoking = security.revoke();
    return [security.state, Object.keys(sessionStorage).filter((key) => key.includes("/session/"))];
  });

/** Lets the answers come: how the refresh and the revocation ended. */
async function endBoth(page) {
  await page.releaseAnswers();
  await assert.rejects(
    page.runBare(() => globalThis.refreshing),
    { code: "superseded", phase: "refresh" },
  );
  return page.runBare(() => globalThis.revoking);
}

test("a refresh under way is waited for, though it has sent a newer refresh token than it began with", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const { scopes } = await page.run(({ security }) => security.verify());
  const [before] = await page.stored("/session/");
  const { refresh_token: newer } = await (await refresh(page.sso, before.refresh_token)).json();
  const row = JSON.stringify(before).replace(before.refresh_token, newer).replace('"rotation":0', '"rotation":1');
  await page.holdAnswers();
  await page.run(
    async ({ security }, narrower, newerRow) => {
      globalThis.refreshing = security.refresh(narrower);
      globalThis.refreshing.catch(() => {});
      while (security.state !== "refreshing") await undefined;
      // As a frame of this tab writes it, while the page waits for its lock.
      const key = Object.keys(sessionStorage).find((name) => name.includes("/session/"));
      sessionStorage.setItem(key, newerRow);
    },
    scopes.slice(0, 1),
    row,
  );
  await page.waitForTraffic(({ tokenRequests }) => tokenRequests[2]?.ended);
  assert.equal(page.tokenRequests[2].form.get("refresh_token"), newer);
  assert.deepEqual(await beginRevoking(page), ["signed-out", []]);
  assert.equal((await endBoth(page)).revoked, true);
  assert.equal(page.requests(PATH)[0].form.get("token"), page.tokenRequests[2].json.refresh_token);
  await assertGone(page);
});

test("a refresh under way that brings nothing leaves the token that was there to be revoked", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const [{ refresh_token: token }] = await page.stored("/session/");
  page.sso.faults.set({ token: { kind: "error-500" } });
  await beginRefresh(page);
  await beginRevoking(page);
  assert.equal((await endBoth(page)).revoked, true);
  assert.equal(page.requests(PATH)[0].form.get("token"), token);
  await assertGone(page);
});

test("a page that leaves while a refresh is under way has revoked all the same", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await beginRefresh(page);
  await beginRevoking(page);
  await page.open("/");
  await assertGone(page);
  await assert.rejects(
    page.run(({ security }) => security.getAccessToken()),
    { code: "no_token" },
  );
});

test("tokens that are brought while a refresh is waited for are another session's", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await beginRefresh(page);
  await beginRevoking(page);
  const brought = { access_token: "brought", expires_in: 1199, refresh_token: "brought-too" };
  await page.run(({ security }, tokens) => security.updateToken(tokens), brought);
  assert.equal((await endBoth(page)).revoked, true);
  assert.deepEqual(
    page.requests(PATH).map(({ form }) => form.get("token")),
    [page.tokenRequests[1].json.refresh_token],
  );
  const [{ access, refresh_token }] = await page.stored("/session/");
  assert.deepEqual([access.token, refresh_token], ["brought", "brought-too"]);
  assert.equal(await page.run(({ security }) => security.getAccessToken()), "brought");
});

test("what a frame of the same tab has revoked, or the page has cleared, is gone", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const result = await page.run(async ({ options, security }) => {
    const frame = document.createElement("iframe");
    frame.src = "/frame";
    const loaded = new Promise((resolve) => {
      frame.onload = resolve;
    });
    document.body.append(frame);
    await loaded;
    const { EsiSecurity } = await frame.contentWindow.eval("import('/js/index.js')");
    const theirs = await EsiSecurity.create(options);
    const before = security.state;
    return [before, (await theirs.revoke()).revoked];
  });
  assert.deepEqual(result, ["active", true]);
  await assertGone(page);

  await page.logIn();
  await page.runBare(() => sessionStorage.clear());
  await assert.rejects(page.refresh(), { code: "no_token" });
  await assertGone(page);
});

for (const order of ["before", "after"]) {
  test(`a page revokes in its \`pagehide\`, ${order} the library knows that it is left: no tab keeps the session`, async (t) => {
    const page = await openPage(t);
    await page.logIn();
    const tabs = await openTabs(t, page, 2);
    const state = ({ security }) => security.state;
    assert.equal(await tabs.run(1, state), "active");
    await tabs.switchTo(0);
    await page.open("/");
    // Listeners run in the order in which they were added, and the library adds its own when it is loaded.
    if (order === "after") await page.run(state);
    await page.runBare(() => addEventListener("pagehide", () => void globalThis.security.revoke(), true));
    assert.equal(await page.run(state), "active");
    await page.open("/another");
    await assertGone(page);
    await tabs.switchTo(1);
    await page.driver.wait(async () => (await page.run(state)) === "signed-out", 10_000, "the other tab is told");
    await assertGone(page);
  });
}

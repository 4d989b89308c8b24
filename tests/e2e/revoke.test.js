// Revoking (RFC 7009): which token is sent, and that both are gone whatever the server says.
import assert from "node:assert/strict";
import { test } from "node:test";
import { refresh } from "../helpers/oauth.js";
import { CLIENT_ID, openPage } from "../helpers/page.js";

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

test("a refresh under way is waited for, so that what is revoked is the newest", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.holdAnswers();
  await page.run(({ security }) => {
    globalThis.refreshing = security.refresh();
    globalThis.revoking = security.revoke();
  });
  await page.waitForTraffic(({ tokenRequests }) => tokenRequests[1]?.ended);
  await page.releaseAnswers();
  const { refresh_token: newest } = await page.runBare(() => globalThis.refreshing);
  assert.equal((await page.runBare(() => globalThis.revoking)).revoked, true);
  assert.equal(page.requests(PATH)[0].form.get("token"), newest);
  await assertGone(page);
});

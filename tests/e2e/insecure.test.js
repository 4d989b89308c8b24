// A page that is served over http, and not from localhost: browsers keep WebCrypto from it. What the package
// needs for a login it brings along; signatures it cannot check there, and says so, unless it was built with the
// feature `rust-crypto`.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { buildForDevelopment } from "../../scripts/build.js";
import { setup } from "../../scripts/setup.js";
import { withTemporaryFolder } from "../../scripts/temporary.js";
import { INSECURE_HOST } from "../helpers/browser.js";
import { logIn } from "../helpers/oauth.js";
import { CLIENT_ID, ILMARI, openPage } from "../helpers/page.js";
import { bring, verify } from "../helpers/verification.js";

async function openInsecure(t, config) {
  const page = await openPage(t, config);
  const url = new URL(page.origin);
  url.hostname = INSECURE_HOST;
  await page.open(url.href);
  assert.deepEqual(await page.runBare(() => [isSecureContext, typeof crypto.subtle]), [false, "undefined"]);
  return page;
}

test("a code verifier, its challenge and the login's address are made without WebCrypto", async (t) => {
  const page = await openInsecure(t);
  const [verifier, other, challenge] = await page.run(({ generateCodeVerifier, generateCodeChallenge }) => {
    const verifier = generateCodeVerifier();
    return [verifier, generateCodeVerifier(), generateCodeChallenge(verifier)];
  });
  assert.notEqual(verifier, other);
  assert.equal(challenge, createHash("sha256").update(verifier).digest("base64url"));

  const address = new URL(await page.run(({ security }) => security.getAuthUri()));
  const [[login]] = await page.stored("/logins/");
  const { client_id, redirect_uri, code_challenge } = Object.fromEntries(address.searchParams);
  assert.deepEqual([client_id, redirect_uri], [CLIENT_ID, page.redirectUri]);
  assert.equal(code_challenge, createHash("sha256").update(login.verifier).digest("base64url"));
});

test("a login works, and what it brings cannot be verified, which says what to do", async (t) => {
  const page = await openInsecure(t);
  assert.ok(await page.handleRedirect(await page.authorize()));
  const refused = {
    code: "crypto_unavailable",
    phase: "verify",
    retryable: false,
    message: /over https or from localhost, or build with the feature `rust-crypto`/,
  };
  await page.keepsTokens(() => assert.rejects(verify(page), refused));
  await page.refresh();
  await assert.rejects(verify(page), refused);
  await bring(page, (await logIn(page.sso)).access_token);
  await assert.rejects(verify(page), refused);
  const { verified, characterId } = await verify(page, { options: { verifySignature: false } });
  assert.deepEqual([verified, characterId], [false, ILMARI]);
});

test("built with `rust-crypto` it verifies there too", async (t) => {
  const env = await setup({ tests: false });
  await withTemporaryFolder(async (folder) => {
    await buildForDevelopment(env, folder, ["--features", "rust-crypto"]);
    const page = await openInsecure(t, { pkg: pathToFileURL(`${folder}/`) });
    assert.ok(await page.handleRedirect(await page.authorize()));
    const { verified, characterId } = await verify(page);
    assert.deepEqual([verified, characterId], [true, ILMARI]);
    page.sso.faults.set({ token: { kind: "bad-signature" } });
    await page.refresh();
    await assert.rejects(verify(page), { code: "signature_invalid", phase: "verify", retryable: false });
  });
});

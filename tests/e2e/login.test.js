// Logging in (RFC 6749 section 4.1, RFC 7636): from the first address to the stored tokens.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { CLIENT_ID, ILMARI, LOCATION, openPage, SAPHRA, SKILLS } from "../helpers/page.js";

const challengeOf = (verifier) => createHash("sha256").update(verifier).digest("base64url");
const getAuthUri = async (page, given) =>
  new URL(await page.run(({ security }, options) => security.getAuthUri(options), given));

test("a login through the SSO's page ends in a session that survives a reload", async (t) => {
  const page = await openPage(t);
  await page.run(({ security }) => {
    security.login({ returnTo: "/skills?tab=queue#top" });
  });
  await page.pickCharacter(SAPHRA);
  const result = await page.handleRedirect();
  assert.equal(result.returnTo, "/skills?tab=queue#top");
  assert.deepEqual(result.requestedScopes, [LOCATION, SKILLS]);
  assert.equal(await page.address(), page.redirectUri);

  const look = async ({ security }) => ({
    state: security.state,
    name: (await security.verify()).name,
    expired: security.isTokenExpired(),
    expiry: security.tokenExpiry,
    token: await security.getAccessToken(),
  });
  const before = await page.run(look);
  assert.equal(before.state, "active");
  assert.equal(before.name, "Saphra Tolon");
  assert.equal(before.expired, false);
  await page.open("/");
  assert.deepEqual(await page.run(look), before);
  assert.equal((await page.refresh()).token_type, "Bearer");
  assert.equal(page.tokenRequests.length, 2);
});

test("`login` leaves for the address that `getAuthUri` would give", async (t) => {
  const page = await openPage(t);
  const uri = await getAuthUri(page, { state: "the-same-state", scopes: [SKILLS] });
  await page.run(
    ({ security }, scopes) => {
      security.login({ state: "the-same-state", scopes });
    },
    [SKILLS],
  );
  await page.waitForAddress(`${page.sso.issuer}/login/`);
  const left = page.requests("/v2/oauth/authorize")[0].url;
  for (const url of [uri, left]) url.searchParams.delete("code_challenge");
  assert.equal(left.href, uri.href);
});

test("the authorization request has these parameters and no other", async (t) => {
  const page = await openPage(t);
  const uri = await getAuthUri(page);
  const { state, code_challenge: challenge, ...rest } = Object.fromEntries(uri.searchParams);
  assert.equal(uri.origin + uri.pathname, `${page.sso.issuer}/v2/oauth/authorize`);
  assert.deepEqual(rest, {
    response_type: "code",
    redirect_uri: page.redirectUri,
    client_id: CLIENT_ID,
    scope: `${LOCATION} ${SKILLS}`,
    code_challenge_method: "S256",
  });
  const [[login]] = await page.stored("/logins/");
  assert.equal(login.state, state);
  assert.match(login.verifier, /^[\w-]{43}$/);
  assert.equal(challengeOf(login.verifier), challenge);
});

test("further parameters go along, and none in the place of the library's own", async (t) => {
  const page = await openPage(t);
  const extraParams = { nonce: "n & 1", resource: "https://api.example/", device_id: "d" };
  const uri = await getAuthUri(page, { extraParams });
  const given = [...uri.searchParams].slice(-3);
  assert.deepEqual(Object.fromEntries(given), extraParams);
  await page.run(
    ({ security }, more) => {
      security.login({ extraParams: more });
    },
    { ui_locales: "de" },
  );
  await page.waitForAddress(`${page.sso.issuer}/login/`);
  const sent = page.requests("/v2/oauth/authorize")[0].url.searchParams;
  assert.equal(sent.get("ui_locales"), "de");
  await page.open("/");
  const refused = (name) => ({ code: "invalid_argument", phase: "login", retryable: false, message: name });
  const [logins] = await page.stored("/logins/");
  for (const name of [
    ...["response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method"],
    ...["request", "request_uri", "response_mode", "client_secret", "code_verifier"],
  ]) {
    await assert.rejects(
      getAuthUri(page, { extraParams: { prompt: "login", [name]: "x" } }),
      refused(new RegExp(`\`extraParams.${name}\``)),
    );
  }
  for (const extraParams of ["prompt=login", ["prompt"], { prompt: 7 }, { prompt: null }]) {
    await assert.rejects(getAuthUri(page, { extraParams }), refused(/`extraParams` must be an object of strings/));
  }
  assert.deepEqual(await page.stored("/logins/"), [logins]);
});

test("every parameter is encoded, once", async (t) => {
  const redirectUri = "https://app.example/call%20back?a=1&b=%C3%BC+ü";
  const page = await openPage(t, { options: { clientId: "a&b=c d/é+%41", redirectUri } });
  const state = "st&te=1 2+3%20/ü";
  const uri = await getAuthUri(page, { state });
  assert.equal(uri.searchParams.get("client_id"), "a&b=c d/é+%41");
  assert.equal(uri.searchParams.get("redirect_uri"), redirectUri);
  assert.equal(uri.searchParams.get("state"), state);
  assert.match(uri.search, new RegExp(`scope=${LOCATION}%20${SKILLS}&`));
  assert.match(uri.search, /^\?[\w.~*%&=-]+$/);
});

test("scopes are those of the call, else the object's, and none at all leaves the parameter out", async (t) => {
  const page = await openPage(t);
  assert.equal((await getAuthUri(page, { scopes: [SKILLS] })).searchParams.get("scope"), SKILLS);
  assert.equal((await getAuthUri(page, {})).searchParams.get("scope"), `${LOCATION} ${SKILLS}`);
  assert.equal((await getAuthUri(page, { scopes: [] })).searchParams.has("scope"), false);
});

test("each login has its own state and verifier, and several under way end in any order", async (t) => {
  const page = await openPage(t);
  const first = await page.authorize({ characterId: ILMARI, scopes: [SKILLS] });
  const second = await page.authorize({ characterId: SAPHRA, scopes: [LOCATION] });
  const [logins] = await page.stored("/logins/");
  assert.equal(new Set(logins.map(({ state }) => state)).size, 2);
  assert.equal(new Set(logins.map(({ verifier }) => verifier)).size, 2);
  for (const { state } of logins) assert.match(state, /^[\w-]{43}$/);

  await page.open(second);
  assert.deepEqual((await page.handleRedirect()).requestedScopes, [LOCATION]);
  await page.open(first);
  assert.deepEqual((await page.handleRedirect()).requestedScopes, [SKILLS]);
  assert.equal((await page.run(({ security }) => security.verify())).characterId, ILMARI);
  const sent = page.tokenRequests.map(({ form }) => form.get("code_verifier"));
  assert.deepEqual(sent, logins.map(({ verifier }) => verifier).reverse());
});

test("a verifier is used once and then gone", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const [[login]] = await page.stored("/logins/");
  assert.equal("verifier" in login, false);
  await page.refresh();
  assert.equal(page.tokenRequests[1].form.has("code_verifier"), false);
});

test("one fixed verifier serves every login, also one whose record is gone", async (t) => {
  const codeVerifier = "a-verifier.of_this~test-0123456789-0123456789";
  const page = await openPage(t, { options: { codeVerifier } });
  const uri = await getAuthUri(page);
  assert.equal(uri.searchParams.get("code_challenge"), challengeOf(codeVerifier));
  await page.logIn();
  const code = new URL(await page.authorize()).searchParams.get("code");
  await page.runBare(() => sessionStorage.clear());
  await page.open("/");
  await page.run(({ security }, given) => security.auth(given), code);
  assert.deepEqual(
    page.tokenRequests.map(({ form }) => form.get("code_verifier")),
    [codeVerifier, codeVerifier],
  );
  assert.equal((await page.run(({ security }) => security.verify())).characterId, ILMARI);
});

test("the exchange repeats the redirect URI that the login was begun with", async (t) => {
  const page = await openPage(t);
  const changed = { redirectUri: `${page.redirectUri}?since=the-redirect` };
  const finish = async (work) => {
    const callback = await page.authorize({ characterId: SAPHRA });
    await page.run(work, callback, changed);
    const { form } = page.tokenRequests.at(-1);
    assert.equal(form.get("redirect_uri"), page.redirectUri);
    assert.equal((await page.run(({ security }) => security.verify())).characterId, SAPHRA);
  };
  await finish(async ({ EsiSecurity, options }, callback, given) =>
    new EsiSecurity({ ...options, ...given }).handleRedirect(callback),
  );
  await finish(async ({ EsiSecurity, options }, callback, given) => {
    const { code, state } = Object.fromEntries(new URL(callback).searchParams);
    return new EsiSecurity({ ...options, ...given }).auth(code, state);
  });
});

test("a state of one's own comes back", async (t) => {
  const page = await openPage(t);
  const state = "my own & st=te";
  assert.deepEqual(await page.logIn({ state }), { state, returnTo: null, requestedScopes: [LOCATION, SKILLS] });
});

test("`auth` exchanges a code as EsiPy does, with its state or as the only login under way", async (t) => {
  const page = await openPage(t);
  const codeOf = async (login) => Object.fromEntries(new URL(await page.authorize(login)).searchParams);
  const auth = (...args) => page.run(({ security }, ...given) => security.auth(...given), ...args);
  const { code } = await codeOf();
  const tokens = await auth(code);
  assert.deepEqual(Object.keys(tokens).sort(), ["access_token", "expires_in", "refresh_token", "token_type"]);
  assert.deepEqual(tokens, page.tokenRequests[0].json);
  const [stored] = await page.stored("/session/");
  assert.equal(stored.access.token, tokens.access_token);
  assert.equal(stored.refresh_token, tokens.refresh_token);

  const one = await codeOf({ characterId: SAPHRA });
  const other = await codeOf({ characterId: ILMARI });
  await assert.rejects(auth(one.code), { code: "state_missing", phase: "token", retryable: false });
  await assert.rejects(auth(one.code, "a-state-of-nobody"), { code: "state_unknown", phase: "token" });
  assert.equal(page.tokenRequests.length, 1);
  await auth(one.code, one.state);
  assert.equal((await page.run(({ security }) => security.verify())).characterId, SAPHRA);
  await assert.rejects(auth(other.code, one.state), { code: "state_reused", phase: "token", retryable: false });
  await auth(other.code);
  assert.equal((await page.run(({ security }) => security.verify())).characterId, ILMARI);
});

test("`auth` without any login says so", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.keepsTokens(async () => {
    for (const [code, expected] of [
      ["a-code-of-nobody", { code: "login_not_found", phase: "token", retryable: false }],
      ["", { code: "invalid_argument", phase: "token", message: /`code`/ }],
      [7, { code: "invalid_argument", phase: "token", message: /`code`/ }],
    ]) {
      await assert.rejects(
        page.run(({ security }, given) => security.auth(given), code),
        expected,
      );
    }
  });
  assert.equal(page.tokenRequests.length, 1);
});

test("a login without scopes has no refresh token, and one day needs another login", async (t) => {
  const page = await openPage(t);
  await page.logIn({ scopes: [] });
  const state = () => page.run(({ security }) => security.state);
  assert.equal(await state(), "active");
  const [stored] = await page.stored("/session/");
  assert.equal("refresh_token" in stored, false);
  assert.deepEqual((await page.run(({ security }) => security.verify())).scopes, []);
  await page.keepsTokens(() =>
    assert.rejects(page.refresh(), { code: "needs_login", phase: "refresh", retryable: false }),
  );
  await page.shiftClock(1200);
  assert.equal(await state(), "needs-login");
  await assert.rejects(
    page.run(({ security }) => security.getAccessToken()),
    { code: "needs_login", phase: "refresh" },
  );
});

test("a login never inherits the refresh token of the one before", async (t) => {
  const page = await openPage(t);
  await page.logIn({ characterId: ILMARI });
  await page.logIn({ characterId: SAPHRA, scopes: [] });
  const [stored] = await page.stored("/session/");
  assert.equal("refresh_token" in stored, false);
});

test("the implicit grant brings a token in the fragment, and one warning", async (t) => {
  const page = await openPage(t);
  const uri = await getAuthUri(page, { implicit: true, state: "implicit-1" });
  assert.equal(uri.searchParams.get("response_type"), "token");
  assert.equal(uri.searchParams.has("code_challenge"), false);
  const result = await page.logIn({ implicit: true, state: "implicit-2", characterId: SAPHRA });
  assert.equal(result.state, "implicit-2");
  assert.equal(await page.address(), page.redirectUri);
  assert.equal((await page.run(({ security }) => security.verify())).characterId, SAPHRA);
  assert.equal(page.tokenRequests.length, 0);
  const [stored] = await page.stored("/session/");
  assert.equal("refresh_token" in stored, false);
  assert.equal(await page.run(({ security }) => security.isTokenExpired(1190)), false);
  assert.equal(await page.run(({ security }) => security.isTokenExpired(1200)), true);
  await assert.rejects(page.refresh(), { code: "needs_login", phase: "refresh" });
  const warnings = (await page.console()).filter((line) => line.includes("implicit grant is deprecated"));
  assert.equal(warnings.length, 1);
});

test("a token in the fragment that nobody asked for is refused", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const implicit = new URL(await page.authorize({ implicit: true, characterId: SAPHRA }));
  const coded = await page.run(({ security }) => security.getAuthUri());
  const injected = new URLSearchParams(implicit.hash.slice(1));
  injected.set("state", new URL(coded).searchParams.get("state"));
  await page.keepsTokens(() =>
    assert.rejects(page.handleRedirect(`${page.redirectUri}#${injected}`), {
      code: "authorization_failed",
      phase: "redirect",
      error: "unsupported_response_type",
      retryable: false,
    }),
  );
});

test("`returnTo` stays on this origin", async (t) => {
  const page = await openPage(t);
  const login = (returnTo) => page.run(({ security }, given) => security.login({ returnTo: given }), returnTo);
  for (const address of [
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "javascript:alert(1)",
    "http://",
    "data:,x",
  ]) {
    await assert.rejects(login(address), { code: "invalid_argument", phase: "login", message: /`returnTo`/ }, address);
  }
  assert.deepEqual(await page.stored("/logins/"), []);
});

test("arguments of the wrong type are refused by name, and no login is begun", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const [logins] = await page.stored("/logins/");
  await page.keepsTokens(async () => {
    for (const [method, options, name] of [
      ["getAuthUri", { state: 7 }, "state"],
      ["getAuthUri", { state: "" }, "state"],
      ["getAuthUri", { state: "7-chars" }, "state"],
      ["getAuthUri", { scopes: "esi-skills.read_skills.v1" }, "scopes"],
      ["getAuthUri", { scopes: [""] }, "scopes"],
      ["getAuthUri", { scopes: ["one two"] }, "scopes"],
      ["getAuthUri", { scopes: ['quo"te'] }, "scopes"],
      ["getAuthUri", { scopes: [null] }, "scopes"],
      ["getAuthUri", { implicit: "yes" }, "implicit"],
      ["getAuthUri", "state", "options"],
      ["getAuthUri", ["state"], "options"],
      ["login", { returnTo: 7 }, "returnTo"],
    ]) {
      await assert.rejects(
        page.run(({ security }, which, given) => security[which](given), method, options),
        { code: "invalid_argument", phase: "login", retryable: false, message: new RegExp(`\`${name}\``) },
        JSON.stringify(options),
      );
    }
    for (const [method, options, message] of [
      ["getAuthUri", { stat: "x" }, "unknown option `stat`; did you mean `state`?"],
      ["getAuthUri", { returnTo: "/" }, "unknown option `returnTo`"],
      ["login", { return_to: "/" }, "unknown option `return_to`; did you mean `returnTo`?"],
    ]) {
      await assert.rejects(
        page.run(({ security }, which, given) => security[which](given), method, options),
        { code: "unknown_option", phase: "login", retryable: false, message },
      );
    }
  });
  assert.deepEqual(await page.stored("/logins/"), [logins]);
});

// The callback (RFC 6749 section 4.1.2): what is taken for one, what is refused, and what it leaves in
// the address. A refusal never costs the tokens that were there before.
import assert from "node:assert/strict";
import { test } from "node:test";
import { needs } from "../helpers/engine.js";
import { CLIENT_ID, ILMARI, LOCATION, openPage, SAPHRA, SKILLS } from "../helpers/page.js";
import { openTabs } from "../helpers/tabs.js";

/** The callback address of a login that the pilot has accepted, changed. */
function changed(callback, parameters) {
  const url = new URL(callback);
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  return url.href;
}

/** Logged in, with the callback of a further login that is still under way. */
async function openLoggedIn(t, config) {
  const page = await openPage(t, config);
  await page.logIn();
  return { page, callback: await page.authorize({ characterId: SAPHRA }) };
}

const characterId = (page) => page.run(async ({ security }) => (await security.verify()).characterId);

test("an address that is no callback of ours is left alone", async (t) => {
  const { page } = await openLoggedIn(t);
  const foreign = "?code=theirs&state=theirs";
  for (const address of [
    "/",
    `/elsewhere${foreign}`,
    `/callback/${foreign}`,
    "/elsewhere?code=1&code=2",
    "/elsewhere?code=SALE",
    "/callback",
    "/callback?page=2#code=1",
    "/callback#error=x",
  ]) {
    await page.open(address);
    assert.equal(await page.handleRedirect(), null, address);
    assert.equal(await page.address(), page.origin + address);
  }
  assert.equal(page.tokenRequests.length, 1);
});

// What hosting does to a path: GitHub Pages, Netlify, Cloudflare Pages, S3, nginx.
const MOVED = {
  "/callback": [301, "/callback/"],
  "/callback.html": [308, "/callback"],
  "/app/index.html": [302, "/app/"],
  "/docs/": [307, "/docs"],
  "/old/callback": [301, "/"],
};

for (const [registered, [status, path]] of Object.entries(MOVED)) {
  test(`a login ends although hosting answers ${registered} with ${status} to ${path}`, async (t) => {
    const page = await openPage(t, { moved: { [registered]: [status, path] } });
    page.options.redirectUri = page.origin + registered;
    await page.run(({ security }) => {
      security.login({ returnTo: "/skills" });
    });
    await page.pickCharacter(SAPHRA, page.origin + path);
    assert.equal((await page.handleRedirect()).returnTo, "/skills");
    assert.equal(await page.address(), page.origin + path);
    assert.equal(await page.run(({ security }) => security.state), "active");
    const [{ form }] = page.tokenRequests;
    assert.equal(form.get("redirect_uri"), page.origin + registered);
    assert.equal(await page.handleRedirect(), null, "nothing of it is left");
  });
}

test("a state of ours is answered wherever it comes back, whatever has become of its login", async (t) => {
  const { page, callback } = await openLoggedIn(t);
  const { search } = new URL(callback);
  const elsewhere = `/elsewhere${search}`;
  await page.open(elsewhere);
  // React's StrictMode.
  const both = await page.run(({ security }) => Promise.all([security.handleRedirect(), security.handleRedirect()]));
  assert.deepEqual(both[0], both[1]);
  assert.equal(both[0].state, stateOf(callback));
  assert.equal(page.tokenRequests.length, 2);
  const another = `/elsewhere?code=another&state=${stateOf(callback)}`;
  await assert.rejects(page.handleRedirect(another), { code: "state_reused", phase: "redirect" });

  const refused = await page.authorize({ cancel: true });
  const denied = `/elsewhere${new URL(refused).search}`;
  for (let attempt = 0; attempt < 2; attempt += 1) {
    await assert.rejects(page.handleRedirect(denied), { code: "access_denied", phase: "redirect" });
  }
  const unknown = await page.authorize();
  const rejected = changed(unknown.replace("/callback", "/elsewhere"), { code: "x".repeat(43) });
  await assert.rejects(page.handleRedirect(rejected), { code: "invalid_grant", phase: "token" });
  await assert.rejects(page.handleRedirect(rejected), { code: "state_reused", phase: "redirect" });

  const late = (await page.authorize()).replace("/callback", "/elsewhere");
  await page.shiftClock(600);
  await assert.rejects(page.handleRedirect(late), { code: "login_expired", phase: "redirect" });
});

for (const [how, spoil, rest] of [
  ["hosting drops the code", (address) => address.replace(/code=[^&]*&/, ""), ""],
  ["hosting empties the code", (address) => address.replace(/code=[^&]*/, "code="), ""],
  ["a router moves it into its route", (address) => address.replace("?", "#/?"), "#/?"],
]) {
  test(`an answer of ours is refused and leaves the address where ${how}`, async (t) => {
    const page = await openPage(t);
    const spoilt = spoil(await page.authorize());
    await page.open(spoilt.replace(page.origin, ""));
    await assert.rejects(page.handleRedirect(), { code: "authorization_failed", phase: "redirect", retryable: false });
    assert.equal(await page.address(), `${page.origin}/callback${rest}`);
    assert.equal(await page.handleRedirect(), null, "it is told once");
    assert.equal(page.tokenRequests.length, 0);
  });
}

test("a state of ours at an origin that is neither the page's nor the redirect URI's is refused", async (t) => {
  const { page, callback } = await openLoggedIn(t);
  const { search } = new URL(callback);
  await page.keepsTokens(async () => {
    await assert.rejects(page.handleRedirect(`https://evil.example/callback${search}`), {
      code: "invalid_argument",
      phase: "redirect",
      retryable: false,
      message: /`url`/,
    });
  });
  assert.equal(await page.handleRedirect("https://evil.example/callback?code=c&state=not-ours"), null);
  assert.equal(page.tokenRequests.length, 1);
  assert.ok(await page.handleRedirect(callback), "the login is not harmed");
});

test("the SSO's page again from the history: the address is cleaned, and the error says who is logged in", async (t) => {
  const page = await openPage(t);
  await page.run(({ security }) => {
    security.login({ returnTo: "/skills" });
  });
  await page.driver.wait(async () => (await page.address()).startsWith(`${page.sso.issuer}/login/`), 10_000);
  const authorize = page.requests("/v2/oauth/authorize")[0].url.href;
  await page.pickCharacter(SAPHRA);
  await page.handleRedirect();
  // What a browser does that goes back to it: the same request once more, and so the same `state`.
  await page.open(authorize);
  await page.pickCharacter(ILMARI);
  await page.keepsTokens(async () => {
    await assert.rejects(page.handleRedirect(), {
      code: "state_reused",
      phase: "redirect",
      retryable: false,
      message: /logged in already/,
    });
    assert.equal(await page.address(), page.redirectUri);
    await page.driver.navigate().refresh();
    assert.equal(await page.handleRedirect(), null);
  });
  assert.equal(await characterId(page), SAPHRA);
  assert.equal(page.tokenRequests.length, 1);

  await page.run(({ security }) => security.revoke());
  await page.open(authorize);
  await page.pickCharacter(ILMARI);
  await assert.rejects(page.handleRedirect(), ({ code, message }) => {
    assert.equal(code, "state_reused");
    assert.doesNotMatch(message, /logged in already/);
    return true;
  });
});

test("a callback can be given as an address, and the one in the address bar stays", async (t) => {
  const { page, callback } = await openLoggedIn(t);
  await page.open("/?mine=1");
  assert.equal((await page.handleRedirect(callback)).returnTo, null);
  assert.equal(await characterId(page), SAPHRA);
  assert.equal(await page.address(), `${page.origin}/?mine=1`);
  for (const [url, message] of [
    ["http://", /`url` must be an address/],
    [7, /`url` must be a string/],
  ]) {
    const refused = { code: "invalid_argument", phase: "redirect", retryable: false, message };
    await page.keepsTokens(() => assert.rejects(page.handleRedirect(url), refused));
  }
});

test("only our parameters leave the address; the others, the fragment and the history's state stay", async (t) => {
  const { page, callback } = await openLoggedIn(t);
  const { search } = new URL(callback);
  await page.open(`/callback?first=%20a+b&${search.slice(1)}&iss=${page.sso.issuer}&last#part=%2F`);
  await page.runBare(() => history.replaceState({ scroll: 7 }, ""));
  const entries = await page.runBare(() => history.length);
  await page.handleRedirect();
  assert.equal(await page.address(), `${page.origin}/callback?first=%20a+b&last#part=%2F`);
  assert.deepEqual(await page.runBare(() => [history.state, history.length]), [{ scroll: 7 }, entries]);
});

test("a page's own route keeps its parameters, whatever their names", async (t) => {
  const page = await openPage(t);
  page.options.redirectUri = `${page.origin}/`;
  const route = "#/list?region=10&state=open&scope=corp&error=none";
  const callback = await page.authorize();
  await page.open(callback + route);
  assert.ok(await page.handleRedirect());
  assert.equal(await page.address(), `${page.origin}/${route}`);
  await page.authorize();
  for (const own of [route, "#!/x?a=1&error=none&state=open"]) {
    await page.open(`/${own}`);
    assert.equal(await page.handleRedirect(), null, own);
  }
});

test("`returnTo` carries no old answer along, and keeps what is the page's own", async (t) => {
  const page = await openPage(t);
  const logIn = async (address) => {
    await page.open(address);
    await page.run(({ security }) => {
      security.login({ returnTo: location.href });
    });
    await page.pickCharacter(ILMARI);
    const { returnTo } = await page.handleRedirect();
    await page.open(returnTo);
    assert.equal(await page.handleRedirect(), null, returnTo);
    return returnTo;
  };
  const answer = "code=old&state=old-state&iss=https%3A%2F%2Fsso.example&session_state=opaque";
  assert.equal(await logIn(`/skills?tab=a%20b&${answer}#top`), "/skills?tab=a%20b#top");
  assert.equal(await logIn(`/callback?error=access_denied&error_description=No&state=old-state`), "/callback");
  assert.equal(await logIn("/skills#access_token=old&token_type=Bearer&state=old-state"), "/skills");
  assert.equal(await logIn("/shop?code=SALE#/list?state=open"), "/shop?code=SALE#/list?state=open");
});

test("the implicit grant's parameters leave the fragment, and others stay", async (t) => {
  const page = await openPage(t);
  const callback = await page.authorize({ implicit: true });
  await page.open(`${callback.replace("/callback", "/callback?code_of_mine=1")}&tab=skills`);
  assert.equal((await page.handleRedirect()).returnTo, null);
  assert.equal(await page.address(), `${page.origin}/callback?code_of_mine=1#tab=skills`);
});

test("the same callback gives the same answer: again, at once, from another object, after a reload", async (t) => {
  const { page, callback } = await openLoggedIn(t);
  await page.open(callback);
  const answers = await page.run(async ({ EsiSecurity, options, security }) => {
    const other = await EsiSecurity.create(options);
    const address = location.href;
    const atOnce = await Promise.all([security.handleRedirect(), security.handleRedirect(), other.handleRedirect()]);
    const later = [await security.handleRedirect(address), await other.handleRedirect(address)];
    return [...atOnce, ...later];
  });
  await page.open(callback);
  answers.push(await page.handleRedirect());
  for (const answer of answers) {
    assert.deepEqual(answer, {
      state: new URL(callback).searchParams.get("state"),
      returnTo: null,
      requestedScopes: [LOCATION, SKILLS],
    });
  }
  assert.equal(page.tokenRequests.length, 2);
  assert.equal(await page.address(), page.redirectUri);
  assert.equal(await characterId(page), SAPHRA);
});

test("a reload while the code is exchanged is no other exchange", needs("outliving-worker"), async (t) => {
  const { page, callback } = await openLoggedIn(t);
  await page.open(callback);
  page.sso.faults.set({ token: { kind: "slow", delayMs: 1000, times: 1 } });
  await page.run(({ security }) => {
    security.handleRedirect();
  });
  await page.waitForTraffic(({ tokenRequests }) => tokenRequests.length === 2);
  await page.open(callback);
  assert.equal((await page.handleRedirect()).state, new URL(callback).searchParams.get("state"));
  assert.equal(page.tokenRequests.length, 2);
  assert.equal(await characterId(page), SAPHRA);
  await page.refresh();
});

test("two logins that end at the same moment both end well, and one of them is the session", async (t) => {
  const { page, callback } = await openLoggedIn(t);
  const another = await page.authorize({ characterId: ILMARI });
  const callbacks = [callback, another];
  const results = await page.run(
    ({ security }, urls) => Promise.all(urls.map((url) => security.handleRedirect(url))),
    callbacks,
  );
  assert.deepEqual(
    results.map(({ state }) => state),
    callbacks.map((url) => new URL(url).searchParams.get("state")),
  );
  const [{ access, refresh_token: token }] = await page.stored("/session/");
  const { json } = page.tokenRequests.find((request) => request.json.access_token === access.token);
  assert.equal(token, json.refresh_token);
  const [logins] = await page.stored("/logins/");
  assert.ok(logins.every(({ verifier }) => !verifier));
  await page.refresh();
  assert.equal(page.tokenRequests.length, 4);
});

/** Opens the callback in a tab, as a copy of the tab that began the login does. */
async function openIn(tabs, tab, page, callback) {
  await tabs.run(tab, () => {});
  await page.open(callback);
}

const stateOf = (callback) => new URL(callback).searchParams.get("state");
const handle = ({ security }) => security.handleRedirect();
const refresh = ({ security }) => security.refresh();

test("two tabs with the same login and the same callback at the same moment share one exchange", async (t) => {
  const { page, callback } = await openLoggedIn(t);
  const tabs = await openTabs(t, page, 2);
  for (const tab of [0, 1]) await openIn(tabs, tab, page, callback);
  for (const { value, error } of await tabs.runAtOnce(handle)) {
    assert.equal(error, undefined);
    assert.equal(value.state, stateOf(callback));
  }
  assert.equal(page.tokenRequests.length, 2);
  const refreshed = await tabs.runAtOnce(refresh);
  assert.equal(page.tokenRequests.length, 3);
  const { access_token: newest } = page.tokenRequests[2].json;
  assert.deepEqual(
    refreshed.map(({ value }) => value?.access_token),
    [newest, newest],
  );
  assert.deepEqual(await tabs.runInEach(async ({ security }) => (await security.verify()).characterId), [
    SAPHRA,
    SAPHRA,
  ]);
});

test("a tab that comes later with the same callback takes up the session as it stands by then", async (t) => {
  const { page, callback } = await openLoggedIn(t);
  const tabs = await openTabs(t, page, 2);
  await openIn(tabs, 0, page, callback);
  await tabs.run(0, handle);
  const { access_token: newest } = await tabs.run(0, refresh);
  await openIn(tabs, 1, page, callback);
  assert.equal((await tabs.run(1, handle)).state, stateOf(callback));
  const held = () => tabs.run(1, ({ security }) => security.getAccessToken());
  await page.driver.wait(async () => (await held()) === newest, 10_000, "it asks the first tab");
  assert.equal(page.tokenRequests.length, 3, "one exchange, one refresh");
  // Its storage was copied after the login had ended.
  const third = await tabs.open();
  await openIn(tabs, third, page, callback);
  assert.equal((await tabs.run(third, handle)).state, stateOf(callback));
  await tabs.runAtOnce(refresh);
  assert.deepEqual(
    page.tokenRequests.map(({ status }) => status),
    [200, 200, 200, 200],
  );
});

test("without a token worker the second of two tabs is refused, and does not cost the first one its session", async (t) => {
  const { page, callback } = await openLoggedIn(t);
  const tabs = await openTabs(t, page, 2);
  const begin = ({ security }) => {
    globalThis.finishing = security.handleRedirect();
    globalThis.finishing.catch(() => {});
  };
  const finish = () => globalThis.finishing;
  await openIn(tabs, 0, page, callback);
  // The package itself must not be held back.
  await tabs.run(0, () => {});
  await page.holdAnswers();
  await tabs.run(0, begin);
  await page.waitForTraffic(({ tokenRequests }) => tokenRequests[1]?.ended);
  await openIn(tabs, 1, page, callback);
  await page.sendFromPage();
  const [before] = await page.stored("/session/");
  await tabs.run(1, begin);
  const waits = async () => (await navigator.locks.query()).pending.length > 0;
  await page.driver.wait(() => page.runBare(waits), 10_000, "the second tab waits for the first");

  await tabs.run(0, () => {});
  await page.releaseAnswers();
  assert.equal((await tabs.run(0, finish)).state, stateOf(callback));
  const refused = { code: "state_reused", phase: "token", retryable: false };
  await assert.rejects(tabs.run(1, finish), refused);
  assert.equal(await page.address(), page.redirectUri);
  assert.deepEqual(await page.stored("/session/"), [before]);
  await assert.rejects(page.handleRedirect(callback), { code: "state_reused" });
  assert.equal(page.tokenRequests.length, 2);
  await tabs.run(0, refresh);
  assert.equal(await tabs.run(0, async ({ security }) => (await security.verify()).characterId), SAPHRA);
});

test("the address is read at once, whatever becomes of it afterwards", async (t) => {
  const { page, callback } = await openLoggedIn(t);
  await page.open(callback);
  const results = await page.run(({ security }) => {
    const both = [security.handleRedirect(), security.handleRedirect()];
    history.replaceState(null, "", "/elsewhere");
    return Promise.all(both);
  });
  assert.deepEqual(results[0], results[1]);
  assert.equal(results[0].state, new URL(callback).searchParams.get("state"));
  assert.equal(await page.address(), `${page.origin}/elsewhere`);
});

test("code and state leave the address also if a router has added to it during the exchange", async (t) => {
  const { page, callback } = await openLoggedIn(t);
  await page.open(callback);
  await page.run(({ security }) => {
    const finishing = security.handleRedirect();
    history.replaceState({ route: 1 }, "", `${location.href}#/`);
    return finishing;
  });
  assert.equal(await page.address(), `${page.redirectUri}#/`);
  assert.deepEqual(await page.runBare(() => history.state), { route: 1 });
});

test("a code that was answered is not sent again, by whatever way", async (t) => {
  const { page, callback } = await openLoggedIn(t);
  const another = await page.authorize();
  await page.open(callback);
  await page.handleRedirect();
  const code = new URL(callback).searchParams.get("code");
  await page.keepsTokens(async () => {
    await assert.rejects(
      page.run(({ security }, given) => security.auth(given), code),
      { code: "state_reused", phase: "token", retryable: false },
    );
    await assert.rejects(page.handleRedirect(changed(another, { code })), {
      code: "state_reused",
      phase: "redirect",
      retryable: false,
    });
  });
  assert.equal(page.tokenRequests.length, 2);
  assert.ok(await page.handleRedirect(another), "the other login is not harmed");
});

test("a login that asked for a token takes no code", async (t) => {
  const { page, callback } = await openLoggedIn(t);
  const implicit = await page.run(({ security }) => security.getAuthUri({ implicit: true }));
  const state = new URL(implicit).searchParams.get("state");
  await page.keepsTokens(() =>
    assert.rejects(page.handleRedirect(changed(callback, { state })), {
      code: "authorization_failed",
      phase: "redirect",
      error: "unsupported_response_type",
      retryable: false,
    }),
  );
  const { code } = Object.fromEntries(new URL(callback).searchParams);
  await page.keepsTokens(() =>
    assert.rejects(
      page.run(({ security }, ...given) => security.auth(...given), code, state),
      { code: "authorization_failed", phase: "token", error: "unsupported_response_type", retryable: false },
    ),
  );
  assert.equal(page.tokenRequests.length, 1);
});

test("a state is used once: another code under it is refused, before and after a reload", async (t) => {
  const { page, callback } = await openLoggedIn(t);
  const another = await page.authorize();
  await page.open(callback);
  await page.handleRedirect();
  const reused = changed(callback, { code: new URL(another).searchParams.get("code") });
  const refused = { code: "state_reused", phase: "redirect", retryable: false };
  await page.keepsTokens(async () => {
    await assert.rejects(page.handleRedirect(reused), refused);
    await page.open(reused);
    await assert.rejects(page.handleRedirect(), refused);
  });
  assert.equal(page.tokenRequests.length, 2);
  await page.open(another);
  assert.ok(await page.handleRedirect(), "the other login is not harmed");
});

test("a code without a state is refused while a login is under way, and not ours otherwise", async (t) => {
  const { page, callback } = await openLoggedIn(t);
  const stateless = changed(callback, { state: undefined });
  await page.open(stateless);
  await page.keepsTokens(() =>
    assert.rejects(page.handleRedirect(), { code: "state_missing", phase: "redirect", retryable: false }),
  );
  assert.equal(await page.address(), stateless);
  await page.open(callback);
  await page.handleRedirect();
  await page.open(stateless);
  assert.equal(await page.handleRedirect(), null);
  assert.equal(await page.address(), stateless);
  assert.equal(page.tokenRequests.length, 2);
});

test("a foreign state is refused, and the login under way goes on", async (t) => {
  const { page, callback } = await openLoggedIn(t);
  const foreign = changed(callback, { state: "made-by-somebody-else" });
  await page.open(foreign);
  await page.keepsTokens(() =>
    assert.rejects(page.handleRedirect(), { code: "state_unknown", phase: "redirect", retryable: false }),
  );
  assert.equal(await page.address(), foreign);
  assert.equal(page.tokenRequests.length, 1);
  await page.open(callback);
  await page.handleRedirect();
  assert.equal(await characterId(page), SAPHRA);
});

test("a login of another tab is not this one's to finish", async (t) => {
  const { page, callback } = await openLoggedIn(t);
  await page.runBare(() => {
    for (const key of Object.keys(sessionStorage)) if (key.includes("/logins/")) sessionStorage.removeItem(key);
  });
  await page.open(callback);
  await page.keepsTokens(() => assert.rejects(page.handleRedirect(), { code: "state_unknown", phase: "redirect" }));
});

test("the pilot's cancel is told as such, and its login is over", async (t) => {
  const { page } = await openLoggedIn(t);
  const callback = await page.authorize({ cancel: true });
  const denied = { code: "access_denied", phase: "redirect", retryable: false, error: "access_denied" };
  await page.open(callback);
  await page.keepsTokens(async () => {
    await assert.rejects(page.handleRedirect(), denied);
    assert.equal(await page.address(), page.redirectUri);
    await assert.rejects(page.handleRedirect(callback), denied);
    const late = changed(callback, { error: undefined, code: "a-code-after-all" });
    await assert.rejects(page.handleRedirect(late), { code: "state_reused", phase: "redirect" });
  });
  assert.equal(page.tokenRequests.length, 1);
});

test("any other refusal of the server is told with its words", async (t) => {
  const { page } = await openLoggedIn(t);
  page.sso.faults.set({ authorize: { kind: "oauth-error", error: "server_error", description: "Not now & <here>." } });
  await page.open(await page.authorize());
  await page.keepsTokens(() =>
    assert.rejects(page.handleRedirect(), {
      code: "authorization_failed",
      phase: "redirect",
      retryable: false,
      error: "server_error",
      errorDescription: "Not now & <here>.",
    }),
  );
  assert.equal(await page.address(), page.redirectUri);
});

test("`iss` must be the issuer of the metadata, letter by letter", async (t) => {
  const { page, callback } = await openLoggedIn(t, { sso: { issParameter: true } });
  const { issuer } = page.sso;
  assert.equal(new URL(callback).searchParams.get("iss"), issuer);
  const bare = issuer.replace("http://", "");
  for (const iss of ["https://login.evil.example", `https://${bare}`, bare, `${issuer}/`, undefined]) {
    const mixedUp = changed(callback, { iss });
    await page.open(mixedUp);
    await page.keepsTokens(() =>
      assert.rejects(page.handleRedirect(), { code: "issuer_mismatch", phase: "redirect", retryable: false }, iss),
    );
    assert.equal(await page.address(), mixedUp);
  }
  assert.equal(page.tokenRequests.length, 1);
  await page.open(callback);
  await page.handleRedirect();
  assert.equal(await characterId(page), SAPHRA);
});

test("where the metadata promises `iss`, a refusal and a token have it too", async (t) => {
  const page = await openPage(t, { sso: { issParameter: true } });
  const denied = await page.authorize({ cancel: true });
  const withToken = await page.authorize({ implicit: true });
  const mismatch = { code: "issuer_mismatch", phase: "redirect" };
  await assert.rejects(page.handleRedirect(changed(denied, { iss: undefined })), mismatch);
  await assert.rejects(page.handleRedirect(denied), { code: "access_denied" });
  await assert.rejects(page.handleRedirect(withToken.replace(/&iss=[^&]*/, "")), mismatch);
  assert.ok(await page.handleRedirect(withToken));
});

test("a page's own `ssoEndpoints` can promise `iss`, and without that it may be missing", async (t) => {
  const page = await openPage(t);
  const endpoints = {
    issuer: page.sso.issuer,
    authorization_endpoint: `${page.sso.issuer}/v2/oauth/authorize`,
    token_endpoint: `${page.sso.issuer}/v2/oauth/token`,
  };
  const finish = async (promised) => {
    page.options.ssoEndpoints = { ...endpoints, authorization_response_iss_parameter_supported: promised };
    await page.open("/");
    const callback = await page.authorize();
    // What the login was begun with counts, whatever the page says by then.
    page.options.ssoEndpoints = endpoints;
    await page.open("/");
    return page.handleRedirect(callback);
  };
  await assert.rejects(finish(true), { code: "issuer_mismatch", phase: "redirect" });
  assert.ok(await finish(false));
  assert.ok(await finish(undefined));
});

test("a login can be finished for ten minutes", async (t) => {
  const { page, callback } = await openLoggedIn(t);
  await page.open(callback);
  await page.shiftClock(600);
  await page.keepsTokens(() =>
    assert.rejects(page.handleRedirect(), { code: "login_expired", phase: "redirect", retryable: false }),
  );
  assert.equal(page.tokenRequests.length, 1);
  const [logins] = await page.stored("/logins/");
  assert.equal(
    logins.some(({ verifier }) => verifier),
    false,
    "no verifier outlives its login",
  );
  await page.open("/");
  await page.open(await page.authorize());
  await page.shiftClock(500);
  assert.ok(await page.handleRedirect());
});

test("a code that the server does not take ends that login alone", async (t) => {
  const { page, callback } = await openLoggedIn(t);
  const unknown = changed(callback, { code: "x".repeat(43) });
  await page.open(unknown);
  await page.keepsTokens(() =>
    assert.rejects(page.handleRedirect(), {
      code: "invalid_grant",
      phase: "token",
      retryable: false,
      status: 400,
      error: "invalid_grant",
    }),
  );
  assert.equal(await page.address(), page.redirectUri);
  await page.logIn({ characterId: SAPHRA });
  assert.equal(await characterId(page), SAPHRA);
});

test("a code that another page has used already is refused", async (t) => {
  const { page, callback } = await openLoggedIn(t);
  const [logins] = await page.stored("/logins/");
  await fetch(`${page.sso.issuer}/v2/oauth/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      client_id: CLIENT_ID,
      code: new URL(callback).searchParams.get("code"),
      code_verifier: logins.find(({ verifier }) => verifier).verifier,
    }),
  });
  await page.open(callback);
  await page.keepsTokens(() => assert.rejects(page.handleRedirect(), { code: "invalid_grant", phase: "token" }));
});

test("a malformed code gets EVE's page of HTML, and that login stays open", async (t) => {
  const { page, callback } = await openLoggedIn(t);
  await page.keepsTokens(() =>
    assert.rejects(page.handleRedirect(changed(callback, { code: "x" })), {
      code: "http_error",
      phase: "token",
      retryable: true,
      status: 500,
    }),
  );
  await page.open(callback);
  await page.handleRedirect();
  assert.equal(await characterId(page), SAPHRA);
});

test("an unknown client id gets EVE's page of HTML, and the login stays open", async (t) => {
  const page = await openPage(t);
  const { code } = Object.fromEntries(new URL(await page.authorize()).searchParams);
  page.options.clientId = "an-app-that-nobody-registered";
  await page.open("/");
  await page.run(({ security }, tokens) => security.updateToken(tokens), {
    access_token: "brought-before",
    expires_in: 1199,
    refresh_token: "brought-before-too",
  });
  const state = new URL(await page.run(({ security }) => security.getAuthUri())).searchParams.get("state");
  const callback = `${page.redirectUri}?${new URLSearchParams({ code, state })}`;
  const refused = {
    code: "http_error",
    phase: "token",
    retryable: false,
    status: 401,
  };
  await page.open(callback);
  const before = await page.stored("/logins/");
  await page.keepsTokens(async () => {
    await assert.rejects(page.handleRedirect(), refused);
    assert.equal(await page.address(), callback, "for a reload, once the app is registered");
    await assert.rejects(
      page.run(({ security }, ...given) => security.auth(...given), code, state),
      refused,
    );
  });
  assert.deepEqual(await page.stored("/logins/"), before);
  assert.equal(page.tokenRequests.length, 2);
});

test("a parameter that stands twice is refused", async (t) => {
  const { page, callback } = await openLoggedIn(t);
  for (const extra of ["code=other", "state=other", "iss=a&iss=b"]) {
    await page.keepsTokens(() =>
      assert.rejects(page.handleRedirect(`${callback}&${extra}`), {
        code: "invalid_argument",
        phase: "redirect",
        retryable: false,
        message: /appears twice/,
      }),
    );
  }
  assert.equal(page.tokenRequests.length, 1);
  await page.handleRedirect(callback);
  await page.keepsTokens(async () => {
    const foreign = `${page.redirectUri}?code=1&code=2`;
    await page.open(foreign);
    assert.equal(await page.handleRedirect(), null, "with no login under way it is not ours");
    assert.equal(await page.address(), foreign);
  });
});

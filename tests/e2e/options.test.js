// The constructor's options: which are refused, and what the others do.
import assert from "node:assert/strict";
import { test } from "node:test";
import { authorizeByForm } from "../helpers/login.js";
import { ILMARI, LOCATION, openPage, SAPHRA, sendFromPage } from "../helpers/page.js";

const SECRET_CLIENT = { clientId: "esi-security-secret", secretKey: "local-secret-not-a-secret" };
const VERIFIER = "0123456789-abcdefghijklmnopqrstuvwxyz.ABCDEF";

/** A key of 2048 bits, of whose modulus half got lost. */
const TRUNCATED = { kty: "RSA", kid: "JWT-Signature-Key", n: "x".repeat(171), e: "AQAB" };

/** Makes an object with these options in place of the page's own. */
const create = (page, changes) =>
  page.run(async ({ EsiSecurity, options }, given) => {
    await EsiSecurity.create({ ...options, ...given });
  }, changes);

test("what cannot work is refused, by name", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const endpoints = { authorization_endpoint: "https://sso.example/a", token_endpoint: "https://sso.example/t" };
  const refused = {
    clientId: [null, "", "  ", 7, {}],
    redirectUri: [
      null,
      "",
      7,
      "callback",
      "//app.example/callback",
      "http://app.example/callback",
      "http://localhost.app.example/",
      "http://localhost@app.example/",
      "ftp://localhost/",
      "javascript:alert(1)",
      "https://",
      "https://app.example/#callback",
      ...["code", "state", "iss", "error", "error_description", "error_uri"].map(
        (name) => `https://app.example/callback?own=1&${name}=2`,
      ),
    ],
    scopes: [LOCATION, [7], [""], ["a b"], ["a\\b"], ["ä"], {}],
    secretKey: ["", " ", 7],
    codeVerifier: ["", 7, "too-short", `${VERIFIER}+`, "x".repeat(129)],
    headers: ["User-Agent", [], 7, { "User-Agent": 7 }, { "no name": "x" }, { "X-Line": "a\nb" }],
    tokenIdentifier: ["", 7],
    securityName: ["", " ", 7, ["evesso"]],
    signalTokenUpdated: ["", 7],
    ssoEndpointsUrl: ["", " ", 7, "nowhere", "http://sso.example/", "ftp://sso.example/"],
    ssoEndpoints: [
      "https://sso.example",
      [],
      ["issuer", "https://sso.example/a", "https://sso.example/t"],
      {},
      { token_endpoint: endpoints.token_endpoint },
      { authorization_endpoint: endpoints.authorization_endpoint },
      { ...endpoints, token_endpoint: 7 },
      { ...endpoints, token_endpoint: "http://sso.example/t" },
      { ...endpoints, revocation_endpoint: "http://sso.example/r" },
      { ...endpoints, jwks_uri: "javascript:0" },
    ],
    jwksKey: [
      ...["key", 7, [], {}, { keys: [] }, { keys: {} }, { kty: "RSA" }, { kty: "oct", k: "c2VjcmV0" }],
      TRUNCATED,
      { keys: [TRUNCATED] },
    ],
    apiOrigins: [
      "https://esi.evetech.net",
      [7],
      [""],
      ["esi.evetech.net"],
      ["http://esi.evetech.net"],
      ["ftp://x.example"],
      ["https://esi.evetech.net/latest"],
    ],
    issuers: ["login.eveonline.com", [7], [""], []],
    audiences: ["EVE Online", [7], [""]],
    requireAzp: ["yes", 1],
    algorithms: ["RS256", [7], [], ["none"], ["HS256"], ["rs256"], ["RS256", "ES512"]],
    cacheMaxAge: ["300", -1, 86_401, true],
    autoRefresh: ["no", 0, {}],
    refreshMargin: ["60", -1, 86_401, false],
    storage: ["cookie", "", "Session", 7, true, [], {}, { getItem: 7, setItem: 7, removeItem: 7 }],
  };
  await page.keepsTokens(async () => {
    for (const [name, values] of Object.entries(refused)) {
      for (const value of values) {
        await assert.rejects(
          create(page, { [name]: value }),
          {
            name: "EsiError",
            code: "invalid_argument",
            phase: "create",
            retryable: false,
            message: new RegExp(`^\`${name}`),
          },
          `${name}: ${JSON.stringify(value)}`,
        );
      }
    }
  });
});

test("headers in another kind of object are refused, since they would be lost", async (t) => {
  const page = await openPage(t);
  for (const make of [
    "new Headers({ 'User-Agent': 'x' })",
    "new Map([['User-Agent', 'x']])",
    "[['User-Agent', 'x']]",
  ]) {
    await assert.rejects(
      page.run(`({ EsiSecurity, options }) => EsiSecurity.create({ ...options, headers: ${make} })`),
      { code: "invalid_argument", phase: "create", message: "`headers` must be an object of strings" },
      make,
    );
  }
});

test("what works is taken, and `null` is the same as nothing", async (t) => {
  const page = await openPage(t);
  for (const redirectUri of [
    "https://app.example",
    "https://app.example/callback?x=1",
    "http://localhost:1/",
    "http://127.0.0.1/callback",
    "http://[::1]:8080/callback",
  ]) {
    await create(page, { redirectUri });
  }
  await create(page, {
    scopes: null,
    secretKey: null,
    codeVerifier: null,
    headers: null,
    tokenIdentifier: null,
    securityName: null,
    signalTokenUpdated: null,
    ssoEndpointsUrl: null,
    ssoEndpoints: null,
    jwksKey: null,
    apiOrigins: null,
    issuers: null,
    audiences: null,
    requireAzp: null,
    algorithms: null,
    cacheMaxAge: null,
    storage: null,
    autoRefresh: null,
    refreshMargin: null,
  });
});

test("the options must be an object", async (t) => {
  const page = await openPage(t);
  for (const value of ["options", 7, true, []]) {
    await assert.rejects(
      page.run(({ EsiSecurity }, given) => EsiSecurity.create(given), value),
      { code: "invalid_argument", phase: "create", message: /^`options` must be an object/ },
    );
  }
  await assert.rejects(
    page.run(({ EsiSecurity }) => new EsiSecurity()),
    { code: "invalid_argument", phase: "create", message: "`clientId` is required" },
  );
  await assert.rejects(
    page.run(({ EsiSecurity }) =>
      EsiSecurity.create({
        get clientId() {
          throw new Error("no");
        },
      }),
    ),
    { code: "invalid_argument", phase: "create", message: /`clientId`/ },
  );
});

test("a name that does not exist is refused with what was meant: EsiPy's spellings, slips, nothing", async (t) => {
  const page = await openPage(t);
  const meant = {
    redirect_uri: "redirectUri",
    client_id: "clientId",
    secret_key: "secretKey",
    code_verifier: "codeVerifier",
    token_identifier: "tokenIdentifier",
    security_name: "securityName",
    signal_token_updated: "signalTokenUpdated",
    sso_endpoints_url: "ssoEndpointsUrl",
    sso_endpoints: "ssoEndpoints",
    jwks_key: "jwksKey",
    clientID: "clientId",
    redirectURL: "redirectUri",
    scope: "scopes",
    header: "headers",
  };
  const refused = (message) => ({ code: "unknown_option", phase: "create", retryable: false, message });
  await page.logIn();
  await page.keepsTokens(async () => {
    for (const [name, known] of Object.entries(meant)) {
      const message = `unknown option \`${name}\`; did you mean \`${known}\`?`;
      await assert.rejects(create(page, { [name]: "x" }), refused(message));
    }
    await assert.rejects(create(page, { esi: "x" }), refused("unknown option `esi`"));
  });
});

test("the query of an address is the server's, and is sent as it is given", async (t) => {
  const queries = { metadata: "own=1&%20=é", token: "own=2", revocation: "own=3", keys: "own=4" };
  const page = await openPage(t, {
    options: ({ sso }) => ({
      ssoEndpoints: {
        issuer: sso.issuer,
        authorization_endpoint: `${sso.issuer}/v2/oauth/authorize?own=0`,
        token_endpoint: `${sso.issuer}/v2/oauth/token?${queries.token}`,
        revocation_endpoint: `${sso.issuer}/v2/oauth/revoke?${queries.revocation}`,
        jwks_uri: `${sso.issuer}/oauth/jwks?${queries.keys}`,
      },
    }),
  });
  const callback = await page.authorize();
  await page.open(callback);
  // By the token worker first, and then from here.
  await page.handleRedirect();
  await page.run(sendFromPage);
  await page.refresh();
  await page.run(({ security }) => security.verify());
  await page.run(({ security }) => security.revoke());
  const discoveryUrl = new URL(page.sso.discoveryUrl);
  await page.run(async ({ EsiSecurity, options }, ssoEndpointsUrl) => {
    const { ssoEndpoints: _ssoEndpoints, ...others } = options;
    await new EsiSecurity({ ...others, ssoEndpointsUrl }).getAuthUri();
  }, `${discoveryUrl}?${queries.metadata}`);
  const asked = (path) => page.requests(path).map(({ url }) => url.search);
  assert.deepEqual(asked("/v2/oauth/token"), ["?own=2", "?own=2"]);
  assert.deepEqual(asked("/v2/oauth/revoke"), ["?own=3"]);
  assert.deepEqual(asked("/oauth/jwks"), ["?own=4"]);
  assert.deepEqual(asked(discoveryUrl.pathname), ["?own=1&%20=%C3%A9"]);
});

test("a secret is sent in the form where the server lists that, without PKCE and with one warning", async (t) => {
  const page = await openPage(t, { options: SECRET_CLIENT });
  const uri = new URL(await page.run(({ security }) => security.getAuthUri()));
  assert.equal(uri.searchParams.get("response_type"), "code");
  assert.equal(uri.searchParams.has("code_challenge"), false);
  await create(page, { tokenIdentifier: "another" });
  await page.logIn();
  await page.refresh();
  await page.run(({ security }) => security.revoke());
  const sent = [...page.tokenRequests, ...page.requests("/v2/oauth/revoke")];
  assert.equal(sent.length, 3);
  for (const { form, headers, status } of sent) {
    assert.equal(status, 200);
    assert.equal(form.get("client_id"), SECRET_CLIENT.clientId);
    assert.equal(form.get("client_secret"), SECRET_CLIENT.secretKey);
    assert.equal(form.has("code_verifier"), false);
    assert.equal(headers.authorization, undefined);
  }
  assert.deepEqual(page.preflights, []);
  const warnings = (await page.console()).filter((line) => line.includes("`secretKey` in a page is no secret"));
  // `logIn` opens a second document, where it is said again.
  assert.equal(warnings.length, 2);
});

test("a secret goes as Basic where the form is not listed, which a server like EVE's stops at the preflight", async (t) => {
  const page = await openPage(t, {
    options: ({ sso }) => ({
      ...SECRET_CLIENT,
      ssoEndpoints: {
        issuer: sso.issuer,
        authorization_endpoint: `${sso.issuer}/v2/oauth/authorize`,
        token_endpoint: `${sso.issuer}/v2/oauth/token`,
        token_endpoint_auth_methods_supported: ["client_secret_basic"],
      },
    }),
  });
  const callback = await page.authorize();
  await page.open(callback);
  await assert.rejects(page.handleRedirect(), {
    code: "network_error",
    phase: "token",
    retryable: true,
    cause: /^TypeError: /,
  });
  const [preflight] = page.preflights;
  assert.equal(preflight.headers["access-control-request-headers"], "authorization");
  assert.equal(page.tokenRequests.length, 0);
  assert.equal(await page.address(), callback);
});

test("`User-Agent` goes to no server as a header of its own, and its absence is warned about once", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  await page.run(({ security }) => security.verify());
  assert.deepEqual(page.preflights, []);
  for (const { headers } of page.tokenRequests) assert.doesNotMatch(headers["user-agent"], /EndToEnd/);
  assert.deepEqual(await page.console(), []);
  await create(page, { headers: {} });
  await create(page, { headers: undefined });
  const warnings = await page.console();
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], /`headers` has no `User-Agent`/);
});

test("`X-User-Agent` may be given by that name", async (t) => {
  const page = await openPage(t, { options: { headers: { "X-User-Agent": "Named/2.0" } } });
  await page.logIn();
  assert.deepEqual(page.preflights, []);
  const sent = await page.run(async ({ security }, url) => {
    const signed = await security.authorize(new Request(url));
    return signed.headers.get("X-User-Agent");
  }, page.sso.esiUrl);
  assert.equal(sent, "Named/2.0");
});

test("any other header goes with what is posted to the SSO, where a preflight like EVE's stops it", async (t) => {
  const page = await openPage(t, { options: { headers: { "User-Agent": "EndToEnd/1.0", "X-Shop": "open" } } });
  const callback = await page.authorize();
  assert.match((await page.console())[0], /each other header goes to the SSO and causes a preflight/);
  await page.open(callback);
  await assert.rejects(page.handleRedirect(), {
    code: "network_error",
    phase: "token",
    retryable: true,
    message: /could not be reached, or its answer may not be read/,
  });
  const asked = page.preflights.map(({ path, headers }) => [path, headers["access-control-request-headers"]]);
  assert.deepEqual(asked, [["/v2/oauth/token", "x-shop"]]);
  assert.equal(page.tokenRequests.length, 0);
});

test("what somebody has put into `Object.prototype` is no option", async (t) => {
  const page = await openPage(t);
  const made = await page.run(async ({ EsiSecurity, options }) => {
    const { scopes: _scopes, ...others } = options;
    const polluted = { scopes: ["polluted"], secretKey: "polluted", implicit: true, unknown: "polluted" };
    Object.assign(Object.prototype, polluted);
    try {
      return await new EsiSecurity(others).getAuthUri({});
    } finally {
      for (const name of Object.keys(polluted)) delete Object.prototype[name];
    }
  });
  const uri = new URL(made);
  assert.equal(uri.searchParams.get("response_type"), "code");
  assert.equal(uri.searchParams.has("scope"), false);
  assert.equal(uri.searchParams.has("code_challenge"), true);
});

/** The character of the session of that name, after it has finished a login if `url` is given. */
const characterOf = async ({ EsiSecurity, options }, tokenIdentifier, url) => {
  const security = await EsiSecurity.create({ ...options, tokenIdentifier });
  if (url) await security.handleRedirect(url);
  if (security.state === "signed-out") return [security.tokenIdentifier, null];
  return [security.tokenIdentifier, (await security.verify()).characterId];
};

test("each token identifier has a session of its own, also after a reload", async (t) => {
  const page = await openPage(t);
  const pilots = { first: ILMARI, second: SAPHRA };
  for (const [tokenIdentifier, characterId] of Object.entries(pilots)) {
    const authorizeUrl = await page.run(
      ({ EsiSecurity, options }, given) => new EsiSecurity({ ...options, ...given }).getAuthUri(),
      { tokenIdentifier },
    );
    const callback = await authorizeByForm({ authorizeUrl, characterId });
    assert.deepEqual(await page.run(characterOf, tokenIdentifier, callback), [tokenIdentifier, characterId]);
  }
  await page.open("/");
  for (const [tokenIdentifier, characterId] of Object.entries(pilots)) {
    assert.deepEqual(await page.run(characterOf, tokenIdentifier), [tokenIdentifier, characterId]);
  }
  assert.deepEqual(await page.run(characterOf, "third"), ["third", null]);
  assert.deepEqual(await page.run(characterOf), [null, null]);
});

test("a login is finished by the identifier that began it, and left alone by others", async (t) => {
  const page = await openPage(t);
  const callback = await page.authorize({ characterId: SAPHRA });
  await page.open(callback);
  assert.deepEqual(await page.run(characterOf, "another", callback), ["another", null]);
  assert.equal(await page.address(), callback);
  const { code, state } = Object.fromEntries(new URL(callback).searchParams);
  for (const [given, expected] of [
    [[code, state], "state_unknown"],
    [[code], "login_not_found"],
  ]) {
    const auth = page.run(
      ({ EsiSecurity, options }, ...both) => new EsiSecurity({ ...options, tokenIdentifier: "another" }).auth(...both),
      ...given,
    );
    await assert.rejects(auth, { code: expected, phase: "token" });
  }
  assert.equal(page.tokenRequests.length, 0);
  assert.deepEqual(await page.run(characterOf, undefined, callback), [null, SAPHRA]);
});

test("sessions of other clients and other servers, also at the same origin, are other sessions", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const stateWith = (changes) =>
    page.run(
      async ({ EsiSecurity, options }, given) => (await EsiSecurity.create({ ...options, ...given })).state,
      changes,
    );
  assert.equal(await stateWith({}), "active");
  for (const changes of [
    { clientId: "another-app" },
    { ssoEndpointsUrl: "https://sso.example/.well-known/openid-configuration" },
    { ssoEndpointsUrl: `${page.sso.discoveryUrl}/tenant` },
  ]) {
    assert.equal(await stateWith(changes), "signed-out");
  }
});

test("a Proxy that was revoked is refused as any other wrong argument, wherever it stands", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const names = [
    ...["clientId", "redirectUri", "scopes", "secretKey", "codeVerifier", "headers", "tokenIdentifier"],
    ...["securityName", "signalTokenUpdated", "ssoEndpointsUrl", "ssoEndpoints", "jwksKey", "apiOrigins"],
    ...["issuers", "audiences", "requireAzp", "algorithms", "cacheMaxAge", "autoRefresh", "refreshMargin"],
  ];
  await page.keepsTokens(async () => {
    const codes = await page.run(async ({ EsiSecurity, security, options, ...functions }, names) => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      const request = new Request("https://esi.evetech.net/");
      const tokens = { access_token: "brought", expires_in: 1199 };
      const throwing = {
        constructor: () => new EsiSecurity(proxy),
        isTokenExpired: () => security.isTokenExpired(proxy),
        updateToken: () => security.updateToken(proxy),
        "updateToken's options": () => security.updateToken(tokens, proxy),
        "updateToken's tokenIdentifier": () => security.updateToken(tokens, { tokenIdentifier: proxy }),
        generateCodeVerifier: () => functions.generateCodeVerifier(proxy),
        generateCodeChallenge: () => functions.generateCodeChallenge(proxy),
      };
      const rejecting = {
        create: () => EsiSecurity.create(proxy),
        getAuthUri: () => security.getAuthUri(proxy),
        "getAuthUri's state": () => security.getAuthUri({ state: proxy }),
        "getAuthUri's scopes": () => security.getAuthUri({ scopes: proxy }),
        "getAuthUri's implicit": () => security.getAuthUri({ implicit: proxy }),
        login: () => security.login(proxy),
        "login's returnTo": () => security.login({ returnTo: proxy }),
        handleRedirect: () => security.handleRedirect(proxy),
        auth: () => security.auth(proxy),
        "auth's state": () => security.auth("code", proxy),
        refresh: () => security.refresh(proxy),
        verify: () => security.verify(proxy),
        "verify's kid": () => security.verify({ kid: proxy }),
        "verify's options": () => security.verify({ options: proxy }),
        "verify's verifyExp": () => security.verify({ options: { verifyExp: proxy } }),
        "verify's leeway": () => security.verify({ options: { leeway: proxy } }),
        authorize: () => security.authorize(proxy),
        "authorize's options": () => security.authorize(request, proxy),
        "authorize's security": () => security.authorize(request, { security: proxy }),
      };
      for (const name of names) rejecting[`create's ${name}`] = () => EsiSecurity.create({ ...options, [name]: proxy });
      const codes = {};
      for (const [name, call] of Object.entries(throwing)) {
        try {
          call();
        } catch (error) {
          codes[name] = `${error.name} ${error.code}`;
        }
      }
      const late = new Promise((resolve) => setTimeout(resolve, 2000, "pending"));
      for (const [name, call] of Object.entries(rejecting)) {
        const told = call().then(
          () => "fulfilled",
          (error) => `${error.name} ${error.code}`,
        );
        codes[name] = await Promise.race([told, late]);
      }
      return codes;
    }, names);
    assert.equal(Object.keys(codes).length, 26 + names.length);
    for (const [name, code] of Object.entries(codes)) assert.equal(code, "EsiError invalid_argument", name);
  });
});

test("options are read when a method is called; what becomes of them later does not count", async (t) => {
  const page = await openPage(t);
  await page.logIn();
  const [uri, untouched] = await page.run(async ({ security }) => {
    const options = { state: "the-first-state", scopes: ["one"] };
    const making = security.getAuthUri(options);
    options.state = "another-state";
    options.scopes.push("two");
    const requirements = { security: [{ another: [] }] };
    const request = new Request("https://elsewhere.example/");
    const signing = security.authorize(request, requirements);
    requirements.security = [{ evesso: [] }];
    return [await making, (await signing) === request];
  });
  const { state, scope } = Object.fromEntries(new URL(uri).searchParams);
  assert.deepEqual([state, scope, untouched], ["the-first-state", "one", true]);
});

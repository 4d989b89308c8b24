// Calls of the package with valid and malformed input of every kind. The same seed gives the same calls, but for the keys
// and signatures.
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { makeClaims } from "./claims.js";

const CLIENT_ID = "a-client";
const REDIRECT_URI = "https://app.example/callback";
const SERVER = "https://sso.example";
const AUDIENCE = "EVE Online";
/** The time at which the calls are made, in seconds since 1970. */
export const NOW_S = Date.UTC(2026, 0, 1) / 1000;
const VERIFIER = "v".repeat(43);

const ENDPOINTS = {
  issuer: SERVER,
  authorization_endpoint: `${SERVER}/authorize?tenant=a`,
  token_endpoint: `${SERVER}/token`,
  revocation_endpoint: `${SERVER}/revoke`,
  jwks_uri: `${SERVER}/jwks`,
  token_endpoint_auth_methods_supported: ["client_secret_post"],
};

const TOKENS = { access_token: "access-1", token_type: "Bearer", expires_in: 1199, refresh_token: "refresh-1" };

const circular = {};
circular.itself = circular;
const throwing = {
  get a() {
    throw new Error("from a getter");
  },
};
const revoked = Proxy.revocable({}, {});
revoked.revoke();

/** Values that JSON can hold. */
const JSON_VALUES = [
  ...[null, true, false, 0, -1, 1.5, 60, 1199, 86_400, 86_401, 2 ** 31, 2 ** 53, 1e21, -1e300],
  ...["", " ", "x", "0", "60", "1.5e3", "true", "Bearer", "session", "local", "memory", "RS256", "EdDSA"],
  ...["\0", "\u{1f680}", "a b", 'a"b\\', VERIFIER, REDIRECT_URI, `${REDIRECT_URI}?code=1`, `${REDIRECT_URI}#part`],
  ...["http://localhost:3000/", "http://app.example/", "ftp://app.example/", "//app.example", "/callback"],
  ...["javascript:alert(1)", "https://[::", SERVER],
  ...[[], [""], ["x"], ["a b"], [1], [null], [["x"]], [REDIRECT_URI], ["ES256", "EdDSA"], ["HS256"]],
  ...[[CLIENT_ID, AUDIENCE], {}, { a: "b" }, { a: 1 }, { "": "" }, { "User-Agent": "Tests", "X-Other": "1" }],
  ...[{ keys: [] }, { keys: {} }, ENDPOINTS],
];

/** These, and others. */
const VALUES = [
  ...[...JSON_VALUES, undefined, Number.NaN, Number.POSITIVE_INFINITY, 10n, Symbol("x"), "\ud800", () => 1],
  ...[new Map([["a", "b"]]), new Headers({ a: "b" }), new Date(0), new URL(REDIRECT_URI), /x/, new Error("x")],
  ...[circular, throwing, revoked.proxy, Object.create(null), new AbortController().signal, AbortSignal.abort("left")],
];

/** The options, and four that do not exist. */
const OPTIONS = [
  ...["clientId", "redirectUri", "scopes", "secretKey", "codeVerifier", "headers", "tokenIdentifier", "securityName"],
  ...["signalTokenUpdated", "ssoEndpointsUrl", "ssoEndpoints", "jwksKey", "apiOrigins", "issuers", "audiences"],
  ...["requireAzp", "algorithms", "cacheMaxAge", "storage", "autoRefresh", "refreshMargin", "customFetch"],
  ...["tokenWorker", "redirectURI", "scope", "", "constructor"],
];

const CHECKS = ["Signature", "Aud", "Iat", "Exp", "Nbf", "Iss", "Sub", "Jti", "AtHash"];

const ALGORITHMS = ["RS256", "PS384", "ES256", "ES384", "Ed25519"];

const STATUSES = [200, 200, 200, 200, 201, 204, 302, 400, 400, 400, 401, 403, 404, 405, 429, 500, 502, 503];

const ERRORS = [
  ...["invalid_grant", "invalid_grant", "invalid_request", "invalid_token", "invalid_client", "access_denied"],
  ...["server_error", "invalid_scope: x", "an_unknown_one", "", "<b>", "refresh-1"],
];

/** @typedef {typeof import("esi-security")} Api */

/** Makes the calls one after the other. @param {...(() => unknown)} calls @returns the result or error of each */
async function inOrder(...calls) {
  const outcomes = [];
  for (const call of calls) {
    try {
      outcomes.push({ value: await call() });
    } catch (error) {
      outcomes.push({ error });
    }
  }
  return outcomes;
}

/** A `customFetch` that gives every request the same response, and a list of the requests. */
function serve(status, body, headers) {
  const requests = [];
  const customFetch = async (request) => {
    requests.push([request.method, request.url, ...request.headers, await request.text()]);
    return new Response(status === 204 ? null : body, { status, headers });
  };
  return { customFetch, requests };
}

/** Creates an object, and makes the calls that `callsOf` returns for it. @param {Api} api */
async function withSecurity({ EsiSecurity }, options, callsOf) {
  let security;
  const [created] = await inOrder(async () => {
    security = await EsiSecurity.create(options);
  });
  if (!security) return [created];
  const outcomes = await inOrder(...callsOf(security), () => security.getSnapshot());
  security.free();
  return outcomes;
}

const encode = (text) => Buffer.from(text).toString("base64url");

/** Makes inputs: each method returns a function that makes the calls of one. */
class Maker {
  #random;
  #sessions = 0;

  /** @param {import("./claims.js").Random} random */
  constructor(random) {
    this.#random = random;
  }

  /** Options for a session that no other input uses. */
  #options(changes) {
    this.#sessions += 1;
    return {
      clientId: CLIENT_ID,
      redirectUri: REDIRECT_URI,
      tokenIdentifier: `session-${this.#sessions}`,
      codeVerifier: VERIFIER,
      ssoEndpoints: ENDPOINTS,
      autoRefresh: false,
      ...changes,
    };
  }

  /** The object, as it is or with one member changed, added or removed. */
  #change(object, values = JSON_VALUES) {
    const name = this.#random.pick([...Object.keys(object), this.#random.text(5)]);
    const { [name]: _, ...others } = object;
    return this.#random.pick([object, others, ...Array(3).fill({ ...object, [name]: this.#random.pick(values) })]);
  }

  /** The text, as it is or with one character replaced, removed or added, or without its end. */
  #damage(text) {
    const at = this.#random.below(text.length + 1);
    const other = this.#random.pick([...'aZ0-_.=%&#?/\\" {}[]:,', "\0", "ü", "\u{1f680}"]);
    const [before, after] = [text.slice(0, at), text.slice(at + 1)];
    const damaged = [before + other + after, before + after, before + other + text.slice(at), before];
    return this.#random.pick([text, text, text, text, ...damaged]);
  }

  #checks() {
    const names = this.#random.list(2, () => this.#random.pick(["verify", "require"]) + this.#random.pick(CHECKS));
    return Object.fromEntries(names.map((name) => [name, this.#random.pick([true, true, false, false, false, "no"])]));
  }

  /** Claims that pass verification, as they are or with one of them changed. */
  #claims() {
    const random = this.#random;
    const claims = makeClaims(random, { issuer: SERVER, audience: AUDIENCE, clientId: CLIENT_ID });
    const valid = { ...claims, aud: [CLIENT_ID, AUDIENCE], sub: "CHARACTER:EVE:2119000101" };
    const name = random.pick(["iss", "aud", "azp", "sub", "exp", "nbf", "iat", "jti", "scp", "name"]);
    const value = random.pick([...JSON_VALUES, undefined, NOW_S - 11, NOW_S - 9, NOW_S, NOW_S + 9, NOW_S + 11]);
    return random.pick([valid, { ...valid, [name]: value }]);
  }

  /** A response of the server: the object, changed or not, an OAuth error, another value, or no JSON. */
  #response(object) {
    const random = this.#random;
    const description = random.pick(["a reason", "refresh-1", random.text()]);
    const oauthError = this.#change({ error: random.pick(ERRORS), error_description: description });
    const body = JSON.stringify(random.pick([this.#change(object), oauthError, oauthError, random.pick(JSON_VALUES)]));
    const retry = random.pick([undefined, "0", "5", "x", "-1", "99999999999"]);
    const headers = { "Content-Type": "application/json", ...(retry && { "Retry-After": retry }) };
    const others = [random.pick(STATUSES), random.pick([body, body, this.#damage(body), "", "<html>"]), headers];
    return random.pick([others, others, [200, JSON.stringify(object), headers]]);
  }

  option(name, value) {
    const options = this.#options({ [name]: value });
    return (api) => withSecurity(api, options, (security) => [() => security.getAuthUri({ state: "12345678" })]);
  }

  argument(value) {
    const options = this.#options({ customFetch: serve(200, JSON.stringify(TOKENS)).customFetch });
    return async (api) => [
      ...(await inOrder(
        () => api.generateCodeVerifier(value),
        () => api.generateCodeChallenge(value),
        () => api.isEsiError(value),
        () => new api.EsiSecurity(value),
      )),
      ...(await withSecurity(api, options, (security) => [
        () => security.subscribe(value),
        () => security.isTokenExpired(value),
        () => security.updateToken(value),
        () => security.updateToken(TOKENS, value),
        () => security.updateToken(TOKENS, { tokenIdentifier: value }),
        () => security.authorize(value),
        () => security.authorize(new Request("https://esi.evetech.net/"), { security: value }),
        () => security.verify(value),
        () => security.verify({ kid: value }),
        () => security.verify({ options: value }),
        () => security.verify({ options: { leeway: value, verifySignature: false } }),
        () => security.getAccessToken({ signal: value }),
        () => security.handleRedirect(value),
        () => security.auth(value),
        () => security.auth("a-code", value),
      ])),
    ];
  }

  authorizationRequest() {
    const random = this.#random;
    const scopes = random.list(5, () => random.text(9));
    const options = this.#options(
      random.pick([{}, { codeVerifier: undefined }, { secretKey: "a-secret" }, { scopes }]),
    );
    const texts = random.list(5, () => random.pick([random.text(9), "publicData", "esi-skills.read_skills.v1"]));
    const given = this.#change(
      {
        ...random.pick([{}, { state: random.text() }, { state: "a-given-state" }]),
        ...random.pick([{}, { scopes: texts }]),
        ...random.pick([{}, { implicit: random.pick([true, false]) }]),
        ...random.pick([{}, { extraParams: this.#change({ prompt: random.text(), resource: SERVER }) }]),
      },
      VALUES,
    );
    return (api) =>
      withSecurity(api, options, (security) => [() => security.getAuthUri(given), () => security.login(given)]);
  }

  redirect() {
    const random = this.#random;
    const options = this.#options();
    const response = this.#response(TOKENS);
    const state = `state-${random.below(1e9)}`;
    const login = { state, implicit: random.below(4) === 0, scopes: ["publicData"] };
    const parameter = () =>
      random.pick([
        () => ["code", random.pick(["a-code", "", random.text(9), `code-${random.below(1e9)}`])],
        () => ["state", random.pick([state, `${state}x`, ""])],
        () => ["iss", random.pick([SERVER, `${SERVER}/`, "x"])],
        () => ["error", random.pick(ERRORS)],
        () => ["error_description", random.text()],
        () => ["access_token", "access-2"],
        () => ["expires_in", random.pick(["1199", "x", "-1", "1e3"])],
        () => [random.text(4), random.text(4)],
      ])();
    const usual = login.implicit ? ["access_token", "access-2"] : ["code", `code-${random.below(1e9)}`];
    const parameters = new URLSearchParams([
      ...random.pick([[usual], [usual, ["iss", SERVER]], [parameter()]]),
      ...random.pick([[["state", state]], [["state", state]], []]),
      ...random.list(2, parameter),
    ]);
    const others = ["https://app.example/", SERVER, "//x", ""];
    const place = random.pick([REDIRECT_URI, REDIRECT_URI, REDIRECT_URI, `${REDIRECT_URI}/`, random.pick(others)]);
    const address = place + random.pick(["?", login.implicit ? "#" : "?", "#", "?a=b&", "?a#"]) + parameters;
    const url = random.pick([address, address, this.#damage(address)]);
    return (api) => {
      const { customFetch, requests } = serve(...response);
      return withSecurity(api, { ...options, customFetch }, (security) => [
        () => security.getAuthUri(login),
        () => security.handleRedirect(url),
        () => security.handleRedirect(url),
        () => security.auth("a-code", state),
        () => requests,
      ]);
    };
  }

  tokenRequest() {
    const random = this.#random;
    const options = this.#options(
      random.pick([{}, { secretKey: 'a-"secret"' }, { headers: { "X-Other": random.text(9), "User-Agent": "Tests" } }]),
    );
    const held = random.pick([TOKENS, TOKENS, { ...TOKENS, expires_in: 0 }, { ...TOKENS, refresh_token: null }]);
    const scopes = random.list(3, () => random.pick(["publicData", random.text(9)]));
    const response = this.#response({ ...TOKENS, access_token: "access-2", refresh_token: "refresh-2" });
    return (api) => {
      const { customFetch, requests } = serve(...response);
      return withSecurity(api, { ...options, customFetch }, (security) => [
        () => security.updateToken(held),
        () => security.refresh(scopes),
        () => security.getAccessToken(),
        () => security.getSnapshot(),
        () => security.auth("a-code"),
        () => security.revoke(),
        () => requests,
      ]);
    };
  }

  update() {
    const options = this.#options();
    const tokens = this.#change(this.#change(TOKENS, VALUES), VALUES);
    const offset = this.#random.pick([0, 1138, 1139, 1140, 1199, 1200, -1, -1e9, 1e300]);
    const requirements = this.#random.pick([undefined, [], [{ evesso: [] }], [{ other: [] }, { OAuth2: ["x"] }]]);
    const address = `${this.#random.pick(["https://esi.evetech.net", "https://app.example", "http://esi.evetech.net"])}/x`;
    return (api) => {
      const { customFetch, requests } = serve(200, JSON.stringify({ ...TOKENS, access_token: "access-2" }));
      return withSecurity(api, { ...options, customFetch }, (security) => [
        () => security.updateToken(tokens),
        () => security.getSnapshot(),
        () => security.isTokenExpired(offset),
        () => security.authorize(new Request(address), { security: requirements }),
        () => security.getAccessToken(),
        () => requests,
      ]);
    };
  }

  unsignedToken() {
    const random = this.#random;
    const alg = random.pick(["RS256", "RS256", "ES256", "none", "HS256"]);
    const header = JSON.stringify(this.#change({ alg, typ: "JWT", kid: "a-key" }));
    const claims = this.#claims();
    const payload = JSON.stringify(random.pick([claims, claims, claims, random.pick(JSON_VALUES)]));
    const token = [header, random.pick([payload, this.#damage(payload)]), "a signature"].map(encode).join(".");
    return this.#verification(random.pick([token, this.#damage(token)]), {}, false);
  }

  async signedToken(keys) {
    const random = this.#random;
    const { alg, privateKey, jwk } = random.pick(keys);
    const header = { alg, typ: "JWT", ...random.pick([{}, { kid: jwk.kid }, { kid: jwk.kid }, { kid: "another" }]) };
    const token = this.#damage(await new SignJWT(this.#claims()).setProtectedHeader(header).sign(privateKey));
    const key = random.pick([jwk, jwk, this.#change(jwk)]);
    const others = random.list(2, () => this.#change(random.pick(keys).jwk));
    const all = { keys: random.shuffle([...others, key]) };
    const set = random.pick([all, all, all, this.#change(all)]);
    const algorithms = random.pick([undefined, ALGORITHMS, ALGORITHMS, ALGORITHMS]);
    if (random.below(2) > 0) return this.#verification(token, { jwksKey: random.pick([set, key]), algorithms });
    // The package keeps a document by its address, so each input has its own.
    const ssoEndpoints = { ...ENDPOINTS, jwks_uri: `${SERVER}/jwks/${this.#sessions}` };
    return this.#verification(token, { ssoEndpoints, algorithms }, true, this.#response(set));
  }

  #verification(access_token, changes, verifySignature = true, response = []) {
    const options = this.#options(changes);
    const checks = { ...this.#checks(), verifySignature };
    return (api) => {
      const { customFetch, requests } = serve(...response);
      return withSecurity(api, { ...options, ...(response.length > 0 && { customFetch }) }, (security) => [
        () => security.updateToken({ access_token, expires_in: 1199 }),
        () => security.verify({ options: checks }),
        () => security.verify({ options: checks, kid: "a-key" }),
        () => requests,
      ]);
    };
  }

  metadata() {
    const response = this.#response(ENDPOINTS);
    const options = this.#options({ ssoEndpoints: undefined });
    const ssoEndpointsUrl = `${SERVER}/metadata/${this.#sessions}`;
    return (api) => {
      const { customFetch, requests } = serve(...response);
      return withSecurity(api, { ...options, ssoEndpointsUrl, customFetch }, (security) => [
        () => security.getAuthUri({ state: "12345678" }),
        () => security.getAuthUri({ state: "12345678" }),
        () => requests,
      ]);
    };
  }
}

async function makeKey(alg) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { modulusLength: 2048 });
  return { alg, privateKey, jwk: { ...(await exportJWK(publicKey)), alg, use: "sig", kid: `key-${alg}` } };
}

/**
 * Makes inputs: each value for each option and for each argument, and random ones.
 *
 * @param {import("./claims.js").Random} random
 * @param {number} count how many of each random kind
 * @returns {Promise<{ kind: string, run(api: Api): Promise<unknown> }[]>} `run` returns the outcomes of its calls
 */
export async function makeInputs(random, count) {
  const maker = new Maker(random);
  const inputs = [];
  const add = (kind, run) => inputs.push({ kind, run });
  for (const name of OPTIONS) for (const value of VALUES) add(`option ${name}`, maker.option(name, value));
  for (const value of VALUES) add("argument", maker.argument(value));
  const keys = await Promise.all(ALGORITHMS.map(makeKey));
  for (let made = 0; made < count; made += 1) {
    add("authorization request", maker.authorizationRequest());
    add("redirect", maker.redirect());
    add("token request", maker.tokenRequest());
    add("update", maker.update());
    add("unsigned token", maker.unsignedToken());
    add("signed token", await maker.signedToken(keys));
    add("metadata", maker.metadata());
  }
  return inputs;
}

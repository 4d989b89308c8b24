// The public types as an app written in strict TypeScript uses them. `tsc` is the test: a line that stops
// compiling, or a mistake marked below that starts to, fails it.

import {
  type Abortable,
  type EsiClaims,
  EsiError,
  type EsiErrorCode,
  type EsiPhase,
  EsiSecurity,
  type EsiSecurityOptions,
  generateCodeChallenge,
  generateCodeVerifier,
  init,
  isEsiError,
  type SessionReason,
  type SessionSnapshot,
  type SessionState,
  type TokenStorage,
  type UnverifiedClaims,
} from "esi-security";
import moduleUrl from "esi-security/esi_security_bg.wasm";

const options: EsiSecurityOptions = {
  clientId: "id",
  redirectUri: "https://app.example/callback",
  scopes: ["esi-skills.read_skills.v1"],
  secretKey: "no secret",
  codeVerifier: "a".repeat(43),
  headers: { "User-Agent": "App/1.0 (mail@app.example)" },
  tokenIdentifier: "pilot",
  autoRefresh: false,
  customFetch: (request) => fetch(request),
  tokenWorker: new URL("/token-worker.js", location.href),
  refreshMargin: 120,
  securityName: "evesso",
  signalTokenUpdated: "app:tokens",
  ssoEndpointsUrl: "https://id.example/.well-known/oauth-authorization-server",
  ssoEndpoints: { authorization_endpoint: "https://id.example/a", token_endpoint: "https://id.example/t" },
  jwksKey: { keys: [{ kty: "RSA", n: "…", e: "AQAB" }] },
  apiOrigins: ["https://esi.evetech.net"],
  audiences: ["id"],
  storage: "local",
  issuers: ["https://id.example"],
  requireAzp: true,
  algorithms: ["RS256", "EdDSA"],
  cacheMaxAge: 0,
};

const rows = new Map<string, string>();

export const storages: TokenStorage[] = [
  "session",
  "memory",
  localStorage,
  {
    getItem: (key) => rows.get(key),
    setItem: (key, value) => rows.set(key, value),
    removeItem: (key) => rows.delete(key),
  },
  {
    getItem: async (key) => rows.get(key) ?? null,
    setItem: async (key, value) => {
      rows.set(key, value);
    },
    removeItem: (key) => Promise.resolve(rows.delete(key)),
  },
  // @ts-expect-error there is no such storage
  "cookie",
  // @ts-expect-error it lacks two methods
  { getItem: (key: string) => key },
];

export async function everything(): Promise<void> {
  await init(new URL("https://app.example/esi_security_bg.wasm"));
  await init(moduleUrl);
  const security: EsiSecurity = await EsiSecurity.create(options);
  const same: EsiSecurity = new EsiSecurity(options);
  const state: SessionState = security.state;
  const expiry: number | null = security.tokenExpiry;
  const worker: "off" | "idle" | "connecting" | "connected" | "unavailable" = security.tokenWorker;
  const identifier: string | null = security.tokenIdentifier;
  const uri: string = await security.getAuthUri({ state: "s", scopes: [], implicit: false });
  await security.getAuthUri({ extraParams: { prompt: "login" } });
  const done = await security.handleRedirect(location.href);
  if (done !== null) {
    const back: string | null = done.returnTo;
    const asked: string[] = done.requestedScopes;
    console.log(back, asked, done.state, worker);
  }
  const tokens = await security.auth("code", "state");
  security.updateToken(tokens, { tokenIdentifier: "other" });
  security.updateToken({ access_token: "", refresh_token: "kept elsewhere" });
  const refreshed: string = (await security.refresh(["esi-skills.read_skills.v1"])).access_token;
  const expired: boolean = security.isTokenExpired(-10);
  const claims: EsiClaims = await security.verify({
    kid: "JWT-Signature-Key",
    options: { verifyAud: false, requireIat: true, verifyAtHash: true, leeway: 5 },
  });
  const unverified: UnverifiedClaims = await security.verify({ options: { verifySignature: false } });
  // @ts-expect-error: what nobody has verified does not pass for what somebody has.
  const pretended: EsiClaims = unverified;
  // @ts-expect-error: and the option's value decides, where it is known only at run time.
  const unknown: EsiClaims = await security.verify({ options: { verifySignature: expired } });
  const id: number | null = claims.characterId;
  const signed: Request = await security.authorize(new Request("https://esi.evetech.net/status/"), {
    security: [{ evesso: ["esi-skills.read_skills.v1"] }],
  });
  const result = await security.revoke();
  const why: EsiError | null = result.error;
  const challenge: string = generateCodeChallenge(generateCodeVerifier(64));
  console.log(state, expiry, identifier, uri, refreshed, expired, id, signed, why, challenge, same);
  console.log(pretended, unknown);
  window.addEventListener("esi:token-refreshed", (event) => {
    const seconds: number | null = event.detail.expires_in;
    console.log(seconds);
  });
  window.addEventListener("esi:token-expiring", ({ detail }) => {
    const end: number | null = detail.tokenExpiry;
    console.log(detail.tokenIdentifier, end);
  });
  window.addEventListener("esi:session-changed", ({ detail }) => {
    const [from, to, reason]: [SessionState, SessionState, SessionReason] = [detail.from, detail.to, detail.reason];
    console.log(detail.tokenIdentifier, from, to, reason);
  });
  // As a user interface passes them on.
  const { subscribe, getSnapshot } = security;
  const leave: () => void = subscribe(({ state, reason, tokenIdentifier, tokenExpiry }: SessionSnapshot) => {
    const shown: [SessionState, SessionReason, string | null, number | null] = [
      state,
      reason,
      tokenIdentifier,
      tokenExpiry,
    ];
    console.log(shown);
  });
  leave();
  const snapshot: SessionSnapshot = getSnapshot();
  // @ts-expect-error a snapshot is read only
  snapshot.state = "active";
  const stays: never = await security.login({ returnTo: "/" });
  console.log(stays);
}

export async function left(security: EsiSecurity, how: Abortable): Promise<void> {
  const { signal } = new AbortController();
  const uri: string = await security.getAuthUri({ signal });
  const done = await security.handleRedirect(undefined, { signal });
  const tokens = [await security.auth("code", undefined, { signal }), await security.refresh([], { signal })];
  const token: string = await security.getAccessToken({ signal });
  const claims: EsiClaims = await security.verify({ signal });
  const unverified: UnverifiedClaims = await security.verify({ options: { verifySignature: false }, signal });
  const signed: Request = await security.authorize(new Request(uri), { signal });
  const result = await security.revoke(how);
  console.log(done, tokens, token, claims, unverified, signed, result);
  await security.login({ returnTo: "/", signal });
}

export function told(error: unknown): string {
  if (!isEsiError(error)) throw error;
  const code: EsiErrorCode = error.code;
  const phase: EsiPhase = error.phase;
  const retryable: boolean = error.retryable;
  return `${code} ${phase} ${retryable} ${error.status ?? ""} ${error.claim ?? ""} ${error instanceof EsiError}`;
}

export function mistakes(security: EsiSecurity): void {
  // @ts-expect-error clientId is required
  void EsiSecurity.create({ redirectUri: "https://app.example/callback" });
  // @ts-expect-error EsiPy's spelling
  void EsiSecurity.create({ ...options, client_id: "id" });
  // @ts-expect-error an algorithm that no token may be signed with
  void EsiSecurity.create({ ...options, algorithms: ["HS256"] });
  // @ts-expect-error issuers are a list
  void EsiSecurity.create({ ...options, issuers: "https://id.example" });
  // @ts-expect-error yes or no
  void EsiSecurity.create({ ...options, requireAzp: "yes" });
  // @ts-expect-error seconds
  void EsiSecurity.create({ ...options, cacheMaxAge: "300" });
  // @ts-expect-error yes or no
  void EsiSecurity.create({ ...options, autoRefresh: 60 });
  // @ts-expect-error seconds
  void EsiSecurity.create({ ...options, refreshMargin: "60" });
  // @ts-expect-error a function
  void EsiSecurity.create({ ...options, customFetch: true });
  // @ts-expect-error yes, no, or an address
  void EsiSecurity.create({ ...options, tokenWorker: 1 });
  // @ts-expect-error scopes are a list
  void security.refresh("esi-skills.read_skills.v1");
  // @ts-expect-error a code is a string
  void security.auth(5);
  // @ts-expect-error the controller is no signal
  void security.revoke({ signal: new AbortController() });
  // @ts-expect-error a code that does not exist
  const code: EsiErrorCode = "no_such_code";
  // @ts-expect-error the state is read only
  security.state = "active";
  console.log(code);
}

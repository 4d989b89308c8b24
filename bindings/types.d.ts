/**
 * EVE Online single sign-on for single-page apps: OAuth 2 with PKCE, verified JWT access tokens,
 * refresh and revocation, in the browser alone.
 *
 * Units: durations and moments are whole **seconds** (moments since 1970-01-01T00:00Z), as in the
 * standards and in EsiPy, unless a name says otherwise.
 */

/** Where in the flow an error happened. */
export type EsiPhase =
  /** Loading the WebAssembly module. */
  | "load"
  /** Reading the options of a constructor. */
  | "create"
  /** Fetching or reading the authorization server's metadata (RFC 8414). */
  | "metadata"
  /** Making the authorization request (RFC 6749 section 4.1.1): `getAuthUri`, `login`. */
  | "login"
  /** Reading the authorization response (section 4.1.2): `handleRedirect`. */
  | "redirect"
  /** Exchanging the code for tokens (section 4.1.3): `auth`. */
  | "token"
  /** Refreshing (section 6). */
  | "refresh"
  /** Taking over a token response from elsewhere: `updateToken`. */
  | "update"
  /** Revoking (RFC 7009). */
  | "revoke"
  /** Fetching or reading the key set (RFC 7517). */
  | "keys"
  /** Verifying the access token (RFC 7519, RFC 8725). */
  | "verify"
  /** Signing a request to an API: `authorize`. */
  | "authorize"
  /** Asking to be told of changes: `subscribe`. */
  | "subscribe";

/** What went wrong; stable across releases. Each is explained in `docs/errors.md`. */
export type EsiErrorCode =
  | "load_failed"
  | "not_initialized"
  | "invalid_argument"
  | "unknown_option"
  | "storage_unavailable"
  | "network_error"
  | "timeout"
  | "aborted"
  | "http_error"
  | "rate_limited"
  | "oauth_error"
  | "invalid_grant"
  | "invalid_response"
  | "invalid_metadata"
  | "invalid_key_set"
  | "state_missing"
  | "state_unknown"
  | "state_reused"
  | "login_expired"
  | "login_not_found"
  | "issuer_mismatch"
  | "access_denied"
  | "authorization_failed"
  | "no_token"
  | "needs_login"
  | "superseded"
  | "token_malformed"
  | "algorithm_not_allowed"
  | "key_not_found"
  | "key_unusable"
  | "signature_invalid"
  | "claim_missing"
  | "claim_invalid"
  | "token_expired"
  | "token_not_yet_valid"
  | "crypto_unavailable"
  | "origin_not_allowed";

/**
 * Every rejection and exception of this package. The message is for people and may change; test
 * `code`. No token, code, verifier or secret is ever in any of its fields.
 */
export class EsiError extends Error {
  readonly name: "EsiError";
  readonly code: EsiErrorCode;
  readonly phase: EsiPhase;
  /** True where the same call may succeed later without anybody changing anything. */
  readonly retryable: boolean;
  /** HTTP status, where the server answered. */
  readonly status?: number;
  /**
   * The registered OAuth code that the server's `error` begins with, such as `invalid_grant`. Whatever follows it is cut off.
   * Missing where it begins with none.
   *
   * @see RFC 6749 sections 4.1.2.1 and 5.2, RFC 7009 section 2.2.1, RFC 8707 section 2, OpenID Connect Core 1.0 section
   * 3.1.2.6; and `invalid_token`, which EVE's token endpoint sends
   */
  readonly error?: string;
  /**
   * The first 500 characters of the server's `error_description`. Missing where they hold six letters or digits in a row
   * of a secret that was sent (in plain text, behind escapes, between tags, in hex or in base64), or name `access_token`,
   * `refresh_token` or `id_token`.
   */
  readonly errorDescription?: string;
  /** `Retry-After`, in seconds. */
  readonly retryAfter?: number;
  /** The claim that failed, as it is named in the token. */
  readonly claim?: string;
  /**
   * Of `network_error` what the platform said, by the rule of `errorDescription`: where the message may hold a secret, the
   * error's name alone. Of `aborted` the signal's reason, if that is a string or an `Error`.
   */
  readonly cause?: unknown;
}

/** True for an {@link EsiError}, also one from another copy of this package. */
export function isEsiError(value: unknown): value is EsiError;

/** What the WebAssembly module can be loaded from. */
export type WasmSource = URL | string | Request | Response | Promise<Response> | BufferSource | WebAssembly.Module;

/**
 * Loads the WebAssembly module, once: later calls return the first one's promise. A failed load can
 * be tried again. `EsiSecurity.create` calls it; call it yourself to load early or from elsewhere.
 *
 * @param source Where to load it from. Default: the file that came with the package, which Node reads from disk.
 * @throws {EsiError} `load_failed`. The message says what mends it. `retryable` is true where the network failed or the
 *   server is busy, false where the server has no such file or the page's policy blocks WebAssembly; `status` is the
 *   server's, if it answered.
 */
export function init(source?: WasmSource): Promise<void>;

/** The server's addresses, named as in RFC 8414. */
export interface SsoEndpoints {
  /** Compared with an answer's `iss` letter by letter. Default: the origin of `token_endpoint`. */
  issuer?: string;
  authorization_endpoint: string;
  token_endpoint: string;
  revocation_endpoint?: string;
  jwks_uri?: string;
  /** Decides how a `secretKey` is sent: in the form if `client_secret_post` is listed, else by Basic, which causes a preflight. */
  token_endpoint_auth_methods_supported?: string[];
  /** True if each answer to a login has `iss` (RFC 9207): then one without it is refused. Default: false. */
  authorization_response_iss_parameter_supported?: boolean;
}

/** How a token may be signed (RFC 7518 section 3.1, RFC 8037, RFC 9864). `EdDSA` is Ed25519 under its older name. */
export type SignatureAlgorithm =
  | "RS256"
  | "RS384"
  | "RS512"
  | "PS256"
  | "PS384"
  | "PS512"
  | "ES256"
  | "ES384"
  | "EdDSA"
  | "Ed25519";

/** A public key (RFC 7517): RSA of 2048 to 4096 bits, P-256, P-384 or Ed25519. */
export interface Jwk {
  kty: string;
  kid?: string;
  alg?: string;
  use?: string;
  key_ops?: string[];
  n?: string;
  e?: string;
  crv?: string;
  x?: string;
  y?: string;
  [member: string]: unknown;
}

/** A key set (RFC 7517 section 5). */
export interface JwkSet {
  keys: Jwk[];
  [member: string]: unknown;
}

export interface EsiSecurityOptions {
  /** The application's client id. */
  clientId: string;
  /**
   * The callback address, exactly as registered. `http` only on this machine; no fragment, and no parameter that the
   * answer adds: `code`, `state`, `iss`, `error`, `error_description`, `error_uri`, `session_state`.
   */
  redirectUri: string;
  /** Scopes that `login` and `getAuthUri` ask for unless told otherwise. Default: none. */
  scopes?: string[];
  /**
   * A client secret. In a browser it is no secret; supported because EsiPy has it, and warned about
   * once. With it, no PKCE.
   */
  secretKey?: string;
  /**
   * One fixed code verifier for every login, 43 to 128 characters (RFC 7636 section 4.1). Default: a
   * fresh one per login, which is better.
   */
  codeVerifier?: string;
  /**
   * Headers. `User-Agent` goes to the API as `X-User-Agent`, because browsers drop the real one; any other goes to the SSO's token and revocation endpoints
   * as given, where it causes a preflight that EVE's SSO may refuse.
   */
  headers?: Record<string, string>;
  /** Whose tokens these are; names the session in storage and in events. */
  tokenIdentifier?: string;
  /** The API description's name for this kind of security. Default: `evesso` and `OAuth2`. */
  securityName?: string;
  /**
   * Type of the event on `window` after tokens changed. Where objects of one session have different types, each is
   * fired. Default: `esi:token-refreshed`.
   */
  signalTokenUpdated?: string;
  /** The server's metadata (RFC 8414). Default: EVE Online's. */
  ssoEndpointsUrl?: string;
  /** The server's addresses themselves; then no metadata is ever fetched. */
  ssoEndpoints?: SsoEndpoints;
  /** The server's key or key set; then none is ever fetched. */
  jwksKey?: Jwk | JwkSet;
  /** Origins that may be sent the access token. Default: `["https://esi.evetech.net"]`. */
  apiOrigins?: string[];
  /** Issuers that a token may have, as they stand in `iss`. Default: the metadata's, with or without its scheme. */
  issuers?: string[];
  /**
   * Audiences that a token must have, all of them. Default: the client id and `EVE Online`. Empty: only a
   * token without any is accepted.
   */
  audiences?: string[];
  /** Whether a token must have `azp`; where it has one, it must be the client id in any case. Default: false. */
  requireAzp?: boolean;
  /** Algorithms that a token may be signed with. Default: `RS256` and `ES256`. */
  algorithms?: SignatureAlgorithm[];
  /**
   * For how many seconds the server's metadata and key set are believed without asking again, 0 to 86400.
   * Whatever its age, a key set whose keys do not fit a token is fetched anew at once, unless it was fetched for that
   * very call, and not twice within a minute. Default: 300.
   */
  cacheMaxAge?: number;
  /** Where the session is kept. Default: `session`; in a worker, `memory`. */
  storage?: TokenStorage;
  /**
   * Whether the session is refreshed in time by itself, `refreshMargin` before its access token ends, by the wall clock:
   * after a sleep or back from the bfcache at once, in a tab out of sight too. What does not get through is tried again.
   * A token of unknown life is refreshed only when it is asked for. Off: only `getAccessToken`, `authorize`
   * and `refresh` refresh. Default: true.
   */
  autoRefresh?: boolean;
  /**
   * For how many seconds before its end an access token is to be refreshed, 0 to 86400; half its life if that is less.
   * All objects of the page for one session share what the newest of them was given. Default: 60.
   */
  refreshMargin?: number;
  /**
   * Sends every request of this object (metadata, keys, tokens, revocation) in place of `fetch`: it gets one `Request`
   * and returns a promise of a `Response`. The token worker is off then. Default: `fetch`, as it is on `window` at
   * each request.
   */
  customFetch?: (request: Request) => Promise<Response>;
  /**
   * Which shared worker sends token and revocation requests. It outlives a page that is reloaded or closed during one,
   * so the session is not lost. A patched `fetch` on `window` does not see these requests: use `customFetch`, or
   * `false`.
   *
   * - `true`: the package's own, in the file that the bundler emits for it.
   * - an address of this page's origin, where `esi-security/token-worker.js` is served.
   * - `false`: the page sends all its requests itself.
   *
   * Where it cannot be used, the page sends the requests, and one console warning says why. Default: true.
   */
  tokenWorker?: boolean | string | URL;
}

/**
 * Where a session's tokens are kept. Logins under way and fetched documents stay in sessionStorage whatever it is;
 * in a worker, in memory.
 *
 * - `session`: sessionStorage. This tab, reloads included, until it is closed; a duplicated tab gets a copy.
 * - `local`: localStorage. Every tab of the origin, until `revoke`.
 * - `memory`: this page alone, until it is left or reloaded.
 * - an object of your own, where the same object is the same storage. One that answers at once is read again at each
 *   use. One that gives promises is read once: `create` waits for it, and so does each asynchronous method of an object
 *   that was made with `new`. Its writes come one after another, and tokens are handed out only once they are
 *   written. After five seconds nobody waits any more.
 *
 * Where storage fails in whatever way, the session lives on in the page's memory, with one warning. A record that
 * cannot be read is moved to its key with `/damaged` behind it, and counts as none.
 */
export type TokenStorage = "session" | "local" | "memory" | CustomTokenStorage;

/** The part of the browser's `Storage` that is used; each method may give a promise. */
export interface CustomTokenStorage {
  getItem(key: string): string | null | undefined | PromiseLike<string | null | undefined>;
  setItem(key: string, value: string): unknown;
  removeItem(key: string): unknown;
}

/**
 * - `signed-out`: no tokens.
 * - `active`: an access token with at least `refreshMargin` to live, or half its life if that is less; also one of
 *   unknown life that nothing could refresh, and one that is still good after the server refused to refresh it.
 * - `expiring`: less, or none; if there is a refresh token, it is refreshed at once, or without `autoRefresh` at the next use.
 * - `refreshing`: a refresh is under way.
 * - `offline`: the last refresh did not get through; the refresh token is kept. It is tried again after a pause that grows
 *   from two seconds to five minutes, when the network is back, or at the next use, but not within a few seconds of the
 *   failure, nor before `Retry-After` (an hour at most) is over, also where it was another tab that failed: until then a call gets
 *   the last failure.
 * - `needs-login`: the access token has expired, and only a login helps. Either the server ended the session, or it gave no
 *   refresh token, as EVE's does for a login without scopes. Or it refused three refreshes in a row with status 400 and no
 *   reason: then the refresh token is kept, and `refresh()` and a reload try again.
 */
export type SessionState = "signed-out" | "active" | "expiring" | "refreshing" | "offline" | "needs-login";

/**
 * What has made the session what it is.
 *
 * - `storage`: it was found there, or another page of this storage has changed it.
 * - `login`, `update`: `handleRedirect` or `auth`; `updateToken`.
 * - `refresh`: a refresh has begun, or has brought tokens. `hand-over`: another tab's has.
 * - `failure`: a refresh did not get through. `ended`: the server ended the session, or refused three
 *   refreshes in a row without a reason.
 * - `revoked`: by `revoke`, here or in another tab.
 * - `time`: nothing but that.
 */
export type SessionReason =
  | "storage"
  | "login"
  | "update"
  | "refresh"
  | "hand-over"
  | "failure"
  | "ended"
  | "revoked"
  | "time";

/** All that a page may want to show of a session. The same object until something in it changes, and frozen. */
export interface SessionSnapshot {
  readonly state: SessionState;
  readonly reason: SessionReason;
  readonly tokenIdentifier: string | null;
  /** By this machine's clock; `null` where unknown. */
  readonly tokenExpiry: number | null;
}

/**
 * What stands with the token worker.
 *
 * - `off`: `customFetch` or `tokenWorker: false` was given.
 * - `idle`: not needed yet; the page connects once it has a session.
 * - `connecting`, `connected`: the worker sends token and revocation requests.
 * - `unavailable`: wanted, but the page has to send them; a console warning has said why. The next request tries again.
 */
export type TokenWorkerStatus = "off" | "idle" | "connecting" | "connected" | "unavailable";

/** A token response, as the server sends it (RFC 6749 section 5.1). */
export interface TokenResponse {
  access_token: string;
  /** Seconds. Missing: the moment of expiry is unknown, and the token counts as expired. */
  expires_in?: number;
  token_type?: string;
  /** `null` or missing: the one before stays. */
  refresh_token?: string | null;
}

/** What each call that may have to wait can be told. */
export interface Abortable {
  /**
   * Rejects the promise with `aborted` as soon as it is aborted; if it is already, nothing is done at all. It is the
   * caller alone who leaves: a refresh or an exchange of a code that has begun is carried to its end and stored,
   * and other callers who wait for it get it.
   */
  signal?: AbortSignal;
}

export interface AuthUriOptions extends Abortable {
  /** Made where it is not given; at least 8 characters, and used once. */
  state?: string;
  /** Default: the constructor's. */
  scopes?: string[];
  /** The implicit grant. Deprecated by RFC 9700 section 2.1.2, and warned about once. */
  implicit?: boolean;
  /**
   * Further parameters of the authorization request, for servers that want them: `prompt`, `resource`, `device_id`, `nonce`.
   * An OpenID Connect `nonce` is sent and not compared, since no ID token is read. Refused with `invalid_argument`:
   * `response_type`, `client_id`, `redirect_uri`, `scope`, `state`, `code_challenge`, `code_challenge_method`, which the
   * library sets; `request`, `request_uri`, `response_mode`, which would break the login; `client_secret`,
   * `code_verifier`, which belong in no address. Default: none.
   */
  extraParams?: Readonly<Record<string, string>>;
}

export interface LoginOptions extends AuthUriOptions {
  /**
   * Where the page wants to be afterwards: same origin, handed back by `handleRedirect`. An old answer of a server in it
   * (`code` or `error`, each with `state`) is taken out, so `location.href` is always fit for it.
   */
  returnTo?: string;
}

export interface LoginResult {
  /** The `state` of the login that ended. */
  state: string;
  /** As given to `login`, relative to this origin; `null` where none was. */
  returnTo: string | null;
  /** The scopes that were asked for. The user can change them: `verify` tells the granted ones. */
  requestedScopes: string[];
}

export interface RevokeResult {
  /** True if the server confirmed. The tokens are gone from here either way. */
  revoked: boolean;
  /** Which token was sent. */
  tokenTypeHint: "refresh_token" | "access_token";
  /** The server's status, where it answered. */
  status: number | null;
  /** Why it was not confirmed. */
  error: EsiError | null;
}

/**
 * Checks by name, as python-jose's options. Nothing is off by default. A check that is off lets the claim be
 * missing, wrong, or of a wrong type; one that is on and not required lets it be missing. What is required is
 * checked, even if its check was switched off.
 */
export interface VerifyOptions {
  /** Off: nothing is known about who wrote the claims, and their type says so. */
  verifySignature?: boolean;
  /** `aud`, and `azp` with it. */
  verifyAud?: boolean;
  verifyIat?: boolean;
  verifyExp?: boolean;
  verifyNbf?: boolean;
  verifyIss?: boolean;
  /** `sub`: not empty and, unless `audiences` leaves out `EVE Online`, of the form `CHARACTER:EVE:<id>`. */
  verifySub?: boolean;
  /** `jti`, of which only the type can be wrong. */
  verifyJti?: boolean;
  /** Means nothing: an access token has no `at_hash`, which is what an ID token has for it. */
  verifyAtHash?: boolean;
  /** Default: true, unless `audiences` is empty. */
  requireAud?: boolean;
  /** Default: false. */
  requireIat?: boolean;
  /** Default: true. */
  requireExp?: boolean;
  /** Default: false. */
  requireNbf?: boolean;
  /** Default: true. */
  requireIss?: boolean;
  /** Default: true. */
  requireSub?: boolean;
  /** Default: false. */
  requireJti?: boolean;
  /** Means nothing, as {@link verifyAtHash}. */
  requireAtHash?: boolean;
  /** Seconds by which clocks may differ, 0 to 300, beyond what was measured when the tokens came (a day at most). Default: 10. */
  leeway?: number;
}

/** The claims of a verified access token. */
export interface EsiClaims {
  verified: true;
  /**
   * From `sub`, `CHARACTER:EVE:<id>`. `null` only where another server's `sub` has another form, or `verifySub` is
   * false.
   */
  characterId: number | null;
  subject: string | null;
  name: string | null;
  /** Changes when the character moves to another account. */
  owner: string | null;
  /** The granted scopes (`scp`), always a list. */
  scopes: string[];
  issuer: string | null;
  audience: string[];
  /** `azp`: the client that the token was issued to. */
  authorizedParty: string | null;
  issuedAt: number | null;
  expiresAt: number | null;
  tenant: string | null;
  tier: string | null;
  region: string | null;
  /** All claims as they stand in the token. */
  raw: Record<string, unknown>;
}

/** What stands in a token whose signature was not checked: anybody can have written it. */
export interface UnverifiedClaims extends Omit<EsiClaims, "verified"> {
  verified: false;
}

/** An operation's `security` in an OpenAPI or Swagger document: alternatives of schemes and scopes. */
export type SecurityRequirements = ReadonlyArray<Readonly<Record<string, readonly string[]>>>;

/** `detail` of the event after tokens changed: what EsiPy's signal carries. It holds live tokens. */
export interface TokenUpdatedDetail {
  token_identifier: string | null;
  access_token: string;
  refresh_token: string | null;
  expires_in: number | null;
  token_type: string;
}

/** `detail` of `esi:token-expiring`. */
export interface TokenExpiringDetail {
  tokenIdentifier: string | null;
  /** By this machine's clock. */
  tokenExpiry: number | null;
}

/** `detail` of `esi:session-changed`. */
export interface SessionChangedDetail {
  tokenIdentifier: string | null;
  from: SessionState;
  /** The same as `from` where one login has taken the place of another. */
  to: SessionState;
  reason: SessionReason;
}

/** One session with an authorization server. */
export class EsiSecurity {
  /**
   * Loads the WebAssembly module, makes the object, and waits until the stored session is read. Nothing is asked of the
   * network but the module itself.
   *
   * @throws {EsiError} `invalid_argument`, `unknown_option`, `load_failed`
   */
  static create(options: EsiSecurityOptions): Promise<EsiSecurity>;

  /**
   * The same at once: only after {@link init}. With a `storage` that gives promises it is signed out until the
   * session is read.
   *
   * @throws {EsiError} `not_initialized` too
   */
  constructor(options: EsiSecurityOptions);

  /** What stands now. */
  readonly state: SessionState;
  /** As given, or as `updateToken` set it. */
  readonly tokenIdentifier: string | null;
  /** When the access token expires by this machine's clock; `null` where unknown. */
  readonly tokenExpiry: number | null;
  /** Whether the token worker is in use. */
  readonly tokenWorker: TokenWorkerStatus;

  /** What stands, at one look. Needs no `this`. */
  getSnapshot(this: void): SessionSnapshot;

  /**
   * Calls the listener at once, and after each change of the snapshot; what it throws is reported as the browser reports
   * what its own listeners throw. Needs no `this`: React's `useSyncExternalStore(security.subscribe,
   * security.getSnapshot)`, Svelte's `$security`, and in Vue `security.subscribe((now) => (snapshot.value = now))`.
   *
   * @returns a function that ends it; it may be called twice, and after `free`.
   * @throws {EsiError} `invalid_argument`
   */
  subscribe(this: void, listener: (snapshot: SessionSnapshot) => void): () => void;

  /**
   * The address to send the user to (RFC 6749 section 4.1.1, RFC 7636 section 4.3). Keeps a record
   * of this login for ten minutes, so that `handleRedirect` or `auth` can finish it; up to eight can be
   * under way at once, then the oldest is forgotten.
   *
   * @throws {EsiError} `storage_unavailable`: the login could not be finished after the redirect;
   * `invalid_argument`, `unknown_option`, `aborted`, `crypto_unavailable`, and, for a server whose metadata cannot be read,
   * `invalid_metadata`, `network_error`, `timeout`, `http_error`, `rate_limited`, `oauth_error`
   */
  getAuthUri(options?: AuthUriOptions): Promise<string>;

  /**
   * `getAuthUri`, and goes there. The promise settles only if the page could not leave, or was told not to.
   *
   * @throws {EsiError} as {@link getAuthUri}
   */
  login(options?: LoginOptions): Promise<never>;

  /**
   * Finishes a login from the current address, or from `url`: checks `state` and `iss`, exchanges
   * the code, stores the tokens and takes its own parameters out of the address. The `state` parameter decides
   * what belongs to this page, not the path: hosting may redirect `/callback` to `/callback/`. `null` if the
   * address holds no answer to a login of this page, or one for an object with another
   * `tokenIdentifier`; if the page has no such object, the console says so once. Safe to call twice: the same callback gives the same answer. After a failure
   * that may pass, and after an abort, the login stays open: call again, or let the user reload.
   *
   * `state_reused` comes when the user goes back to the SSO's page by the history and logs in there again. The
   * address is cleaned, so a reload does not repeat it. The session from before stays: if `state` is neither
   * `signed-out` nor `needs-login`, the user is logged in already, and the message says so.
   *
   * @param url an address of this page's origin, or of the redirect URI's. Default: the current address.
   * @throws {EsiError} `state_missing`, `state_unknown`, `state_reused`, `login_expired`,
   * `issuer_mismatch`, `access_denied`, `authorization_failed`, and those of {@link auth}
   */
  handleRedirect(url?: string, options?: Abortable): Promise<LoginResult | null>;

  /**
   * Exchanges a code for tokens and stores them (RFC 6749 section 4.1.3).
   *
   * @param state names the login; may be left out while only one is under way.
   * @throws {EsiError} `invalid_grant`, `invalid_response`, `oauth_error`, `http_error`, `network_error`, `timeout`,
   * `rate_limited`, `login_not_found`, `login_expired`, `state_missing`, `state_unknown`, `state_reused`,
   * `issuer_mismatch`, `authorization_failed` (the login asked for a token), `invalid_metadata`, `invalid_argument`,
   * `unknown_option`, `aborted`
   */
  auth(code: string, state?: string, options?: Abortable): Promise<TokenResponse>;

  /**
   * Refreshes (RFC 6749 section 6), once however many ask at the same moment.
   *
   * @param scopes a subset of the granted ones; default: all of them.
   * Afterwards `state` says whether the session has ended: then it is `needs-login` once the access token has expired. That
   * follows `invalid_grant`, an `oauth_error` with `invalid_token` that a second try confirmed, and the third `http_error`
   * with status 400 in a row.
   *
   * @throws {EsiError} `invalid_grant`, `no_token`, `needs_login`, `superseded`, `invalid_response`, `oauth_error`, `http_error`, `rate_limited`,
   * `network_error`, `timeout`, `invalid_metadata`, `invalid_argument`, `unknown_option`, `aborted`
   */
  refresh(scopes?: string[], options?: Abortable): Promise<TokenResponse>;

  /**
   * A token that is good for `refreshMargin` at least where the server allows; refreshed first if need be. While the
   * old one lives, a refresh that does not get through is no reason to fail, and one that takes longer than five seconds
   * is not waited for. Where the server does not say how long a token lives, and there is a refresh token, each call
   * refreshes: nobody knows whether the old one still works.
   *
   * @throws {EsiError} as {@link refresh}
   */
  getAccessToken(options?: Abortable): Promise<string>;

  /**
   * Revokes the refresh token, else the access token (RFC 7009). Both are gone from here when the call returns,
   * whatever the server says later; it is asked after a refresh under way has ended, which may have replaced them,
   * and even if the caller has aborted meanwhile.
   *
   * @throws {EsiError} `no_token`, `invalid_argument`, `unknown_option`, `aborted`
   */
  revoke(options?: Abortable): Promise<RevokeResult>;

  /**
   * True if the access token expires within `offset` seconds, or nobody knows when.
   *
   * @param offset seconds; negative: that much later. Default: 0.
   * @throws {EsiError} `invalid_argument`
   */
  isTokenExpired(offset?: number): boolean;

  /**
   * Takes over a token response from elsewhere. It is stored and the event fired before this returns, unless `storage`
   * gives promises.
   *
   * @throws {EsiError} `invalid_response`, `invalid_argument`, `unknown_option`; then nothing has changed
   */
  updateToken(response: TokenResponse, options?: { tokenIdentifier?: string }): void;

  /**
   * Verifies the access token: signature against the server's key set, then `iss`, `aud`, `azp`,
   * `exp`, `nbf`, `iat`, `sub`, `jti` (RFC 7519 sections 4.1 and 7.2, RFC 8725 section 3). A signature that was
   * checked is not checked again with the same keys; the claims are judged each time.
   *
   * The token is the one that is held at the call. If its session ends before the promise settles, by `revoke`, another
   * login, `updateToken` or another login's row in storage, the claims may be those of another character
   * than is logged in by then: `superseded`. A refresh by this page is no such end.
   *
   * @param kid the key where the token names none. Default: `JWT-Signature-Key`.
   * @throws {EsiError} `no_token`, `superseded`; `token_malformed`, `algorithm_not_allowed`, `key_not_found`, `key_unusable`,
   * `signature_invalid`, `claim_missing`, `claim_invalid`, `token_expired`, `token_not_yet_valid`;
   * `crypto_unavailable`; `invalid_key_set`, `invalid_metadata`, `network_error`, `timeout`, `http_error`,
   * `rate_limited`, `oauth_error`; `invalid_argument`, `unknown_option`, `aborted`
   */
  verify(
    options?: { kid?: string; options?: VerifyOptions & { verifySignature?: true } } & Abortable,
  ): Promise<EsiClaims>;
  verify(
    options: { kid?: string; options: VerifyOptions & { verifySignature: false } } & Abortable,
  ): Promise<UnverifiedClaims>;
  verify(options?: { kid?: string; options?: VerifyOptions } & Abortable): Promise<EsiClaims | UnverifiedClaims>;

  /**
   * The request, signed: `Authorization: Bearer` with a token that was refreshed first if expired. Untouched if
   * `security` is given and does not ask for this kind.
   *
   * @throws {EsiError} `origin_not_allowed`, `unknown_option`, and those of {@link refresh}
   */
  authorize(request: Request, options?: { security?: SecurityRequirements } & Abortable): Promise<Request>;

  /** Gives the memory back. Calls under way finish; any later one throws a plain `Error`. */
  free(): void;
}

/**
 * A code verifier (RFC 7636 section 4.1) of `bytes` random bytes, 32 to 96. Default: 32.
 *
 * @throws {EsiError} `invalid_argument`, `crypto_unavailable`, `not_initialized`
 */
export function generateCodeVerifier(bytes?: number): string;

/** The S256 challenge for a verifier (RFC 7636 section 4.2). @throws {EsiError} `invalid_argument`, `not_initialized` */
export function generateCodeChallenge(verifier: string): string;

declare global {
  interface WindowEventMap {
    /** After tokens changed; unless `signalTokenUpdated` names it otherwise. */
    "esi:token-refreshed": CustomEvent<TokenUpdatedDetail>;
    /** The access token has come to within `refreshMargin` of its end. With `autoRefresh` it is refreshed next. */
    "esi:token-expiring": CustomEvent<TokenExpiringDetail>;
    /** The state is another one, or a login has taken the place of another. What came and went in between is left out. */
    "esi:session-changed": CustomEvent<SessionChangedDetail>;
  }
}

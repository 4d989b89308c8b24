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
  /** Adding the access token to a request to an API: `authorize`. */
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
   * For `network_error`: the browser's message, or only the error's name if the message may hold a secret. For `aborted`: the
   * signal's reason, if that is a string or an `Error`. For `load_failed`: what the load failed with.
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
  /** The authorization response's `iss` must equal it exactly. Default: the origin of `token_endpoint`. */
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
   * The callback URL, exactly as registered. It must be https, or http on localhost, 127.0.0.1 or [::1]. It has no fragment, and
   * none of the parameters that the server adds: `code`, `state`, `iss`, `error`, `error_description`, `error_uri`, `session_state`.
   */
  redirectUri: string;
  /** Scopes that `login` and `getAuthUri` ask for unless told otherwise. Default: none. */
  scopes?: string[];
  /**
   * A client secret. In a browser it is no secret, and one console warning says so. EsiPy has it, so it is supported. A login
   * with it uses no PKCE.
   */
  secretKey?: string;
  /**
   * One fixed code verifier for every login, 43 to 128 characters (RFC 7636 section 4.1). Default: a
   * fresh one per login, which is better.
   */
  codeVerifier?: string;
  /**
   * Headers. `User-Agent` goes only to the API, as `X-User-Agent`, because browsers drop the real one. Any other header goes to the
   * token and revocation endpoints, and causes a preflight that EVE's SSO may refuse.
   */
  headers?: Record<string, string>;
  /** A name for this session's character. It is part of the storage key and of each event's `detail`. Objects with the same one share a session. */
  tokenIdentifier?: string;
  /** The name of this security scheme in the API's OpenAPI document, for `authorize`. Default: both `evesso` and `OAuth2`. */
  securityName?: string;
  /**
   * Type of the event that `window` receives after tokens changed. If objects of one session give different types, all of them
   * are fired. Default: `esi:token-refreshed`.
   */
  signalTokenUpdated?: string;
  /** The server's metadata (RFC 8414). Default: EVE Online's. */
  ssoEndpointsUrl?: string;
  /** The server's addresses themselves; then no metadata is ever fetched. */
  ssoEndpoints?: SsoEndpoints;
  /** The server's key or key set; then none is ever fetched. */
  jwksKey?: Jwk | JwkSet;
  /** Origins that may be sent the access token, without a path. Default: `["https://esi.evetech.net"]`. */
  apiOrigins?: string[];
  /** Issuers that a token may have, as they stand in `iss`. Default: the metadata's, with or without its scheme. */
  issuers?: string[];
  /**
   * A token must have all of these audiences. Default: the client id and `EVE Online`. An empty list accepts only a token
   * without `aud`.
   */
  audiences?: string[];
  /** Whether a token must have `azp`. If it has one, that must be the client id, unless `verifyAud` is false. Default: false. */
  requireAzp?: boolean;
  /** Algorithms that a token may be signed with. Default: `RS256` and `ES256`. */
  algorithms?: SignatureAlgorithm[];
  /**
   * For how many seconds the server's metadata and key set are used without fetching them again, 0 to 86400. If no key fits a
   * token, the key set is fetched again earlier, at most once a minute (see `docs/verification.md`). Default: 300.
   */
  cacheMaxAge?: number;
  /** Where the session is kept. Default: `session`; in a worker, `memory`. */
  storage?: TokenStorage;
  /**
   * Whether the library refreshes the session `refreshMargin` seconds before its access token expires. It does so in hidden tabs
   * too, and at once after sleep or on return from the back/forward cache. A failed refresh is tried again. A token of unknown
   * lifetime is refreshed only on use. False: only `getAccessToken`, `authorize` and `refresh` refresh. Default: true.
   */
  autoRefresh?: boolean;
  /**
   * How many seconds before its expiry an access token is refreshed, 0 to 86400; half its lifetime if that is less.
   * If objects of one page share a session, the value of the one created last applies. Default: 60.
   */
  refreshMargin?: number;
  /**
   * Sends every request of this object (metadata, keys, tokens, revocation) in place of `fetch`: it gets one `Request`
   * and returns a promise of a `Response`. The token worker is off then. Default: `fetch`, as it is on `window` at
   * each request.
   */
  customFetch?: (request: Request) => Promise<Response>;
  /**
   * Which shared worker sends token and revocation requests. It outlives a page that is reloaded or closed during one, so the
   * session is not lost, within the limits in `docs/tabs.md`. A patched `fetch` on `window` does not see these requests: use `customFetch`, or
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
 * Where a session's tokens are kept. Login records, metadata and key set are in sessionStorage, whatever it is; in a web worker
 * or Node they are in memory.
 *
 * - `session`: sessionStorage. This tab, reloads included, until it is closed; a duplicated tab gets a copy.
 * - `local`: localStorage. Every tab of the origin, until `revoke`.
 * - `memory`: this page alone, until it is left or reloaded.
 * - an object of your own; the same object is the same storage. It is read when an `EsiSecurity` is made, before each refresh,
 *   and when the page comes back from the back/forward cache. If `getItem` returns a promise, use `create`, which waits for it.
 *   Writes come one after another. New tokens are given out only after they are written, or after five seconds.
 *
 * If storage fails, or needs more than five seconds, the session continues in the page's memory, and one console warning says so.
 * A record that cannot be parsed is ignored. A page that holds tokens stores them again. A page that holds none copies
 * the record to the same key with the suffix `/damaged`.
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
 * - `active`: the access token is good for at least `refreshMargin` (or half its lifetime, if that is less). Also: its lifetime is
 *   unknown, and there is no refresh token.
 * - `expiring`: it is good for less, or there is none yet. With a refresh token it is refreshed at once, or without `autoRefresh` at
 *   the next use.
 * - `refreshing`: a refresh is under way.
 * - `offline`: the last refresh failed, here or in another tab, and the access token is about to expire or has expired. The refresh
 *   token is kept. The library tries again after a pause of two seconds to five minutes, or when the network is back. A call tries
 *   too, five seconds after the failure at the earliest. Nothing is sent before `Retry-After` (an hour at most) is over. Until then
 *   calls reject with the last error.
 * - `needs-login`: the access token has expired, and the library no longer refreshes it. The server ended the session, or gave no
 *   refresh token, as EVE's does for a login without scopes. Or it refused three refreshes in a row with status 400 and no OAuth
 *   error code. Then the refresh token is kept, and `refresh()` and a reload try again.
 */
export type SessionState = "signed-out" | "active" | "expiring" | "refreshing" | "offline" | "needs-login";

/**
 * The last event that changed the session.
 *
 * - `storage`: the session was read from storage, or another page changed it there.
 * - `login`: `handleRedirect` or `auth` brought tokens. `update`: `updateToken` did.
 * - `refresh`: a refresh began here, or brought tokens. `hand-over`: another tab's refresh brought tokens.
 * - `failure`: a refresh failed. `ended`: the server ended the session, or refused three refreshes in a row with no OAuth error
 *   code.
 * - `revoked`: `revoke` was called, here or in another tab.
 * - `time`: the access token came near its expiry, or expired.
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

/** What a page may want to show of a session: an immutable object. A change makes a new one. */
export interface SessionSnapshot {
  readonly state: SessionState;
  readonly reason: SessionReason;
  readonly tokenIdentifier: string | null;
  /** By this machine's clock; `null` where unknown. */
  readonly tokenExpiry: number | null;
}

/**
 * The status of the token worker.
 *
 * - `off`: `customFetch` or `tokenWorker: false` was given.
 * - `idle`: not needed yet; the page connects once it has a session.
 * - `connecting`: the page waits for the worker. `connected`: the worker sends token and revocation requests.
 * - `unavailable`: wanted, but the page has to send them; a console warning has said why. The next request tries again; a
 *   worker that starts late is `connected` once it has.
 */
export type TokenWorkerStatus = "off" | "idle" | "connecting" | "connected" | "unavailable";

/** A token response, as the server sends it (RFC 6749 section 5.1). */
export interface TokenResponse {
  access_token: string;
  /** Seconds. If it is missing, the expiry is unknown: the token counts as expired, unless there is no refresh token. */
  expires_in?: number;
  token_type?: string;
  /** `null` or missing: a refresh and `updateToken` keep the refresh token that is held; a login does not. */
  refresh_token?: string | null;
}

/** Options of every call that may have to wait. */
export interface Abortable {
  /**
   * Aborting it rejects the promise with `aborted`. If it is aborted already, the call does nothing. It does not cancel a refresh or
   * code exchange that has begun: the result is stored, and other callers get it.
   */
  signal?: AbortSignal;
}

export interface AuthUriOptions extends Abortable {
  /** The `state` parameter: at least 8 characters, used once. Default: 256 random bits. */
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
   * The URL to show after the login, of this page's origin. `handleRedirect` gives it back. Parameters of an old authorization
   * response (`code` or `error`, each with `state`) are removed, so you can always pass `location.href`.
   */
  returnTo?: string;
}

export interface LoginResult {
  /** The `state` parameter of the finished login. */
  state: string;
  /** The `returnTo` of `login` as path, query and fragment; `null` if none was given. */
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
 * Which checks to make; the names are python-jose's. All are on by default. `verify…: false` lets the claim be missing, wrong, or of a
 * wrong type. `require…: false` lets it be missing. `require…: true` checks the claim even beside `verify…: false`; a default of true
 * does not.
 */
export interface VerifyOptions {
  /** False: the result is `UnverifiedClaims`, because anybody can have written the claims. */
  verifySignature?: boolean;
  /** `aud`, and `azp` with it. */
  verifyAud?: boolean;
  verifyIat?: boolean;
  verifyExp?: boolean;
  verifyNbf?: boolean;
  verifyIss?: boolean;
  /** `sub` must not be empty. If `EVE Online` is a required audience, as by default, `sub` is `CHARACTER:EVE:<id>`. */
  verifySub?: boolean;
  /** `jti`, of which only the type can be wrong. */
  verifyJti?: boolean;
  /** Has no effect: only an ID token has `at_hash`. */
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
  /** Has no effect, as {@link verifyAtHash}. */
  requireAtHash?: boolean;
  /** Seconds by which clocks may still differ after the difference measured with the tokens is corrected, 0 to 300. Default: 10. */
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
  /** Equal to `from` if a new login, or `updateToken`, replaced the session. */
  to: SessionState;
  reason: SessionReason;
}

/**
 * Access to a session with an authorization server. Objects of a page with the same client, server, `tokenIdentifier` and `storage`
 * share one session.
 */
export class EsiSecurity {
  /**
   * Loads the WebAssembly module, makes the object, and waits until the stored session is read. It waits for no request but the
   * module's. With `autoRefresh` a refresh that is due begins in the background.
   *
   * @throws {EsiError} `invalid_argument`, `unknown_option`, `load_failed`
   */
  static create(options: EsiSecurityOptions): Promise<EsiSecurity>;

  /**
   * The same, synchronously; call it only after {@link init} has resolved. A `storage` whose `getItem` returns a promise is refused,
   * unless `create` has read the same session before.
   *
   * @throws {EsiError} `not_initialized` too
   */
  constructor(options: EsiSecurityOptions);

  /** The current state. */
  readonly state: SessionState;
  /** As given, or as `updateToken` set it. */
  readonly tokenIdentifier: string | null;
  /** When the access token expires by this machine's clock; `null` where unknown. */
  readonly tokenExpiry: number | null;
  /** Whether the token worker is in use. */
  readonly tokenWorker: TokenWorkerStatus;

  /** The current snapshot. Needs no `this`. */
  getSnapshot(this: void): SessionSnapshot;

  /**
   * Calls the listener at once, and after each change of the snapshot. If it throws, the error is reported with
   * `reportError`. Needs no `this`: React's `useSyncExternalStore(security.subscribe,
   * security.getSnapshot)`, Svelte's `$security`, and in Vue `security.subscribe((now) => (snapshot.value = now))`.
   *
   * @returns a function that unsubscribes the listener. You may call it twice, and after `free`.
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
   * Calls `getAuthUri` and navigates to the result. The promise never resolves. It rejects if the login could not begin, or was
   * aborted.
   *
   * @throws {EsiError} as {@link getAuthUri}
   */
  login(options?: LoginOptions): Promise<never>;

  /**
   * Finishes a login from the current URL, or from `url`: checks `state` and `iss`, exchanges the code, and stores the tokens. It
   * removes the authorization response's parameters from the page's URL, even if a router has taken them to another path meanwhile.
   * The `state` parameter decides whether the response is for this page; the path does not, because hosting may redirect `/callback`
   * to `/callback/`.
   *
   * It gives `null` if the URL holds no response to a login of this page, or one for another `tokenIdentifier`. If no object of the
   * page has that one, a console warning says so. You may call it twice: the same URL gives the same result. If the server did not
   * judge the code (no answer, or no OAuth error), and after an abort, the login stays open: call again, or let the user reload.
   *
   * `state_reused` comes if the user goes back to the SSO's page and logs in there again. The URL is cleaned, so a reload does not
   * repeat the error. The earlier session stays: if `security.state` is neither `signed-out` nor `needs-login`, the user is logged
   * in, and the message says so.
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
   * After a rejection `state` tells whether the session has ended: it is `needs-login` once the access token has expired. These end it:
   * `invalid_grant`; `oauth_error` with `invalid_token` twice in a row; the third `http_error` with status 400 in a row.
   *
   * @param scopes a subset of the granted ones; default: all of them.
   *
   * @throws {EsiError} `invalid_grant`, `no_token`, `needs_login`, `superseded`, `invalid_response`, `oauth_error`, `http_error`, `rate_limited`,
   * `network_error`, `timeout`, `invalid_metadata`, `invalid_argument`, `unknown_option`, `aborted`
   */
  refresh(scopes?: string[], options?: Abortable): Promise<TokenResponse>;

  /**
   * Gives an access token, refreshed first if it is good for less than `refreshMargin`. If the refresh fails or takes longer than five
   * seconds, it gives the old token while that is good. If a token's lifetime is unknown and there is a refresh token, each call
   * refreshes, because nobody knows whether the old token still works.
   *
   * @throws {EsiError} as {@link refresh}
   */
  getAccessToken(options?: Abortable): Promise<string>;

  /**
   * Revokes the refresh token, else the access token (RFC 7009). Both are deleted here at once, whatever the server answers later.
   * The request waits for a refresh that is under way, because that may replace the tokens. An abort does not stop the request.
   *
   * @throws {EsiError} `no_token`, `invalid_argument`, `unknown_option`, `aborted`
   */
  revoke(options?: Abortable): Promise<RevokeResult>;

  /**
   * True if the access token expires within `offset` seconds, or nobody knows when.
   *
   * @param offset seconds; a negative value counts an expired token as good for that many seconds more. Default: 0.
   * @throws {EsiError} `invalid_argument`
   */
  isTokenExpired(offset?: number): boolean;

  /**
   * Takes over a token response that your code got elsewhere. Before this returns, the tokens are stored and the event is fired. With a
   * `storage` object of your own the event is fired soon afterwards, once they are written.
   *
   * Another `tokenIdentifier` is another session. If `getItem` returns a promise, `create` must have opened that session before.
   * Otherwise `response` must have a refresh token, and replaces the stored record.
   *
   * @throws {EsiError} `invalid_response`, `invalid_argument`, `unknown_option`; then nothing has changed
   */
  updateToken(response: TokenResponse, options?: { tokenIdentifier?: string }): void;

  /**
   * Verifies the access token: signature against the server's key set, then `iss`, `aud`, `azp`,
   * `exp`, `nbf`, `iat`, `sub`, `jti` (RFC 7519 sections 4.1 and 7.2, RFC 8725 section 3). A signature that was
   * checked is not checked again with the same keys; the claims are judged each time.
   *
   * It verifies the token that is held at the call, and never refreshes. It rejects with `superseded` if the session is replaced or
   * revoked before the promise settles, because another character may be logged in by then. A refresh by this page does not count.
   *
   * @param kid the key's `kid`, if the token's header has none. Default: `JWT-Signature-Key`.
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
   * Gives a copy of the request with `Authorization: Bearer` and the access token, refreshed first if necessary. If `security` does not
   * name this `securityName`, it gives the request unchanged.
   *
   * @throws {EsiError} `origin_not_allowed`, `unknown_option`, and those of {@link refresh}
   */
  authorize(request: Request, options?: { security?: SecurityRequirements } & Abortable): Promise<Request>;

  /** Frees the object's memory. Calls under way finish; any later call throws a plain `Error`. It does not end the session. */
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
    /** The state changed, or a login replaced the session. States that lasted only between two checks are not reported. */
    "esi:session-changed": CustomEvent<SessionChangedDetail>;
  }
}

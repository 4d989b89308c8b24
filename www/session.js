// The pilot's session at one server: the package's EsiSecurity, and the claims of its token once they are
// verified.
import { EsiSecurity } from "esi-security";

/** What is registered with the application, and where index.html is served too. */
export const redirectUri = `${location.origin}/callback`;

/** EVE's usual twenty minutes, where the token itself does not say. */
const USUAL_LIFE = 1200;

const REQUESTED = "demo/requested-scopes";

function readRequested() {
  try {
    return JSON.parse(sessionStorage.getItem(REQUESTED)) ?? [];
  } catch {
    // Storage is blocked, or holds something else.
    return [];
  }
}

function keepRequested(scopes) {
  try {
    sessionStorage.setItem(REQUESTED, JSON.stringify(scopes));
  } catch {
    // Storage is full: then only a reload forgets them.
  }
}

export class Session {
  /** @type {import("esi-security").EsiClaims | undefined} of the token at hand, once it is verified */
  claims;
  /** What the login asked for; the claims tell what was granted. */
  requestedScopes = readRequested();
  #verification;

  /** @param {EsiSecurity} security */
  constructor(security) {
    this.security = security;
  }

  /** @param {import("./server.js").Server} server */
  static async open({ clientId, ssoEndpointsUrl, apiOrigin }) {
    const security = await EsiSecurity.create({
      clientId,
      redirectUri,
      apiOrigins: [apiOrigin],
      headers: { "User-Agent": "esi-security-demo/0.1.0" },
      ...(ssoEndpointsUrl && { ssoEndpointsUrl }),
    });
    return new Session(security);
  }

  /** True while there is something to show; otherwise only a login helps. */
  get isSignedIn() {
    return this.security.state !== "signed-out" && this.security.state !== "needs-login";
  }

  /** Seconds until the access token expires; null where nobody knows. */
  get secondsLeft() {
    const { tokenExpiry } = this.security;
    return tokenExpiry === null ? null : Math.max(0, tokenExpiry - Math.floor(Date.now() / 1000));
  }

  /** Seconds that the access token lives in all. */
  get life() {
    const { issuedAt, expiresAt } = this.claims ?? {};
    return issuedAt && expiresAt ? expiresAt - issuedAt : USUAL_LIFE;
  }

  /** Finishes a login if this address is the answer to one. @returns {Promise<boolean>} whether it was */
  async finishLogin() {
    const done = await this.security.handleRedirect();
    if (!done) return false;
    this.requestedScopes = done.requestedScopes;
    keepRequested(done.requestedScopes);
    history.replaceState(history.state, "", done.returnTo ?? "/");
    return true;
  }

  /**
   * Verifies the token at hand. With several under way only the last one counts, because the others may
   * be about tokens that were replaced.
   *
   * @returns {Promise<boolean>} false if another verification has the say
   */
  async verify() {
    const mine = Symbol("verification");
    this.#verification = mine;
    this.claims = undefined;
    let verified;
    try {
      verified = await this.security.verify();
    } catch (error) {
      if (mine !== this.#verification) return false;
      throw error;
    }
    if (mine !== this.#verification) return false;
    this.claims = verified;
    return true;
  }

  /** @returns {Promise<import("esi-security").RevokeResult>} */
  logOut() {
    this.claims = undefined;
    return this.security.revoke();
  }

  close() {
    this.security.free();
  }
}

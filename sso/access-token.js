// EVE's access token: a JWT (RFC 7519) with EVE's claims. The provider keeps an opaque token in its
// store; that token's value is the `jti` of the JWT which leaves the house, so revocation finds it.
import { findCharacter } from "./characters.js";

/** The scope that stands for "none" inside the provider, which refuses a login that asks for nothing. */
export const NO_SCOPE = "login";

/** @param {string | undefined} scope as the provider holds it */
export function grantedScopes(scope) {
  return scope ? scope.split(" ").filter((name) => name && name !== NO_SCOPE) : [];
}

const SCP = {
  auto: (scopes) => (scopes.length > 1 ? scopes : scopes[0]),
  array: (scopes) => scopes,
  string: (scopes) => scopes.join(" "),
};

/** The values of the option `scopeClaim`. */
export const SCOPE_CLAIMS = Object.keys(SCP);

export class AccessTokens {
  /** @param {{ keys: import("./keys.js").KeySet, issuer: string, ttl: number, scopeClaim: string }} config */
  constructor({ keys, issuer, ttl, scopeClaim }) {
    this.keys = keys;
    this.issuer = issuer;
    this.ttl = ttl;
    this.scopeClaim = scopeClaim;
  }

  /** EVE counts one second less than the token lives. */
  get expiresIn() {
    return this.ttl - 1;
  }

  /**
   * @param {{ jti: string, accountId: string, clientId: string, scope?: string }} stored the opaque token
   * @param {object} [changes] to the claims, for a fault; `null` removes one
   */
  async issue({ jti, accountId, clientId, scope }, changes = {}) {
    const character = findCharacter(accountId);
    const iat = Math.floor(Date.now() / 1000);
    const claims = {
      scp: SCP[this.scopeClaim](grantedScopes(scope)),
      jti,
      kid: this.keys.kid,
      sub: `CHARACTER:EVE:${character.id}`,
      azp: clientId,
      tenant: "tranquility",
      tier: "live",
      region: "world",
      aud: [clientId, "EVE Online"],
      name: character.name,
      owner: character.owner,
      exp: iat + this.ttl,
      iat,
      iss: this.issuer,
      ...changes,
    };
    return this.keys.sign(Object.fromEntries(Object.entries(claims).filter(([, value]) => value != null)));
  }
}

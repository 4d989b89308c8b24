// Who is measured: this package, and what people would pick in its place. Each has a file in `clients/`, which is what
// a page would write with it.

/**
 * @typedef {object} Settings
 * @property {string} issuer
 * @property {string} discoveryUrl
 * @property {string} jwksUri
 * @property {string} clientId
 * @property {string} redirectUri
 * @property {string[]} scopes
 */

/**
 * @typedef {object} Client
 * @property {() => Promise<string>} login begins one; the address to send the pilot to
 * @property {(url: string) => Promise<unknown>} finish ends it, at the address that the pilot came back to
 * @property {() => Promise<string>} token an access token
 * @property {() => Promise<unknown>} refresh
 * @property {() => Promise<unknown>} revoke or the nearest to it
 * @property {() => Promise<unknown>} [verify] the access token, where the client can do that
 */

/** @typedef {(settings: Settings) => Promise<Client>} Create */
/** @typedef {(settings: Settings) => (token: string) => Promise<unknown>} CreateVerifier */

export const OURS = "esi-security";
export const JOSE = "jose";

/** The peer that everything but the payload is measured beside: the one that comes closest to working with EVE. */
export const RIVAL = "oidc-client-ts";

/** The packages' names, by the names of their files. */
export const PEERS = {
  [RIVAL]: "oidc-client-ts",
  "auth0-spa-js": "@auth0/auth0-spa-js",
  oauth4webapi: "oauth4webapi",
  "openid-client": "openid-client",
  "msal-browser": "@azure/msal-browser",
  "keycloak-js": "keycloak-js",
};

/** A peer for the whole of this package's job. */
export const withJose = (peer) => `${peer} + ${JOSE}`;

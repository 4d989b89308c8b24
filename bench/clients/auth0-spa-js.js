import { Auth0Client } from "@auth0/auth0-spa-js";

/** @type {import("../clients.js").Create} */
export async function create({ issuer, clientId, redirectUri, scopes }) {
  const client = new Auth0Client({
    domain: issuer,
    clientId,
    useRefreshTokens: true,
    authorizationParams: { redirect_uri: redirectUri, scope: scopes.join(" ") },
  });
  return {
    async login() {
      let address;
      const openUrl = (url) => {
        address = url;
      };
      await client.loginWithRedirect({ openUrl });
      return address;
    },
    finish: (url) => client.handleRedirectCallback(url),
    token: () => client.getTokenSilently(),
    refresh: () => client.getTokenSilently({ cacheMode: "off" }),
    revoke: () => client.revokeRefreshToken(),
  };
}

import * as openid from "openid-client";

/** @type {import("../clients.js").Create} */
export async function create({ issuer, clientId, redirectUri, scopes }) {
  // The local SSO speaks plain http.
  const http = { execute: [openid.allowInsecureRequests] };
  const config = await openid.discovery(new URL(issuer), clientId, undefined, openid.None(), http);
  const keep = (tokens) => sessionStorage.setItem("tokens", JSON.stringify(tokens));
  const tokens = () => JSON.parse(sessionStorage.getItem("tokens"));
  return {
    async login() {
      const verifier = openid.randomPKCECodeVerifier();
      const state = openid.randomState();
      sessionStorage.setItem("login", JSON.stringify({ verifier, state }));
      return openid.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: scopes.join(" "),
        state,
        code_challenge: await openid.calculatePKCECodeChallenge(verifier),
        code_challenge_method: "S256",
      }).href;
    },
    async finish(back) {
      const { verifier, state } = JSON.parse(sessionStorage.getItem("login"));
      const checks = { pkceCodeVerifier: verifier, expectedState: state };
      keep(await openid.authorizationCodeGrant(config, new URL(back), checks));
    },
    token: async () => tokens().access_token,
    refresh: async () => keep(await openid.refreshTokenGrant(config, tokens().refresh_token)),
    revoke: () => openid.tokenRevocation(config, tokens().refresh_token),
  };
}

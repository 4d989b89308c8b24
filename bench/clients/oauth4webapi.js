import * as oauth from "oauth4webapi";

// The local SSO speaks plain http.
const HTTP = { [oauth.allowInsecureRequests]: true };

/** @type {import("../clients.js").Create} */
export async function create({ issuer, clientId, redirectUri, scopes }) {
  const client = { client_id: clientId };
  const url = new URL(issuer);
  const server = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, HTTP));
  const keep = (tokens) => sessionStorage.setItem("tokens", JSON.stringify(tokens));
  const tokens = () => JSON.parse(sessionStorage.getItem("tokens"));
  return {
    async login() {
      const verifier = oauth.generateRandomCodeVerifier();
      const state = oauth.generateRandomState();
      sessionStorage.setItem("login", JSON.stringify({ verifier, state }));
      const address = new URL(server.authorization_endpoint);
      address.search = new URLSearchParams({
        client_id: clientId,
        redirect_uri: redirectUri,
        response_type: "code",
        scope: scopes.join(" "),
        state,
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: "S256",
      });
      return address.href;
    },
    async finish(back) {
      const { verifier, state } = JSON.parse(sessionStorage.getItem("login"));
      const answer = oauth.validateAuthResponse(server, client, new URL(back), state);
      const response = await oauth.authorizationCodeGrantRequest(
        server,
        client,
        oauth.None(),
        answer,
        redirectUri,
        verifier,
        HTTP,
      );
      keep(await oauth.processAuthorizationCodeResponse(server, client, response));
    },
    token: async () => tokens().access_token,
    async refresh() {
      const sent = tokens().refresh_token;
      const response = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), sent, HTTP);
      keep(await oauth.processRefreshTokenResponse(server, client, response));
    },
    async revoke() {
      const sent = tokens().refresh_token;
      await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, oauth.None(), sent, HTTP));
    },
  };
}

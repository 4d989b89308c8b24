import Keycloak from "keycloak-js";

/** @type {import("../clients.js").Create} */
export async function create({ issuer, clientId, redirectUri, scopes }) {
  const keycloak = new Keycloak({ oidcProvider: issuer, clientId });
  const options = { pkceMethod: "S256", checkLoginIframe: false, redirectUri, scope: scopes.join(" ") };
  // It reads the address it finds itself at, once.
  let begun;
  const begin = () => {
    begun ??= keycloak.init(options);
    return begun;
  };
  return {
    async login() {
      await begin();
      return keycloak.createLoginUrl();
    },
    finish: begin,
    token: async () => keycloak.token,
    refresh: () => keycloak.updateToken(-1),
    // It knows no revocation: this leaves for the server's page.
    revoke: () => keycloak.logout(),
  };
}

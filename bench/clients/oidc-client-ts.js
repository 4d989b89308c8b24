import { UserManager, WebStorageStateStore } from "oidc-client-ts";

/** @type {import("../clients.js").Create} */
export async function create({ issuer, clientId, redirectUri, scopes }) {
  let address;
  // Notes the address down in place of going there.
  const navigate = async ({ url }) => {
    address = url;
    return { url };
  };
  const settings = {
    authority: issuer,
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: scopes.join(" "),
    stateStore: new WebStorageStateStore({ store: sessionStorage }),
  };
  const manager = new UserManager(settings, { prepare: async () => ({ navigate, close() {} }) });
  return {
    async login() {
      await manager.signinRedirect();
      return address;
    },
    finish: (url) => manager.signinRedirectCallback(url),
    token: async () => (await manager.getUser()).access_token,
    refresh: () => manager.signinSilent(),
    revoke: () => manager.revokeTokens(["refresh_token"]),
  };
}

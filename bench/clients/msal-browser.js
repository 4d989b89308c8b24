import { createStandardPublicClientApplication } from "@azure/msal-browser";

/** @type {import("../clients.js").Create} */
export async function create({ issuer, clientId, redirectUri, scopes }) {
  let address;
  // Notes the address down in place of going there.
  const onRedirectNavigate = (url) => {
    address = url;
    return false;
  };
  const client = await createStandardPublicClientApplication({
    auth: { clientId, redirectUri, authority: issuer, knownAuthorities: [new URL(issuer).host], onRedirectNavigate },
    system: { protocolMode: "OIDC" },
  });
  const silently = (more) => client.acquireTokenSilent({ scopes, account: client.getAllAccounts()[0], ...more });
  return {
    async login() {
      await client.loginRedirect({ scopes });
      return address;
    },
    finish: () => client.handleRedirectPromise(),
    token: async () => (await silently()).accessToken,
    refresh: () => silently({ forceRefresh: true }),
    // It knows no revocation: this leaves the account, and the server's page.
    revoke: () => client.logoutRedirect(),
  };
}

import { EsiSecurity } from "../../js/index.js";

/** @type {import("../clients.js").Create} */
export async function create({ discoveryUrl, clientId, redirectUri, scopes }) {
  const security = await EsiSecurity.create({
    clientId,
    redirectUri,
    scopes,
    ssoEndpointsUrl: discoveryUrl,
    headers: { "User-Agent": "Bench/1.0 (bench@example.com)" },
  });
  return {
    security,
    login: () => security.getAuthUri(),
    finish: (url) => security.handleRedirect(url),
    token: () => security.getAccessToken(),
    refresh: () => security.refresh(),
    revoke: () => security.revoke(),
    verify: () => security.verify(),
  };
}

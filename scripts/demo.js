// The demo with a local EVE SSO behind it.
import { serve } from "./serve.js";

/** The demo's client at the local SSO. */
const CLIENT_ID = "esi-security-demo";

/**
 * @param {number} [port] of the demo; 0 takes a free one
 * @returns {Promise<{ url: string, close(): Promise<void> }>}
 */
export async function startDemo(port = 0) {
  // Imported late, because the packages that it needs may not be there before `setup`.
  const { startSso } = await import("../sso/index.js");
  const sso = await startSso();
  const config = {
    ssoEndpointsUrl: sso.discoveryUrl,
    apiOrigin: sso.esiUrl,
    adminUrl: new URL("/_admin", sso.discoveryUrl).href,
    clientId: CLIENT_ID,
  };
  try {
    const { url, close } = await serve({ config, port });
    return { url, sso, close: async () => void (await Promise.all([close(), sso.close()])) };
  } catch (error) {
    await sso.close();
    throw error;
  }
}

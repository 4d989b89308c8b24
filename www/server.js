// Where a pilot can log in: EVE Online itself, or the SSO that `npm start` runs beside this page.

/**
 * @typedef {object} Server
 * @property {"eve" | "local"} id
 * @property {string} clientId
 * @property {string} apiOrigin
 * @property {string} [ssoEndpointsUrl] the package's default is EVE Online's
 * @property {string} [adminUrl] the local SSO's switches
 */

/** @returns {Promise<Server | null>} null where this page is served without a local SSO */
export async function findLocalServer() {
  try {
    const response = await fetch("/config.json");
    return response.ok ? { ...(await response.json()), id: "local" } : null;
  } catch {
    // No answer, or index.html in its place.
    return null;
  }
}

/** @returns {Server} */
export function eveServer(clientId) {
  return { id: "eve", clientId, apiOrigin: "https://esi.evetech.net" };
}

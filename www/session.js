// The one EsiSecurity of this page, made as the server in use wants it.
import { EsiSecurity } from "esi-security";

/** What is registered with the application, and where index.html is served too. */
export const redirectUri = `${location.origin}/callback`;

const REQUESTED = "demo/requested-scopes";

/** @param {import("./server.js").Server} server */
export function openSession({ clientId, ssoEndpointsUrl, apiOrigin }) {
  return EsiSecurity.create({
    clientId,
    redirectUri,
    apiOrigins: [apiOrigin],
    headers: { "User-Agent": "esi-security-demo/0.1.0" },
    ...(ssoEndpointsUrl && { ssoEndpointsUrl }),
  });
}

/** True while there is something to show; otherwise only a login helps. */
export function isSignedIn(security) {
  return security.state !== "signed-out" && security.state !== "needs-login";
}

/** Finishes a login if this address is the answer to one. */
export async function finishLogin(security) {
  const done = await security.handleRedirect();
  if (!done) return false;
  sessionStorage.setItem(REQUESTED, JSON.stringify(done.requestedScopes));
  history.replaceState(history.state, "", done.returnTo ?? "/");
  return true;
}

/** What the login asked for; the verified token tells what was granted. */
export function requestedScopes() {
  return JSON.parse(sessionStorage.getItem(REQUESTED) ?? "[]");
}

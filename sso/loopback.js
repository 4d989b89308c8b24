// What counts as this machine: where the servers listen, whom they answer, and which redirect URIs a
// client without registered ones may use (RFC 8252 section 7.3).

/** @param {string} hostname as `URL.hostname` gives it */
export function isLoopback(hostname) {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** @param {unknown} value */
export function isLoopbackUrl(value) {
  return typeof value === "string" && URL.canParse(value) && isLoopback(new URL(value).hostname);
}

/**
 * Refuses requests that were sent to another name: a page whose name was pointed at this machine
 * (DNS rebinding) would count as same-origin with these servers.
 */
export async function refuseForeignHosts(ctx, next) {
  if (isLoopbackUrl(`http://${ctx.get("host")}/`)) return next();
  ctx.status = 421;
  ctx.body = "This server answers on localhost only.\n";
}

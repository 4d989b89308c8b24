// The authorization endpoint (RFC 6749 section 4.1.1): what EVE checks before the provider does, and
// EVE's habits that the provider does not share.
import { NO_SCOPE } from "./access-token.js";
import { errorPage } from "./pages.js";
import { PATHS } from "./paths.js";
import { SCOPES } from "./scopes.js";

const LONGEST_URL = 2048;

/** Ends the request with a page: this error must not be sent to an address that nobody vouched for. */
export function showError(ctx, status, error, description) {
  ctx.status = status;
  ctx.type = "html";
  ctx.body = errorPage(status, error, description);
}

/** @returns the client, if the request names one and a redirect URI that it may use */
export async function knownClient(provider, { client_id: clientId, redirect_uri: redirectUri }) {
  const client = await provider.Client.find(clientId);
  return client?.redirectUriAllowed(redirectUri) ? client : undefined;
}

/**
 * Sends the browser back to the application.
 *
 * @param {Record<string, string>} answer
 */
export function sendBack(ctx, answer) {
  const { redirect_uri: redirectUri, response_type: type, state } = ctx.query;
  const url = new URL(redirectUri);
  const values = Object.entries({ ...answer, state, ...(ctx.state.iss && { iss: ctx.state.iss }) });
  if (type === "token") url.hash = new URLSearchParams(values).toString();
  else for (const [name, value] of values) url.searchParams.set(name, value);
  ctx.status = 303;
  ctx.redirect(url.href);
}

/**
 * What EVE refuses, whatever the response type.
 *
 * @param {string} [iss] what an answer carries (RFC 9207)
 */
export function checkAuthorization(provider, iss) {
  return async (ctx, next) => {
    if (ctx.path !== PATHS.authorize) return next();
    ctx.state.iss = iss;
    if (ctx.href.length > LONGEST_URL) return showError(ctx, 404, "not_found", "The address is too long.");
    if (Object.values(ctx.query).some(Array.isArray)) {
      return showError(ctx, 400, "invalid_request", "A parameter is there twice.");
    }
    if (!ctx.query.state) return showError(ctx, 400, "invalid_request", "The state parameter is required.");
    const unknown = ctx.query.scope?.split(" ").find((name) => name && !SCOPES.includes(name));
    const refusal = unknown
      ? { error: "invalid_scope", error_description: `Unknown scope: ${unknown}` }
      : ctx.state.refusal;
    if (refusal && (await knownClient(provider, ctx.query))) return sendBack(ctx, refusal);
    return next();
  };
}

/** The provider always sends RFC 9207's `iss`, EVE never. One that the redirect URI itself has gives way to it, and is put back. */
function replaceIssuer(ctx, iss) {
  const location = ctx.response.get("location");
  if (!URL.canParse(location)) return;
  const url = new URL(location);
  if (!url.searchParams.has("iss")) return;
  url.searchParams.delete("iss");
  const values = iss ? [iss] : new URL(ctx.oidc.params.redirect_uri).searchParams.getAll("iss");
  for (const value of values) url.searchParams.append("iss", value);
  ctx.redirect(url.href);
}

/** @param {string} [iss] what an answer carries */
export function authorizationEndpoint(iss) {
  return async (ctx, next) => {
    if (ctx.path === PATHS.authorize) ctx.query = { ...ctx.query, scope: ctx.query.scope || NO_SCOPE };
    else if (!ctx.path.startsWith(`${PATHS.authorize}/`)) return next();
    await next();
    replaceIssuer(ctx, iss);
  };
}

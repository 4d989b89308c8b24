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

/** @param {string | undefined} scope as asked for */
export function unknownScope(scope) {
  return scope?.split(" ").find((name) => name && !SCOPES.includes(name));
}

/** @param {Record<string, string>} answer */
export function redirectWith(ctx, redirectUri, answer, { fragment = false } = {}) {
  const url = new URL(redirectUri);
  if (fragment) url.hash = new URLSearchParams(answer).toString();
  else for (const [name, value] of Object.entries(answer)) url.searchParams.set(name, value);
  ctx.status = 303;
  ctx.redirect(url.href);
}

/** RFC 9207's `iss` is not known from EVE. */
function dropIssuer(ctx) {
  const location = ctx.response.get("location");
  if (!URL.canParse(location)) return;
  const url = new URL(location);
  url.searchParams.delete("iss");
  ctx.redirect(url.href);
}

/**
 * @param {import("oidc-provider").default} provider
 * @param {boolean} issParameter whether the answer carries `iss`
 */
export function authorizationEndpoint(provider, issParameter) {
  return async (ctx, next) => {
    if (ctx.path !== PATHS.authorize && !ctx.path.startsWith(`${PATHS.authorize}/`)) return next();
    if (ctx.path === PATHS.authorize) {
      const { state, scope } = ctx.query;
      if (ctx.href.length > LONGEST_URL) return showError(ctx, 404, "not_found", "The address is too long.");
      if (!state) return showError(ctx, 400, "invalid_request", "The state parameter is required.");
      const unknown = unknownScope(scope);
      if (unknown && (await knownClient(provider, ctx.query))) {
        return redirectWith(ctx, ctx.query.redirect_uri, {
          error: "invalid_scope",
          error_description: `Unknown scope: ${unknown}`,
          state,
        });
      }
      ctx.query = { ...ctx.query, scope: scope || NO_SCOPE };
    }
    await next();
    if (!issParameter) dropIssuer(ctx);
  };
}

// The implicit grant (RFC 6749 section 4.2), which EVE still lists and the provider does not have: the
// same login page, and the answer in the fragment. The page posts back to the address that it came
// from, so nothing is kept between question and answer, nor afterwards: there is nothing to refresh, and a token
// that is out stays good until it expires.
import { randomBytes } from "node:crypto";
import { grantedScopes } from "./access-token.js";
import { knownClient, sendBack, showError } from "./authorize.js";
import { readLogin, showLogin } from "./login.js";
import { PATHS } from "./paths.js";

/**
 * @param {import("oidc-provider").default} provider
 * @param {import("./access-token.js").AccessTokens} accessTokens
 */
export function implicitGrant(provider, accessTokens) {
  return async (ctx, next) => {
    const { response_type: type, redirect_uri: redirectUri, scope } = ctx.query;
    if (ctx.path !== PATHS.authorize || type !== "token") return next();
    const client = await knownClient(provider, ctx.query);
    if (!client) return showError(ctx, 400, "invalid_request", "Unknown client, or not a redirect URI of it.");
    if (ctx.method !== "POST") {
      return showLogin(ctx, { clientId: client.clientId, redirectUri, scopes: grantedScopes(scope) });
    }
    const picked = await readLogin(ctx);
    if (!picked) return showError(ctx, 400, "invalid_request", "No such character.");
    if (picked === "cancel") return sendBack(ctx, { error: "access_denied" });
    const jti = randomBytes(32).toString("base64url");
    sendBack(ctx, {
      access_token: await accessTokens.issue({ jti, accountId: String(picked.id), clientId: client.clientId, scope }),
      token_type: "Bearer",
      expires_in: accessTokens.expiresIn,
    });
  };
}

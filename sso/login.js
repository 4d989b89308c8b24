// The login: shows the page for an authorization request under way, and takes the pilot's answer.
import { grantedScopes } from "./access-token.js";
import { showError } from "./authorize.js";
import { findCharacter } from "./characters.js";
import { readForm } from "./form.js";
import { loginPage } from "./pages.js";
import { PATHS } from "./paths.js";

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'";

/** @param {{ clientId: string, redirectUri: string, scopes: string[] }} request */
export function showLogin(ctx, request) {
  ctx.set("Content-Security-Policy", POLICY);
  ctx.set("Cache-Control", "no-store");
  ctx.type = "html";
  ctx.body = loginPage(request);
}

/** @returns the character that was picked, "cancel", or undefined for an answer that is neither */
export async function readLogin(ctx) {
  const form = await readForm(ctx);
  if (form.get("action") === "cancel") return "cancel";
  return form.get("action") === "authorize" ? findCharacter(form.get("character")) : undefined;
}

/** @param {import("oidc-provider").default} provider */
export function loginEndpoint(provider) {
  return async (ctx, next) => {
    if (!ctx.path.startsWith(`${PATHS.login}/`)) return next();
    let params;
    try {
      ({ params } = await provider.interactionDetails(ctx.req, ctx.res));
    } catch {
      return showError(ctx, 400, "invalid_request", "This login has ended. Start it again from the application.");
    }
    if (ctx.method !== "POST") {
      return showLogin(ctx, {
        clientId: params.client_id,
        redirectUri: params.redirect_uri,
        scopes: grantedScopes(params.scope),
      });
    }
    const answer = await readLogin(ctx);
    if (!answer) return showError(ctx, 400, "invalid_request", "No such character.");
    const result =
      answer === "cancel" ? { error: "access_denied" } : { login: { accountId: String(answer.id), remember: false } };
    ctx.status = 303;
    ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result));
  };
}

// The token endpoint (RFC 6749 sections 4.1.3 and 6) in EVE's dress: the provider decides, and what it
// says is put into EVE's words: a JWT, `refresh_token: null` where there is none, HTML where EVE has it.
import { AccessTokens } from "./access-token.js";
import { changeForm } from "./form.js";
import { PATHS } from "./paths.js";

const CODE = /^[\w-]{43}$/;

/** EVE needs no `redirect_uri` here; the provider does, so it gets the one that the code was made for. */
async function addRedirectUri(form, provider) {
  if (form.get("grant_type") !== "authorization_code" || form.has("redirect_uri")) return;
  const code = await provider.AuthorizationCode.find(form.get("code") ?? "", { ignoreExpiration: true });
  form.set("redirect_uri", code?.redirectUri ?? "http://localhost/");
}

function html(ctx, status, title) {
  ctx.status = status;
  ctx.type = "html";
  ctx.body = `<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`;
}

function refusal(ctx, form) {
  const { error, error_description: description } = ctx.body;
  if (ctx.status === 401) return html(ctx, 401, "Unauthorized");
  if (error === "invalid_grant" && form.get("grant_type") === "authorization_code" && !CODE.test(form.get("code"))) {
    return html(ctx, 500, "Internal Server Error");
  }
  if (error === "invalid_grant" && form.get("grant_type") === "refresh_token") {
    ctx.body = { error, error_description: "Invalid refresh token." };
  } else {
    ctx.body = { error, error_description: description };
  }
}

/**
 * @param {import("oidc-provider").default} provider
 * @param {AccessTokens} accessTokens
 */
export function tokenEndpoint(provider, accessTokens) {
  return async (ctx, next) => {
    if (ctx.path !== PATHS.token || ctx.method !== "POST") return next();
    ctx.req.headers.accept = "application/json";
    const form = await changeForm(ctx, (fields) => addRedirectUri(fields, provider));
    ctx.state.grantType = form.get("grant_type") ?? undefined;
    await next();
    if (ctx.status !== 200) return refusal(ctx, form);
    ctx.body = {
      access_token: await accessTokens.issue(ctx.oidc.entities.AccessToken, ctx.state.claims),
      expires_in: accessTokens.expiresIn,
      token_type: "Bearer",
      refresh_token: ctx.body.refresh_token ?? null,
    };
  };
}

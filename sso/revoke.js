// The revocation endpoint (RFC 7009) in EVE's dress: it always answers 200, and either token ends the
// grant. An access token that is out stays good until it expires.
import { decodeJwt } from "jose";
import { changeForm } from "./form.js";
import { PATHS } from "./paths.js";

/** The provider knows an access token by the value that leaves this server as the JWT's `jti`. */
function storedToken(token) {
  try {
    return decodeJwt(token).jti ?? token;
  } catch {
    return token;
  }
}

export async function revocationEndpoint(ctx, next) {
  if (ctx.path !== PATHS.revoke || ctx.method !== "POST") return next();
  await changeForm(ctx, (form) => form.set("token", storedToken(form.get("token") ?? "")));
  await next();
  ctx.status = 200;
  ctx.body = "";
}

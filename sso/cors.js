// Cross-origin access as EVE grants it: everyone may read the answers, and only harmless requests pass
// the preflight. An `Authorization` header does not. Other servers let one origin alone read them.
import { PATHS } from "./paths.js";

const READABLE = new Set([...PATHS.discovery, PATHS.jwks, PATHS.token, PATHS.revoke]);

/** @param {string} allowedOrigin the one that may read the answers, or `*` */
export function ssoCors(allowedOrigin) {
  return async (ctx, next) => {
    if (!READABLE.has(ctx.path)) return next();
    ctx.set("Access-Control-Allow-Origin", allowedOrigin);
    if (allowedOrigin !== "*") ctx.vary("Origin");
    if (ctx.method !== "OPTIONS") return next();
    ctx.set("Access-Control-Allow-Methods", "GET, POST");
    ctx.set("Access-Control-Allow-Headers", "content-type");
    ctx.status = 204;
  };
}

const EXPOSED = [
  "Etag",
  "Retry-After",
  "X-Pages",
  "X-Esi-Error-Limit-Remain",
  "X-Esi-Error-Limit-Reset",
  "X-Ratelimit-Group",
  "X-Ratelimit-Limit",
  "X-Ratelimit-Remaining",
  "X-Ratelimit-Used",
];

export async function esiCors(ctx, next) {
  ctx.set("Access-Control-Allow-Origin", "*");
  ctx.set("Access-Control-Expose-Headers", EXPOSED.join(", "));
  if (ctx.method !== "OPTIONS") return next();
  ctx.set("Access-Control-Allow-Methods", "GET");
  ctx.set("Access-Control-Allow-Headers", "authorization, content-type, x-user-agent, x-compatibility-date");
  ctx.status = 204;
}

// The admin routes, with which the demo and tests in other processes switch faults and rotate keys. For
// pages on this machine only.
import { FAULT_KINDS } from "./faults.js";
import { isLoopbackUrl } from "./loopback.js";
import { PATHS } from "./paths.js";

async function readJson(ctx) {
  const chunks = [];
  for await (const chunk of ctx.req) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  return text ? JSON.parse(text) : {};
}

/** @param {{ faults: import("./faults.js").Faults, requests: object[], rotateKeys: Function }} sso */
export function adminRoutes({ faults, requests, rotateKeys }) {
  const state = () => ({ faults: faults.get(), kinds: FAULT_KINDS });
  const routes = {
    "GET /faults": state,
    "PUT /faults": (body) => {
      faults.set(body);
      return state();
    },
    "DELETE /faults": () => {
      faults.clear();
      return state();
    },
    "POST /rotate-keys": (body) => rotateKeys(body),
    "GET /requests": () => requests,
    "DELETE /requests": () => {
      requests.clear();
      return requests;
    },
  };

  return async (ctx, next) => {
    if (!ctx.path.startsWith(`${PATHS.admin}/`)) return next();
    const origin = ctx.get("origin");
    if (origin && !isLoopbackUrl(origin)) {
      ctx.status = 403;
      ctx.body = { error: "only pages on this machine may use these routes" };
      return;
    }
    if (origin) ctx.set("Access-Control-Allow-Origin", origin);
    ctx.vary("Origin");
    if (ctx.method === "OPTIONS") {
      ctx.set("Access-Control-Allow-Methods", "GET, PUT, POST, DELETE");
      ctx.set("Access-Control-Allow-Headers", "content-type");
      ctx.status = 204;
      return;
    }
    const route = routes[`${ctx.method} ${ctx.path.slice(PATHS.admin.length)}`];
    if (!route) {
      ctx.status = 404;
      ctx.body = {
        error: "no such admin route",
        routes: Object.keys(routes).map((name) => name.replace("/", `${PATHS.admin}/`)),
      };
      return;
    }
    try {
      ctx.body = await route(await readJson(ctx));
    } catch (error) {
      ctx.status = 400;
      ctx.body = { error: error.message, kinds: FAULT_KINDS };
    }
  };
}

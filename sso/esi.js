// A small ESI: a few real routes, which check the bearer token as a resource server must (RFC 6750,
// RFC 7519 section 7.2), and answer in ESI's shapes.
import { createHash } from "node:crypto";
import { createLocalJWKSet, errors, jwtVerify } from "jose";
import Koa from "koa";
import { CHARACTERS, findCharacter } from "./characters.js";
import { esiCors } from "./cors.js";
import { refuseForeignHosts } from "./loopback.js";
import { recordRequests } from "./requests.js";

const STARTED = new Date();
const ERRORS_A_MINUTE = 100;

/** An answer that is not 200. */
class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const characterSheet = ({ name, sheet }) => ({ name, ...sheet });

const skillSheet = ({ skills }) => ({
  skills,
  total_sp: skills.reduce((sum, { skillpoints_in_skill: points }) => sum + points, 0),
  unallocated_sp: 0,
});

const ROUTES = [
  {
    path: /^\/status\/?$/,
    answer: () => ({ players: CHARACTERS.length, server_version: "1", start_time: STARTED.toISOString() }),
  },
  { path: /^\/characters\/(\d+)\/?$/, answer: characterSheet },
  {
    path: /^\/characters\/(\d+)\/location\/?$/,
    scope: "esi-location.read_location.v1",
    answer: (pilot) => pilot.location,
  },
  { path: /^\/characters\/(\d+)\/skills\/?$/, scope: "esi-skills.read_skills.v1", answer: skillSheet },
];

function findRoute(path) {
  const wanted = path.replace(/^\/latest(?=\/)/, "");
  for (const route of ROUTES) {
    const match = route.path.exec(wanted);
    if (match) return { ...route, id: match[1] };
  }
  throw new Refusal(404, "Requested page does not exist");
}

/** @returns the claims of the token that the request carries */
async function authenticate(ctx, { keys, issuer }) {
  const [, token] = /^Bearer (.+)$/i.exec(ctx.get("authorization")) ?? [];
  if (!token) throw new Refusal(401, "authorization not provided");
  try {
    const { payload } = await jwtVerify(token, createLocalJWKSet(keys.document), {
      issuer,
      audience: "EVE Online",
      algorithms: ["RS256", "ES256"],
      requiredClaims: ["exp", "sub", "azp"],
    });
    if (![payload.aud].flat().includes(payload.azp)) throw new Refusal(401, "token audience is not valid");
    return payload;
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(401, error instanceof errors.JWTExpired ? "token is expired" : "token is not valid");
  }
}

function authorize(claims, scope, id) {
  if (![claims.scp ?? []].flat().includes(scope)) throw new Refusal(403, `token is not valid for scope: ${scope}`);
  if (claims.sub !== `CHARACTER:EVE:${id}`) throw new Refusal(403, "token is not valid for this character");
}

async function answer(ctx, sso) {
  const route = findRoute(ctx.path);
  if (ctx.method !== "GET") throw new Refusal(405, "method not allowed");
  if (route.scope) authorize(await authenticate(ctx, sso), route.scope, route.id);
  const character = route.id && findCharacter(route.id);
  if (route.id && !character) throw new Refusal(404, "Character not found");
  return route.answer(character);
}

/** ESI's budget of errors: so many a minute, and every answer tells what is left. */
function errorLimit() {
  let minute = 0;
  let spent = 0;
  return async (ctx, next) => {
    await next();
    const seconds = Math.floor(Date.now() / 1000);
    if (minute !== Math.floor(seconds / 60)) {
      minute = Math.floor(seconds / 60);
      spent = 0;
    }
    if (ctx.status >= 400) spent += 1;
    ctx.set("X-Esi-Error-Limit-Remain", String(Math.max(0, ERRORS_A_MINUTE - spent)));
    ctx.set("X-Esi-Error-Limit-Reset", String(60 - (seconds % 60)));
  };
}

/**
 * @param {{ keys: import("./keys.js").KeySet, issuer: string, faults: import("./faults.js").Faults, requests: object[] }} sso
 * @returns {Koa}
 */
export function createEsi(sso) {
  const app = new Koa();
  app.use(refuseForeignHosts);
  app.use(recordRequests(sso.requests));
  app.use(esiCors);
  app.use(sso.faults.middleware(() => "esi"));
  app.use(errorLimit());
  app.use(async (ctx) => {
    try {
      ctx.body = await answer(ctx, sso);
      ctx.set("Etag", `"${createHash("sha256").update(JSON.stringify(ctx.body)).digest("hex").slice(0, 32)}"`);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      ctx.status = error.status;
      ctx.body = { error: error.message };
    }
  });
  return app;
}

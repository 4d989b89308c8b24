// Faults that can be switched on: each kind is a middleware that stands before an endpoint and answers
// in its place, or changes what it does or says.
import { setTimeout as sleep } from "node:timers/promises";

const ALL = ["discovery", "jwks", "token", "revoke", "authorize", "esi"];
const JSON_ANSWERS = ["discovery", "jwks", "token", "esi"];

const optional = (is) => (value) => value === undefined || is(value);
const isNumber = (value) => Number.isFinite(value) && value >= 0;
const isText = (value) => typeof value === "string" && value !== "";
const isStatus = (value) => Number.isInteger(value) && value >= 400 && value <= 599;
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isAnything = () => true;
const isCount = (value) => Number.isInteger(value) && value > 0;

/** Closes the connection, with no answer or instead of the rest of it. */
function drop(ctx) {
  ctx.respond = false;
  ctx.res.destroy();
}

function htmlAnswer(ctx, status, text) {
  ctx.status = status;
  ctx.type = "html";
  ctx.body = `<html><body>${text}</body></html>\n`;
}

function jsonAnswer(ctx, status, body) {
  ctx.status = status;
  ctx.body = body;
}

/** Changes the JSON of an answer that went well. */
const changed = (change) => async (ctx, next, fault) => {
  await next();
  if (ctx.status === 200 && isObject(ctx.body)) change(ctx.body, fault);
};

const UNUSABLE = {
  "truncated-modulus": (key) => ({ ...key, n: key.n?.slice(0, 25) }),
  "missing-kid": ({ kid: _kid, ...key }) => key,
  // Not the real exponent: a set that shows any must be refused or read without it.
  "private-members": (key) => ({ ...key, d: key.n ?? key.x }),
  "extra-members": (key) => ({ ...key, "x-note": { nested: ["unknown"] } }),
};

/** What `unusable-keys` can do to a key. */
export const UNUSABLE_KEYS = Object.keys(UNUSABLE);

/**
 * By name: where it can be switched on, which members it takes beside `kind` and `times`, and what it
 * does.
 *
 * @type {Record<string, { endpoints: string[], members?: object, apply: Function }>}
 */
const KINDS = {
  downtime: { endpoints: ALL, apply: drop },
  "error-500": { endpoints: ALL, apply: (ctx) => htmlAnswer(ctx, 500, "Internal Server Error") },
  "error-500-no-cors": {
    endpoints: ALL,
    apply(ctx) {
      ctx.remove("Access-Control-Allow-Origin");
      htmlAnswer(ctx, 500, "Internal Server Error");
    },
  },
  "error-502-html": { endpoints: ALL, apply: (ctx) => htmlAnswer(ctx, 502, "Bad Gateway") },
  "error-503": { endpoints: ALL, apply: (ctx) => jsonAnswer(ctx, 503, { error: "temporarily_unavailable" }) },
  "empty-400": { endpoints: ["token", "revoke"], apply: (ctx) => jsonAnswer(ctx, 400, "") },
  "rate-limited": {
    endpoints: ALL,
    members: { retryAfter: optional(isNumber) },
    apply(ctx, _next, { retryAfter = 5 }) {
      ctx.set("Retry-After", String(retryAfter));
      jsonAnswer(ctx, 429, { error: "Too many requests" });
    },
  },
  slow: {
    endpoints: ALL,
    members: { delayMs: optional(isNumber) },
    async apply(_ctx, next, { delayMs = 3000, cleared }) {
      await next();
      await sleep(delayMs, undefined, { ref: false, signal: cleared }).catch(() => {});
    },
  },
  html: { endpoints: JSON_ANSWERS, apply: (ctx) => htmlAnswer(ctx, 200, "Not what you expected") },
  empty: { endpoints: JSON_ANSWERS, apply: (ctx) => jsonAnswer(ctx, 200, "") },
  truncated: {
    endpoints: JSON_ANSWERS,
    async apply(ctx, next) {
      await next();
      const text = JSON.stringify(ctx.body ?? null);
      ctx.body = text.slice(0, text.length / 2);
      ctx.type = "json";
    },
  },
  "stalled-body": {
    endpoints: ["discovery", "jwks", "token"],
    async apply(ctx, next) {
      await next();
      const text = JSON.stringify(ctx.body ?? null);
      ctx.type = "json";
      ctx.remove("Content-Length");
      ctx.respond = false;
      ctx.res.write(text.slice(0, text.length / 2));
    },
  },
  "drop-after": {
    endpoints: ["token", "revoke"],
    async apply(ctx, next) {
      await next();
      drop(ctx);
    },
  },
  "oauth-error": {
    endpoints: ["token", "revoke", "authorize"],
    members: { error: isText, description: optional(isText), status: optional(isStatus) },
    apply(ctx, next, { error, description, status = 400, endpoint }) {
      const body = { error, ...(description && { error_description: description }) };
      if (endpoint !== "authorize") return jsonAnswer(ctx, status, body);
      ctx.state.refusal = body;
      return next();
    },
  },
  "no-access-token": {
    endpoints: ["token"],
    apply: changed((body) => {
      delete body.access_token;
    }),
  },
  "expires-in": {
    endpoints: ["token"],
    members: { value: isAnything },
    apply: changed((body, { value }) => {
      body.expires_in = value;
    }),
  },
  "refresh-token": {
    endpoints: ["token"],
    members: { value: isAnything },
    apply: changed((body, { value }) => {
      body.refresh_token = value;
    }),
  },
  claims: {
    endpoints: ["token"],
    members: { value: isObject },
    apply(ctx, next, { value }) {
      ctx.state.claims = value;
      return next();
    },
  },
  "bad-signature": {
    endpoints: ["token"],
    apply: changed((body) => {
      const [header, payload, signature] = body.access_token.split(".");
      const forged = Buffer.from(signature, "base64url").reverse().toString("base64url");
      body.access_token = [header, payload, forged].join(".");
    }),
  },
  "wrong-issuer": {
    endpoints: ["discovery"],
    apply: changed((body) => {
      body.issuer = "https://login.example.com";
    }),
  },
  "unusable-keys": {
    endpoints: ["jwks"],
    members: { value: optional((value) => isText(value) && Object.hasOwn(UNUSABLE, value)) },
    apply: changed((body, { value = "truncated-modulus" }) => {
      body.keys = body.keys.map(UNUSABLE[value]);
    }),
  },
};

/** Which kinds each endpoint knows. */
export const FAULT_KINDS = Object.fromEntries(
  ALL.map((endpoint) => [endpoint, Object.keys(KINDS).filter((kind) => KINDS[kind].endpoints.includes(endpoint))]),
);

/** @param {{ kind: string, times?: number }} fault */
function check(endpoint, fault) {
  if (!ALL.includes(endpoint)) throw new TypeError(`no endpoint "${endpoint}"; there are: ${ALL.join(", ")}`);
  if (!FAULT_KINDS[endpoint].includes(fault?.kind)) {
    throw new TypeError(`no fault "${fault?.kind}" for ${endpoint}; there are: ${FAULT_KINDS[endpoint].join(", ")}`);
  }
  const { kind, ...given } = fault;
  const members = { times: optional(isCount), ...KINDS[kind].members };
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(members, name));
  if (unknown) throw new TypeError(`"${kind}" has no member "${unknown}"; it has: ${Object.keys(members).join(", ")}`);
  const wrong = Object.keys(members).find((name) => !members[name](given[name]));
  if (wrong) throw new TypeError(`"${kind}" cannot have this ${wrong}: ${JSON.stringify(given[wrong])}`);
}

export class Faults {
  #set = {};
  #cleared = new AbortController();

  /**
   * Replaces what was set before, as `clear` does.
   *
   * @param {Record<string, { kind: string, times?: number }>} faults by endpoint; `times`: after how
   *   many requests it clears itself, by default never
   */
  set(faults) {
    if (!isObject(faults)) throw new TypeError("faults are an object: { <endpoint>: { kind } }");
    for (const [endpoint, fault] of Object.entries(faults)) check(endpoint, fault);
    this.clear();
    this.#set = structuredClone(faults);
  }

  /** From now on no request meets a fault; what `slow` keeps back is answered at once. */
  clear() {
    this.#set = {};
    this.#cleared.abort();
    this.#cleared = new AbortController();
  }

  /** What is set now; `times` counts down. */
  get() {
    return structuredClone(this.#set);
  }

  /** The fault that this request meets. */
  #take(endpoint) {
    const fault = this.#set[endpoint];
    if (fault?.times && --fault.times === 0) delete this.#set[endpoint];
    return fault;
  }

  /** @param {(ctx: import("koa").Context) => string | undefined} endpointOf a request; preflights are answered before */
  middleware(endpointOf) {
    return async (ctx, next) => {
      const endpoint = endpointOf(ctx);
      const fault = endpoint && this.#take(endpoint);
      const cleared = this.#cleared.signal;
      return fault ? KINDS[fault.kind].apply(ctx, next, { ...fault, endpoint, cleared }) : next();
    };
  }
}

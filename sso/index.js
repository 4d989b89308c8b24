// The local EVE SSO and a small ESI: oidc-provider dressed as EVE's, for the demo, for the tests, and for
// the tests of applications that use this package. See README.md beside this file.
import { AccessTokens, SCOPE_CLAIMS } from "./access-token.js";
import { adminRoutes } from "./admin.js";
import { authorizationEndpoint, checkAuthorization } from "./authorize.js";
import { ssoCors } from "./cors.js";
import { discoveryDocument } from "./discovery.js";
import { createEsi } from "./esi.js";
import { Faults } from "./faults.js";
import { implicitGrant } from "./implicit.js";
import { KeySet } from "./keys.js";
import { listen, serve, shut } from "./listen.js";
import { loginEndpoint } from "./login.js";
import { refuseForeignHosts } from "./loopback.js";
import { PATHS } from "./paths.js";
import { createProvider } from "./provider.js";
import { createRequests, recordRequests } from "./requests.js";
import { revocationEndpoint } from "./revoke.js";
import { tokenEndpoint } from "./token.js";

const DEFAULTS = {
  port: 0,
  esiPort: 0,
  host: "localhost",
  clients: [
    { clientId: "esi-security-demo" },
    { clientId: "esi-security-secret", clientSecret: "local-secret-not-a-secret" },
  ],
  accessTokenTtl: 1200,
  rotate: true,
  algorithm: "RS256",
  scopeClaim: "auto",
  issuerWithoutScheme: false,
  issParameter: false,
  allowedOrigin: "*",
};

function refuseUnknown(what, given, known) {
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown) throw new TypeError(`no ${what} is called "${unknown}"; there are: ${known.join(", ")}`);
}

function readOptions(given) {
  refuseUnknown("option", given, Object.keys(DEFAULTS));
  const options = { ...DEFAULTS, ...given };
  if (!["localhost", "127.0.0.1"].includes(options.host)) throw new TypeError("host: localhost or 127.0.0.1");
  for (const name of ["port", "esiPort"]) {
    const port = options[name];
    if (!Number.isInteger(port) || port < 0 || port > 65535)
      throw new TypeError(`${name}: 0 to 65535, 0 for a free one`);
  }
  for (const client of options.clients) {
    refuseUnknown("member of a client", client, ["clientId", "clientSecret", "redirectUris"]);
    if (typeof client.clientId !== "string" || !client.clientId) throw new TypeError("clients: each needs a clientId");
    if (client.redirectUris?.some((uri) => !/^https?:/.test(uri) || !URL.canParse(uri) || uri.includes("#"))) {
      throw new TypeError(`clients: a redirect URI of "${client.clientId}" is no http address without a fragment`);
    }
  }
  if (!Number.isInteger(options.accessTokenTtl) || options.accessTokenTtl < 1) {
    throw new TypeError("accessTokenTtl: a whole number of seconds, at least 1");
  }
  if (!["RS256", "ES256"].includes(options.algorithm)) throw new TypeError("algorithm: RS256 or ES256");
  const { allowedOrigin } = options;
  if (allowedOrigin !== "*" && (!URL.canParse(allowedOrigin) || new URL(allowedOrigin).origin !== allowedOrigin)) {
    throw new TypeError("allowedOrigin: an origin, or *");
  }
  if (!SCOPE_CLAIMS.includes(options.scopeClaim)) throw new TypeError(`scopeClaim: ${SCOPE_CLAIMS.join(", ")}`);
  return options;
}

/** Which endpoint a request is for, as faults name them. */
function endpointOf({ path }) {
  if (PATHS.discovery.includes(path)) return "discovery";
  return ["jwks", "token", "revoke", "authorize"].find((name) => PATHS[name] === path);
}

function documents(discovery, keys) {
  return async (ctx, next) => {
    if (ctx.method !== "GET") return next();
    if (PATHS.discovery.includes(ctx.path)) ctx.body = { ...discovery };
    else if (ctx.path === PATHS.jwks) ctx.body = keys.document;
    else return next();
  };
}

/** Puts both applications on their servers, whose ports are known by now. */
function openUp(options, keys, server, esiServer) {
  const { host, accessTokenTtl, rotate, scopeClaim, clients, issParameter } = options;
  const base = `http://${host}:${server.address().port}`;
  const issuer = options.issuerWithoutScheme ? new URL(base).host : base;
  const iss = issParameter ? issuer : undefined;
  const faults = new Faults();
  const requests = createRequests();
  const rotateKeys = async (how) => {
    await keys.rotate(how);
    return { kid: keys.kid };
  };
  const accessTokens = new AccessTokens({ keys, issuer, ttl: accessTokenTtl, scopeClaim });
  const provider = createProvider({ base, clients, accessTokenTtl, rotate });
  for (const middleware of [
    refuseForeignHosts,
    adminRoutes({ faults, requests, rotateKeys }),
    recordRequests(requests),
    ssoCors(options.allowedOrigin),
    faults.middleware(endpointOf),
    documents(discoveryDocument(base, issuer, issParameter), keys),
    checkAuthorization(provider, iss),
    implicitGrant(provider, accessTokens),
    authorizationEndpoint(iss),
    loginEndpoint(provider),
    tokenEndpoint(provider, accessTokens),
    revocationEndpoint,
  ]) {
    provider.use(middleware);
  }
  serve(server, provider);
  serve(esiServer, createEsi({ keys, issuer, faults, requests }));
  return {
    issuer,
    discoveryUrl: base + PATHS.discovery[0],
    esiUrl: `http://${host}:${esiServer.address().port}`,
    faults,
    rotateKeys,
    requests,
  };
}

/**
 * Starts both servers.
 *
 * @param {Partial<typeof DEFAULTS>} [given] see README.md
 */
export async function startSso(given = {}) {
  const options = readOptions(given);
  const keys = await KeySet.create(options.algorithm);
  const servers = [];
  const close = async () => {
    await Promise.all(servers.map(shut));
  };
  try {
    servers.push(await listen(options.port, options.host));
    servers.push(await listen(options.esiPort, options.host));
    return { ...openUp(options, keys, ...servers), close };
  } catch (error) {
    await close();
    throw error;
  }
}

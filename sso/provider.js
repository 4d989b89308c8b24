// oidc-provider set up as EVE's SSO: its paths, its lifetimes, refresh tokens that rotate, and one
// question per login in place of the provider's login, consent and remembered session.
import { generateKeyPairSync, randomBytes } from "node:crypto";
// Not from "oidc-provider": its index warns at each start that Node before 22 is unsupported. This project's oldest is
// 20.18 (package.json), its tests run there, and a user can do nothing about the warning. The version is pinned.
import * as interactionPolicy from "oidc-provider/lib/helpers/interaction_policy/index.js";
import { Provider } from "oidc-provider/lib/provider.js";
import { NO_SCOPE } from "./access-token.js";
import { findCharacter } from "./characters.js";
import { isLoopbackUrl } from "./loopback.js";
import { errorPage } from "./pages.js";
import { PATHS } from "./paths.js";
import { SCOPES } from "./scopes.js";
import { memoryStore } from "./store.js";

const MINUTE = 60;
const DAY = 24 * 60 * MINUTE;
const ANY_LOOPBACK = "http://localhost/";

/** Each login asks for a character, whatever was answered before. */
function pickACharacter() {
  const { base, Check, Prompt } = interactionPolicy;
  const policy = base();
  policy.clear();
  const ask = new Check("character", "the pilot picks a character", (ctx) => !ctx.oidc.result?.login);
  policy.add(new Prompt({ name: "login", requestable: true }, ask));
  return policy;
}

/** What was asked for is what is granted: all scopes or nothing. */
async function grantEverything(ctx) {
  const { provider, client, account, params } = ctx.oidc;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: account.accountId });
  grant.addOIDCScope(params.scope);
  await grant.save();
  return grant;
}

function clientMetadata({ clientId, clientSecret, redirectUris }) {
  return {
    client_id: clientId,
    client_secret: clientSecret,
    token_endpoint_auth_method: clientSecret ? "client_secret_post" : "none",
    redirect_uris: redirectUris ?? [ANY_LOOPBACK],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
  };
}

/**
 * @param {{ base: string, clients: object[], accessTokenTtl: number, rotate: boolean }} config
 * @returns {Provider} a Koa application
 */
export function createProvider({ base, clients, accessTokenTtl, rotate }) {
  const provider = new Provider(base, {
    adapter: memoryStore(),
    clients: clients.map(clientMetadata),
    // The provider wants a key, although everything that is signed here is signed by KeySet.
    jwks: { keys: [generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" })] },
    clientDefaults: { id_token_signed_response_alg: "ES256" },
    scopes: [NO_SCOPE, ...SCOPES],
    routes: { authorization: PATHS.authorize, token: PATHS.token, revocation: PATHS.revoke, jwks: PATHS.jwks },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      resourceIndicators: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
    },
    cookies: {
      keys: [randomBytes(32).toString("base64url")],
      // The session cookie is bound to a path that nothing asks for: no login remembers the one before.
      long: { httpOnly: true, sameSite: "lax", path: "/no-session" },
    },
    ttl: {
      AccessToken: accessTokenTtl,
      AuthorizationCode: 5 * MINUTE,
      Grant: 365 * DAY,
      Interaction: 10 * MINUTE,
      RefreshToken: 30 * DAY,
      Session: 10 * MINUTE,
    },
    interactions: { policy: pickACharacter(), url: (_ctx, { uid }) => `${PATHS.login}/${uid}` },
    loadExistingGrant: grantEverything,
    findAccount: (_ctx, id) => findCharacter(id) && { accountId: id, claims: () => ({ sub: id }) },
    issueRefreshToken: (_ctx, _client, source) => source.scope !== NO_SCOPE,
    allowOmittingSingleRegisteredRedirectUri: false,
    expiresWithSession: () => false,
    rotateRefreshToken: rotate,
    renderError: (ctx, { error, error_description: description }) => {
      ctx.type = "html";
      ctx.body = errorPage(ctx.status, error, description);
    },
  });

  // EVE's refresh tokens are 24 characters of base64, so that a missing URL encoding shows.
  provider.RefreshToken.prototype.generateTokenId = () => randomBytes(16).toString("base64");

  const registered = new Map(clients.map(({ clientId, redirectUris }) => [clientId, redirectUris]));
  provider.Client.prototype.redirectUriAllowed = function allowed(uri) {
    const uris = registered.get(this.clientId);
    return uris ? uris.includes(uri) : isLoopbackUrl(uri) && new URL(uri).protocol === "http:";
  };

  provider.on("server_error", (_ctx, error) => console.error("sso:", error));
  return provider;
}

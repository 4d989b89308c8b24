// EVE's paths, as its discovery document names them, and this server's own.

export const PATHS = {
  discovery: ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"],
  authorize: "/v2/oauth/authorize",
  token: "/v2/oauth/token",
  revoke: "/v2/oauth/revoke",
  verify: "/v2/oauth/verify",
  jwks: "/oauth/jwks",
  login: "/login",
  admin: "/_admin",
};

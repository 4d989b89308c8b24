// The server's metadata (RFC 8414), with EVE's members and no other: "none" is not among the methods
// of client authentication, although public clients work.
import { PATHS } from "./paths.js";

const METHODS = ["client_secret_basic", "client_secret_post", "client_secret_jwt"];

/**
 * @param {string} base where this server answers
 * @param {string} issuer what it calls itself
 * @param {boolean} issParameter whether its answers to logins carry `iss` (RFC 9207 section 3)
 */
export function discoveryDocument(base, issuer, issParameter) {
  return {
    issuer,
    authorization_endpoint: base + PATHS.authorize,
    token_endpoint: base + PATHS.token,
    userinfo_endpoint: base + PATHS.verify,
    response_types_supported: ["code", "token"],
    jwks_uri: base + PATHS.jwks,
    revocation_endpoint: base + PATHS.revoke,
    subject_types_supported: ["public"],
    revocation_endpoint_auth_methods_supported: METHODS,
    token_endpoint_auth_methods_supported: METHODS,
    id_token_signing_alg_values_supported: ["HS256"],
    token_endpoint_auth_signing_alg_values_supported: ["HS256"],
    code_challenge_methods_supported: ["S256"],
    ...(issParameter && { authorization_response_iss_parameter_supported: true }),
  };
}

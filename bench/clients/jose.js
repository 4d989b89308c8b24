import { createRemoteJWKSet, jwtVerify } from "jose";

/** What checks the signature and the claims, where a client does not. @type {import("../clients.js").CreateVerifier} */
export function createVerifier({ jwksUri, issuer, clientId }) {
  const keys = createRemoteJWKSet(new URL(jwksUri));
  const rules = { issuer, audience: clientId, algorithms: ["RS256", "ES256"] };
  return (token) => jwtVerify(token, keys, rules);
}

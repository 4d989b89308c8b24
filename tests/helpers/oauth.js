// An OAuth client in a few lines, for tests that want tokens from the local SSO without a browser.
import { createHash, randomBytes } from "node:crypto";
import { authorizeByForm } from "./login.js";

export const CLIENT_ID = "esi-security-demo";
export const REDIRECT_URI = "http://localhost:4999/callback";
export const SCOPES = ["esi-location.read_location.v1", "esi-skills.read_skills.v1"];
export const CHARACTER_ID = 2119000101;

/** RFC 7636 sections 4.1 and 4.2 */
export function pkce() {
  const verifier = randomBytes(32).toString("base64url");
  return { verifier, challenge: createHash("sha256").update(verifier).digest("base64url") };
}

/**
 * The address of an authorization request. A parameter given as undefined is left out.
 *
 * @param {{ issuer: string }} sso
 * @param {Record<string, string | undefined>} [parameters] in place of the usual ones
 */
export function authorizeUrl(sso, parameters = {}) {
  const url = new URL("/v2/oauth/authorize", sso.discoveryUrl);
  const all = {
    response_type: "code",
    client_id: CLIENT_ID,
    redirect_uri: REDIRECT_URI,
    scope: SCOPES.join(" "),
    state: "a-state-of-this-test",
    code_challenge: pkce().challenge,
    code_challenge_method: "S256",
    ...parameters,
  };
  for (const [name, value] of Object.entries(all)) if (value !== undefined) url.searchParams.set(name, value);
  return url.href;
}

/** @returns {Promise<Response>} */
export function postForm(url, fields, headers = {}) {
  return fetch(url, { method: "POST", headers, body: new URLSearchParams(fields) });
}

/** Sends a form to the token endpoint, as the public client unless told otherwise. */
export function postToken(sso, fields, headers) {
  return postForm(new URL("/v2/oauth/token", sso.discoveryUrl), { client_id: CLIENT_ID, ...fields }, headers);
}

/** Logs in as far as the code, and gives what its exchange needs. */
export async function getCode(sso, { characterId = CHARACTER_ID, ...parameters } = {}) {
  const { verifier, challenge } = pkce();
  const url = authorizeUrl(sso, { code_challenge: challenge, ...parameters });
  const back = new URL(await authorizeByForm({ authorizeUrl: url, characterId }));
  return { grant_type: "authorization_code", code: back.searchParams.get("code"), code_verifier: verifier };
}

/** The whole login: a token response. */
export async function logIn(sso, options) {
  const response = await postToken(sso, await getCode(sso, options));
  if (!response.ok) throw new Error(`the SSO refused the code: ${response.status}`);
  return response.json();
}

export function refresh(sso, refreshToken, fields = {}) {
  return postToken(sso, { grant_type: "refresh_token", refresh_token: refreshToken, ...fields });
}

/** Reads a part of a JWT without checking it. */
export function readJwt(token, part = 1) {
  return JSON.parse(Buffer.from(token.split(".")[part], "base64url").toString());
}

// What tests of `verify` share: tokens that the local SSO would not issue, signed by keys of the test's own.
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { CLIENT_ID, openPage } from "./page.js";

export const YEAR_2100 = 4_102_444_800;

export const verify = (page, options) => page.run(({ security }, given) => security.verify(given), options);

/** Hands the page a token. */
export const bring = (page, token) =>
  page.run(({ security }, access_token) => security.updateToken({ access_token, expires_in: 1199 }), token);

/** A key pair of its own; a `kid` that is undefined is left out. */
export async function makeKey(kid, alg = "RS256") {
  const { publicKey, privateKey } = await generateKeyPair(alg, { modulusLength: 2048 });
  return { alg, privateKey, jwk: { ...(await exportJWK(publicKey)), alg, use: "sig", ...(kid && { kid }) } };
}

/**
 * A token with EVE's claims, signed by that key.
 *
 * @param {object} header members beside `alg` and `typ`, or in their place
 * @param {object} changes to the claims; undefined removes one
 */
export const signToken = ({ sso }, { alg, privateKey }, header = {}, changes = {}) =>
  new SignJWT({
    iss: sso.issuer,
    aud: [CLIENT_ID, "EVE Online"],
    azp: CLIENT_ID,
    sub: "CHARACTER:EVE:2119000102",
    iat: 1,
    exp: YEAR_2100,
    ...changes,
  })
    .setProtectedHeader({ alg, typ: "JWT", ...header })
    .sign(privateKey);

/** A page that was given the test's own keys, and a function that signs with one of them. */
export async function openWithKeys(t, names, { alg, single = false, options } = {}) {
  const keys = await Promise.all(names.map((kid) => makeKey(kid, alg)));
  const set = { keys: keys.map(({ jwk }) => jwk) };
  const page = await openPage(t, { options: { jwksKey: single ? set.keys[0] : set, ...options } });
  const sign = (index, header, changes) => signToken(page, keys[index], header, changes);
  return { page, sign };
}

// The key set (RFC 7517) and the signatures made with it: an RSA key that signs, as at EVE, beside a
// P-256 one, both made at the start. Rotation replaces the key that signs.
import { randomUUID } from "node:crypto";
import { exportJWK, generateKeyPair, SignJWT } from "jose";

const RSA_KID = "JWT-Signature-Key";

/** @typedef {{ alg: "RS256" | "ES256", kid: string, privateKey: CryptoKey, jwk: object }} Key */

async function makeKey(alg, kid) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { modulusLength: 2048 });
  const jwk = { alg, ...(await exportJWK(publicKey)), kid, use: "sig" };
  return { alg, kid, privateKey, jwk: Object.fromEntries(Object.entries(jwk).sort()) };
}

export class KeySet {
  /** @type {Key[]} */
  #keys = [];
  /** @type {Key} */
  #signing;
  #rotations = 0;

  /** @param {"RS256" | "ES256"} algorithm of the key that signs */
  static async create(algorithm) {
    const set = new KeySet();
    set.#keys = await Promise.all([makeKey("RS256", RSA_KID), makeKey("ES256", randomUUID())]);
    set.#signing = set.#keys.find((key) => key.alg === algorithm);
    return set;
  }

  /** The kid that signs now. */
  get kid() {
    return this.#signing.kid;
  }

  /** The document at `/oauth/jwks`, with EVE's extra member. */
  get document() {
    return { keys: this.#keys.map((key) => ({ ...key.jwk })), SkipUnresolvedJsonWebKeys: true };
  }

  /**
   * A new key signs from now on.
   *
   * @param {object} [options]
   * @param {boolean} [options.keepOld] the old key stays in the set, for tokens that are out
   * @param {boolean} [options.keepKid] the new key goes by the old one's name
   */
  async rotate({ keepOld = false, keepKid = false } = {}) {
    const old = this.#signing;
    this.#rotations += 1;
    const kid = old.alg === "RS256" ? `${RSA_KID}-${this.#rotations + 1}` : randomUUID();
    const fresh = await makeKey(old.alg, keepKid ? old.kid : kid);
    this.#keys = this.#keys.flatMap((key) => (key !== old ? [key] : keepOld ? [fresh, old] : [fresh]));
    this.#signing = fresh;
  }

  /** @param {object} claims */
  async sign(claims) {
    const { alg, kid, privateKey } = this.#signing;
    return new SignJWT(claims).setProtectedHeader({ alg, kid, typ: "JWT" }).sign(privateKey);
  }
}

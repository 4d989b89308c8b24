// npm's jose for the native tests: one request a line on standard input, one answer a line on standard output.
import { createInterface } from "node:readline";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, jwtVerify, SignJWT } from "jose";

const pairs = new Map();

/** The key pair for an algorithm, made when it is first needed. */
function pair(alg) {
  if (!pairs.has(alg)) pairs.set(alg, generateKeyPair(alg, { modulusLength: 2048, extractable: true }));
  return pairs.get(alg);
}

const METHODS = {
  /** A key as jose exports it, and its thumbprint by RFC 7638. */
  async export({ alg, half }) {
    const jwk = await exportJWK((await pair(alg))[half]);
    return { jwk, thumbprint: await calculateJwkThumbprint(jwk) };
  },

  async sign({ header, claims }) {
    const { privateKey } = await pair(header.alg);
    return new SignJWT(claims).setProtectedHeader(header).sign(privateKey);
  },

  /** The header and the claims, or the code of the refusal. */
  async verify({ token, jwk, alg }) {
    const key = await importJWK(jwk, alg);
    try {
      const { protectedHeader, payload } = await jwtVerify(token, key, { algorithms: [alg] });
      return { header: protectedHeader, claims: payload };
    } catch (error) {
      return { refused: error.code ?? String(error) };
    }
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [method, request] = JSON.parse(line);
  console.log(JSON.stringify(await METHODS[method](request)));
}

// What a page has to load for the same job: login, refresh, revoke; and with jose, verification.
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { JOSE, OURS } from "./clients.js";

const MEASURES = {
  "gzip -9": (bytes) => gzipSync(bytes, { level: 9 }).length,
  "brotli 11": (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length,
  minified: (bytes) => bytes.length,
};

/** @param {{ bundles: import("./bundles.js").Bundles }} given */
export function payload({ bundles }) {
  const peers = [...bundles.keys()].filter((client) => ![OURS, JOSE].includes(client));
  return Object.entries(MEASURES).flatMap(([what, measure]) => {
    const sum = (client) => Object.values(bundles.get(client)).reduce((total, bytes) => total + measure(bytes), 0);
    const ours = sum(OURS);
    return peers.length
      ? peers.map((peer) => ({ what, unit: "bytes", ours, theirs: sum(peer), beside: peer }))
      : [{ what, unit: "bytes", ours }];
  });
}

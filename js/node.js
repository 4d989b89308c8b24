// The package's entry for Node: as index.js, but the module is read from its file, since Node's `fetch` reads none.

import { readFile } from "node:fs/promises";
import { moduleUrl } from "../pkg/esi_security.js";
import { EsiError } from "./error.js";
import * as entry from "./index.js";

export * from "./index.js";

async function readModule() {
  const url = moduleUrl();
  try {
    return await readFile(url);
  } catch (cause) {
    const message =
      `\`${url.pathname}\` could not be read. If a server's bundle has left it out, keep the package out of the bundle: ` +
      'in Next by `serverExternalPackages: ["esi-security"]`';
    throw new EsiError(message, "load_failed", "load", false, { cause });
  }
}

export function init(source = readModule) {
  return entry.init(source);
}

/** Node has no shared workers, and need not be warned of that. */
const withoutWorker = (options) => (Object(options) === options ? { tokenWorker: false, ...options } : options);

export class EsiSecurity extends entry.EsiSecurity {
  static async create(options) {
    await init();
    // biome-ignore lint/complexity/noThisInStatic: an object of a page's own subclass is one of that class.
    return super.create(options);
  }

  constructor(options) {
    super(withoutWorker(options));
  }
}

// The package's entry: loads the WebAssembly module when it is first needed, and nothing at import, so
// that a server may import it too.

import initWasm, * as core from "../pkg/esi_security.js";
import { EsiError } from "./error.js";
import { getModule, loadError } from "./module.js";
import { adapt } from "./storage.js";
import * as tokenClient from "./token-client.js";

export { EsiError, isEsiError } from "./error.js";

let loading;
let loaded = false;

async function load(source = core.moduleUrl()) {
  try {
    await initWasm({ module_or_path: await getModule(source) });
    core.setTokenClient(tokenClient);
    loaded = true;
  } catch (cause) {
    loading = undefined;
    throw loadError(cause);
  }
}

export function init(source) {
  loading ??= load(source);
  return loading;
}

function requireLoaded() {
  if (!loaded) {
    const message = "call and await `init()` first, or use `EsiSecurity.create()`, which does";
    throw new EsiError(message, "not_initialized", "load", false);
  }
}

export class EsiSecurity extends core.EsiSecurity {
  static async create(options) {
    await init();
    const key = core.customStorageKey(options);
    if (key !== undefined) await adapt(options.storage, core).read(key);
    return new this(options);
  }

  constructor(options) {
    requireLoaded();
    const isOwn = core.customStorageKey(options) !== undefined;
    super(isOwn ? { ...options, storage: adapt(options.storage, core) } : options);
    // Passed on by themselves they are still this object's.
    this.subscribe = this.subscribe.bind(this);
    this.getSnapshot = this.getSnapshot.bind(this);
  }
}

export function generateCodeVerifier(bytes) {
  requireLoaded();
  return core.generateCodeVerifier(bytes);
}

export function generateCodeChallenge(verifier) {
  requireLoaded();
  return core.generateCodeChallenge(verifier);
}

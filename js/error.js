// The error that every rejection and exception of this package is. The WebAssembly module imports it
// too, so that `instanceof` holds on both sides.

export class EsiError extends Error {
  constructor(message, code, phase, retryable, details = {}) {
    const { cause, ...fields } = details;
    super(message, cause === undefined ? undefined : { cause });
    this.name = "EsiError";
    this.code = code;
    this.phase = phase;
    this.retryable = retryable;
    Object.assign(this, fields);
  }
}

/** True for an `EsiError`, also one from another copy of this package. */
export function isEsiError(value) {
  return value instanceof Error && value.name === "EsiError" && typeof value.code === "string";
}

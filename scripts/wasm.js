// Reads a WebAssembly module as far as it tells what takes the room: its sections, its functions with their names, and
// its data.
// https://webassembly.github.io/spec/core/binary/modules.html, and for the names …/appendix/custom.html

const CUSTOM = 0;
const TYPES = 1;
const IMPORTS = 2;
const FUNCTIONS = 3;
const EXPORTS = 7;
const CODE = 10;
const DATA = 11;
/** A segment of the only memory. */
const ACTIVE = 0;
/** Magic number and version. */
const PREAMBLE = 8;
/** The part of the names that is about functions. */
const FUNCTION_NAMES = 1;

export class Reader {
  #bytes;

  constructor(bytes) {
    this.#bytes = bytes;
    this.at = 0;
  }

  get ended() {
    return this.at >= this.#bytes.length;
  }

  byte() {
    this.at += 1;
    return this.#bytes[this.at - 1];
  }

  /** An unsigned number, LEB128. */
  number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }

  /** One with a sign, of which nobody asks how large it is. */
  skipSigned() {
    while (this.byte() >= 0x80);
  }

  take(length) {
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  /** Bytes behind their length. */
  block() {
    return this.take(this.number());
  }

  text() {
    return this.block().toString();
  }

  /** A list behind its length. */
  list(read) {
    return Array.from({ length: this.number() }, read);
  }

  /** An address: `i32.const`, the number, `end`. */
  constant() {
    this.byte();
    const value = this.number();
    this.byte();
    return value;
  }

  limits() {
    const flags = this.byte();
    this.number();
    if (flags & 1) this.number();
  }

  /** What kind of thing is imported. */
  import() {
    this.text();
    this.text();
    const kind = this.byte();
    if (kind === 0) this.number();
    else if (kind === 2) this.limits();
    else if (kind === 3) this.take(2);
    else {
      // A table and a tag begin with one byte of their own.
      this.byte();
      if (kind === 1) this.limits();
      else this.number();
    }
    return kind;
  }
}

/** @returns {Map<number, string>} by index */
function readNames(reader) {
  const names = new Map();
  while (!reader.ended) {
    const kind = reader.byte();
    const part = new Reader(reader.block());
    if (kind === FUNCTION_NAMES) part.list(() => names.set(part.number(), part.text()));
  }
  return names;
}

/** @returns {{ id: number, name?: string, content: Buffer, whole: Buffer }[]} what a module consists of, in place */
function sectionsOf(bytes) {
  const module = new Reader(bytes.subarray(PREAMBLE));
  const sections = [];
  while (!module.ended) {
    const begin = module.at;
    const id = module.byte();
    const content = module.block();
    const whole = bytes.subarray(PREAMBLE + begin, PREAMBLE + module.at);
    const custom = id === CUSTOM ? new Reader(content) : null;
    const name = custom?.text();
    sections.push({ id, name, content: custom ? content.subarray(custom.at) : content, whole });
  }
  return sections;
}

/** @param {Buffer} bytes @param {(name?: string) => boolean} isSuperfluous said of a custom section's name */
export function withoutSections(bytes, isSuperfluous) {
  const kept = sectionsOf(bytes).filter(({ id, name }) => id !== CUSTOM || !isSuperfluous(name));
  return Buffer.concat([bytes.subarray(0, PREAMBLE), ...kept.map(({ whole }) => whole)]);
}

/**
 * @typedef {object} Func
 * @property {number} index imported ones come before
 * @property {string} [name]
 * @property {number[]} results their types
 * @property {number} size with its length
 * @property {number} at where in the section its body begins
 * @property {Buffer} body its locals and code, to be changed in place
 */

/**
 * @param {Buffer} bytes
 * @returns {{ code: Buffer, data: number, functions: Func[], exports: { name: string, kind: number, index: number }[],
 *   segments: { address: number, at: number, bytes: Buffer }[], custom: Map<string, Buffer> }} the code as it stands
 *   there; the bytes of the data, and its parts with their places in memory and in the section, to be changed in place
 */
export function readModule(bytes) {
  const sections = sectionsOf(bytes);
  const find = (id) => new Reader(sections.find((section) => section.id === id)?.content ?? Buffer.from([0]));
  const custom = new Map(sections.filter(({ id }) => id === CUSTOM).map(({ name, content }) => [name, content]));
  const names = readNames(new Reader(custom.get("name") ?? Buffer.alloc(0)));
  const read = {
    types: find(TYPES),
    imports: find(IMPORTS),
    functions: find(FUNCTIONS),
    code: find(CODE),
    data: find(DATA),
  };
  const types = read.types.list(() => {
    read.types.byte();
    read.types.block();
    return [...read.types.block()];
  });
  const imported = read.imports.list(() => read.imports.import()).filter((kind) => kind === 0).length;
  const typeOf = read.functions.list(() => read.functions.number());
  const functions = read.code.list((_, order) => {
    const begin = read.code.at;
    const body = read.code.block();
    const index = imported + order;
    const at = read.code.at - body.length;
    return { index, name: names.get(index), results: types[typeOf[order]], size: read.code.at - begin, at, body };
  });
  const exported = find(EXPORTS);
  const exports = exported.list(() => ({ name: exported.text(), kind: exported.byte(), index: exported.number() }));
  const segments = read.data.list(() => {
    // What is copied when the program says so has no address.
    const address = read.data.byte() === ACTIVE ? read.data.constant() : Number.NaN;
    const content = read.data.block();
    return { address, at: read.data.at - content.length, bytes: content };
  });
  const [code, data] = [CODE, DATA].map((id) => sections.find((section) => section.id === id)?.content);
  return { code: code ?? Buffer.alloc(0), data: data?.length ?? 0, functions, exports, segments, custom };
}

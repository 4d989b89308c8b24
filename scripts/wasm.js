// Reads a WebAssembly module as far as it tells what takes the room: its sections, and its functions with their names.
// https://webassembly.github.io/spec/core/binary/modules.html, and for the names …/appendix/custom.html

const CUSTOM = 0;
const IMPORTS = 2;
const CODE = 10;
const DATA = 11;
/** A segment of the only memory. */
const ACTIVE = 0;
/** Magic number and version. */
const PREAMBLE = 8;
/** The part of the names that is about functions. */
const FUNCTION_NAMES = 1;

class Reader {
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

/**
 * @param {Buffer} bytes
 * @returns {{ address: number, bytes: Buffer }[]} what the memory begins with, as it stands there: to be changed in place
 */
export function readData(bytes) {
  const module = new Reader(bytes.subarray(PREAMBLE));
  const segments = [];
  while (!module.ended) {
    const id = module.byte();
    const section = new Reader(module.block());
    if (id !== DATA) continue;
    section.list(() => {
      // What is copied when the program says so has no address.
      const address = section.byte() === ACTIVE ? section.constant() : Number.NaN;
      segments.push({ address, bytes: section.block() });
    });
  }
  return segments;
}

/**
 * @param {Buffer} bytes
 * @returns {{ code: Buffer, data: number, functions: { name?: string, size: number }[] }} the code as it stands there,
 *   the bytes of the data, and of each function with its length
 */
export function readModule(bytes) {
  const module = new Reader(bytes.subarray(PREAMBLE));
  let [code, data, imported, sizes, names] = [Buffer.alloc(0), 0, 0, [], new Map()];
  while (!module.ended) {
    const id = module.byte();
    const content = module.block();
    const section = new Reader(content);
    if (id === IMPORTS) imported = section.list(() => section.import()).filter((kind) => kind === 0).length;
    if (id === DATA) data = content.length;
    if (id === CODE) {
      code = content;
      sizes = section.list(() => {
        const begin = section.at;
        section.block();
        return section.at - begin;
      });
    }
    if (id === CUSTOM && section.text() === "name") names = readNames(section);
  }
  return { code, data, functions: sizes.map((size, index) => ({ name: names.get(imported + index), size })) };
}

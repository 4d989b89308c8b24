// What nothing in a module refers to any more, once some of its functions do nothing. The linker leaves out only what
// nobody refers to before, and an optimiser does not know where in the data one thing ends and another begins, nor which
// functions of the table a dead one stands for: the linker does, and tells when it is asked to (`bindings/build.rs`).
// https://github.com/WebAssembly/tool-conventions/blob/main/Linking.md
import { Reader, readModule } from "./wasm.js";

const SYMBOL_TABLE = 8;
const UNDEFINED = 0x10;
const EXPLICIT_NAME = 0x40;

/** Kinds of symbols. */
const FUNCTION = 0;
const DATA = 1;
const SECTION = 3;

/** The one kind of relocation that names no symbol, but a type. */
const TYPE_INDEX = 6;
/** Those that add a number to an address. */
const WITH_ADDEND = new Set([3, 4, 5, 8, 9, 11, 14, 15, 16, 17, 21, 22, 23, 24, 25]);

/** @returns {{ kind: number, name?: string, index?: number, offset?: number, length?: number }} */
function readSymbol(reader) {
  const kind = reader.byte();
  const flags = reader.number();
  const isDefined = !(flags & UNDEFINED);
  if (kind === DATA) {
    const name = reader.text();
    if (!isDefined) return { kind, name };
    const [index, offset, length] = [reader.number(), reader.number(), reader.number()];
    return { kind, name, index, offset, length };
  }
  const index = reader.number();
  if (kind !== SECTION && (isDefined || flags & EXPLICIT_NAME)) return { kind, index, name: reader.text() };
  return { kind, index };
}

function readSymbols(content) {
  const reader = new Reader(content);
  reader.number();
  while (!reader.ended) {
    const kind = reader.byte();
    const part = new Reader(reader.block());
    if (kind === SYMBOL_TABLE) return part.list(() => readSymbol(part));
  }
  return [];
}

/** @returns {{ at: number, symbol: number }[]} where in a section which symbol is referred to */
function readReferences(content) {
  const reader = new Reader(content);
  reader.number();
  const all = reader.list(() => {
    const type = reader.byte();
    const [at, symbol] = [reader.number(), reader.number()];
    if (WITH_ADDEND.has(type)) reader.skipSigned();
    return { type, at, symbol };
  });
  return all.filter(({ type }) => type !== TYPE_INDEX);
}

/**
 * @param {Buffer} bytes of a module that was linked with `--emit-relocs`
 * @param {(func: import("./wasm.js").Func) => boolean} isEmptied true for a function that does nothing any more
 * @returns {{ data: number[], functions: string[] }} the address of each byte that nothing refers to, and the names of
 *   such functions
 */
export function findDead(bytes, isEmptied) {
  const { functions, exports, segments, custom } = readModule(bytes);
  const [linking, inCode, inData] = ["linking", "reloc.CODE", "reloc.DATA"].map((name) => custom.get(name));
  if (!linking || !inCode || !inData) throw new Error("The module was linked without `--emit-relocs`.");
  // The linker's own function, which would call the exported one, and has no relocations.
  const wrapped = functions.find(({ name }) => name?.endsWith(".command_export"));
  if (wrapped) throw new Error(`Nobody knows what \`${wrapped.name}\` refers to.`);
  const symbols = readSymbols(linking);
  const data = symbols.filter(({ kind, offset }) => kind === DATA && offset !== undefined);
  for (const each of data) {
    each.address = segments[each.index].address + each.offset;
    each.at = segments[each.index].at + each.offset;
    each.refersTo = [];
  }
  for (const { at, symbol } of readReferences(inData)) {
    const holders = data.filter((each) => each.at <= at && at < each.at + each.length);
    if (holders.length === 0) throw new Error(`Nobody knows what refers to something at ${at} in the data.`);
    for (const each of holders) each.refersTo.push(symbols[symbol]);
  }
  const byIndex = new Map(functions.map((func) => [func.index, { func, refersTo: [] }]));
  const ofFunctions = readReferences(inCode).sort((one, other) => one.at - other.at);
  let next = 0;
  for (const { func, refersTo } of byIndex.values()) {
    for (; next < ofFunctions.length && ofFunctions[next].at < func.at + func.body.length; next += 1) {
      refersTo.push(symbols[ofFunctions[next].symbol]);
    }
  }

  const live = new Set();
  const reach = (symbol) => {
    const thing = symbol.kind === FUNCTION ? byIndex.get(symbol.index) : symbol;
    if (!thing || live.has(thing)) return [];
    live.add(thing);
    return thing.func && isEmptied(thing.func) ? [] : (thing.refersTo ?? []);
  };
  const names = new Set(exports.map(({ name }) => name));
  const roots = exports.filter(({ kind }) => kind === FUNCTION).map(({ index }) => ({ kind: FUNCTION, index }));
  const waiting = [...roots, ...data.filter(({ name }) => names.has(name))];
  while (waiting.length > 0) waiting.push(...reach(waiting.pop()));

  // Two symbols may share what they name.
  const kept = data.filter((each) => live.has(each));
  const isKept = (address) => kept.some((each) => each.address <= address && address < each.address + each.length);
  const unused = data
    .filter((each) => !live.has(each))
    .flatMap(({ address, length }) => Array.from({ length }, (_, index) => address + index))
    .filter((address) => !isKept(address));
  // A name that stands there more than once says nothing.
  const used = new Set([...live].map(({ func }) => func?.name));
  const unreached = functions.map(({ name }) => name).filter((name) => name && !used.has(name));
  return { data: unused, functions: unreached };
}

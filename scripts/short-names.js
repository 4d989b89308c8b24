// Calls what a module and its glue give each other by the names that wasm-opt has chosen: wasm-bindgen's are long, and
// many end in a hash that nothing compresses, once in each of the two files.

/**
 * @typedef {object} ShortNames
 * @property {[module: string, name: string, short: string][]} imports
 * @property {[name: string, short: string][]} exports
 */

/** What wasm-opt calls the one module that there is to import from. */
const MODULE = "a";

/** Each name stands there once, as the key of a function. */
function renameImport(glue, name, short) {
  const key = new RegExp(`^( +)${name}: `, "gm");
  if (glue.match(key)?.length !== 1) throw new Error(`The glue does not give \`${name}\` to the module once.`);
  return glue.replace(key, (_, indent) => `${indent}${short}: `);
}

/**
 * @param {string} glue that wasm-bindgen has made
 * @param {ShortNames} names
 */
export function withShortNames(glue, { imports, exports }) {
  let renamed = glue;
  for (const [, name, short] of imports) renamed = renameImport(renamed, name, short);
  const [from] = imports[0];
  const place = `"${from}": import0`;
  if (!imports.every(([other]) => other === from) || !renamed.includes(place)) {
    throw new Error("The glue gives the module something else, too.");
  }
  const shorts = new Map(exports);
  return renamed
    .replace(place, () => `"${MODULE}": import0`)
    .replace(/\bwasm\.(\w+)/g, (_, name) => {
      if (!shorts.has(name)) throw new Error(`The module does not give \`${name}\` to the glue.`);
      return `wasm.${shorts.get(name)}`;
    });
}

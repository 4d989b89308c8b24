// Puts the short names that wasm-opt has chosen for the module's imports and exports into its glue code. wasm-bindgen's
// names end in a hash, which does not compress, and stand both in the module and in the glue code.

/** The short name of the one module that imports come from. */
const MODULE = "a";

/**
 * The same glue code, by the short names. It has the imports as `old: function(…)` in an object that is the value of
 * `"module"`, and reads the exports as `wasm.old`.
 *
 * @param {string} glue
 * @param {{ imports: [module: string, old: string, short: string][], exports: [old: string, short: string][] }} names
 */
export function withShortNames(glue, { imports, exports }) {
  const importNames = new Map(imports.map(([, old, short]) => [old, short]));
  const exportNames = new Map(exports);
  const find = (names, old) => {
    if (!names.has(old)) throw new Error(`wasm-opt has given \`${old}\` no short name.`);
    return names.get(old);
  };
  return glue
    .replace(`"${imports[0][0]}": `, `"${MODULE}": `)
    .replace(/^( +)(\w+)(?=: function\()/gm, (_, indent, old) => indent + find(importNames, old))
    .replace(/\bwasm\.(\w+)/g, (_, old) => `wasm.${find(exportNames, old)}`);
}

// The short names by which the shipped module and its glue code call each other.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { build } from "../../scripts/build.js";
import { ROOT } from "../../scripts/run.js";
import { setup } from "../../scripts/setup.js";
import { withShortNames } from "../../scripts/short-names.js";

const GLUE = `function __wbg_get_imports() {
    const import0 = {
        __proto__: null,
        __wbg_get_0123456789abcdef: function(arg0) { return wasm.memory.buffer; },
        __wbg_get_0123456789abcdef0: function() { wasm.free(1); },
    };
    return { "./m_bg.js": import0 };
}
`;
const NAMES = {
  imports: [
    ["./m_bg.js", "__wbg_get_0123456789abcdef", "$"],
    ["./m_bg.js", "__wbg_get_0123456789abcdef0", "$a"],
  ],
  exports: [
    ["memory", "b"],
    ["free", "$&"],
  ],
};

test("the glue code uses the short name of each import and export", () => {
  assert.equal(
    withShortNames(GLUE, NAMES),
    GLUE.replace("__wbg_get_0123456789abcdef:", () => "$:")
      .replace("__wbg_get_0123456789abcdef0:", () => "$a:")
      .replace("./m_bg.js", "a")
      .replace("wasm.memory", "wasm.b")
      .replace("wasm.free", () => "wasm.$&"),
  );
});

test("glue code that uses a name which wasm-opt does not know is refused", () => {
  const [, ...fewer] = NAMES.imports;
  assert.throws(
    () => withShortNames(GLUE, { ...NAMES, imports: fewer }),
    /given `__wbg_get_0123456789abcdef` no short name/,
  );
  assert.throws(() => withShortNames(GLUE, { ...NAMES, exports: [["memory", "b"]] }), /given `free` no short name/);
});

before(async () => await build(await setup({ tests: false })));

test("no import or export of the shipped module has a long name", () => {
  const module = new WebAssembly.Module(readFileSync(join(ROOT, "pkg/esi_security_bg.wasm")));
  const names = [...WebAssembly.Module.imports(module), ...WebAssembly.Module.exports(module)].map(({ name }) => name);
  assert.ok(names.length > 100);
  assert.deepEqual(
    names.filter((name) => name.length > 3),
    [],
  );
  const glue = readFileSync(join(ROOT, "pkg/esi_security.js"), "utf8");
  for (const { name } of WebAssembly.Module.imports(module)) assert.ok(glue.includes(`        ${name}: `), name);
});

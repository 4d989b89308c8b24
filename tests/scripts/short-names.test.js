// What the module that is shipped and its glue call each other.
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
    return {
        __proto__: null,
        "./m_bg.js": import0,
    };
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

test("imports and exports get their new names, each its own", () => {
  assert.equal(
    withShortNames(GLUE, NAMES),
    GLUE.replace("__wbg_get_0123456789abcdef:", () => "$:")
      .replace("__wbg_get_0123456789abcdef0:", () => "$a:")
      .replace("./m_bg.js", "a")
      .replace("wasm.memory", "wasm.b")
      .replace("wasm.free", () => "wasm.$&"),
  );
});

test("a glue that gives the module anything in another way is refused", () => {
  const twice = GLUE.replace("abcdef0:", "abcdef:");
  assert.throws(() => withShortNames(twice, NAMES), /does not give `__wbg_get_0123456789abcdef` to the module once/);
  const elsewhere = GLUE.replace("./m_bg.js", "./n_bg.js");
  assert.throws(() => withShortNames(elsewhere, NAMES), /something else/);
  const others = { ...NAMES, imports: [NAMES.imports[0], ["./n_bg.js", ...NAMES.imports[1].slice(1)]] };
  assert.throws(() => withShortNames(GLUE, others), /something else/);
  const fewer = { ...NAMES, exports: [["memory", "b"]] };
  assert.throws(() => withShortNames(GLUE, fewer), /does not give `free` to the glue/);
});

before(async () => await build(await setup({ tests: false })));

test("no name that is shipped has a hash in it", () => {
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

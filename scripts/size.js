// Prints the size of what a page loads: the WebAssembly module and the minified JavaScript, plain and compressed. Fails
// above the budget. That also guards link-time optimisation: without it the module is an eighth larger.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "./build.js";
import { fail, isMain, ROOT } from "./run.js";
import { setup } from "./setup.js";
import { findSwitches } from "./standard-library.js";

async function minifiedJavaScript() {
  // Imported late, because the packages may not be there before `setup`.
  const { build: bundle } = await import("esbuild");
  const { outputFiles } = await bundle({
    absWorkingDir: ROOT,
    // The worker is a file of its own.
    entryPoints: ["js/index.js", "js/token-worker.js"],
    bundle: true,
    minify: true,
    format: "esm",
    outdir: "unused",
    write: false,
  });
  return Buffer.concat(outputFiles.map(({ contents }) => contents));
}

function measure(name, bytes) {
  return {
    name,
    plain: bytes.length,
    gzip: gzipSync(bytes, { level: 9 }).length,
    brotli: brotliCompressSync(bytes).length,
  };
}

/**
 * Prints the payload.
 *
 * @param {{ isPlain: boolean, file?: string }} build true if the standard library was not compiled for size; the budget's file
 * @throws {Error} above the budget, unless the build is plain
 */
export async function size({ isPlain, file = join(ROOT, "budget.json") }) {
  const rows = [
    measure("WebAssembly", readFileSync(join(ROOT, "pkg/esi_security_bg.wasm"))),
    measure("JavaScript", await minifiedJavaScript()),
  ];
  const sum = (member) => rows.reduce((total, row) => total + row[member], 0);
  rows.push({ name: "together", plain: sum("plain"), gzip: sum("gzip"), brotli: sum("brotli") });

  const cells = (...values) => values.map((value) => String(value).padStart(9)).join("");
  console.log(`bytes      ${cells("plain", "gzip -9", "brotli")}`);
  for (const { name, plain, gzip, brotli } of rows) console.log(`${name.padEnd(11)}${cells(plain, gzip, brotli)}`);

  const budget = JSON.parse(readFileSync(file, "utf8")).gzip;
  console.log(`budget     ${cells("", budget, "")}`);
  if (isPlain) {
    console.log("The budget is not compared: the standard library in this module was not compiled for size.");
    return;
  }
  const { gzip } = rows.at(-1);
  if (gzip > budget) throw new Error(`The payload is ${gzip - budget} bytes of gzip above the budget in budget.json.`);
}

if (isMain(import.meta)) {
  try {
    const env = await setup({ tests: false });
    await build(env);
    await size({ isPlain: !findSwitches(env) });
  } catch (error) {
    fail(error);
  }
}

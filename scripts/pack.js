// Packs what an app installs, until npm has it: `npm run pack`. `npm pack` alone would pack an old build, or none, since
// `.npmrc` lets no script of a package run by itself.
import { join } from "node:path";
import { build } from "./build.js";
import { fail, isMain, ROOT, run } from "./run.js";
import { setup } from "./setup.js";

/** Without these a tarball is good for nothing. npm leaves out what is not there, and says nothing. */
const BUILT = ["pkg/esi_security.js", "pkg/esi_security_bg.wasm"];

/**
 * Packs what was built.
 *
 * @param {string} [folder] where to
 * @returns {Promise<{ file: string, files: string[] }>} the tarball, and the names of what is in it
 */
export async function pack(folder = ROOT) {
  const given = ["pack", "--json", "--loglevel", "error", "--pack-destination", folder];
  const [{ filename, files }] = JSON.parse(await run("npm", given, { shown: false }));
  const names = files.map(({ path }) => path);
  const missing = BUILT.filter((name) => !names.includes(name));
  if (missing.length > 0) throw new Error(`The tarball has no ${missing.join(", ")}: \`npm run build\` first.`);
  return { file: join(folder, filename), files: names };
}

if (isMain(import.meta)) {
  try {
    await build(await setup({ tests: false }));
    const { file } = await pack();
    console.log(`In your app: npm install ${file}`);
  } catch (error) {
    fail(error);
  }
}

// Installs what is missing on this machine, and just that. Every other script begins with it; when nothing is
// missing it takes a second and says nothing. Interrupted, it can be run again.
import { fail, isMain } from "./run.js";
import { browsers } from "./setup/browsers.js";
import { cargoTools } from "./setup/cargo-tools.js";
import { librarySource, lints } from "./setup/components.js";
import { linker } from "./setup/linker.js";
import { requireNode } from "./setup/node.js";
import { benchPackages, bundlerPackages, npmPackages } from "./setup/npm-packages.js";
import { rust } from "./setup/rust.js";
import { environment, which } from "./toolchain.js";

/**
 * Something that has to be here.
 *
 * @template [Found=unknown]
 * @typedef {object} Part
 * @property {string} name
 * @property {string} takes how long the installation tends to take
 * @property {string} byHand the command that a person would give
 * @property {() => Found | null} find what is here already
 * @property {() => Promise<unknown>} install
 */

const NO_RUST = `Rust is missing. Install it from https://rustup.rs:
  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y
or, on Debian:
  apt-get install rustc-web cargo-web`;

/**
 * @template Found
 * @param {Part<Found>} part
 * @returns {Promise<Found>}
 */
async function ensure({ name, takes, byHand, find, install }) {
  const here = find();
  if (here) return here;
  console.log(`\nMissing: ${name}. Installing it; this tends to take ${takes}.`);
  let reason = "it is still not found";
  try {
    await install();
  } catch (error) {
    reason = error.message;
  }
  const found = find();
  if (found) return found;
  throw new Error(`Could not install ${name}: ${reason}.\nInstall it by hand, then try again:\n  ${byHand}`);
}

/** The same for a part that a build can do without. */
async function attempt(part) {
  await ensure(part).catch(({ message }) => console.log(message));
}

/**
 * @param {{ tests?: boolean, engines?: string[] }} [needs] without what only the tests need; and the engines that they
 *   run in: "chromium", "firefox", "webkit"
 * @returns {Promise<NodeJS.ProcessEnv>} the environment to build and test in
 */
export async function setup({ tests = true, engines = tests ? Object.keys(browsers) : [] } = {}) {
  requireNode();
  if (!which("rustc") || !which("cargo")) throw new Error(NO_RUST);
  await ensure(linker);
  const compiler = await ensure(rust);
  await attempt(librarySource(compiler));
  if (tests) await ensure(lints(compiler));
  const found = [];
  for (const engine of engines) found.push(await ensure(browsers[engine]));
  const env = environment(compiler, found);
  await ensure(npmPackages);
  for (const tool of cargoTools(env, engines)) await ensure(tool);
  return env;
}

/** The same for what only needs the npm packages. */
export async function setupPackages() {
  requireNode();
  await ensure(npmPackages);
}

/** The packages that `npm run bench` measures beside, which nothing else needs. */
export const setupBench = () => ensure(benchPackages);

/** The bundlers that `npm run test:package` tries the package with, which nothing else needs. */
export const setupBundlers = () => ensure(bundlerPackages);

if (isMain(import.meta)) await setup().catch(fail);

// The npm packages, exactly as the lock file names them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, run } from "../run.js";
import { withLock } from "./lock.js";

function readPackages(folder, lock) {
  try {
    return JSON.parse(readFileSync(join(folder, lock), "utf8")).packages;
  } catch {
    return null;
  }
}

/**
 * True if what npm noted down at the end of its last installation is what the lock file asks for. It notes
 * nothing down when it is interrupted.
 */
export function isInstalled(folder = ROOT) {
  const installed = readPackages(folder, "node_modules/.package-lock.json");
  if (!installed) return false;
  const { "": _ourselves, ...wanted } = readPackages(folder, "package-lock.json");
  const extra = Object.keys(installed).some((path) => !(path in wanted));
  return (
    !extra &&
    Object.entries(wanted).every(([path, { version, integrity, optional }]) =>
      path in installed ? installed[path].version === version && installed[path].integrity === integrity : optional,
    )
  );
}

/**
 * @param {string} folder
 * @param {{ name: string, takes: string, byHand: string }} description
 * @returns {import("../setup.js").Part}
 */
function packagesOf(folder, description) {
  const work = async () => {
    if (!isInstalled(folder)) await run("npm", ["ci", "--no-audit"], { cwd: folder });
  };
  // Two at once would take away from each other what they have just put there.
  const install = () =>
    withLock(`npm packages of ${folder}`, work, () => console.log("Another set-up is at it: waiting for its end."));
  return { ...description, find: () => isInstalled(folder), install };
}

export const npmPackages = packagesOf(ROOT, {
  name: "the npm packages",
  takes: "half a minute",
  byHand: "npm ci",
});

/** Those that `npm run bench` measures. */
export const benchPackages = packagesOf(join(ROOT, "bench"), {
  name: "the packages to measure beside",
  takes: "half a minute",
  byHand: "npm ci --prefix bench",
});

/** The bundlers and frameworks that the packed package is tried with. */
export const bundlerPackages = packagesOf(join(ROOT, "tests/package"), {
  name: "the bundlers and frameworks for `npm run test:package`",
  takes: "a minute",
  byHand: "npm ci --prefix tests/package",
});

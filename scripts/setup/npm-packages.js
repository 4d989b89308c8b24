// The npm packages, exactly as the lock file names them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, run } from "../run.js";

function readPackages(lock) {
  try {
    return JSON.parse(readFileSync(join(ROOT, lock), "utf8")).packages;
  } catch {
    return null;
  }
}

/**
 * True if what npm noted down at the end of its last installation is what the lock file asks for. It notes
 * nothing down when it is interrupted.
 */
function isInstalled() {
  const installed = readPackages("node_modules/.package-lock.json");
  if (!installed) return false;
  const { "": _ourselves, ...wanted } = readPackages("package-lock.json");
  const extra = Object.keys(installed).some((path) => !(path in wanted));
  return (
    !extra &&
    Object.entries(wanted).every(([path, { version, integrity, optional }]) =>
      path in installed ? installed[path].version === version && installed[path].integrity === integrity : optional,
    )
  );
}

/** @type {import("../setup.js").Part} */
export const npmPackages = {
  name: "the npm packages",
  takes: "half a minute",
  byHand: "npm ci",
  find: isInstalled,
  install: () => run("npm", ["ci", "--no-audit"]),
};

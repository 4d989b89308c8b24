// The Node that runs all this: an older one would fail somewhere in the middle, and not say why.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../run.js";

const numbers = (version) => version.split(".").map(Number);

/** @throws {Error} if it is older than the `engines` of package.json allow */
export function requireNode(version = process.versions.node) {
  const { engines } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const oldest = engines.node.replace(">=", "");
  const [[major, minor], [oldestMajor, oldestMinor]] = [numbers(version), numbers(oldest)];
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new Error(
    `Node ${version} is too old: this project needs ${oldest} or newer.\nInstall it, as from https://nodejs.org, then try again.`,
  );
}

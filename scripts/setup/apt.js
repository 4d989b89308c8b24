// System packages, where the system is Debian's kind and we are root or sudo asks nothing.
import { output, run } from "../run.js";

const OPTIONS = ["--yes", "--quiet", "--no-install-recommends", "--option", "DPkg::Lock::Timeout=120"];

let updated = false;

/** @throws {Error} also where there is no sudo, or it would ask for a password */
export async function runAsRoot(program, args) {
  if (process.getuid() === 0) await run(program, args);
  else await run("sudo", ["-n", program, ...args]);
}

/**
 * @param {string[]} packages
 * @param {string[]} [options] of apt-get install
 */
export async function installPackages(packages, options = []) {
  if (output("apt-get", ["--version"]) === null) throw new Error("there is no apt-get here");
  // sudo takes our environment away, so the variable goes through `env`.
  const asRoot = (...command) => runAsRoot("env", ["DEBIAN_FRONTEND=noninteractive", ...command]);
  // An installation that was interrupted is carried to its end first; otherwise this does nothing.
  await asRoot("dpkg", "--configure", "-a");
  if (!updated) await asRoot("apt-get", "update", "--quiet");
  updated = true;
  await asRoot("apt-get", "install", ...OPTIONS, ...options, ...packages);
}

// How a release build makes the module small: it compiles the standard library together with the package. The switches for
// this are unstable; a stable compiler accepts them with RUSTC_BOOTSTRAP=1.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { output } from "./run.js";
import { TARGET } from "./toolchain.js";

/** https://doc.rust-lang.org/cargo/reference/unstable.html#build-std */
const CARGO = [
  ...["-Zbuild-std=std", "-Zbuild-std-features=optimize_for_size"],
  // This makes the module both faster and smaller, measured.
  ...["--config", "profile.release.package.core.opt-level=3"],
];

const RUSTC = [
  "-Zunstable-options",
  // A panic becomes the instruction `unreachable`. A browser has no standard error, so nobody would read its message.
  "-Cpanic=immediate-abort",
  // `{:?}` writes nothing. No message of this package uses it (`tests/house.rs`).
  "-Zfmt-debug=none",
];

/**
 * @typedef {object} Switches
 * @property {string[]} options for Cargo
 * @property {Record<string, string>} env
 */

/** @type {Switches} */
const SWITCHES = { options: CARGO, env: { RUSTC_BOOTSTRAP: "1", RUSTFLAGS: RUSTC.join(" ") } };

/** True if this Rust has the source of its standard library. @param {NodeJS.ProcessEnv} env */
export function hasLibrarySource(env) {
  const sysroot = output("rustc", ["--print", "sysroot"], env)?.trim() ?? "";
  return existsSync(join(sysroot, "lib/rustlib/src/rust/library/Cargo.lock"));
}

/** True if this compiler accepts the switches. Another version may have renamed one, or not have it yet. */
function acceptsSwitches(env) {
  const args = [...RUSTC, "--target", TARGET, "--print", "cfg"];
  return output("rustc", args, { ...env, ...SWITCHES.env }) !== null;
}

/**
 * The switches for a release build; null if this Rust cannot compile its standard library with them.
 *
 * @param {NodeJS.ProcessEnv} env from `setup`
 * @returns {Switches | null}
 */
export function findSwitches(env) {
  return hasLibrarySource(env) && acceptsSwitches(env) ? SWITCHES : null;
}

// Components that an installed Rust may lack: clippy, rustfmt, and the source of its standard library.
import { output, run } from "../run.js";
import { hasLibrarySource } from "../standard-library.js";
import { describeRust } from "../toolchain.js";
import { installPackages } from "./apt.js";

/**
 * @param {NodeJS.ProcessEnv} rust
 * @param {{ name: string, rustup: string[], debian: string[], find(): unknown }} component
 * @returns {import("../setup.js").Part}
 */
function part(rust, { name, rustup, debian, find }) {
  const isDebians = output("rustc", ["--print", "sysroot"], rust).trim() === "/usr";
  const args = ["component", "add", ...rustup];
  return {
    name,
    takes: "half a minute",
    byHand: isDebians ? `apt-get install ${debian.join(" ")}` : `rustup ${args.join(" ")}`,
    find,
    install: () => (isDebians ? installPackages(debian) : run("rustup", args)),
  };
}

/** @param {NodeJS.ProcessEnv} rust */
export function lints(rust) {
  const [, minor] = /^release: 1\.(\d+)/m.exec(describeRust(rust));
  return part(rust, {
    name: "clippy and rustfmt",
    rustup: ["clippy", "rustfmt"],
    debian: ["rust-web-clippy", "rustfmt-web"],
    // Cargo looks for its subcommands in more places than PATH: the version tells whether this one fits.
    find: () =>
      output("cargo", ["clippy", "--version"], rust)?.trim().split(" ")[1] === `0.1.${minor}` &&
      output("cargo", ["fmt", "--version"], rust),
  });
}

/** Without it the package is built too, but larger. @param {NodeJS.ProcessEnv} rust */
export function librarySource(rust) {
  return part(rust, {
    name: "the source of Rust's standard library",
    rustup: ["rust-src"],
    debian: ["rust-web-src"],
    find: () => hasLibrarySource(rust),
  });
}

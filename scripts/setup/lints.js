// clippy and rustfmt, of the Rust in use.
import { output, run } from "../run.js";
import { describeRust } from "../toolchain.js";
import { installPackages } from "./apt.js";

const RUSTUP = ["component", "add", "clippy", "rustfmt"];
const DEBIAN = ["rust-web-clippy", "rustfmt-web"];

/** @returns {import("../setup.js").Part} */
export function lints(rust) {
  const [, minor] = /^release: 1\.(\d+)/m.exec(describeRust(rust));
  const isDebians = output("rustc", ["--print", "sysroot"], rust).trim() === "/usr";
  return {
    name: "clippy and rustfmt",
    takes: "half a minute",
    byHand: isDebians ? `apt-get install ${DEBIAN.join(" ")}` : `rustup ${RUSTUP.join(" ")}`,
    // Cargo looks for its subcommands in more places than PATH: the version tells whether this one fits.
    find: () =>
      output("cargo", ["clippy", "--version"], rust)?.trim().split(" ")[1] === `0.1.${minor}` &&
      output("cargo", ["fmt", "--version"], rust),
    install: () => (isDebians ? installPackages(DEBIAN) : run("rustup", RUSTUP)),
  };
}

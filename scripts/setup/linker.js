// The C compiler, which Rust links native programs with. Debian's Rust brings it along, rustup's does not.
import { which } from "../toolchain.js";
import { installPackages } from "./apt.js";

const PACKAGES = ["gcc", "libc6-dev"];

/** @type {import("../setup.js").Part} */
export const linker = {
  name: "a C compiler (Rust links with it)",
  takes: "a minute",
  byHand: `apt-get install ${PACKAGES.join(" ")}`,
  find: () => which("cc"),
  install: () => installPackages(PACKAGES),
};

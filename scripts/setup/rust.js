// A Rust that builds for wasm32: rustup's with its target added, else Debian's, with a standard library for
// wasm32 that is built here, because Debian packages none for it.
import { existsSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { output, run } from "../run.js";
import { withTemporaryFolder } from "../temporary.js";
import { debianRust, describeRust, findRust, oldestRust, TARGET } from "../toolchain.js";
import { installPackages, runAsRoot } from "./apt.js";

const PACKAGES = ["rustc-web", "cargo-web", "rust-web-src", "rust-web-llvm"];
const LIBRARY = `/usr/lib/rustlib/${TARGET}`;

const MANIFEST = `[package]
name = "empty"
version = "0.0.0"
edition = "2021"

[lib]
path = "lib.rs"
crate-type = ["cdylib"]
`;

/** Builds the standard library in a folder and gives the files that it consists of. */
async function buildStandardLibrary(folder) {
  await writeFile(join(folder, "Cargo.toml"), MANIFEST);
  await writeFile(join(folder, "lib.rs"), "");
  // Without the bitcode in it, link-time optimisation against this library fails.
  const env = { ...debianRust(), RUSTC_BOOTSTRAP: "1", RUSTFLAGS: "-Cembed-bitcode=yes" };
  const parts = "-Zbuild-std=std,panic_abort,proc_macro,test";
  const target = join(folder, "target");
  await run("cargo", ["build", "--release", "--target", TARGET, parts, "--target-dir", target], { cwd: folder, env });
  const libraries = join(target, TARGET, "release/deps");
  return (await readdir(libraries)).filter((file) => file.endsWith(".rlib")).map((file) => join(libraries, file));
}

/** Puts it beside the compiler. It appears there whole or not at all, so an interruption does no harm. */
async function installStandardLibrary(folder) {
  const unfinished = `${LIBRARY}.unfinished`;
  const files = await buildStandardLibrary(folder);
  await runAsRoot("rm", ["-rf", unfinished]);
  await runAsRoot("mkdir", ["-p", join(unfinished, "lib")]);
  await runAsRoot("cp", [...files, join(unfinished, "lib")]);
  await runAsRoot("rm", ["-rf", LIBRARY]);
  await runAsRoot("mv", [unfinished, LIBRARY]);
}

async function installDebianRust() {
  // Debian's rustc would be replaced by its newer sibling, and rightly so; Debian's rustup had better stay.
  const options = existsSync("/usr/bin/rustup") ? ["--no-remove"] : [];
  await installPackages(PACKAGES, options);
  const llvm = /^LLVM version: (\d+)/m.exec(describeRust(debianRust()))[1];
  await installPackages([`lld-${llvm}`], options);
  if (!findRust()) await withTemporaryFolder(installStandardLibrary);
}

async function install() {
  if (output("rustup", ["--version"]) !== null) {
    try {
      await run("rustup", ["target", "add", TARGET]);
    } catch {
      console.log("rustup could not add the target: taking Debian's Rust.");
    }
    if (findRust()) return;
  }
  await installDebianRust();
}

/** @type {import("../setup.js").Part<NodeJS.ProcessEnv>} */
export const rust = {
  name: `Rust 1.${oldestRust()} or newer, for ${TARGET}`,
  takes: "half a minute; up to three where Debian's standard library has to be built",
  byHand: `rustup update stable && rustup target add ${TARGET}`,
  find: findRust,
  install,
};

//! What the linker is asked for: the names of functions as they are read, and what refers to what, by which
//! `scripts/dead.js` finds what nothing refers to.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Other linkers take other options.
    if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "wasm32") {
        println!("cargo::rustc-link-arg-cdylib=--demangle");
        println!("cargo::rustc-link-arg-cdylib=--emit-relocs");
    }
}

//! What the linker is asked for: the names of functions as they are read, and what refers to what, by which
//! `scripts/dead-data.js` finds the data that nothing refers to.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg-cdylib=--demangle");
    println!("cargo::rustc-link-arg-cdylib=--emit-relocs");
}

//! Native tests of `jwt`: how an access token is verified, with real keys and signatures.
#![cfg(all(feature = "rust-crypto", not(target_arch = "wasm32")))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod claims;
mod document;
mod jose;
mod key_choice;
mod key_set;
mod rules;
mod signature;
mod support;
mod token;

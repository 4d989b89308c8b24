//! Native tests of `jwt`: how an access token is verified, with real keys and signatures.
#![cfg(feature = "rust-crypto")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod claims;
mod garbage;
mod key_choice;
mod key_set;
mod rules;
mod signature;
mod support;
mod token;

//! Native tests of `session`: what is stored, what an answer does to it, what ends it.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod cache;
mod login;
mod machine;
mod place;
mod row;
mod skew;
mod token_set;

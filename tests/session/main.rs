//! Native tests of `session`: what is stored, what an answer does to it, what ends it.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod backoff;
mod cache;
mod change;
mod handover;
mod helpers;
mod lineage;
mod login;
mod machine;
mod marker;
mod place;
mod refresh;
mod row;
mod skew;
mod table;
mod token_set;
mod unexplained;

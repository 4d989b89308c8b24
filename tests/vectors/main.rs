//! One table of tokens, good and bad, each with the exact outcome of its verification. Natively the Rust
//! backend runs it; in the browser every token goes through the front door, once with WebCrypto and once without,
//! and both must say the same.
#![cfg(feature = "rust-crypto")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    // Tables are long.
    clippy::too_many_lines
)]

use std::collections::BTreeSet;

use crate::vector::{Outcome, Part, Vector};

mod algorithm;
#[cfg(target_arch = "wasm32")]
mod browser;
mod claims;
mod ecdsa;
mod ed25519;
mod form;
mod header;
mod key;
#[cfg(not(target_arch = "wasm32"))]
mod native;
mod rfc;
mod rsa;
mod signature;
mod time;
mod token;
mod vector;

/// How many good and how many bad ones there must at least be, so that none gets lost.
const LEAST: (usize, usize) = (110, 810);

/// The whole table, in parts: a browser wants to breathe between them.
const TABLE: [&[Part]; 8] = [
    rfc::PARTS,
    algorithm::PARTS,
    form::PARTS,
    header::PARTS,
    signature::PARTS,
    key::PARTS,
    claims::PARTS,
    time::PARTS,
];

/// Fails with all that did not come out as it should; else one line about what did.
fn conclude(table: &[Vector], failures: &[String]) -> String {
    let mut names = BTreeSet::new();
    for vector in table {
        assert!(
            names.insert(&vector.name),
            "two vectors are named {:?}",
            vector.name
        );
    }
    assert!(
        failures.is_empty(),
        "{} of {}:\n{}",
        failures.len(),
        table.len(),
        failures.join("\n")
    );
    let good = table
        .iter()
        .filter(|vector| vector.outcome == Outcome::Verified)
        .count();
    let bad = table.len() - good;
    assert!(
        good >= LEAST.0 && bad >= LEAST.1,
        "only {good} good and {bad} bad vectors"
    );
    format!(
        "{} vectors: {good} verified, {bad} refused, as they should be",
        table.len()
    )
}

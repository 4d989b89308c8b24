//! The client that ships, in simulated worlds. Each world is drawn from a seed: several pages with a real client each, over one
//! browser, network and server that are simulated. One scheduler draws what happens next, rules are checked after each
//! step, and in the end every session must have recovered, or say why it cannot.
//!
//! 10,000 worlds in an ordinary run; `ESI_SECURITY_CASES=1000` asks for that many, and `ESI_SECURITY_COUNTS=full` for
//! three times as many. A failure names its seed and prints the shortest trace; `ESI_SECURITY_SEED=17` runs that seed alone.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod agenda;
mod browser;
mod calls;
mod channels;
mod clock;
mod counts;
mod damaged;
mod events;
mod grant;
mod host;
mod hostile;
mod invariants;
mod item;
mod lock;
mod locks;
mod network;
mod newcomer;
mod page;
mod random;
mod recovery;
mod run;
mod sending;
mod server;
mod settings;
mod silence;
mod slot;
mod storage;
mod tab;
mod task;
mod together;
mod trace;
mod url;
mod worker;
mod world;

use std::env;

use counts::Counts;

/// How many worlds an ordinary run has.
const FEW: u64 = 10_000;

/// How many `npm run test:all` has.
const ALL: u64 = 30_000;

fn number(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is a number")),
    )
}

fn worlds() -> u64 {
    let is_full = env::var("ESI_SECURITY_COUNTS").is_ok_and(|counts| counts == "full");
    number("ESI_SECURITY_CASES").unwrap_or(if is_full { ALL } else { FEW })
}

#[test]
fn no_session_is_lost_that_could_be_kept() {
    if let Some(seed) = number("ESI_SECURITY_SEED") {
        let failure = run::explain(seed);
        assert!(failure.is_none(), "{}", failure.unwrap_or_default());
        return;
    }
    let worlds = worlds();
    let counts = run::all(worlds).unwrap_or_else(|failure| panic!("{failure}"));
    check(&counts, worlds);
}

/// The worlds got to what they are there for.
fn check(counts: &Counts, worlds: u64) {
    let mut missing = Vec::new();
    for (name, count, least) in counts.all() {
        println!("{name:>22} {count}");
        if count * 10_000 < least * worlds {
            missing.push(format!("{name}: {count}"));
        }
    }
    assert!(missing.is_empty(), "too few of {missing:?}");
}

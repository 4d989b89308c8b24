//! How often the worlds came to what they are there for: a simulation that never gets there finds nothing.

use std::cell::Cell;

/// Counts one kind of thing in one world.
#[derive(Default)]
pub(crate) struct Count(Cell<u64>);

impl Count {
    pub(crate) fn add(&self) {
        self.0.set(self.0.get() + 1);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.get()
    }
}

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident: $least:literal,)*) => {
        /// What is counted.
        #[derive(Default)]
        pub(crate) struct Counts {
            $($(#[$doc])* pub(crate) $name: Count,)*
        }

        impl Counts {
            /// Adds those of another world.
            pub(crate) fn merge(&self, other: &Self) {
                $(self.$name.0.set(self.$name.get() + other.$name.get());)*
            }

            /// The sums of several, each in the order of `all`.
            pub(crate) fn of(all: &[&[u64]]) -> Self {
                let counts = Self::default();
                let mut index = 0;
                $(
                    counts.$name.0.set(all.iter().map(|one| one[index]).sum());
                    index += 1;
                )*
                assert_eq!(index, counts.all().len());
                counts
            }

            /// Each count by name, with how many there must be at least in 10,000 worlds.
            pub(crate) fn all(&self) -> Vec<(&'static str, u64, u64)> {
                vec![$((stringify!($name), self.$name.get(), $least),)*]
            }
        }
    };
}

counts! {
    /// Everything that was drawn.
    steps: 3_000_000,
    /// Refresh tokens that were sent.
    sends: 40_000,
    /// Tokens that a page took over from another page's message.
    handovers: 50_000,
    /// Requests for a lock that another page held.
    contended_locks: 30_000,
    thefts: 500,
    /// Locks that were granted to a page that did not wait any more.
    late_locks: 100,
    /// Refresh tokens that a refresh sent a second time.
    repeated_sends: 400,
    /// Refresh tokens that were sent although a version marker told of newer ones.
    sends_in_doubt: 400,
    /// Used refresh tokens that came to the server.
    reuses: 1_000,
    /// Used codes that came to the server.
    code_reuses: 8,
    /// Newest refresh tokens that no library could have kept.
    honest_losses: 1_000,
    /// Forms to which the token worker knew the answer, or was waiting for it.
    worker_replays: 4_000,
    /// Workers that ended with their last page, while they had answers.
    ended_workers: 100,
    /// Pages that came back from the bfcache.
    bfcache_returns: 2_000,
    /// Pages that a message dropped from the bfcache.
    evictions: 1_000,
    /// Pages that ended while their request was under way.
    pages_lost_in_flight: 400,
    /// Frozen pages that thawed.
    thaws: 3_000,
    logins: 800,
    sign_outs: 1_000,
    /// Writes that a storage refused.
    refused_writes: 10_000,
    /// Sessions that ended because the server refused their refresh token.
    ended_sessions: 2_000,
    /// Calls that settled.
    calls: 20_000,
    /// Sessions that were active with the newest tokens in the end.
    recovered: 6_000,
}

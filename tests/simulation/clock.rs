//! The two clocks: monotonic time, which only moves forward, and the wall clock, which jumps.

use std::cell::Cell;

/// When the world begins, in milliseconds since 1970.
const BEGIN_MS: i64 = 1_700_000_000_000;

#[derive(Default)]
pub(crate) struct Clock {
    monotonic: Cell<u64>,
    /// By how much the wall clock was set forward or back, in milliseconds.
    offset: Cell<i64>,
    /// How often it was set.
    jumps: Cell<u32>,
}

impl Clock {
    /// Milliseconds since the world began.
    pub(crate) fn now(&self) -> u64 {
        self.monotonic.get()
    }

    /// Milliseconds since 1970, as the pages see them.
    pub(crate) fn wall(&self) -> i64 {
        BEGIN_MS + i64::try_from(self.now()).unwrap() + self.offset.get()
    }

    pub(crate) fn move_to(&self, now: u64) {
        assert!(now >= self.now(), "time only moves forward");
        self.monotonic.set(now);
    }

    /// Sets the wall clock forward or back.
    pub(crate) fn jump(&self, milliseconds: i64) {
        self.offset.set(self.offset.get() + milliseconds);
        self.jumps.set(self.jumps.get() + 1);
    }

    pub(crate) fn jumps(&self) -> u32 {
        self.jumps.get()
    }
}

//! What happened in a world, step by step, in words.

use std::cell::{Cell, RefCell};

/// The trace of one run. It costs nothing unless it is wanted.
pub(crate) struct Trace {
    is_wanted: bool,
    lines: RefCell<Vec<String>>,
    is_muted: Cell<bool>,
}

impl Trace {
    pub(crate) fn new(is_wanted: bool) -> Self {
        Self {
            is_wanted,
            lines: RefCell::default(),
            is_muted: Cell::new(false),
        }
    }

    /// Adds a line, with the time in milliseconds since the world began.
    pub(crate) fn note(&self, now: u64, text: impl FnOnce() -> String) {
        if self.is_wanted && !self.is_muted.get() {
            let (seconds, milliseconds) = (now / 1000, now % 1000);
            let line = format!("{seconds:>7}.{milliseconds:03}  {}", text());
            self.lines.borrow_mut().push(line);
        }
    }

    /// From now on nothing is added: the world is taken down.
    pub(crate) fn mute(&self) {
        self.is_muted.set(true);
    }

    pub(crate) fn text(&self) -> String {
        self.lines.borrow().join("\n")
    }
}

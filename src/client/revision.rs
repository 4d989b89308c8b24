//! Counts the moments at which a session may have changed, and wakes the tasks that wait for the next one.

use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::mem;
use core::task::{Context, Waker};

/// The revision of one session.
#[derive(Default)]
pub(super) struct Revision {
    number: Cell<u32>,
    waiting: RefCell<Vec<Waker>>,
}

impl Revision {
    /// The number of the current one.
    pub(super) fn number(&self) -> u32 {
        self.number.get()
    }

    /// Begins the next one, and wakes all that wait for it.
    pub(super) fn notify(&self) {
        self.number.set(self.number.get().wrapping_add(1));
        let waiting = mem::take(&mut *self.waiting.borrow_mut());
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Registers the task to be woken at the next revision.
    pub(super) fn subscribe(&self, context: &Context<'_>) {
        let mut waiting = self.waiting.borrow_mut();
        let waker = context.waker();
        if !waiting.iter().any(|known| known.will_wake(waker)) {
            waiting.push(waker.clone());
        }
    }
}

//! The listeners that an app has subscribed to an object.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};

use crate::session::machine::{Reason, State};

/// The public view of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The state of the session.
    pub state: State,
    /// Why it is in this state.
    pub reason: Reason,
    /// Whose session it is.
    pub token_identifier: Option<String>,
    /// When the access token expires, in seconds since 1970; `None` where unknown.
    pub token_expiry: Option<i64>,
}

pub(super) type Listener = Rc<dyn Fn(&Snapshot)>;

/// The listeners of one object.
#[derive(Default)]
pub(super) struct Listeners {
    all: RefCell<Vec<Entry>>,
    next: Cell<u32>,
}

/// A listener, and the snapshot that it was called with last.
struct Entry {
    number: u32,
    listener: Listener,
    last: Snapshot,
}

impl Listeners {
    /// Adds a listener, and calls it. Returns its number.
    pub(super) fn add(&self, listener: &Listener, snapshot: &Snapshot) -> u32 {
        let number = self.next.get();
        self.next.set(number.wrapping_add(1));
        self.all.borrow_mut().push(Entry {
            number,
            listener: Rc::clone(listener),
            last: snapshot.clone(),
        });
        listener(snapshot);
        number
    }

    pub(super) fn remove(&self, number: u32) {
        let of_this = |entry: &Entry| entry.number == number;
        let found = self.all.borrow().iter().position(of_this);
        // Dropped while nothing is borrowed: the listener may own another subscription.
        let removed = found.map(|index| self.all.borrow_mut().remove(index));
        drop(removed);
    }

    /// Calls each listener whose last snapshot was another one.
    pub(super) fn call(&self, snapshot: &Snapshot) {
        let all: Vec<u32> = self.all.borrow().iter().map(|entry| entry.number).collect();
        for number in all {
            // A listener that was called earlier may have removed this one.
            let listener = self.all.borrow_mut().iter_mut().find_map(|entry| {
                let is_new = entry.number == number && entry.last != *snapshot;
                is_new.then(|| {
                    entry.last = snapshot.clone();
                    Rc::clone(&entry.listener)
                })
            });
            if let Some(listener) = listener {
                listener(snapshot);
            }
        }
    }
}

//! The stored record of a session: read when the session is opened, written after each change, and read again when
//! another page of the same storage has written it.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use core::cell::{Cell, RefCell};
use core::cmp::Ordering;

use super::environment::Environment;
use super::host::{Area, Item};
use super::warning::Warning;
use crate::session::machine::{EMPTY, Session};
use crate::session::place::Place;

/// The record under one key.
pub(super) struct Record {
    environment: Rc<Environment>,
    item: Box<dyn Item>,
    /// The item to which a record is copied that cannot be parsed.
    aside: Box<dyn Item>,
    /// True while this page writes, so that its own write does not count as a change by another page.
    writing: Cell<bool>,
}

/// A change of the record by another page.
pub(super) enum Change {
    Written(String),
    Removed,
}

impl Record {
    pub(super) fn new(environment: &Rc<Environment>, area: Area, key: &str) -> Self {
        let record = Self {
            environment: Rc::clone(environment),
            item: environment.host.item(area, key),
            aside: environment.host.item(area, &Place::damaged(key)),
            writing: Cell::new(false),
        };
        if !record.is_readable() {
            environment.warn(Warning::MemoryOnly);
        }
        record
    }

    pub(super) fn is_readable(&self) -> bool {
        self.item.read().is_ok()
    }

    /// Returns the change that another page has made since the last call.
    pub(super) fn poll_change(&self) -> Option<Change> {
        if self.writing.get() || !self.item.is_changed() {
            return None;
        }
        let stored = self.item.read().ok()?;
        self.item.acknowledge();
        Some(stored.map_or(Change::Removed, Change::Written))
    }

    /// Copies a record that cannot be parsed to the other key.
    pub(super) fn set_aside(&self, damaged: &str) {
        self.aside.write(Some(damaged));
        self.environment.warn(Warning::Damaged);
    }

    /// Stores the session. If that fails, the session continues in memory. A stored record whose refresh token may be
    /// used up is then emptied, which always fits. It is removed only if that fails too, because a removed record signs
    /// out the pages that share it.
    pub(super) fn persist(&self, session: &RefCell<Session>) {
        self.writing.set(true);
        self.write(session);
        self.writing.set(false);
    }

    fn write(&self, session: &RefCell<Session>) {
        let record = session.borrow().to_row();
        if self.item.write(record.as_deref()) {
            return self.item.acknowledge();
        }
        if record.is_none() {
            return;
        }
        let compare = |stored: String| session.borrow().compare_record(&stored);
        let stored = self.item.read().ok().flatten();
        let is_good = stored.map(compare).is_some_and(Ordering::is_ge);
        if !is_good && !self.item.write(Some(EMPTY)) {
            self.item.write(None);
        }
        self.environment.warn(Warning::MemoryOnly);
        // An older record that could not be replaced is not a change. A newer one of another page is.
        if let Ok(stored) = self.item.read()
            && stored.map(compare) != Some(Ordering::Greater)
        {
            self.item.acknowledge();
        }
    }
}

//! What is due, now or later: timers, messages, requests, answers, grants of locks. The scheduler draws from it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::page::PageId;
use crate::tab::TabId;
use crate::world::World;

/// What is done when an entry is drawn.
pub(crate) type Action = Box<dyn FnOnce(&Rc<World>)>;

/// Whose turn an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The rest of the world, which never sleeps.
    World,
    /// A page, which may be frozen. What came while it was frozen comes in the order in which it was due, as tasks of an
    /// event loop do.
    Page(PageId),
}

/// Entries of one lane keep their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// None: any order.
    Free,
    /// Messages from one page to another.
    Channel(PageId, PageId),
    /// What a page asks the lock manager.
    ToLocks(PageId),
    /// What the lock manager answers.
    FromLocks(PageId),
    /// What other processes have written to localStorage.
    Storage(TabId),
}

struct Entry {
    number: u64,
    due: u64,
    target: Target,
    lane: Lane,
    action: Action,
}

#[derive(Default)]
pub(crate) struct Agenda {
    entries: RefCell<Vec<Entry>>,
    next: Cell<u64>,
}

impl Agenda {
    /// Adds an entry, due at that time or after all others of its lane. Returns its number.
    pub(crate) fn add(&self, due: u64, target: Target, lane: Lane, action: Action) -> u64 {
        let number = self.next.get();
        self.next.set(number + 1);
        let mut entries = self.entries.borrow_mut();
        let before = entries.iter().filter(|entry| entry.lane == lane);
        let due = match lane {
            Lane::Free => due,
            _ => before.map(|entry| entry.due).fold(due, u64::max),
        };
        entries.push(Entry {
            number,
            due,
            target,
            lane,
            action,
        });
        number
    }

    /// Takes an entry out. `None` if it is not there any more.
    pub(crate) fn take(&self, number: u64) -> Option<Action> {
        let mut entries = self.entries.borrow_mut();
        let index = entries.iter().position(|entry| entry.number == number)?;
        Some(entries.swap_remove(index).action)
    }

    /// Takes out what is a page's.
    pub(crate) fn forget(&self, page: PageId) {
        let is_its = |entry: &mut Entry| {
            entry.target == Target::Page(page) || entry.lane == Lane::ToLocks(page)
        };
        // Dropped with no borrow held: an action may own what takes other entries out.
        let forgotten: Vec<Entry> = self.entries.borrow_mut().extract_if(.., is_its).collect();
        drop(forgotten);
    }

    pub(crate) fn clear(&self) {
        drop(self.entries.take());
    }

    /// The numbers of the entries that may be drawn now. `is_awake` tells of which pages.
    pub(crate) fn ready(&self, now: u64, is_awake: impl Fn(PageId) -> bool) -> Vec<u64> {
        let entries = self.entries.borrow();
        let due: Vec<&Entry> = (entries.iter())
            .filter(|entry| entry.due <= now && is_able(entry, &is_awake))
            .collect();
        let is_next = |entry: &&&Entry| {
            due.iter().all(|other| {
                let is_lane = entry.lane != Lane::Free && other.lane == entry.lane;
                let is_page = entry.target != Target::World && other.target == entry.target;
                !(is_lane && other.number < entry.number || is_page && other.due < entry.due)
            })
        };
        due.iter()
            .filter(is_next)
            .map(|entry| entry.number)
            .collect()
    }

    /// When the next entry is due.
    pub(crate) fn next_due(&self, is_awake: impl Fn(PageId) -> bool) -> Option<u64> {
        let entries = self.entries.borrow();
        let able = entries.iter().filter(|entry| is_able(entry, &is_awake));
        able.map(|entry| entry.due).min()
    }
}

fn is_able(entry: &Entry, is_awake: &impl Fn(PageId) -> bool) -> bool {
    match entry.target {
        Target::World => true,
        Target::Page(page) => is_awake(page),
    }
}

//! The storages: one sessionStorage for each tab, one localStorage for all, and each page's memory. A storage may be full or
//! blocked. Each tab is a process with its own copy of localStorage, which learns of the others' writes with a delay.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use esi_security::client::host::{Area, PageEvent, Unreadable};
use esi_security::session::lineage::Lineage;
use esi_security::session::machine::{EMPTY, Session};

use crate::agenda::{Lane, Target};
use crate::grant::Token;
use crate::page::{Page, PageId, STRANGER};
use crate::tab::TabId;
use crate::world::World;

/// The longest delay of a write to localStorage on its way to another process, in milliseconds. A lock takes longer: it is
/// released after an answer of the lock manager, and used after another.
const LONGEST_LAG_MS: u64 = 5;

/// How many old states of sessionStorage a browser can restore.
const MOST_SNAPSHOTS: usize = 6;

/// An item, and who wrote it.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) value: Option<String>,
    pub(crate) writer: PageId,
    /// The refresh token in it.
    pub(crate) token: Option<Token>,
    /// The number of the write, by which a process knows its own later one.
    number: u64,
}

/// The items of one storage. One that was removed stays, without a value.
pub(crate) type Items = BTreeMap<String, Stored>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    Working,
    /// Nothing fits that is not much shorter than what was there.
    Full,
    Blocked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Store {
    Session(TabId),
    Local,
    Memory(PageId),
}

pub(crate) struct Storages {
    sessions: RefCell<BTreeMap<TabId, Items>>,
    memory: RefCell<BTreeMap<PageId, Items>>,
    local: RefCell<Items>,
    /// The copy of each process, where writes are delayed.
    copies: RefCell<BTreeMap<TabId, Items>>,
    session_condition: Cell<Condition>,
    local_condition: Cell<Condition>,
    writes: Cell<u64>,
    snapshots: RefCell<Vec<Items>>,
}

impl Storages {
    pub(crate) fn new() -> Self {
        Self {
            sessions: RefCell::default(),
            memory: RefCell::default(),
            local: RefCell::default(),
            copies: RefCell::default(),
            session_condition: Cell::new(Condition::Working),
            local_condition: Cell::new(Condition::Working),
            writes: Cell::new(0),
            snapshots: RefCell::default(),
        }
    }

    pub(crate) fn set_condition(&self, area: Area, condition: Condition) {
        match area {
            Area::Local => self.local_condition.set(condition),
            _ => self.session_condition.set(condition),
        }
    }

    pub(crate) fn condition(&self, area: Area) -> Condition {
        match area {
            Area::Local => self.local_condition.get(),
            Area::Session => self.session_condition.get(),
            Area::Memory | Area::Custom(_) => Condition::Working,
        }
    }

    pub(crate) fn session(&self, tab: TabId) -> Items {
        let sessions = self.sessions.borrow();
        sessions.get(&tab).cloned().unwrap_or_default()
    }

    pub(crate) fn set_session(&self, tab: TabId, items: Items) {
        self.sessions.borrow_mut().insert(tab, items);
    }

    /// Old states of sessionStorage, which a browser may restore.
    pub(crate) fn snapshots(&self) -> Vec<Items> {
        self.snapshots.borrow().clone()
    }

    /// A new process begins with what is stored.
    pub(crate) fn open_process(&self, tab: TabId) {
        let local = self.local.borrow().clone();
        self.copies.borrow_mut().entry(tab).or_insert(local);
    }

    /// The tab is closed.
    pub(crate) fn close_tab(&self, tab: TabId) {
        self.sessions.borrow_mut().remove(&tab);
        self.copies.borrow_mut().remove(&tab);
    }

    pub(crate) fn forget(&self, page: PageId) {
        self.memory.borrow_mut().remove(&page);
    }

    /// True if a storage that outlives its page, of any tab that is open, holds this token.
    pub(crate) fn holds(&self, token: Token) -> bool {
        let is_in = |items: &Items| items.values().any(|stored| stored.token == Some(token));
        self.sessions.borrow().values().any(is_in) || is_in(&self.local.borrow())
    }

    fn with<T>(&self, store: Store, work: impl FnOnce(&mut Items) -> T) -> T {
        match store {
            Store::Session(tab) => work(self.sessions.borrow_mut().entry(tab).or_default()),
            Store::Memory(page) => work(self.memory.borrow_mut().entry(page).or_default()),
            Store::Local => work(&mut self.local.borrow_mut()),
        }
    }
}

/// The refresh token in the record of a session.
fn token_in(record: &str) -> Option<Token> {
    Session::restore(Some(record))
        .refresh_token()
        .and_then(Token::of)
}

/// True for the key of a session's record.
pub(crate) fn is_session(key: &str) -> bool {
    key.contains("/session/") && !key.ends_with("/damaged")
}

impl World {
    fn store(&self, page: PageId, area: Area) -> Store {
        match area {
            Area::Session => Store::Session(self.tab_of(page)),
            Area::Local => Store::Local,
            Area::Memory | Area::Custom(_) => Store::Memory(page),
        }
    }

    /// What a page finds, whether it may look or not.
    pub(crate) fn stored(&self, page: PageId, area: Area, key: &str) -> Option<Stored> {
        let storages = &self.storages;
        if area == Area::Local && self.settings.is_lagging {
            let copies = storages.copies.borrow();
            return copies.get(&self.tab_of(page))?.get(key).cloned();
        }
        storages.with(self.store(page, area), |items| items.get(key).cloned())
    }

    pub(crate) fn read_item(
        &self,
        page: PageId,
        area: Area,
        key: &str,
    ) -> Result<Option<String>, Unreadable> {
        if self.storages.condition(area) == Condition::Blocked {
            return Err(Unreadable);
        }
        Ok(self.stored(page, area, key).and_then(|stored| stored.value))
    }

    /// Writes an item, as a page does. False if the storage refuses.
    pub(crate) fn write_item(
        self: &Rc<Self>,
        page: PageId,
        area: Area,
        key: &str,
        value: Option<&str>,
    ) -> bool {
        let before = self.stored(page, area, key).and_then(|stored| stored.value);
        let length = |value: Option<&str>| value.map_or(0, |value| value.len() + 1);
        let is_refused = match self.storages.condition(area) {
            Condition::Working => false,
            Condition::Full => {
                before.as_deref() != value && length(value) * 2 > length(before.as_deref())
            }
            Condition::Blocked => true,
        };
        if is_session(key) {
            let readable = value
                .is_none_or(|value| value == EMPTY || token_in(value).is_some() || is_ended(value));
            self.require(readable, || {
                format!("page {page} stores a record that cannot be read: {value:?}")
            });
        }
        if is_refused {
            self.counts.refused_writes.add();
            return false;
        }
        if before.as_deref() != value {
            self.put(page, page, area, key, value.map(str::to_owned));
        }
        true
    }

    /// Changes an item that `page` can see, whichever page does it.
    pub(crate) fn put(
        self: &Rc<Self>,
        page: PageId,
        writer: PageId,
        area: Area,
        key: &str,
        value: Option<String>,
    ) {
        let storages = &self.storages;
        storages.writes.set(storages.writes.get() + 1);
        let token = value
            .as_deref()
            .filter(|_| is_session(key))
            .and_then(token_in);
        let stored = Stored {
            value,
            writer,
            token,
            number: storages.writes.get(),
        };
        let store = self.store(page, area);
        self.note(|| {
            let what = match (&stored.value, is_session(key)) {
                (Some(_), true) => format!("{:?}", stored.token),
                (Some(value), false) => value.clone(),
                (None, _) => "nothing".to_owned(),
            };
            let name: String = key.chars().skip(15).take(12).collect();
            format!("    page {writer} stores {what} in {area:?}, {name}")
        });
        if let Store::Session(tab) = store
            && is_session(key)
        {
            let mut snapshots = storages.snapshots.borrow_mut();
            if snapshots.len() < MOST_SNAPSHOTS {
                snapshots.push(storages.session(tab));
            }
        }
        let seen = self.stored(page, area, key).map(|seen| seen.number);
        let before = storages.with(store, |items| items.insert(key.to_owned(), stored.clone()));
        if let Some(crossed) = before.as_ref().filter(|before| seen != Some(before.number))
            && let Some(token) = crossed.token
        {
            self.server.excuse(token.grant, "two pages wrote at once");
        }
        if let Some(before) = before
            && let Some(token) = before.token
            && self.is_of_another(writer, &before, &stored)
        {
            self.excuse_replaced(token, store);
        }
        if store == Store::Local && self.settings.is_lagging {
            self.spread(self.tab_of(page), key, &stored);
        }
        self.tell_of_write(writer, store);
    }

    /// True if a record is of another session than the one before, or emptied by a page that holds another one.
    fn is_of_another(&self, writer: PageId, before: &Stored, after: &Stored) -> bool {
        let grant = match after.value.as_deref() {
            Some(EMPTY) => {
                let held = self.page(writer).and_then(|page| page.held());
                held.and_then(|held| held.lineage)
            }
            after => lineage_in(after),
        };
        let both = lineage_in(before.value.as_deref()).zip(grant);
        both.is_some_and(|(before, after)| before.grant != after.grant)
    }

    /// A session was replaced in a storage. The pages that share it forget it when they look. Pages of other storages may
    /// hold used tokens of it, but its newest token goes with its record.
    fn excuse_replaced(&self, replaced: Token, store: Store) {
        let is_newest = replaced == self.server.newest(replaced.grant);
        let is_held =
            |token: Token| token == replaced || !is_newest && token.grant == replaced.grant;
        let pages = self.pages().into_iter();
        let mut holders = pages.filter(|page| page.token().is_some_and(is_held));
        if holders.all(|page| shares(&page, store)) {
            self.server
                .excuse(replaced.grant, "its record was replaced");
        }
    }

    /// Brings a write to the other processes.
    fn spread(self: &Rc<Self>, own: TabId, key: &str, stored: &Stored) {
        let processes: Vec<TabId> = self.storages.copies.borrow().keys().copied().collect();
        for process in processes {
            let (key, stored) = (key.to_owned(), stored.clone());
            let lag = *self.random.pick(&[0, 2, LONGEST_LAG_MS, LONGEST_LAG_MS]);
            let apply = move |world: &Rc<World>| {
                let mut copies = world.storages.copies.borrow_mut();
                let Some(copy) = copies.get_mut(&process) else {
                    return;
                };
                // A process does not let an older write undo its own.
                if copy
                    .get(&key)
                    .is_none_or(|known| known.number < stored.number)
                {
                    copy.insert(key, stored);
                }
            };
            if process == own {
                apply(self);
            } else {
                self.after(lag, Target::World, Lane::Storage(process), apply);
            }
        }
    }

    /// The event `storage` in the other pages of that storage.
    fn tell_of_write(self: &Rc<Self>, writer: PageId, store: Store) {
        for page in self.pages() {
            if page.id == writer || matches!(store, Store::Memory(_)) {
                continue;
            }
            if matches!(store, Store::Session(tab) if tab != page.tab) {
                continue;
            }
            let id = page.id;
            // A process tells its pages once it has the new value itself.
            let delay = LONGEST_LAG_MS + self.random.between(1, 3);
            self.after(delay, Target::Page(id), Lane::Free, move |world| {
                world.tell(id, PageEvent::Resumed);
            });
        }
    }

    pub(crate) fn keys(&self, page: PageId, area: Area) -> Vec<String> {
        if self.storages.condition(area) == Condition::Blocked {
            return Vec::new();
        }
        self.storages.with(self.store(page, area), |items| {
            let present = items.iter().filter(|(_, stored)| stored.value.is_some());
            present.map(|(key, _)| key.clone()).collect()
        })
    }

    /// Everything in one storage is deleted, as by a user who clears a site's data.
    pub(crate) fn clear(self: &Rc<Self>, page: PageId, area: Area) {
        for key in self.keys(page, area) {
            self.put(page, STRANGER, area, &key, None);
        }
    }
}

/// True for the record of a session that has ended: tokens, and no refresh token among them.
fn is_ended(record: &str) -> bool {
    Session::restore(Some(record)).tokens().is_some()
}

/// True if that page has that storage.
fn shares(page: &Page, store: Store) -> bool {
    match store {
        Store::Session(tab) => page.tab == tab,
        Store::Local => true,
        Store::Memory(id) => page.id == id,
    }
}

/// The session and version of a record.
fn lineage_in(record: Option<&str>) -> Option<Lineage> {
    Session::restore(record).lineage().cloned()
}

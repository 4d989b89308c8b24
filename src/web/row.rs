//! The session of one row in storage. All objects of a page that stand for the same client, server,
//! character and storage share it, so that no two of them use the same rotating refresh token at once.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::rc::{Rc, Weak};
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};

use super::flight::{Flight, Work, at_once};
use super::storage::Storage;
use super::timer::within;
use super::warning::Warning;
use crate::Error;
use crate::oauth::secret::Secret;
use crate::oauth::token_response::TokenResponse;
use crate::session::machine::Session;
use crate::session::place::Place;

/// For how many milliseconds storage is waited for.
const PATIENCE: u32 = 5_000;

/// A refresh under way.
#[derive(Clone)]
pub(super) struct Refreshing {
    /// The scopes that were asked for.
    pub(super) scopes: Vec<String>,
    /// The refresh token that was sent.
    pub(super) sent: Secret,
    pub(super) flight: Flight<Refreshed>,
}

/// How a refresh ended.
#[derive(Clone)]
pub(super) struct Refreshed {
    pub(super) result: Result<TokenResponse, Error>,
    /// What has replaced the refresh token that was sent, even if nobody holds it any more.
    pub(super) rotated: Option<Secret>,
}

/// Where a write stands.
enum Writing {
    Idle,
    /// In this very call.
    Now,
    /// Storage takes its time.
    Later(Flight<()>),
    /// It has taken too long, and nobody waits any more.
    Stuck,
}

/// A session and where it is stored.
pub(super) struct Row {
    key: String,
    storage: Storage,
    /// What storage held when it was last read or written here.
    known: RefCell<Option<String>>,
    pub(super) session: RefCell<Session>,
    pub(super) refreshing: RefCell<Option<Refreshing>>,
    /// The first look into storage that takes its time, until it has answered.
    loading: RefCell<Option<Flight<()>>>,
    /// True if storage can be looked into only by waiting, which is done once.
    slow: Cell<bool>,
    writing: RefCell<Writing>,
    /// True if the session has changed since the last write began.
    unwritten: Cell<bool>,
    /// A record that cannot be read, until it is set aside.
    damaged: RefCell<Option<String>>,
}

impl Row {
    /// The row under `key`, restored from storage where no object of this page holds it.
    pub(super) fn open(key: &str, storage: &Storage) -> Rc<Self> {
        std::thread_local! {
            static ROWS: RefCell<Vec<Weak<Row>>> = const { RefCell::new(Vec::new()) };
        }
        let held = ROWS.with_borrow(|rows| {
            let mut held = rows.iter().filter_map(Weak::upgrade);
            held.find(|row| row.key == key && row.storage == *storage)
        });
        held.unwrap_or_else(|| {
            let row = Rc::new(Self {
                key: key.to_owned(),
                storage: storage.clone(),
                known: RefCell::new(None),
                session: RefCell::new(Session::default()),
                refreshing: RefCell::new(None),
                loading: RefCell::new(None),
                slow: Cell::new(false),
                writing: RefCell::new(Writing::Idle),
                unwritten: Cell::new(false),
                damaged: RefCell::new(None),
            });
            ROWS.with_borrow_mut(|rows| {
                rows.retain(|row| row.strong_count() > 0);
                rows.push(Rc::downgrade(&row));
            });
            // With no borrow held: a storage of the page's own may open another row.
            if let Err(rest) = at_once(Rc::clone(&row).load()) {
                row.slow.set(true);
                row.loading.replace(Some(Flight::launch(rest)));
            }
            row
        })
    }

    /// Restores what is stored. A record that cannot be read is none, and is set aside.
    async fn load(self: Rc<Self>) {
        if let Some(Ok(stored)) = within(PATIENCE, self.storage.read(&self.key)).await {
            let restored = Session::restore(stored.as_deref());
            let damaged = stored.clone().filter(|_| restored.tokens().is_none());
            self.session.borrow_mut().catch_up(restored);
            self.known.replace(stored);
            if damaged.is_some() {
                self.damaged.replace(damaged);
                drop(self.write());
            }
        } else {
            Warning::MemoryOnly.once();
        }
        self.loading.replace(None);
    }

    /// True while it is not known yet what is stored.
    pub(super) fn is_loading(&self) -> bool {
        self.loading.borrow().is_some()
    }

    async fn loaded(&self) {
        let loading = self.loading.borrow().clone();
        if let Some(loading) = loading {
            loading.await;
        }
    }

    /// Takes over what a frame of this tab, another tab, or a page that lived while this one was frozen,
    /// has stored meanwhile, or taken away: who revokes, or clears storage, wants the tokens gone. Storage
    /// that cannot be read says nothing, and neither does the lack of a row that was never there, nor what
    /// is read while this page writes.
    pub(super) fn sync(&self) {
        if self.slow.get() || !matches!(*self.writing.borrow(), Writing::Idle) {
            return;
        }
        if let Ok(stored) = self.storage.read_now(&self.key)
            && stored != *self.known.borrow()
        {
            self.session.borrow_mut().reload(stored.as_deref());
            self.known.replace(stored);
        }
    }

    /// Stores the session as it stands. The write begins at once; what is given back waits for its end.
    pub(super) fn write(self: &Rc<Self>) -> Work {
        self.unwritten.set(true);
        let idle = matches!(*self.writing.borrow(), Writing::Idle);
        if idle {
            self.writing.replace(Writing::Now);
            if let Err(rest) = at_once(Rc::clone(self).write_all()) {
                self.writing.replace(Writing::Later(Flight::launch(rest)));
            }
        }
        self.settled()
    }

    /// Waits until what is stored is known and what is to be stored is, or storage has taken too long.
    pub(super) fn settled(self: &Rc<Self>) -> Work {
        let row = Rc::clone(self);
        Box::pin(async move {
            row.loaded().await;
            row.written().await;
        })
    }

    async fn written(&self) {
        let flight = match &*self.writing.borrow() {
            Writing::Later(flight) => flight.clone(),
            _ => return,
        };
        if within(PATIENCE, flight).await.is_none() {
            self.writing.replace(Writing::Stuck);
            Warning::MemoryOnly.once();
        }
    }

    /// One write after the other, each of the session as it stands then.
    async fn write_all(self: Rc<Self>) {
        self.loaded().await;
        while self.unwritten.replace(false) {
            self.write_once().await;
        }
        self.writing.replace(Writing::Idle);
    }

    /// Where the session cannot be stored it lives on in memory, and no older one stays behind, whose
    /// refresh token may be used up.
    async fn write_once(&self) {
        let damaged = self.damaged.take();
        let row = self.session.borrow().to_row();
        if let Some(damaged) = damaged {
            let aside = Place::damaged(&self.key);
            if !self.storage.write(&aside, Some(&damaged)).await && row.is_none() {
                // There is no room for it elsewhere. Tokens would replace it.
                return;
            }
        }
        if !self.storage.write(&self.key, row.as_deref()).await && row.is_some() {
            self.storage.write(&self.key, None).await;
            Warning::MemoryOnly.once();
        }
        // An older one that could be neither replaced nor removed is no news.
        if !self.slow.get()
            && let Ok(stored) = self.storage.read_now(&self.key)
        {
            self.known.replace(stored);
        }
    }
}

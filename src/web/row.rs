//! The session of one row in storage. All objects of a page that stand for the same client, server
//! and character share it, so that no two of them use the same rotating refresh token at once.

use alloc::borrow::ToOwned;
use alloc::rc::{Rc, Weak};
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;

use super::flight::Flight;
use super::storage;
use super::verify::Checked;
use super::warning::Warning;
use crate::Error;
use crate::oauth::secret::Secret;
use crate::oauth::token_response::TokenResponse;
use crate::session::machine::Session;

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

/// A session and where it is stored.
pub(super) struct Row {
    key: String,
    /// What storage held when it was last read or written here.
    known: RefCell<Option<String>>,
    pub(super) session: RefCell<Session>,
    pub(super) refreshing: RefCell<Option<Refreshing>>,
    pub(super) checked: RefCell<Option<Checked>>,
}

impl Row {
    /// The row under `key`, restored from storage where no object of this page holds it.
    pub(super) fn open(key: &str) -> Rc<Self> {
        std::thread_local! {
            static ROWS: RefCell<Vec<Weak<Row>>> = const { RefCell::new(Vec::new()) };
        }
        ROWS.with_borrow_mut(|rows| {
            rows.retain(|row| row.strong_count() > 0);
            let held = rows
                .iter()
                .filter_map(Weak::upgrade)
                .find(|row| row.key == key);
            held.unwrap_or_else(|| {
                let known = storage::read(key).ok().flatten();
                let row = Rc::new(Self {
                    key: key.to_owned(),
                    session: RefCell::new(Session::restore(known.as_deref())),
                    known: RefCell::new(known),
                    refreshing: RefCell::new(None),
                    checked: RefCell::new(None),
                });
                rows.push(Rc::downgrade(&row));
                row
            })
        })
    }

    /// Takes over what a frame of this tab, or a page that lived while this one was frozen, has stored
    /// meanwhile, or taken away: who revokes, or clears storage, wants the tokens gone. Storage that
    /// cannot be read says nothing, and neither does the lack of a row that was never there.
    pub(super) fn sync(&self) {
        if let Ok(stored) = storage::read(&self.key)
            && stored != *self.known.borrow()
        {
            self.session.borrow_mut().reload(stored.as_deref());
            self.known.replace(stored);
            self.checked.replace(None);
        }
    }

    /// Stores the session as it stands. Where that cannot be done it lives on in memory, and no older
    /// one stays behind, whose refresh token may be used up.
    pub(super) fn write(&self) {
        let row = self.session.borrow().to_row();
        if !storage::write(&self.key, row.as_deref()) && row.is_some() {
            storage::write(&self.key, None);
            Warning::MemoryOnly.once();
        }
        // An older one that could be neither replaced nor removed is no news.
        if let Ok(stored) = storage::read(&self.key) {
            self.known.replace(stored);
        }
    }
}

//! The session of one row in storage. All objects of a page that stand for the same client, server,
//! character and storage share it, so that no two of them use the same rotating refresh token at once.

use alloc::borrow::ToOwned;
use alloc::rc::{Rc, Weak};
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::cmp::Ordering;
use core::mem;
use core::task::Waker;
use js_sys::JsString;
use wasm_bindgen_futures::spawn_local;

use super::clock;
use super::event::{self, TokenUpdated};
use super::flight::Flight;
use super::marker;
use super::storage::{Storage, Unreadable};
use super::tabs::{Absence, Tabs};
use super::verify::Checked;
use super::wake;
use super::warning::Warning;
use crate::Error;
use crate::oauth::secret::Secret;
use crate::oauth::token_response::TokenResponse;
use crate::session::handover::Message;
use crate::session::lineage::Lineage;
use crate::session::machine::{self, Reason, Session};
use crate::session::place::Place;
use crate::session::refresh::Others;
use crate::session::token_set::TokenSet;

/// A refresh under way.
#[derive(Clone)]
pub(super) struct Refreshing {
    /// The scopes that were asked for.
    pub(super) scopes: Vec<String>,
    /// The tokens that it is to renew.
    pub(super) tokens: TokenSet,
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
    pub(super) key: JsString,
    token_identifier: Option<String>,
    pub(super) storage: Storage,
    /// What storage held when it was last read or written here.
    known: RefCell<Option<JsString>>,
    pub(super) session: RefCell<Session>,
    pub(super) refreshing: RefCell<Option<Refreshing>>,
    pub(super) checked: RefCell<Option<Checked>>,
    /// True while a write is under way, during which the page's own code may call back.
    writing: Cell<bool>,
    /// True if the session has changed since the last write began.
    unwritten: Cell<bool>,
    /// The generation of the tokens that was stored last.
    stored: Cell<u32>,
    /// The one that the page was told of last.
    told: Cell<u32>,
    /// The types of the event that objects of this page have for it.
    signals: RefCell<Vec<String>>,
    pub(super) tabs: RefCell<Option<Tabs>>,
    absence: RefCell<Option<Absence>>,
    /// True while the page is hidden for good, or in the back/forward cache.
    gone: Cell<bool>,
    /// The release of the last refresh lock, until the browser has taken it back.
    pub(super) releasing: RefCell<Option<Flight<()>>>,
    /// For how many seconds before its end the access token is to be refreshed.
    margin: Cell<i64>,
    /// Counts the moments at which the session may have changed.
    stirred: Cell<u32>,
    /// Who waits for the next.
    waiting: RefCell<Vec<Waker>>,
}

std::thread_local! {
    static ROWS: RefCell<Vec<Weak<Row>>> = const { RefCell::new(Vec::new()) };
}

impl Row {
    /// The row under `key`, restored from storage where no object of this page holds it. `signal` is the
    /// type of the event after its tokens changed, `margin` for all objects what the last one wants.
    pub(super) fn open(
        key: &str,
        storage: &Storage,
        token_identifier: Option<&str>,
        signal: &str,
        margin: i64,
    ) -> Rc<Self> {
        let mut held = Self::all().into_iter();
        let held = held.find(|row| row.key == *key && row.storage == *storage);
        let row = held.unwrap_or_else(|| {
            let row = Rc::new(Self {
                key: key.into(),
                token_identifier: token_identifier.map(ToOwned::to_owned),
                storage: storage.clone(),
                known: RefCell::new(None),
                session: RefCell::new(Session::default()),
                refreshing: RefCell::new(None),
                checked: RefCell::new(None),
                writing: Cell::new(false),
                unwritten: Cell::new(false),
                stored: Cell::new(0),
                told: Cell::new(0),
                signals: RefCell::new(Vec::new()),
                tabs: RefCell::new(None),
                absence: RefCell::new(None),
                gone: Cell::new(false),
                releasing: RefCell::new(None),
                margin: Cell::new(margin),
                stirred: Cell::new(0),
                waiting: RefCell::new(Vec::new()),
            });
            ROWS.with_borrow_mut(|rows| rows.push(Rc::downgrade(&row)));
            wake::listen();
            // With no borrow held: a storage of the page's own may open another row.
            if row.read().is_err() {
                Warning::MemoryOnly.once();
            }
            row.send_query();
            // What is found there is no change.
            let now = clock::now();
            let _ = row.session.borrow_mut().notice(now, margin);
            row
        });
        row.margin.set(margin);
        let mut signals = row.signals.borrow_mut();
        if !signals.iter().any(|known| known == signal) {
            signals.push(signal.to_owned());
        }
        drop(signals);
        row
    }

    /// True if an object of this page holds the session under this key.
    pub(super) fn is_held(key: &str) -> bool {
        Self::all().iter().any(|row| row.key == *key)
    }

    /// Those that objects of this page hold.
    pub(super) fn all() -> Vec<Rc<Self>> {
        ROWS.with_borrow_mut(|rows| {
            rows.retain(|row| row.strong_count() > 0);
            let mut all = Vec::new();
            for row in rows.iter() {
                all.extend(row.upgrade());
            }
            all
        })
    }

    /// Takes over what a frame of this tab, another tab, or a page that lived while this one was frozen,
    /// has stored meanwhile, or taken away: who revokes, or clears storage, wants the tokens gone. Storage
    /// that cannot be read says nothing, and neither does the lack of a row that was never there, nor what
    /// is read while this page writes.
    pub(super) fn sync(self: &Rc<Self>) {
        let _ = self.read();
    }

    fn read(self: &Rc<Self>) -> Result<(), Unreadable> {
        if self.writing.get() {
            return Ok(());
        }
        let stored = self.storage.read(&self.key)?;
        if stored != *self.known.borrow() {
            let row = stored.as_ref().map(String::from);
            self.known.replace(stored);
            self.take_over(row.as_deref());
        }
        Ok(())
    }

    fn take_over(self: &Rc<Self>, row: Option<&str>) {
        if row == Some(machine::VACATED) {
            return;
        }
        self.session.borrow_mut().reload(row);
        // A record without tokens is unreadable. If there is no room for it elsewhere, it stays until tokens replace it.
        if row.is_some() && self.session.borrow().tokens().is_none() {
            let aside = Place::damaged(&String::from(&self.key)).into();
            if !self.storage.write(&aside, row) {
                return;
            }
        }
        // What was not taken over, an older record or a damaged one, is replaced.
        let session = self.session.borrow();
        let taken = session.to_row().as_deref() == row;
        self.stored
            .set(session.generation().wrapping_sub(u32::from(!taken)));
        drop(session);
        self.checked.replace(None);
        self.settle();
    }

    /// The same with what another page has written into a storage of the page's own, which is asked for it anew.
    pub(super) async fn reload(self: &Rc<Self>) {
        self.storage.reload(&self.key).await;
        self.sync();
    }

    /// After anything that may have changed the session: it is stored, and its version and what is new are published
    /// to the other tabs in the same task, so that a tab that is closed has done all or nothing of it. Whoever announces
    /// it waits for [`Storage::written`] first.
    pub(super) fn settle(self: &Rc<Self>) {
        let generation = self.session.borrow().generation();
        if self.stored.replace(generation) != generation {
            self.write();
        }
        self.mark();
        let message = self.session.borrow_mut().take_message();
        if let Some(message) = message {
            self.send(&message);
        }
        self.join();
        self.stir();
    }

    /// Writes how new the tokens are where the other tabs can read it, or that their grant has ended.
    fn mark(&self) {
        let (lineage, renewed, ended) = {
            let mut session = self.session.borrow_mut();
            let ended = matches!(session.reason(), Reason::Ended | Reason::Revoked);
            (session.lineage().cloned(), session.take_renewed(), ended)
        };
        if !self.storage.has_marker() {
            return;
        }
        if ended {
            // A session that was revoked names its grant no more. One that was refused may have had an old token, while
            // another tab has a newer one.
            let old = lineage.is_some_and(|ours| matches!(marker::others(&ours), Others::Ahead(_)));
            let joined = self.tabs.borrow().as_ref().map(|tabs| tabs.lineage.clone());
            if let Some(lineage) = joined.filter(|_| !old) {
                marker::remove(&lineage);
            }
        } else if let Some((lineage, replaced)) = lineage.zip(renewed) {
            marker::write(&lineage, replaced);
        }
    }

    /// Wakes who waits for a moment at which the session may have changed.
    pub(super) fn stir(&self) {
        self.stirred.set(self.stirred.get().wrapping_add(1));
        let waiting = mem::take(&mut *self.waiting.borrow_mut());
        waiting.into_iter().for_each(Waker::wake);
    }

    /// How often it was stirred.
    pub(super) fn stirred(&self) -> u32 {
        self.stirred.get()
    }

    /// Wakes this one when the row is stirred.
    pub(super) fn watch(&self, waker: &Waker) {
        let mut waiting = self.waiting.borrow_mut();
        if !waiting.iter().any(|known| known.will_wake(waker)) {
            waiting.push(waker.clone());
        }
    }

    /// For how many seconds before its end the access token is to be refreshed.
    pub(super) fn margin(&self) -> i64 {
        self.margin.get()
    }

    /// Stores the session, and once more if the page's own code has changed it meanwhile.
    fn write(&self) {
        self.unwritten.set(true);
        if self.writing.replace(true) {
            return;
        }
        while self.unwritten.replace(false) {
            self.write_once();
        }
        self.writing.set(false);
    }

    /// Where the session cannot be stored it lives on in memory, and no older one stays behind whose refresh token may
    /// be used up. The row is emptied, for which there always is room; one that is gone would sign out the pages
    /// that share it.
    fn write_once(&self) {
        let row = self.session.borrow().to_row();
        let written = self.storage.write(&self.key, row.as_deref());
        if !written && row.is_some() {
            let stored = self.storage.read(&self.key).unwrap_or_default();
            let is_good = self.compare(stored.as_ref()).is_some_and(Ordering::is_ge);
            if !is_good && !self.storage.write(&self.key, Some(machine::VACATED)) {
                self.storage.write(&self.key, None);
            }
            Warning::MemoryOnly.once();
        }
        // An older one that could be neither replaced nor removed is no news; another page's newer one is.
        if let Ok(stored) = self.storage.read(&self.key)
            && (written || self.compare(stored.as_ref()) != Some(Ordering::Greater))
        {
            self.known.replace(stored);
        }
    }

    /// How new a stored record is beside the session; `None` if there is none.
    fn compare(&self, stored: Option<&JsString>) -> Option<Ordering> {
        let stored = String::from(stored?);
        Some(self.session.borrow().compare_record(&stored))
    }

    /// True if the tokens that are held now come from the same grant.
    pub(super) fn holds_grant_of(&self, tokens: &TokenSet) -> bool {
        let session = self.session.borrow();
        let grants = session.lineage().zip(tokens.lineage.as_ref());
        grants.is_some_and(|(ours, theirs)| ours.grant == theirs.grant)
    }

    /// Tells the page of the tokens if they have changed, where there is an access token, in the way of each of its
    /// objects: of every change but those that took something away, and those that another page of this storage has
    /// made of its own.
    pub(super) fn tell(&self) {
        let (generation, reason) = {
            let session = self.session.borrow();
            (session.generation(), session.reason())
        };
        if self.told.replace(generation) == generation
            || matches!(reason, Reason::Ended | Reason::Revoked | Reason::Storage)
        {
            return;
        }
        let tokens = self.session.borrow().tokens().cloned();
        let Some((access, refresh_token)) =
            tokens.and_then(|tokens| Some((tokens.access?, tokens.refresh_token)))
        else {
            return;
        };
        let now = clock::now();
        let signals = self.signals.borrow().clone();
        for signal in signals {
            event::tokens_updated(
                &signal,
                &TokenUpdated {
                    token_identifier: self.token_identifier.as_deref(),
                    access_token: access.token.expose(),
                    refresh_token: refresh_token.as_ref().map(Secret::expose),
                    expires_in: access.expires_at.map(|expiry| expiry - now),
                    token_type: &access.token_type,
                },
            );
        }
    }

    /// Tells the page what has become of the session since it was looked at last.
    pub(super) fn notice(&self) {
        self.tell_of_hand_over();
        let now = clock::now();
        let (change, expiry) = {
            let mut session = self.session.borrow_mut();
            let change = session.notice(now, self.margin());
            (
                change,
                session.access().and_then(|access| access.expires_at),
            )
        };
        let Some(change) = change else { return };
        let token_identifier = self.token_identifier.as_deref();
        event::session_changed(token_identifier, change);
        if change.is_expiring() {
            event::token_expiring(token_identifier, expiry);
        }
    }

    /// Becomes one of the tabs of the grant that the tokens come from, and of no other. Tokens that are kept in memory
    /// are this page's alone.
    pub(super) fn join(self: &Rc<Self>) {
        if self.gone.get() || !self.storage.is_shared() {
            return;
        }
        let lineage = self.session.borrow().lineage().cloned();
        let grant = |lineage: &Lineage| lineage.grant.clone();
        let joined = self.tabs.borrow().as_ref().map(|tabs| grant(&tabs.lineage));
        if joined == lineage.as_ref().map(grant) {
            return;
        }
        // The page's own code may call back while a channel is opened or closed.
        let tabs = lineage.map(|lineage| Tabs::join(lineage, Rc::downgrade(self)));
        let before = self.tabs.replace(tabs);
        drop(before);
    }

    /// Closes the channel, since the page may be frozen: it would answer nobody.
    pub(super) fn leave(&self) {
        self.gone.set(true);
        let before = self.tabs.replace(None);
        let absence = before.and_then(|tabs| Absence::open(&tabs.lineage.channel()));
        let before = self.absence.replace(absence);
        drop(before);
    }

    /// A message of another tab.
    pub(super) fn receive(self: &Rc<Self>, message: Message) {
        self.sync();
        self.session.borrow_mut().receive(message);
        if self.session.borrow().access().is_none() {
            self.checked.replace(None);
        }
        // Not even a storage that takes its time is waited for: another tab has stored them already.
        self.settle();
        self.tell_of_hand_over();
    }

    /// Tells the page of tokens that another tab was given.
    fn tell_of_hand_over(&self) {
        if self.session.borrow().reason() == Reason::HandOver {
            self.tell();
        }
    }

    /// The page is here again, after it was frozen: others may have newer tokens.
    pub(super) fn wake(self: &Rc<Self>) {
        self.gone.set(false);
        let before = self.absence.replace(None);
        drop(before);
        self.sync();
        self.join();
        self.send_query();
        let row = Rc::clone(self);
        spawn_local(async move { row.reload().await });
    }
}

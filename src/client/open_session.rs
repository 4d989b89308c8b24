//! A session that is open in this page. All objects of the page for the same client, server, character and storage share
//! it, so that no two of them send the same rotating refresh token at once.

use alloc::borrow::ToOwned;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};

use super::environment::{Environment, STORAGE_TIMEOUT_MS};
use super::events;
use super::host::{Area, LocalFuture, PageEvent, Receiver};
use super::markers::Markers;
use super::peers::Peers;
use super::record::{Change, Record};
use super::revision::Revision;
use super::shared::Shared;
use super::verified_token::VerifiedToken;
use super::warning::Warning;
use crate::Error;
use crate::oauth::secret::Secret;
use crate::oauth::token_response::TokenResponse;
use crate::session::handover::Message;
use crate::session::machine::{EMPTY, Reason, Session};
use crate::session::refresh::Others;
use crate::session::token_set::TokenSet;

/// How often the session is written at once: a page's own code may change it while it is written.
const MOST_WRITES: u32 = 3;

/// A refresh in flight.
#[derive(Clone)]
pub(super) struct RefreshInFlight {
    /// The scopes that were asked for.
    pub(super) scopes: Vec<String>,
    /// The tokens that were held when it began, or when it last sent the refresh token.
    pub(super) tokens: TokenSet,
    pub(super) outcome: Shared<RefreshOutcome>,
}

/// How a refresh ended.
#[derive(Clone)]
pub(super) struct RefreshOutcome {
    pub(super) result: Result<TokenResponse, Error>,
    /// The newest refresh token that the server has returned, even if the session no longer holds it.
    pub(super) rotated: Option<Secret>,
}

/// A session and where it is stored.
pub(super) struct OpenSession {
    pub(super) environment: Rc<Environment>,
    key: String,
    token_identifier: Option<String>,
    pub(super) area: Area,
    record: Record,
    pub(super) session: RefCell<Session>,
    pub(super) refresh: RefCell<Option<RefreshInFlight>>,
    pub(super) verified: RefCell<Option<VerifiedToken>>,
    pub(super) markers: Markers,
    peers: Peers,
    pub(super) revision: Revision,
    /// The generation of the tokens that was stored last.
    stored: Cell<u32>,
    /// True in [`OpenSession::settle`].
    settling: Cell<bool>,
    /// The generation of the tokens that was announced last.
    announced: Cell<u32>,
    /// The types of the events for new tokens: the `signalTokenUpdated` of each object of this page.
    event_types: RefCell<Vec<String>>,
    /// The release of the last refresh lock, until the browser has taken it back.
    pub(super) releasing: RefCell<Option<Shared<()>>>,
    /// The refresh margin in seconds, as the last object has set it.
    margin: Cell<i64>,
}

impl OpenSession {
    /// Opens the session under `key`.
    pub(super) fn open(
        environment: &Rc<Environment>,
        area: Area,
        key: &str,
        token_identifier: Option<&str>,
        margin: i64,
    ) -> Rc<Self> {
        let open = Rc::new(Self {
            environment: Rc::clone(environment),
            key: key.to_owned(),
            token_identifier: token_identifier.map(ToOwned::to_owned),
            area,
            record: Record::new(environment, area, key),
            session: RefCell::default(),
            refresh: RefCell::default(),
            verified: RefCell::default(),
            markers: Markers::new(environment),
            peers: Peers::new(environment, (area == Area::Session).then(|| key.to_owned())),
            revision: Revision::default(),
            stored: Cell::new(0),
            settling: Cell::new(false),
            announced: Cell::new(0),
            event_types: RefCell::default(),
            releasing: RefCell::default(),
            margin: Cell::new(margin),
        });
        open.reload();
        // The stored session is the initial state, and no change to announce.
        let now = environment.now();
        let _ = open.session.borrow_mut().notice(now, margin);
        open
    }

    pub(super) fn is_under(&self, area: Area, key: &str) -> bool {
        self.area == area && self.has_key(key)
    }

    pub(super) fn has_key(&self, key: &str) -> bool {
        self.key == key
    }

    /// Registers one more object of the page that uses this session.
    pub(super) fn attach(&self, event_type: &str, margin: i64) {
        self.margin.set(margin);
        let mut event_types = self.event_types.borrow_mut();
        if !event_types.iter().any(|known| known == event_type) {
            event_types.push(event_type.to_owned());
        }
    }

    /// The refresh margin: how many seconds before its expiry the access token is refreshed.
    pub(super) fn margin(&self) -> i64 {
        self.margin.get()
    }

    /// Applies a record that another page has written under this key. That is a frame of this tab, another tab, or a
    /// page that ran while this one was frozen. A removed record signs out. An empty record changes nothing, because
    /// that page could not store its tokens.
    pub(super) fn reload(self: &Rc<Self>) {
        let stored = match self.record.poll_change() {
            None => return,
            Some(Change::Written(record)) if record == EMPTY => return,
            Some(Change::Written(record)) => Some(record),
            Some(Change::Removed) => None,
        };
        self.session.borrow_mut().reload(stored.as_deref());
        // A session without tokens leaves a record that cannot be parsed until tokens replace it. Its removal would sign
        // out another page of this storage, which still holds tokens and is about to store them again.
        if let Some(damaged) = &stored
            && self.session.borrow().tokens().is_none()
            && Session::restore(stored.as_deref()).tokens().is_none()
        {
            return self.record.set_aside(damaged);
        }
        // If the record is older than the session, or unreadable, the session overwrites it.
        let session = self.session.borrow();
        let is_taken = session.to_row() == stored;
        self.stored
            .set(session.generation().wrapping_sub(u32::from(!is_taken)));
        drop(session);
        self.verified.replace(None);
        self.settle();
    }

    /// Has the host read the record again, if it answers from a copy. Then reloads.
    pub(super) async fn reload_from_host(self: &Rc<Self>) {
        let host = &self.environment.host;
        if let Some(reading) = host.reload_item(self.area, &self.key) {
            self.environment.within(STORAGE_TIMEOUT_MS, reading).await;
        }
        self.reload();
    }

    /// Must be called after each change of the session. Stores the record, writes the version marker, and sends the
    /// queued message to the other tabs. All of it happens in one task, so that a tab that is closed has done all of it
    /// or nothing. The page's own code may run in here and change the session again. Its calls return at once, and this
    /// one begins anew.
    pub(super) fn settle(self: &Rc<Self>) {
        if self.settling.replace(true) {
            return;
        }
        for _ in 0..MOST_WRITES {
            let generation = self.session.borrow().generation();
            if self.stored.replace(generation) != generation {
                self.record.persist(&self.session);
                let reason = self.session.borrow().reason();
                if matches!(reason, Reason::Login | Reason::Update) {
                    self.peers.replace();
                }
            }
            self.mark();
            let message = self.session.borrow_mut().take_message();
            let is_last = message.is_none();
            if let Some(message) = message {
                self.send(&message);
            }
            self.join();
            if is_last && self.session.borrow().generation() == generation {
                break;
            }
        }
        self.settling.set(false);
        self.revision.notify();
    }

    /// Completes once the session is stored, at once where storage is synchronous.
    pub(super) async fn stored(&self) {
        if let Some(stored) = self.environment.host.stored(self.area) {
            self.wait_for_storage(stored).await;
        }
    }

    async fn wait_for_storage(&self, stored: LocalFuture<'static, bool>) {
        if self.environment.within(STORAGE_TIMEOUT_MS, stored).await != Some(true) {
            self.environment.warn(Warning::MemoryOnly);
        }
    }

    /// Writes the version marker after new tokens. Removes it when the grant has ended.
    fn mark(&self) {
        let (lineage, renewed, is_ended) = {
            let mut session = self.session.borrow_mut();
            let is_ended = matches!(session.reason(), Reason::Ended | Reason::Revoked);
            (session.lineage().cloned(), session.take_renewed(), is_ended)
        };
        if !self.area.has_marker() {
            return;
        }
        if is_ended {
            // A revoked session has no grant id any more, so the marker of the open channel's grant is removed. After a
            // refusal a newer marker stays: another tab has a newer refresh token than the refused one.
            let is_newer = |ours| matches!(self.markers.others(&ours), Others::Ahead(_));
            if !lineage.is_some_and(is_newer)
                && let Some(lineage) = self.peers.lineage()
            {
                self.markers.remove(&lineage);
            }
        } else if let Some((lineage, replaced)) = lineage.zip(renewed) {
            self.markers.write(&lineage, replaced);
        }
    }

    pub(super) fn has_readable_record(&self) -> bool {
        self.record.is_readable()
    }

    /// True if the session still holds tokens of the same grant.
    pub(super) fn has_grant_of(&self, tokens: &TokenSet) -> bool {
        let session = self.session.borrow();
        let grants = session.lineage().zip(tokens.lineage.as_ref());
        grants.is_some_and(|(ours, theirs)| ours.grant == theirs.grant)
    }

    /// The refresh in flight sends the refresh token that the session holds now. It may be newer than the one that the
    /// refresh began with.
    pub(super) fn note_sent(&self) {
        let tokens = self.session.borrow().tokens().cloned();
        if let Some((refresh, tokens)) = self.refresh.borrow_mut().as_mut().zip(tokens) {
            refresh.tokens = tokens;
        }
    }

    /// Dispatches the events for new tokens once they are stored: in this task, if storage is synchronous.
    pub(super) fn announce_when_stored(self: &Rc<Self>) {
        let Some(stored) = self.environment.host.stored(self.area) else {
            return self.announce();
        };
        let this = Rc::clone(self);
        self.environment.spawn(async move {
            this.wait_for_storage(stored).await;
            this.announce();
        });
    }

    /// Dispatches the event of each object for new tokens, if there is an access token. Does nothing after a sign-out
    /// or the end of the grant. Tokens that another page of this storage has written are announced only if they are
    /// newer ones of the same grant.
    pub(super) fn announce(&self) {
        let (generation, reason) = {
            let session = self.session.borrow();
            (session.generation(), session.reason())
        };
        if self.announced.replace(generation) == generation
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
        let now = self.environment.now();
        let event_types = self.event_types.borrow().clone();
        for event_type in event_types {
            events::tokens_updated(
                &*self.environment.host,
                &event_type,
                self.token_identifier.as_deref(),
                &access,
                refresh_token.as_ref(),
                now,
            );
        }
    }

    /// Dispatches the events for the changes since the last call.
    pub(super) fn announce_changes(&self) {
        self.announce_synced();
        let now = self.environment.now();
        let (change, expiry) = {
            let mut session = self.session.borrow_mut();
            let change = session.notice(now, self.margin());
            let access = session.access();
            (change, access.and_then(|access| access.expires_at))
        };
        let Some(change) = change else { return };
        let (host, token_identifier) = (&*self.environment.host, self.token_identifier.as_deref());
        events::session_changed(host, token_identifier, change);
        if change.is_expiring() {
            events::token_expiring(host, token_identifier, expiry);
        }
    }

    /// Dispatches the events for tokens that came from another tab.
    fn announce_synced(&self) {
        if self.session.borrow().reason() == Reason::HandOver {
            self.announce();
        }
    }

    /// Opens the channel of the session's grant, and queries the other tabs there. They may hold newer tokens, whatever
    /// has brought these: a record, the page, or a login whose response the token worker has replayed. A session in
    /// memory has no channel, because no other page shares it.
    fn join(self: &Rc<Self>) {
        if self.area.is_shared() {
            let lineage = self.session.borrow().lineage().cloned();
            if self.peers.join(lineage, || self.receiver()) {
                self.send_query();
            }
        }
    }

    fn receiver(self: &Rc<Self>) -> Receiver {
        let this = Rc::downgrade(self);
        Rc::new(move |json| {
            if let Some((this, message)) = this.upgrade().zip(Message::parse(json)) {
                this.receive(message);
            }
        })
    }

    /// Handles a message from another tab.
    fn receive(self: &Rc<Self>, message: Message) {
        self.reload();
        self.session.borrow_mut().receive(message);
        if self.session.borrow().access().is_none() {
            self.verified.replace(None);
        }
        self.settle();
        // Does not wait for slow storage: the other tab has stored these tokens already.
        self.announce_synced();
    }

    /// Queries the other tabs for newer tokens. False if there is no channel.
    pub(super) fn send_query(&self) -> bool {
        let lineage = self.session.borrow().lineage().cloned();
        lineage.is_some_and(|lineage| self.send(&Message::Ask(lineage)))
    }

    fn send(&self, message: &Message) -> bool {
        self.peers.send(message)
    }

    /// Handles a page event.
    pub(super) fn on_page(self: &Rc<Self>, event: PageEvent) {
        match event {
            PageEvent::Hidden => return self.peers.leave(),
            PageEvent::Shown => {
                self.peers.come_back();
                self.reload();
                self.join();
                // The page may have been frozen, and other tabs may have newer tokens.
                self.send_query();
                let this = Rc::clone(self);
                self.environment
                    .spawn(async move { this.reload_from_host().await });
            }
            PageEvent::Online => {
                let now = self.environment.now();
                self.session.borrow_mut().reconnect(now);
            }
            PageEvent::Resumed => {}
        }
        self.revision.notify();
    }
}

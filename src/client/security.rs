//! `EsiSecurity`: one session with an authorization server. Most of its methods are in other files: `login`, `refresh`,
//! `revoke`, `verify`, `authorize`, `subscription`.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;

use super::client::Client;
use super::document::Source;
use super::environment::Environment;
use super::headers::Headers;
use super::host::Area;
use super::listeners::Listeners;
use super::open_session::OpenSession;
use super::options::is_blank;
use super::sender::Sender;
use crate::jwt::{KeySet, Rules};
use crate::oauth::client;
use crate::oauth::metadata::Metadata;
use crate::oauth::secret::Secret;
use crate::oauth::token_response::{self, Update};
use crate::session::machine::{EMPTY, State};
use crate::session::place::Place;
use crate::session::token_set::TokenSet;
use crate::{Error, Phase};

/// One session with an authorization server. Cheap to clone; all clones are the same session.
#[derive(Clone)]
pub struct EsiSecurity(pub(super) Rc<Inner>);

pub(super) struct Inner {
    pub(super) page: Client,
    pub(super) client: client::Client,
    pub(super) fixed_verifier: Option<Secret>,
    pub(super) scopes: Vec<String>,
    pub(super) headers: Headers,
    pub(super) security_names: Vec<String>,
    pub(super) api_origins: Vec<String>,
    pub(super) rules: Rules,
    pub(super) metadata_url: String,
    pub(super) metadata: Source<Metadata>,
    pub(super) key_set: Source<KeySet>,
    pub(super) cache_max_age: i64,
    pub(super) sender: Sender,
    pub(super) place: Place,
    pub(super) area: Area,
    pub(super) event_type: String,
    pub(super) auto_refresh: bool,
    pub(super) refresh_margin: i64,
    pub(super) listeners: Listeners,
    pub(super) current: RefCell<Current>,
}

impl Drop for Inner {
    /// The scheduler waits for the next revision, and ends when it finds the object gone.
    fn drop(&mut self) {
        self.current.get_mut().session.revision.notify();
    }
}

/// The session that the object uses now; `update_token` may change it.
#[derive(Clone)]
pub(super) struct Current {
    pub(super) token_identifier: Option<String>,
    pub(super) session: Rc<OpenSession>,
}

impl EsiSecurity {
    pub(super) fn inner(&self) -> &Inner {
        &self.0
    }

    pub(super) fn environment(&self) -> &Rc<Environment> {
        self.0.page.environment()
    }

    /// Reloads the session from storage, and returns it. The result is a clone, so that no borrow lives across an
    /// await.
    pub(super) fn current(&self) -> Current {
        let current = self.0.current.borrow().clone();
        current.session.reload();
        current
    }

    pub(super) fn session(&self) -> Rc<OpenSession> {
        self.current().session
    }

    /// The state of the session now.
    pub fn state(&self) -> State {
        let (open, now) = (self.session(), self.environment().now());
        open.session.borrow().state(now, open.margin())
    }

    /// The token identifier of the session.
    pub fn token_identifier(&self) -> Option<String> {
        self.current().token_identifier
    }

    /// The status of this object's token worker: `off`, `idle` (not needed yet), `connecting`, `connected`, or
    /// `unavailable` (the page sends the requests itself).
    pub fn token_worker(&self) -> String {
        self.0.sender.worker_status()
    }

    /// When the access token expires, in seconds since 1970; `None` where unknown.
    pub fn token_expiry(&self) -> Option<i64> {
        let open = self.session();
        open.session.borrow().access()?.expires_at
    }

    /// True if the access token expires within `offset` seconds, or its expiry is unknown.
    pub fn is_token_expired(&self, offset: i64) -> bool {
        let (open, now) = (self.session(), self.environment().now());
        let session = open.session.borrow();
        let tokens = session.tokens();
        tokens.is_none_or(|tokens| tokens.is_expired(now, offset))
    }

    /// The tokens that the session holds now. Unlike [`EsiSecurity::state`] this does not look into storage, and changes
    /// nothing.
    pub fn held_tokens(&self) -> Option<TokenSet> {
        let open = Rc::clone(&self.0.current.borrow().session);
        let session = open.session.borrow();
        session.tokens().cloned()
    }

    /// Replaces the session's tokens by a token response, given as JSON. Another `token_identifier` opens another
    /// session, which inherits nothing from this one.
    pub fn update_token(&self, json: &str, token_identifier: Option<String>) -> Result<(), Error> {
        if token_identifier.as_ref().is_some_and(|name| is_blank(name)) {
            return Err(Error::argument(
                Phase::Update,
                "tokenIdentifier",
                "must not be empty",
            ));
        }
        let update = token_response::parse_update(json)?;
        if token_identifier.is_some() && token_identifier != self.token_identifier() {
            let session = self.open(token_identifier.as_deref(), &update)?;
            let before = self.0.current.replace(Current {
                token_identifier,
                session,
            });
            before.session.revision.notify();
        }
        let (open, now) = (self.session(), self.environment().now());
        open.session.borrow_mut().update(update, now);
        // First they are stored, then they are announced.
        open.settle();
        open.announce_when_stored();
        Ok(())
    }

    fn open(
        &self,
        token_identifier: Option<&str>,
        update: &Update,
    ) -> Result<Rc<OpenSession>, Error> {
        let (inner, host) = (self.inner(), &self.environment().host);
        let key = inner.place.session(token_identifier);
        if !host.open_item(inner.area, &key) {
            // The update has no refresh token, and the stored one would be lost.
            if !update.has_refresh_token() {
                return Err(Error::argument(Phase::Update, "tokenIdentifier", UNREAD));
            }
            host.item(inner.area, &key).write(Some(EMPTY));
        }
        let margin = inner.refresh_margin;
        let session = inner
            .page
            .session(inner.area, &key, token_identifier, margin);
        session.attach(&inner.event_type, margin);
        Ok(session)
    }
}

const UNREAD: &str = "names a session that has not been read from this storage: open it with `EsiSecurity.create`, or add a refresh token";

//! The client of one page: its open sessions, the documents of each server and the exchanges in flight. Two objects of
//! the page for the same session share one `OpenSession`.

use alloc::rc::{Rc, Weak};
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};

use super::document::Caches;
use super::environment::Environment;
use super::exchanges::Exchanges;
use super::host::{Area, Host, PageEvent};
use super::open_session::OpenSession;
use crate::Error;
use crate::jwt::KeySet;
use crate::oauth::metadata::Metadata;
use crate::oauth::pkce::CodeVerifier;

/// The client of one page. Cheap to clone.
#[derive(Clone)]
pub struct Client(Rc<Inner>);

struct Inner {
    environment: Rc<Environment>,
    sessions: RefCell<Vec<Weak<OpenSession>>>,
    metadata: Caches<Metadata>,
    key_sets: Caches<KeySet>,
    exchanges: Exchanges,
    /// True between [`PageEvent::Hidden`] and [`PageEvent::Shown`].
    is_hidden: Cell<bool>,
}

impl Client {
    /// Creates a client that reaches the browser through `host`.
    pub fn new(host: Rc<dyn Host>) -> Self {
        let environment = Rc::new(Environment::new(host));
        Self(Rc::new(Inner {
            sessions: RefCell::default(),
            metadata: Caches::new(&environment),
            key_sets: Caches::new(&environment),
            exchanges: Exchanges::default(),
            is_hidden: Cell::new(false),
            environment,
        }))
    }

    /// A code verifier of `length` random bytes, 32 to 96 (RFC 7636 section 4.1).
    pub fn code_verifier(&self, length: usize) -> Result<CodeVerifier, Error> {
        self.0.environment.code_verifier(length)
    }

    /// Passes a page event to all open sessions. A hidden page starts nothing: Firefox fires `visibilitychange` after
    /// `pagehide`, and drops lock requests and messages of a page that enters the bfcache. A task that waits for one of
    /// them would never continue.
    pub fn on_page(&self, event: PageEvent) {
        match event {
            PageEvent::Hidden => self.0.is_hidden.set(true),
            PageEvent::Shown => self.0.is_hidden.set(false),
            PageEvent::Online | PageEvent::Resumed if self.0.is_hidden.get() => return,
            PageEvent::Online | PageEvent::Resumed => {}
        }
        for session in self.sessions() {
            session.on_page(event);
        }
    }

    /// True while the page is hidden for good, in the bfcache, or not shown yet.
    pub(super) fn is_hidden(&self) -> bool {
        self.0.is_hidden.get()
    }

    pub(super) fn environment(&self) -> &Rc<Environment> {
        &self.0.environment
    }

    pub(super) fn metadata(&self) -> &Caches<Metadata> {
        &self.0.metadata
    }

    pub(super) fn key_sets(&self) -> &Caches<KeySet> {
        &self.0.key_sets
    }

    pub(super) fn exchanges(&self) -> &Exchanges {
        &self.0.exchanges
    }

    /// The session under `key`, opened if no object of this page holds it.
    pub(super) fn session(
        &self,
        area: Area,
        key: &str,
        token_identifier: Option<&str>,
        margin: i64,
    ) -> Rc<OpenSession> {
        let mut open = self.sessions().into_iter();
        let open = open.find(|session| session.is_under(area, key));
        open.unwrap_or_else(|| {
            let environment = &self.0.environment;
            let session = OpenSession::open(environment, area, key, token_identifier, margin);
            let mut sessions = self.0.sessions.borrow_mut();
            sessions.push(Rc::downgrade(&session));
            session
        })
    }

    /// True if an object of this page holds the session under `key`.
    pub(super) fn has_session(&self, key: &str) -> bool {
        self.sessions().iter().any(|session| session.has_key(key))
    }

    fn sessions(&self) -> Vec<Rc<OpenSession>> {
        let mut sessions = self.0.sessions.borrow_mut();
        sessions.retain(|session| session.strong_count() > 0);
        sessions.iter().filter_map(Weak::upgrade).collect()
    }

    /// The storage area of this tab: sessionStorage, or memory in a worker, which has no sessionStorage.
    pub(super) fn tab_area(&self) -> Area {
        if self.0.environment.host.page().is_some() {
            Area::Session
        } else {
            Area::Memory
        }
    }

    /// Reads an item of the tab's own area.
    pub(super) fn read_item(&self, key: &str) -> Option<String> {
        let item = self.0.environment.host.item(self.tab_area(), key);
        item.read().ok().flatten()
    }

    /// Writes an item of the tab's own area. False if that failed.
    pub(super) fn write_item(&self, key: &str, value: Option<&str>) -> bool {
        let item = self.0.environment.host.item(self.tab_area(), key);
        item.write(value)
    }
}

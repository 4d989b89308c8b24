//! The cache of a server's documents, the metadata and the key set. A document is fetched when it is first needed, once
//! for all callers. It is stored, so that a reload needs no fetch.

use alloc::borrow::ToOwned;
use alloc::rc::{Rc, Weak};
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};

use super::environment::Environment;
use super::host::{Area, Item};
use super::sender::{RESPONSE_TIMEOUT_MS, Sender};
use super::shared::Shared;
use crate::oauth::error_response;
use crate::oauth::http::Request;
use crate::session::cache::{self, is_cooling, is_fresh};
use crate::session::place::Place;
use crate::{Error, Phase};

/// How long a fetch may take if an old or built-in document can be used instead, in milliseconds.
const SPARE_TIMEOUT_MS: u32 = 5_000;

/// The longest document that is stored, in bytes. A longer one could fill the storage that sessions use too.
const STORED_LENGTH: usize = 64 * 1024;

/// A kind of document: the metadata or the key set.
pub(super) trait Document: PartialEq + Sized + 'static {
    /// The phase that errors of a fetch name.
    const PHASE: Phase;

    /// Parses the text that was found at `url`.
    fn parse(environment: &Environment, text: &str, url: &str) -> Result<Self, Error>;

    /// The built-in document for `url`, if there is one.
    fn built_in(url: &str) -> Option<Self>;
}

/// Where a document comes from.
pub(super) enum Source<T> {
    /// The app gave it: nothing is fetched.
    Given(Rc<T>),
    /// Fetched when needed. Holds the cache of the URL that was used last, and so keeps that cache alive.
    Fetched(RefCell<Option<Rc<Cache<T>>>>),
}

impl<T> Source<T> {
    pub(super) const fn fetched() -> Self {
        Self::Fetched(RefCell::new(None))
    }
}

/// The caches of one kind of document, one for each URL that objects of the page use.
pub(super) struct Caches<T> {
    environment: Rc<Environment>,
    all: RefCell<Vec<Weak<Cache<T>>>>,
}

impl<T: Document> Caches<T> {
    pub(super) fn new(environment: &Rc<Environment>) -> Self {
        Self {
            environment: Rc::clone(environment),
            all: RefCell::default(),
        }
    }

    /// Returns the cache for `url`, and stores it in `slot`. A cache is dropped once no slot holds it.
    pub(super) fn get(&self, slot: &RefCell<Option<Rc<Cache<T>>>>, url: &str) -> Rc<Cache<T>> {
        let held = slot.borrow().clone().filter(|cache| cache.url == url);
        held.unwrap_or_else(|| {
            let cache = self.open(url);
            slot.replace(Some(Rc::clone(&cache)));
            cache
        })
    }

    fn open(&self, url: &str) -> Rc<Cache<T>> {
        let mut all = self.all.borrow_mut();
        all.retain(|cache| cache.strong_count() > 0);
        let mut held = all.iter().filter_map(Weak::upgrade);
        let held = held.find(|cache| cache.url == url);
        held.unwrap_or_else(|| {
            let cache = Rc::new(Cache {
                environment: Rc::clone(&self.environment),
                url: url.to_owned(),
                held: RefCell::default(),
                in_flight: RefCell::default(),
                failed_at: Cell::default(),
                renewed_at: Cell::default(),
            });
            all.push(Rc::downgrade(&cache));
            cache
        })
    }
}

/// The document at one address, shared by all objects of the page that need it.
pub(super) struct Cache<T> {
    environment: Rc<Environment>,
    url: String,
    /// The time of the fetch in seconds since 1970, and the parsed document.
    held: RefCell<Option<(i64, Rc<T>)>>,
    in_flight: RefCell<Option<Shared<Fetched<T>>>>,
    /// When the last fetch failed, if it did.
    failed_at: Cell<Option<i64>>,
    /// When the document was last renewed, or a renewal was last tried, in seconds since 1970.
    renewed_at: Cell<Option<i64>>,
}

/// A document, or why there is none.
pub(super) type Fetched<T> = Result<Rc<T>, Error>;

/// The result of a lookup in the cache.
pub(super) struct Lookup<T> {
    pub(super) document: Rc<T>,
    /// True if this caller started the fetch.
    pub(super) is_new: bool,
}

impl<T: Document> Cache<T> {
    /// Returns the held document if it is younger than `max_age` seconds, or else fetches it. If the fetch fails,
    /// returns the old or the built-in document, where there is one, and fetches nothing for the next 60 seconds.
    pub(super) async fn get(
        self: &Rc<Self>,
        max_age: i64,
        sender: &Sender,
    ) -> Result<Lookup<T>, Error> {
        let now = self.environment.now();
        if self.held.borrow().is_none() {
            self.restore();
        }
        let held = self.held.borrow().clone();
        let known = |document| Lookup {
            document,
            is_new: false,
        };
        let spare = match held {
            Some((since, document)) if is_fresh(since, now, max_age) => {
                return Ok(known(document));
            }
            Some((_, document)) => document,
            None => match T::built_in(&self.url) {
                Some(document) => Rc::new(document),
                None => return self.fetch(RESPONSE_TIMEOUT_MS, sender).await,
            },
        };
        if self.failed_at.get().is_some_and(|at| is_cooling(at, now)) {
            return Ok(known(spare));
        }
        let fetched = self.fetch(SPARE_TIMEOUT_MS, sender).await;
        Ok(fetched.unwrap_or_else(|_| known(spare)))
    }

    /// Returns a newer document than `stale`, if the server has one. Fetches at most once in 60 seconds, and not if
    /// this caller's lookup has just fetched `stale`.
    pub(super) async fn renew(
        self: &Rc<Self>,
        stale: &Lookup<T>,
        sender: &Sender,
    ) -> Option<Rc<T>> {
        if stale.is_new {
            self.renewed_at.set(Some(self.environment.now()));
        }
        loop {
            // Waits for a fetch in flight. It may have the shorter timeout, so its failure does not count.
            let in_flight = self.in_flight.borrow().clone();
            if let Some(in_flight) = in_flight {
                drop(in_flight.await);
                continue;
            }
            let held = self.held.borrow().clone();
            if let Some((since, newer)) =
                held.filter(|(_, document)| !Rc::ptr_eq(document, &stale.document))
            {
                self.renewed_at.set(Some(since));
                return Some(newer).filter(|newer| *newer != stale.document);
            }
            let now = self.environment.now();
            if self.renewed_at.get().is_some_and(|at| is_cooling(at, now)) {
                return None;
            }
            self.renewed_at.set(Some(now));
            drop(self.fetch(RESPONSE_TIMEOUT_MS, sender).await);
        }
    }

    async fn fetch(self: &Rc<Self>, timeout_ms: u32, sender: &Sender) -> Result<Lookup<T>, Error> {
        let in_flight = self.in_flight.borrow().clone();
        let is_new = in_flight.is_none();
        let fetching = in_flight.unwrap_or_else(|| {
            let work = Rc::clone(self).perform(timeout_ms, sender.clone());
            let fetching = Shared::spawn(&self.environment, work);
            self.in_flight.replace(Some(fetching.clone()));
            fetching
        });
        let document = fetching.await?;
        Ok(Lookup { document, is_new })
    }

    async fn perform(self: Rc<Self>, timeout_ms: u32, sender: Sender) -> Fetched<T> {
        let fetched = self.request(timeout_ms, &sender).await;
        let failed_at = fetched.is_err().then(|| self.environment.now());
        self.failed_at.set(failed_at);
        self.in_flight.replace(None);
        fetched
    }

    async fn request(&self, timeout_ms: u32, sender: &Sender) -> Fetched<T> {
        let request = Request::get(&self.url);
        let response = sender.send(&request, T::PHASE, timeout_ms).await?;
        if !response.ok() {
            return Err(error_response::error(&request, &response, T::PHASE));
        }
        let document = Rc::new(T::parse(&self.environment, &response.body, &self.url)?);
        let fetched_at = self.environment.now();
        self.held.replace(Some((fetched_at, Rc::clone(&document))));
        // A failed write is ignored: it costs one request after the next reload.
        let is_short = response.body.len() <= STORED_LENGTH;
        let record = is_short.then_some(cache::Document {
            fetched_at,
            text: response.body,
        });
        let json = record.map(|record| record.to_row());
        self.item().write(json.as_deref());
        Ok(document)
    }

    fn restore(&self) {
        let stored = self.item().read().ok().flatten();
        let stored = stored.and_then(|json| cache::Document::restore(&json));
        let Some(cache::Document { fetched_at, text }) = stored else {
            return;
        };
        if let Ok(document) = T::parse(&self.environment, &text, &self.url) {
            self.held.replace(Some((fetched_at, Rc::new(document))));
        }
    }

    fn item(&self) -> alloc::boxed::Box<dyn Item> {
        let key = Place::document(&self.url);
        self.environment.host.item(Area::Session, &key)
    }
}

//! A document of an authorization server, its metadata or its key set: fetched when first needed, once
//! for all who ask, and kept across reloads.

use alloc::borrow::ToOwned;
use alloc::rc::{Rc, Weak};
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use std::thread::LocalKey;

use super::clock;
use super::flight::Flight;
use super::http::{Sender, TIMEOUT_MS};
use super::storage::Storage;
use crate::oauth::error_response;
use crate::oauth::http::Request;
use crate::session::cache::{self, is_cooling, is_fresh};
use crate::session::place::Place;
use crate::{Error, Phase};

/// How long a document is waited for while another can stand in for it.
const SPARE_TIMEOUT_MS: u32 = 5_000;

/// Up to which length, in bytes, a document is kept across reloads: it shares its storage with the
/// session, which must not find it full.
const STORED_LENGTH: usize = 64 * 1024;

/// A kind of document.
pub(super) trait Document: Sized + 'static {
    /// What asking for it is part of.
    const PHASE: Phase;

    /// Reads the text that was found at `url`.
    fn parse(text: &str, url: &str) -> Result<Self, Error>;

    /// The one that is built in for `url`.
    fn built_in(url: &str) -> Option<Self>;

    /// Those that objects of this page hold.
    fn caches() -> &'static LocalKey<Caches<Self>>;
}

pub(super) type Caches<T> = RefCell<Vec<Weak<Cache<T>>>>;

/// Where a document comes from.
pub(super) enum Source<T> {
    /// The page brought it: nothing is ever fetched.
    Given(Rc<T>),
    /// Fetched when needed; the cache of the address that was last asked.
    Fetched(RefCell<Option<Rc<Cache<T>>>>),
}

impl<T: Document> Source<T> {
    pub(super) const fn fetched() -> Self {
        Self::Fetched(RefCell::new(None))
    }
}

/// The cache for `url`, which stays open as long as `slot` holds it.
pub(super) fn cache_in<T: Document>(
    slot: &RefCell<Option<Rc<Cache<T>>>>,
    url: &str,
) -> Rc<Cache<T>> {
    let held = slot.borrow().clone().filter(|cache| cache.url == url);
    held.unwrap_or_else(|| {
        let cache = Cache::open(url);
        slot.replace(Some(Rc::clone(&cache)));
        cache
    })
}

/// The document at one address, shared by all objects of the page that need it.
pub(super) struct Cache<T> {
    url: String,
    held: RefCell<Option<Held<T>>>,
    flight: RefCell<Option<Flight<Answer<T>>>>,
    /// When the last fetch failed, if it did.
    failed_at: Cell<Option<i64>>,
    /// When a newer one was last asked for, whatever the age of what was held.
    renewed_at: Cell<Option<i64>>,
}

/// A document, and whether it was asked for on behalf of the very one who gets it.
pub(super) struct Got<T> {
    pub(super) document: Rc<T>,
    pub(super) asked: bool,
}

/// When it was fetched, and what it says.
type Held<T> = (i64, Rc<T>);

/// The document, or why there is none.
pub(super) type Answer<T> = Result<Rc<T>, Error>;

impl<T: Document> Cache<T> {
    fn open(url: &str) -> Rc<Self> {
        T::caches().with_borrow_mut(|caches| {
            caches.retain(|cache| cache.strong_count() > 0);
            let held = caches
                .iter()
                .filter_map(Weak::upgrade)
                .find(|cache| cache.url == url);
            held.unwrap_or_else(|| {
                let cache = Rc::new(Self {
                    url: url.to_owned(),
                    held: RefCell::new(None),
                    flight: RefCell::new(None),
                    failed_at: Cell::new(None),
                    renewed_at: Cell::new(None),
                });
                caches.push(Rc::downgrade(&cache));
                cache
            })
        })
    }

    /// The document, fetched if none is held or the held one is older than `max_age` seconds. Where that
    /// fails, an old one, or the one that is built in, is better than none, and nobody asks again for a
    /// while.
    pub(super) async fn get(
        self: &Rc<Self>,
        max_age: i64,
        sender: &Sender,
    ) -> Result<Got<T>, Error> {
        let now = clock::now();
        if self.held.borrow().is_none() {
            self.restore();
        }
        let held = self.held.borrow().clone();
        let as_it_is = |document| Got {
            document,
            asked: false,
        };
        let spare = match held {
            Some((since, document)) if is_fresh(since, now, max_age) => {
                return Ok(as_it_is(document));
            }
            Some((_, document)) => document,
            None => match T::built_in(&self.url) {
                Some(document) => Rc::new(document),
                None => return self.fetch(TIMEOUT_MS, sender).await,
            },
        };
        if self.failed_at.get().is_some_and(|at| is_cooling(at, now)) {
            return Ok(as_it_is(spare));
        }
        let got = self.fetch(SPARE_TIMEOUT_MS, sender).await;
        Ok(got.unwrap_or_else(|_| as_it_is(spare)))
    }

    /// A newer document than the one that was found wanting, if there is one. The server is asked at
    /// most once in a while, and not if that one has only just been asked for.
    pub(super) async fn renew(self: &Rc<Self>, wanting: &Got<T>, sender: &Sender) -> Option<Rc<T>> {
        if wanting.asked {
            self.renewed_at.set(Some(clock::now()));
        }
        loop {
            // A fetch in flight may have the shorter timeout, so its failure does not decide.
            let flying = self.flight.borrow().clone();
            if let Some(flight) = flying {
                drop(flight.await);
                continue;
            }
            let held = self.held.borrow().clone();
            if let Some((since, newer)) =
                held.filter(|(_, document)| !Rc::ptr_eq(document, &wanting.document))
            {
                self.renewed_at.set(Some(since));
                return Some(newer);
            }
            let now = clock::now();
            if self.renewed_at.get().is_some_and(|at| is_cooling(at, now)) {
                return None;
            }
            self.renewed_at.set(Some(now));
            drop(self.fetch(TIMEOUT_MS, sender).await);
        }
    }

    async fn fetch(self: &Rc<Self>, timeout_ms: u32, sender: &Sender) -> Result<Got<T>, Error> {
        let flying = self.flight.borrow().clone();
        let asked = flying.is_none();
        let flight = flying.unwrap_or_else(|| {
            let flight = Flight::launch(Rc::clone(self).load(timeout_ms, sender.clone()));
            self.flight.replace(Some(flight.clone()));
            flight
        });
        let document = flight.await?;
        Ok(Got { document, asked })
    }

    async fn load(self: Rc<Self>, timeout_ms: u32, sender: Sender) -> Answer<T> {
        let answer = self.ask(timeout_ms, &sender).await;
        self.failed_at.set(answer.is_err().then(clock::now));
        self.flight.replace(None);
        answer
    }

    async fn ask(&self, timeout_ms: u32, sender: &Sender) -> Answer<T> {
        let request = Request::get(&self.url);
        let response = sender.send(&request, T::PHASE, timeout_ms).await?;
        if !response.ok() {
            return Err(error_response::error(&request, &response, T::PHASE));
        }
        let document = Rc::new(T::parse(&response.body, &self.url)?);
        let fetched_at = clock::now();
        self.held.replace(Some((fetched_at, Rc::clone(&document))));
        // Only saves a request after the next reload.
        let stays = response.body.len() <= STORED_LENGTH;
        let row = stays.then_some(cache::Document {
            fetched_at,
            text: response.body,
        });
        let json = row.map(|row| row.to_row());
        Storage::Session.write(&Place::document(&self.url).into(), json.as_deref());
        Ok(document)
    }

    fn restore(&self) {
        let stored = Storage::Session.read(&Place::document(&self.url).into());
        let stored = stored.ok().flatten();
        let stored = stored.and_then(|json| cache::Document::restore(&String::from(json)));
        let Some(cache::Document { fetched_at, text }) = stored else {
            return;
        };
        if let Ok(document) = T::parse(&text, &self.url) {
            self.held.replace(Some((fetched_at, Rc::new(document))));
        }
    }
}

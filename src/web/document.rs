//! A document of an authorization server: given by the page, or fetched when first needed, once for all
//! who ask, and kept across reloads.

use alloc::rc::Rc;
use alloc::string::String;
use core::cell::{Cell, RefCell};

use super::clock;
use super::flight::Flight;
use super::http::{self, PATIENCE};
use super::storage;
use crate::oauth::error_response;
use crate::oauth::http::Request;
use crate::session::cache::{COOL_DOWN, Document, is_fresh};
use crate::{Error, Phase};

/// For how many milliseconds a document is waited for while another can stand in for it.
const LITTLE_PATIENCE: u32 = 5_000;

/// Where a document comes from.
pub(super) enum Source<T> {
    /// The page brought it: nothing is ever fetched.
    Given(Rc<T>),
    /// Fetched when needed.
    Fetched(Rc<Cache<T>>),
}

/// A document that was fetched.
pub(super) struct Cache<T> {
    phase: Phase,
    /// Reads a document's text; the second argument is its address.
    parse: fn(&str, &str) -> Result<T, Error>,
    held: RefCell<Option<Held<T>>>,
    flight: RefCell<Option<Flight<Answer<T>>>>,
    /// When the last fetch failed, if it did.
    failed_at: Cell<Option<i64>>,
    /// When a document was last asked for although a fresh one was held.
    forced_at: Cell<Option<i64>>,
}

/// When it was fetched, and what it says.
type Held<T> = (i64, Rc<T>);

/// The document, or why there is none.
pub(super) type Answer<T> = Result<Rc<T>, Error>;

impl<T: 'static> Source<T> {
    pub(super) fn fetched(phase: Phase, parse: fn(&str, &str) -> Result<T, Error>) -> Self {
        Self::Fetched(Rc::new(Cache {
            phase,
            parse,
            held: RefCell::new(None),
            flight: RefCell::new(None),
            failed_at: Cell::new(None),
            forced_at: Cell::new(None),
        }))
    }
}

impl<T: 'static> Cache<T> {
    /// The document, fetched if none is held or the held one is old. Where that fails, an old one, or
    /// the `snapshot`, is better than none, and nobody asks again for a while.
    pub(super) async fn get(
        self: &Rc<Self>,
        request: Request,
        row: String,
        snapshot: Option<fn() -> T>,
    ) -> Answer<T> {
        let now = clock::now();
        if self.held.borrow().is_none() {
            self.restore(&request.url, &row);
        }
        let held = self.held.borrow().clone();
        let spare = match held {
            Some((since, document)) if is_fresh(since, now) => return Ok(document),
            Some((_, document)) => document,
            None => match snapshot {
                Some(snapshot) => Rc::new(snapshot()),
                None => return self.fetch(request, row, PATIENCE).await,
            },
        };
        if self.failed_at.get().is_some_and(|at| cooling(at, now)) {
            return Ok(spare);
        }
        let answer = self.fetch(request, row, LITTLE_PATIENCE).await;
        Ok(answer.unwrap_or(spare))
    }

    /// The document as the server has it now, although a fresh one is held; at most once in a while.
    pub(super) async fn renew(
        self: &Rc<Self>,
        request: Request,
        row: String,
        snapshot: Option<fn() -> T>,
    ) -> Answer<T> {
        let now = clock::now();
        if self.forced_at.get().is_some_and(|at| cooling(at, now)) {
            return self.get(request, row, snapshot).await;
        }
        self.forced_at.set(Some(now));
        // No stand-in: whoever asks for what is new has seen what is old.
        self.fetch(request, row, PATIENCE).await
    }

    async fn fetch(self: &Rc<Self>, request: Request, row: String, patience: u32) -> Answer<T> {
        let flying = self.flight.borrow().clone();
        let flight = flying.unwrap_or_else(|| {
            let flight = Flight::launch(Rc::clone(self).load(request, row, patience));
            self.flight.replace(Some(flight.clone()));
            flight
        });
        flight.await
    }

    async fn load(self: Rc<Self>, request: Request, row: String, patience: u32) -> Answer<T> {
        let answer = self.ask(&request, &row, patience).await;
        self.failed_at
            .set(answer.as_ref().err().map(|_| clock::now()));
        self.flight.replace(None);
        answer
    }

    async fn ask(&self, request: &Request, row: &str, patience: u32) -> Answer<T> {
        let response = http::send(request, self.phase, patience).await?;
        if !response.ok() {
            return Err(error_response::error(request, &response, self.phase));
        }
        let document = Rc::new((self.parse)(&response.body, &request.url)?);
        let fetched_at = clock::now();
        self.held.replace(Some((fetched_at, Rc::clone(&document))));
        let stored = Document {
            fetched_at,
            text: response.body,
        };
        // Only saves a request after the next reload.
        storage::write(row, serde_json::to_string(&stored).ok().as_deref());
        Ok(document)
    }

    fn restore(&self, url: &str, row: &str) {
        let stored = storage::read(row).and_then(|json| serde_json::from_str(&json).ok());
        let Some(Document { fetched_at, text }) = stored else {
            return;
        };
        if let Ok(document) = (self.parse)(&text, url) {
            self.held.replace(Some((fetched_at, Rc::new(document))));
        }
    }
}

fn cooling(since: i64, now: i64) -> bool {
    (0..COOL_DOWN).contains(&now.saturating_sub(since))
}

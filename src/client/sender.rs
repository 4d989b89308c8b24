//! Sends the requests of an object: forms by the token worker, all others by the page. Turns each failure of the
//! platform into an error.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;

use super::environment::Environment;
use super::host::{FetchError, LocalFuture, Route};
use super::lock::{self, Acquired, Wait};
use crate::oauth::http::{Request, Response};
use crate::text::joined;
use crate::{Error, ErrorKind, Phase};

/// How long a response may take, including its body, in milliseconds.
pub(super) const RESPONSE_TIMEOUT_MS: u32 = 30_000;

/// How much longer than its timeout a fetch may take in a page that runs, in milliseconds: the token worker is to be
/// heard.
const FETCH_MARGIN_MS: u32 = 10_000;

/// The sender of an object.
#[derive(Clone)]
pub(super) struct Sender {
    environment: Rc<Environment>,
    /// How the page sends: by `fetch`, or by a function of its own.
    page: Route,
    /// The script of the token worker.
    worker: Option<String>,
}

impl Sender {
    /// With a `fetch` function of its own the page must see all its requests, so the token worker sends none.
    pub(super) fn new(
        environment: &Rc<Environment>,
        custom_fetch: Option<u32>,
        worker: Option<String>,
    ) -> Self {
        Self {
            environment: Rc::clone(environment),
            page: custom_fetch.map_or(Route::Page, Route::Custom),
            worker: worker.filter(|_| custom_fetch.is_none()),
        }
    }

    /// Connects to the token worker, if there is one and it is idle.
    pub(super) fn connect(&self) {
        if let Some(worker) = &self.worker
            && self.environment.host.worker_status(worker) == "idle"
        {
            self.environment.host.connect_worker(worker);
        }
    }

    /// The status of the token worker; `off` if there is none.
    pub(super) fn worker_status(&self) -> String {
        let worker = self.worker.as_ref();
        worker.map_or_else(
            || "off".into(),
            |worker| self.environment.host.worker_status(worker),
        )
    }

    /// Sends the request, and waits `timeout_ms` for its response. In a box, so that it is compiled once and not into each
    /// of its callers.
    pub(super) fn send<'a>(
        &'a self,
        request: &'a Request,
        phase: Phase,
        timeout_ms: u32,
    ) -> LocalFuture<'a, Result<Response, Error>> {
        Box::pin(async move {
            match self.try_worker(request, phase, timeout_ms).await {
                Some(response) => response,
                None => self.send_from_page(request, phase, timeout_ms).await,
            }
        })
    }

    /// Has the token worker send the request. `None` if it has certainly not sent it, which may take it some seconds to
    /// say.
    pub(super) async fn try_worker(
        &self,
        request: &Request,
        phase: Phase,
        timeout_ms: u32,
    ) -> Option<Result<Response, Error>> {
        match self.send_by_worker(request, timeout_ms).await {
            Err(FetchError::NotSent) => None,
            response => Some(response.map_err(|failure| error(request, failure, phase))),
        }
    }

    /// Sends the request without the token worker.
    pub(super) async fn send_from_page(
        &self,
        request: &Request,
        phase: Phase,
        timeout_ms: u32,
    ) -> Result<Response, Error> {
        let response = self.send_by_page(request, timeout_ms).await;
        response.map_err(|failure| error(request, failure, phase))
    }

    /// Sends a form that must not be sent twice. The token worker gives all tabs the same response. Without it, the
    /// page sends while it holds this lock. A tab that finds the lock held waits, and then gets `None`, because the
    /// form was sent.
    pub(super) async fn send_once(
        &self,
        request: &Request,
        lock: &str,
        phase: Phase,
        timeout_ms: u32,
    ) -> Result<Option<Response>, Error> {
        let response = match self.send_by_worker(request, timeout_ms).await {
            Err(FetchError::NotSent) => {
                let mut wait = Wait::new(timeout_ms);
                let held = match lock::acquire(&self.environment, lock, &mut wait).await {
                    Acquired::Contended(_) | Acquired::Spent => return Ok(None),
                    Acquired::Free(lock) => Some(lock),
                    Acquired::Unavailable => None,
                };
                let response = self.send_by_page(request, timeout_ms).await;
                let environment = Rc::clone(&self.environment);
                let releasing = async move { lock::release(&environment, held).await };
                // The release takes time. Tokens must be stored in this task; after a failure the caller may try again, and
                // must find the lock free.
                if response.as_ref().is_ok_and(Response::ok) {
                    self.environment.spawn(releasing);
                } else {
                    releasing.await;
                }
                response
            }
            response => response,
        };
        let response = response.map_err(|failure| error(request, failure, phase));
        response.map(Some)
    }

    async fn send_by_worker(
        &self,
        request: &Request,
        timeout_ms: u32,
    ) -> Result<Response, FetchError> {
        match &self.worker {
            Some(script) if request.form.is_some() => {
                let route = Route::Worker(script.clone());
                self.fetch(request, &route, timeout_ms).await
            }
            _ => Err(FetchError::NotSent),
        }
    }

    async fn send_by_page(
        &self,
        request: &Request,
        timeout_ms: u32,
    ) -> Result<Response, FetchError> {
        self.fetch(request, &self.page, timeout_ms).await
    }

    async fn fetch(
        &self,
        request: &Request,
        route: &Route,
        timeout_ms: u32,
    ) -> Result<Response, FetchError> {
        let host = &self.environment.host;
        let began_at = host.now_ms();
        let mut response = host.fetch(request, route, timeout_ms).await?;
        // A page that was frozen meanwhile reads the response late. Nobody knows when it came, and the token worker had
        // kept it for `age` seconds by then.
        let waited_ms = host.now_ms().saturating_sub(began_at);
        if waited_ms > i64::from(timeout_ms.saturating_add(FETCH_MARGIN_MS)) {
            let seconds = u32::try_from(waited_ms / 1000).unwrap_or(u32::MAX);
            response.age = response.age.saturating_add(seconds);
        }
        Ok(response)
    }
}

fn error(request: &Request, failure: FetchError, phase: Phase) -> Error {
    let (name, message) = match failure {
        FetchError::TimedOut => return ErrorKind::Timeout { phase }.into(),
        FetchError::Failed { name, message } => (name, message),
        FetchError::NotSent => (None, None),
    };
    // If the message may repeat a secret of the request, only the name of the error is used.
    let quote = |text: String| request.quote(&text).filter(|text| !text.is_empty());
    let whole = match (&name, message) {
        (Some(name), Some(message)) => Some(joined(&[name, ": ", &message])),
        (_, message) => message,
    };
    let cause = whole.and_then(quote).or_else(|| name.and_then(quote));
    let cause = cause.unwrap_or_else(|| "rejected with nothing that may be repeated".into());
    ErrorKind::Network { phase, cause }.into()
}

//! `fetch`, for the requests of `oauth::http`. Without credentials and referrer, with a time-out, and
//! whatever it rejects with becomes an error.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::future::Future;
use core::pin::Pin;
use gloo_net::http::{Method, RequestBuilder};
use js_sys::Function;
use wasm_bindgen::prelude::*;
use web_sys::{AbortController, ReferrerPolicy, RequestCache, RequestCredentials, RequestRedirect};

use super::lock::{self, Acquired};
use super::object::get;
use super::promise::settled;
use super::timer::within;
use super::token_worker::Script;
use crate::oauth::http::{FORM, Request, Response};
use crate::text::joined;
use crate::{Error, ErrorKind, Phase};

/// How long an answer is waited for, the body included.
pub(super) const TIMEOUT_MS: u32 = 30_000;

#[wasm_bindgen]
extern "C" {
    // The global function as it is at each request, so that a worker without a window can use it too, and what has
    // wrapped it sees the request. gloo's own `send` panics when `fetch` rejects with something that is no `Error`.
    // A wrapper may throw, or give something that is no promise.
    #[wasm_bindgen(catch)]
    fn fetch(request: &web_sys::Request) -> Result<JsValue, JsValue>;
}

/// Who sends the requests of an object: the page, or for forms the token worker.
#[derive(Clone)]
pub(super) struct Sender {
    /// The page's own function in place of `fetch`.
    custom_fetch: Option<Function>,
    worker: Option<Script>,
}

/// Why there is no answer.
enum Failure {
    /// The library's own deadline has passed.
    TimedOut,
    Rejected(JsValue),
}

impl From<JsValue> for Failure {
    fn from(rejection: JsValue) -> Self {
        Self::Rejected(rejection)
    }
}

impl Sender {
    /// With `custom_fetch` the page sees all its requests, so no worker sends any.
    pub(super) fn new(custom_fetch: Option<Function>, worker: Option<Script>) -> Self {
        let worker = worker.filter(|_| custom_fetch.is_none());
        Self {
            custom_fetch,
            worker,
        }
    }

    /// Connects to the token worker, if there is to be one and this page is not connected yet.
    pub(super) fn connect(&self) {
        if let Some(worker) = &self.worker {
            worker.connect();
        }
    }

    /// What stands with the token worker; `off` if there is to be none.
    pub(super) fn worker_status(&self) -> String {
        let worker = self.worker.as_ref();
        worker.map_or_else(|| "off".into(), Script::status)
    }

    /// Performs the request, and waits for its answer for `timeout_ms`. In a box, so that it is compiled once and not
    /// into each of its callers.
    pub(super) fn send<'a>(
        &'a self,
        request: &'a Request,
        phase: Phase,
        timeout_ms: u32,
    ) -> Pin<Box<dyn Future<Output = Result<Response, Error>> + 'a>> {
        Box::pin(async move {
            let answer = match self.by_worker(request, timeout_ms).await.transpose() {
                Some(answer) => answer,
                None => self.by_page(request, timeout_ms).await,
            };
            answer.map_err(|failure| error(request, failure, phase))
        })
    }

    /// The same for a form that must not come twice. The token worker gives all tabs the same answer. Without it, a
    /// tab that comes while another holds the lock of this name, and so sends the form, gets `None`.
    pub(super) async fn send_once(
        &self,
        request: &Request,
        lock: &str,
        phase: Phase,
        timeout_ms: u32,
    ) -> Result<Option<Response>, Error> {
        let answer = match self.by_worker(request, timeout_ms).await {
            Ok(None) => {
                let lock = match lock::acquire(lock, timeout_ms).await {
                    Acquired::Contended(_) => return Ok(None),
                    Acquired::Free(lock) => Some(lock),
                    Acquired::Unavailable => None,
                };
                let answer = self.by_page(request, timeout_ms).await;
                lock::release(lock).await;
                answer.map(Some)
            }
            answer => answer,
        };
        answer.map_err(|failure| error(request, failure, phase))
    }

    /// `None` if the worker has certainly not sent it. In a box, as below.
    fn by_worker<'a>(
        &'a self,
        request: &'a Request,
        timeout_ms: u32,
    ) -> Answer<'a, Option<Response>> {
        Box::pin(async move {
            let (Some(worker), Some(body)) = (&self.worker, request.body()) else {
                return Ok(None);
            };
            let Some(message) = worker.send(request, &body, timeout_ms).await? else {
                return Ok(None);
            };
            match text(&message, "type").as_deref() {
                Some("response") => {
                    let status = get(&message, "status")?;
                    let body = text(&message, "body").ok_or(JsValue::NULL)?;
                    let retry_after = text(&message, "retryAfter");
                    let mut response = response(&status, retry_after, body);
                    response.age = whole(&get(&message, "age")?);
                    Ok(Some(response))
                }
                Some("timeout") => Err(Failure::TimedOut),
                // It has the name and the message of what `fetch` has rejected with.
                _ => Err(Failure::Rejected(message)),
            }
        })
    }

    /// In a box, so that it is compiled once and not into each of its callers.
    fn by_page<'a>(&'a self, request: &'a Request, timeout_ms: u32) -> Answer<'a, Response> {
        Box::pin(async move {
            let controller = AbortController::new()?;
            let answer = within(timeout_ms, self.fetch(request, &controller)).await;
            answer.unwrap_or_else(|| {
                controller.abort();
                Err(Failure::TimedOut)
            })
        })
    }

    async fn fetch(
        &self,
        request: &Request,
        controller: &AbortController,
    ) -> Result<Response, Failure> {
        let mut builder = RequestBuilder::new(&request.url)
            .credentials(RequestCredentials::Omit)
            .referrer_policy(ReferrerPolicy::NoReferrer)
            // Documents are kept by this library, with its own time to live.
            .cache(RequestCache::NoStore)
            .abort_signal(Some(&controller.signal()));
        for (name, value) in &request.headers {
            builder = builder.header(name, value.expose());
        }
        let built = match request.body() {
            // A redirect would carry the form and its secrets to another address.
            Some(body) => builder
                .method(Method::POST)
                .redirect(RequestRedirect::Error)
                .header("Content-Type", FORM)
                .body(body),
            None => builder.build(),
        };
        let built = built.map_err(|error| JsValue::from(error.to_string()))?;
        let built: web_sys::Request = built.into();
        let answer = match &self.custom_fetch {
            Some(custom) => custom.call1(&JsValue::UNDEFINED, &built)?,
            None => fetch(&built)?,
        };
        let answer: web_sys::Response = settled(&answer).await?.dyn_into()?;
        // What a page's own `fetch` gives may pass for a response and yet give no promise, or throw.
        let body = settled(&answer.text()?.into()).await?;
        let headers: web_sys::Headers = get(&answer, "headers")?.dyn_into()?;
        let status = get(&answer, "status")?;
        let retry_after = headers.get("retry-after")?;
        let body = body.as_string().ok_or(body)?;
        Ok(response(&status, retry_after, body))
    }
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + 'a>>;

/// A number of JavaScript, with no fraction; 0 for what is none.
fn whole(value: &JsValue) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what does not fit is saturated"
    )]
    let whole = value.as_f64().unwrap_or_default() as u32;
    whole
}

fn response(status: &JsValue, retry_after: Option<String>, body: String) -> Response {
    Response {
        // A status has three digits; any other is no success.
        status: u16::try_from(whole(status)).unwrap_or_default(),
        age: 0,
        // The date form is left out. It needs the server's clock, and a page of another origin cannot read the `Date`
        // header: it is not CORS-safelisted.
        retry_after: retry_after.and_then(|seconds| seconds.parse().ok()),
        body,
    }
}

fn error(request: &Request, failure: Failure, phase: Phase) -> Error {
    let rejection = match failure {
        Failure::TimedOut => return ErrorKind::Timeout { phase }.into(),
        Failure::Rejected(rejection) => rejection,
    };
    let name = text(&rejection, "name");
    // The message may repeat the request; then the name is left.
    let quote = |text: String| request.quote(&text).filter(|text| !text.is_empty());
    let whole = match (&name, text(&rejection, "message")) {
        (Some(name), Some(message)) => Some(joined(&[name, ": ", &message])),
        _ => rejection.as_string(),
    };
    let cause = whole.and_then(quote).or_else(|| name.and_then(quote));
    let cause = cause.unwrap_or_else(|| "rejected with nothing that may be repeated".into());
    ErrorKind::Network { phase, cause }.into()
}

/// A member that is a string. On what a page's own `fetch` rejects with it may be anything, or throw.
fn text(object: &JsValue, name: &str) -> Option<String> {
    get(object, name).ok()?.as_string()
}

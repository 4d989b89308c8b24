//! `fetch`, for the requests of `oauth::http`. Without credentials and referrer, with a time-out, and
//! whatever it rejects with becomes an error.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::future::Future;
use core::pin::Pin;
use gloo_net::http::{Method, RequestBuilder};
use wasm_bindgen::prelude::*;
use web_sys::{DomException, ReferrerPolicy, RequestCache, RequestCredentials, RequestRedirect};

use super::courier;
use super::lock::{self, Acquired};
use super::object::get;
use super::promise::settled;
use super::timer::{abort_after, within};
use crate::oauth::http::{FORM, Request, Response};
use crate::text::joined;
use crate::{Error, ErrorKind, Phase};

/// For how many milliseconds an answer is waited for, the body included.
pub(super) const PATIENCE: u32 = 30_000;

/// How much longer a page's own `fetch` is waited for, in milliseconds, which may have lost the signal.
const GRACE: u32 = 1_000;

/// How much of a rejection's text is kept, in characters.
const CAUSE_LIMIT: usize = 300;

#[wasm_bindgen]
extern "C" {
    // The global function, so that a worker without a window can use it too. gloo's own `send` panics
    // when `fetch` rejects with something that is no `Error`. A page may have put its own in place, which
    // may throw, or give something that is no promise.
    #[wasm_bindgen(catch)]
    fn fetch(request: &web_sys::Request) -> Result<JsValue, JsValue>;
}

/// Performs the request, and waits for its answer for `patience` milliseconds.
pub(super) async fn send(
    request: &Request,
    phase: Phase,
    patience: u32,
) -> Result<Response, Error> {
    let answer = match carried(request, patience).await.transpose() {
        Some(answer) => answer,
        None => fetched(request, patience).await,
    };
    answer.map_err(|rejection| failure(request, &rejection, phase))
}

/// The same for a form that must not come twice. A courier gives the same answer to all tabs; without one, a
/// tab that comes while another holds the lock of this name, and so sends the form, gets `None`.
pub(super) async fn send_once(
    request: &Request,
    lock: &str,
    phase: Phase,
    patience: u32,
) -> Result<Option<Response>, Error> {
    let answer = match carried(request, patience).await {
        Ok(None) => {
            let lock = match lock::acquire(lock, patience).await {
                Acquired::Contended(_) => return Ok(None),
                Acquired::Free(lock) => Some(lock),
                Acquired::Unavailable => None,
            };
            let answer = fetched(request, patience).await;
            lock::release(lock).await;
            answer.map(Some)
        }
        answer => answer,
    };
    answer.map_err(|rejection| failure(request, &rejection, phase))
}

/// What the courier brings; `None` if there is none, or nothing for it to carry.
async fn carried(request: &Request, patience: u32) -> Result<Option<Response>, JsValue> {
    let Some(body) = request.body() else {
        return Ok(None);
    };
    let Some(answer) = courier::carry(request, &body, patience).await? else {
        return Ok(None);
    };
    let status = get(&answer, "status")?;
    let body = text(&answer, "body").ok_or(JsValue::NULL)?;
    Ok(Some(response(&status, text(&answer, "retryAfter"), body)))
}

/// In a box, so that it is compiled once and not into each of its callers.
fn fetched(request: &Request, patience: u32) -> Answer<'_> {
    Box::pin(async move {
        let late = patience.saturating_add(GRACE);
        let answer = within(late, fetch_it(request, patience)).await;
        answer.unwrap_or_else(|| {
            let message = "no answer in time";
            let late = DomException::new_with_message_and_name(message, "TimeoutError");
            Err(late.map_or_else(|thrown| thrown, JsValue::from))
        })
    })
}

type Answer<'a> = Pin<Box<dyn Future<Output = Result<Response, JsValue>> + 'a>>;

async fn fetch_it(request: &Request, patience: u32) -> Result<Response, JsValue> {
    let mut builder = RequestBuilder::new(&request.url)
        .credentials(RequestCredentials::Omit)
        .referrer_policy(ReferrerPolicy::NoReferrer)
        // Documents are kept by this library, with its own time to live.
        .cache(RequestCache::NoStore)
        .abort_signal(abort_after(patience).ok().as_ref());
    for (name, value) in &request.headers {
        builder = builder.header(name, value.expose());
    }
    let built = match request.body() {
        // A redirect would carry the form, with what is secret in it, to another place.
        Some(body) => builder
            .method(Method::POST)
            .redirect(RequestRedirect::Error)
            .header("Content-Type", FORM)
            .body(body),
        None => builder.build(),
    };
    let built = built.map_err(|error| JsValue::from(error.to_string()))?;
    let answer: web_sys::Response = settled(&fetch(&built.into())?).await?.dyn_into()?;
    // What a page's own `fetch` gives may pass for a response and yet give no promise, or throw.
    let body = settled(&answer.text()?.into()).await?;
    let headers: web_sys::Headers = get(&answer, "headers")?.dyn_into()?;
    let status = get(&answer, "status")?;
    let retry_after = headers.get("retry-after")?;
    Ok(response(
        &status,
        retry_after,
        body.as_string().ok_or(body)?,
    ))
}

fn response(status: &JsValue, retry_after: Option<String>, body: String) -> Response {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a status has three digits; a saturated one is no success"
    )]
    let status = status.as_f64().unwrap_or_default() as u16;
    Response {
        status,
        // The date form is left aside: it needs the server's clock.
        retry_after: retry_after.and_then(|seconds| seconds.parse().ok()),
        body,
    }
}

fn failure(request: &Request, rejection: &JsValue, phase: Phase) -> Error {
    let name = text(rejection, "name");
    if rejection.has_type::<DomException>() && name.as_deref() == Some("TimeoutError") {
        return ErrorKind::Timeout { phase }.into();
    }
    let cause = match (name, text(rejection, "message")) {
        (Some(name), Some(message)) => joined(&[&name, ": ", &message]),
        _ => rejection
            .as_string()
            .filter(|text| !text.is_empty())
            .unwrap_or_else(|| "rejected with something that is no Error".into()),
    };
    let cause = request.redact(&cause, CAUSE_LIMIT);
    ErrorKind::Network { phase, cause }.into()
}

/// A member that is a string. On what a page's own `fetch` rejects with it may be anything, or throw.
fn text(object: &JsValue, name: &str) -> Option<String> {
    get(object, name).ok()?.as_string()
}

//! `fetch`, without credentials and referrer, and with a timeout.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::cell::RefCell;

use alloc::vec::Vec;
use gloo_net::http::{Method, RequestBuilder};
use js_sys::Function;
use wasm_bindgen::prelude::*;
use web_sys::{AbortController, ReferrerPolicy, RequestCache, RequestCredentials, RequestRedirect};

use super::object::get;
use super::promise::settled;
use crate::client::Host;
use crate::client::host::{FetchError, within};
use crate::oauth::http::{FORM, Request, Response};

#[wasm_bindgen]
extern "C" {
    // The global function as it is at each request, so that a worker without a window can use it too, and what has
    // wrapped it sees the request. gloo's own `send` panics when `fetch` rejects with something that is no `Error`.
    // A wrapper may throw, or give something that is no promise.
    #[wasm_bindgen(catch)]
    fn fetch(request: &web_sys::Request) -> Result<JsValue, JsValue>;
}

/// The functions that the page has given in place of `fetch`, by number.
#[derive(Default)]
pub(super) struct CustomFetches(RefCell<Vec<Function>>);

impl CustomFetches {
    /// The number of a function; the same one has the same number.
    pub(super) fn add(&self, function: Function) -> Option<u32> {
        let mut all = self.0.borrow_mut();
        let known = all.iter().position(|known| *known == function);
        let index = known.unwrap_or_else(|| {
            all.push(function);
            all.len() - 1
        });
        u32::try_from(index).ok()
    }

    pub(super) fn get(&self, number: u32) -> Option<Function> {
        let all = self.0.borrow();
        all.get(usize::try_from(number).ok()?).cloned()
    }
}

impl From<JsValue> for FetchError {
    fn from(rejection: JsValue) -> Self {
        Self::Failed {
            name: text(&rejection, "name"),
            message: text(&rejection, "message").or_else(|| rejection.as_string()),
        }
    }
}

/// Sends the request by the page's own function, or else by `fetch`, and waits `timeout_ms` for the response with its
/// body.
pub(super) async fn send(
    host: &dyn Host,
    request: &Request,
    custom: Option<Function>,
    timeout_ms: u32,
) -> Result<Response, FetchError> {
    let controller = AbortController::new()?;
    let response = within(
        host,
        timeout_ms,
        Box::pin(perform(request, custom, &controller)),
    )
    .await;
    response.unwrap_or_else(|| {
        controller.abort();
        Err(FetchError::TimedOut)
    })
}

async fn perform(
    request: &Request,
    custom: Option<Function>,
    controller: &AbortController,
) -> Result<Response, FetchError> {
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
    let answer = match custom {
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

/// A number of JavaScript, with no fraction; 0 for what is none.
pub(super) fn whole(value: &JsValue) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what does not fit is saturated"
    )]
    let whole = value.as_f64().unwrap_or_default() as u32;
    whole
}

/// A response of these parts.
pub(super) fn response(status: &JsValue, retry_after: Option<String>, body: String) -> Response {
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

/// A member that is a string. On what a page's own `fetch` rejects with it may be anything, or throw.
pub(super) fn text(object: &JsValue, name: &str) -> Option<String> {
    get(object, name).ok()?.as_string()
}

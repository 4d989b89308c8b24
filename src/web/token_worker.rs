//! The token worker: a shared worker that outlives this page and sends its forms, so that an answer is not lost with
//! the page. The npm package brings it, with the client that speaks to it.

use alloc::string::String;
use core::cell::RefCell;

use js_sys::Object;
use wasm_bindgen::prelude::*;

use super::fetch::{response, text, whole};
use super::object::{get, object};
use super::promise::settled;
use crate::Members;
use crate::client::host::FetchError;
use crate::oauth::http::{FORM, Request, Response};

#[wasm_bindgen]
extern "C" {
    /// The page's side of the token worker: `js/token-client.js`, or an object with the same three functions.
    #[derive(Clone)]
    pub type TokenClient;

    #[wasm_bindgen(method, catch, js_name = connect)]
    fn connect_to(this: &TokenClient, script: &str) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch, js_name = send)]
    fn send_form(
        this: &TokenClient,
        script: &str,
        url: &str,
        headers: &Object,
        body: &str,
        timeout_ms: u32,
    ) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch, js_name = status)]
    fn status_of(this: &TokenClient, script: &str) -> Result<JsValue, JsValue>;
}

std::thread_local! {
    static CLIENT: RefCell<Option<TokenClient>> = const { RefCell::new(None) };
}

/// Makes `client` the way to the token worker for all objects of this page. The npm package does it; without a client
/// the page sends its requests itself.
pub fn set_token_client(client: TokenClient) {
    CLIENT.set(Some(client));
}

fn client() -> Option<TokenClient> {
    CLIENT.with_borrow(Clone::clone)
}

/// Connects this page, so that the worker lives at least as long as the page.
pub(super) fn connect(script: &str) {
    if let Some(client) = client() {
        // What comes of it is the client's to tell.
        let _ = client.connect_to(script);
    }
}

/// `idle`, `connecting`, `connected` or `unavailable`; `off` without a client.
pub(super) fn status(script: &str) -> String {
    let status = client().and_then(|client| client.status_of(script).ok()?.as_string());
    status.unwrap_or_else(|| "off".into())
}

/// Has the worker send a form.
pub(super) async fn send(
    script: &str,
    request: &Request,
    timeout_ms: u32,
) -> Result<Response, FetchError> {
    let (Some(client), Some(body)) = (client(), request.body()) else {
        return Err(FetchError::NotSent);
    };
    let mut headers = Members::new();
    for (name, value) in &request.headers {
        if !name.eq_ignore_ascii_case("content-type") {
            headers.text(name, value.expose());
        }
    }
    headers.text("Content-Type", FORM);
    let headers = object(headers);
    let sent = client.send_form(script, &request.url, &headers, &body, timeout_ms)?;
    let message = settled(&sent).await?;
    if !message.is_object() {
        return Err(FetchError::NotSent);
    }
    match text(&message, "type").as_deref() {
        Some("response") => {
            let status = get(&message, "status")?;
            let body = text(&message, "body").ok_or(JsValue::NULL)?;
            let mut response = response(&status, text(&message, "retryAfter"), body);
            response.age = whole(&get(&message, "age")?);
            Ok(response)
        }
        Some("timeout") => Err(FetchError::TimedOut),
        // It has the name and the message of what `fetch` has rejected with.
        _ => Err(message.into()),
    }
}

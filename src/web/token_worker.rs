//! The token worker: a shared worker that outlives this page and sends its forms, so that an answer is not lost with
//! the page. The npm package brings it, with the client that speaks to it.

use alloc::string::String;
use core::cell::RefCell;

use js_sys::Object;
use wasm_bindgen::prelude::*;

use super::address;
use super::object::object;
use super::promise::settled;
use crate::oauth::http::{FORM, Request};
use crate::{Error, Members, Phase};

#[wasm_bindgen]
extern "C" {
    /// The page's side of the token worker: `js/token-client.js`, or an object with the same three functions.
    #[derive(Clone)]
    pub type TokenClient;

    #[wasm_bindgen(method, catch)]
    fn connect(this: &TokenClient, script: &str) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn send(
        this: &TokenClient,
        script: &str,
        url: &str,
        headers: &Object,
        body: &str,
        timeout_ms: u32,
    ) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn status(this: &TokenClient, script: &str) -> Result<JsValue, JsValue>;
}

std::thread_local! {
    static CLIENT: RefCell<Option<TokenClient>> = const { RefCell::new(None) };
}

/// Makes `client` the way to the token worker for all objects of this page. The npm package does it; without a client
/// the page sends its requests itself.
pub fn set_token_client(client: TokenClient) {
    CLIENT.set(Some(client));
}

/// Which token worker sends the forms of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenWorker {
    /// None: the page sends them.
    Off,
    /// The one that the npm package brings.
    Package,
    /// One whose script is served at this address of the page's origin.
    At(String),
}

/// The script of a token worker; the package's own is empty.
#[derive(Clone)]
pub(super) struct Script(String);

impl TokenWorker {
    /// `None` if there is to be no worker. Browsers refuse a script of another origin.
    pub(super) fn script(&self) -> Result<Option<Script>, Error> {
        let address = match self {
            Self::Off => return Ok(None),
            Self::Package => return Ok(Some(Script(String::new()))),
            Self::At(address) => address,
        };
        let here = address::location().and_then(|location| location.origin().ok());
        let url = address::parse(address);
        let url = url.filter(|url| here.is_none_or(|here| here == url.origin()));
        let url = url.ok_or_else(|| {
            let reason = "must be true, false, or an address of this page's own origin";
            Error::argument(Phase::Create, "tokenWorker", reason)
        })?;
        Ok(Some(Script(url.href())))
    }
}

impl Script {
    /// Connects this page if it is not yet, so that the worker lives at least as long as the page.
    pub(super) fn connect(&self) {
        if self.status() == "idle"
            && let Some(client) = client()
        {
            // What comes of it is the client's to tell.
            let _ = client.connect(&self.0);
        }
    }

    /// `idle`, `connecting`, `connected` or `unavailable`; `off` without a client.
    pub(super) fn status(&self) -> String {
        let status = client().and_then(|client| client.status(&self.0).ok()?.as_string());
        status.unwrap_or_else(|| "off".into())
    }

    /// The worker's message about a form; `None` if it has certainly not sent it.
    pub(super) async fn send(
        &self,
        request: &Request,
        body: &str,
        timeout_ms: u32,
    ) -> Result<Option<JsValue>, JsValue> {
        let Some(client) = client() else {
            return Ok(None);
        };
        let mut headers = Members::new();
        headers.text("Content-Type", FORM);
        for (name, value) in &request.headers {
            headers.text(name, value.expose());
        }
        let headers = object(headers);
        let sent = client.send(&self.0, &request.url, &headers, body, timeout_ms)?;
        let message = settled(&sent).await?;
        Ok(message.is_object().then_some(message))
    }
}

fn client() -> Option<TokenClient> {
    CLIENT.with_borrow(Clone::clone)
}

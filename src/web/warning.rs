//! Warnings on the console: each one once in the life of a page, and never with anything secret.

use crate::text::joined;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    // A test runner may have put a console in place that throws at a warning.
    #[wasm_bindgen(catch, js_namespace = console)]
    fn warn(text: &str) -> Result<(), JsValue>;
}

/// What a developer should know.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Warning {
    SecretInBrowser,
    ImplicitGrant,
    NoUserAgent,
    HeaderToSso,
    LongAddress,
    LoginOfNobody,
    MemoryOnly,
    NoLocks,
    KeySkipped(&'static str),
}

impl Warning {
    fn text(self) -> String {
        let text = match self {
            Self::SecretInBrowser => {
                "`secretKey` in a page is no secret: everybody who opens it can read it. Register a client without one."
            }
            Self::ImplicitGrant => {
                "the implicit grant is deprecated (RFC 9700 section 2.1.2): leave `implicit` out."
            }
            Self::NoUserAgent => {
                "`headers` has no `User-Agent`: ESI asks every app to say who it is and how to reach its author."
            }
            Self::HeaderToSso => {
                "`headers` holds more than `User-Agent`: each other header goes to the SSO and causes a preflight, which EVE's SSO may refuse."
            }
            Self::LongAddress => {
                "the login address is longer than 2000 characters, which EVE's SSO has answered with 404: ask for fewer scopes."
            }
            Self::LoginOfNobody => {
                "this page came back from a login that an object with another `tokenIdentifier` began, and has none such: create it, and call its `handleRedirect`."
            }
            Self::KeySkipped(reason) => {
                return joined(&[
                    "a key of the server's key set cannot be used and was skipped: ",
                    reason,
                    ".",
                ]);
            }
            Self::NoLocks => {
                "Web Locks are missing or do not answer, so tabs cannot agree on who refreshes: each does by itself. Serve the page over https or from localhost."
            }
            Self::MemoryOnly => {
                "the storage for tokens is blocked or full, or does not do what it should: the session lives in this page's memory, and a reload loses it."
            }
        };
        text.into()
    }

    /// Says it, unless it was said before.
    pub(super) fn once(self) {
        std::thread_local! {
            static SAID: RefCell<Vec<Warning>> = const { RefCell::new(Vec::new()) };
        }
        let new = SAID.with_borrow_mut(|said| {
            let new = !said.contains(&self);
            if new {
                said.push(self);
            }
            new
        });
        if new {
            let _ = warn(&joined(&["esi-security: ", &self.text()]));
        }
    }
}

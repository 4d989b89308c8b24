//! Warnings on the console.

use alloc::string::String;

use crate::text::joined;

/// A warning for developers. No warning holds a secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Warning {
    SecretInBrowser,
    ImplicitGrant,
    NoUserAgent,
    HeaderToSso,
    LongAddress,
    LoginOfNobody,
    MemoryOnly,
    Damaged,
    NoLocks,
    KeySkipped(&'static str),
}

impl Warning {
    /// The text that is printed.
    pub(super) fn text(self) -> String {
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
                "an object with another `tokenIdentifier` began this login, and this page has no such object: create it, and call its `handleRedirect`."
            }
            Self::KeySkipped(reason) => {
                return joined(&[
                    "a key of the server's key set cannot be used and was skipped: ",
                    reason,
                    ".",
                ]);
            }
            Self::NoLocks => {
                "Web Locks are missing or do not answer, so each tab refreshes on its own. Serve the page over https or from localhost."
            }
            Self::Damaged => {
                "the stored session cannot be parsed and is ignored. A copy of it is under the same key with the suffix `/damaged`."
            }
            Self::MemoryOnly => {
                "the storage for tokens is blocked or full, or does not do what it should: the session lives in this page's memory, and a reload loses it."
            }
        };
        text.into()
    }
}

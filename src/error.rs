//! The one error of the library. Every kind has a stable code, a phase and an answer to "may the
//! same call succeed later?"; none of them holds a token, code, verifier or secret.

use crate::text::joined;
use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::fmt;
use core::ops::Deref;

/// Where in the flow an error happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Reading the options of a constructor.
    Create,
    /// Fetching or reading the server's metadata (RFC 8414).
    Metadata,
    /// Making the authorization request (RFC 6749 section 4.1.1).
    Login,
    /// Reading the authorization response (section 4.1.2).
    Redirect,
    /// Exchanging the code (section 4.1.3).
    Token,
    /// Refreshing (section 6).
    Refresh,
    /// Taking over a token response from elsewhere.
    Update,
    /// Revoking (RFC 7009).
    Revoke,
    /// Fetching or reading the key set (RFC 7517).
    Keys,
    /// Verifying the access token (RFC 7519).
    Verify,
    /// Signing a request to an API.
    Authorize,
    /// Asking to be told of changes.
    Subscribe,
}

impl Phase {
    /// The name that JavaScript sees.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Metadata => "metadata",
            Self::Login => "login",
            Self::Redirect => "redirect",
            Self::Token => "token",
            Self::Refresh => "refresh",
            Self::Update => "update",
            Self::Revoke => "revoke",
            Self::Keys => "keys",
            Self::Verify => "verify",
            Self::Authorize => "authorize",
            Self::Subscribe => "subscribe",
        }
    }
}

/// What went wrong: an [`ErrorKind`], behind a pointer, so that results that may fail are no larger than their values.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Arc<ErrorKind>);

/// Everything that can go wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// An option or argument has the wrong type or value.
    InvalidArgument {
        /// Where it was given.
        phase: Phase,
        /// Its name, as JavaScript spells it.
        name: Cow<'static, str>,
        /// What is expected.
        reason: Cow<'static, str>,
    },
    /// An option that does not exist.
    UnknownOption {
        /// Where it was given.
        phase: Phase,
        /// As it was spelled.
        name: String,
        /// What was probably meant.
        suggestion: Option<&'static str>,
    },
    /// sessionStorage is blocked or full, and the operation is of no use without it.
    StorageUnavailable {
        /// What needed it.
        phase: Phase,
    },
    /// The request did not get through, or its answer may not be read (CORS).
    Network {
        /// What was asked.
        phase: Phase,
        /// What the platform said, or the name of its error alone.
        cause: String,
    },
    /// No answer in time.
    Timeout {
        /// What was asked.
        phase: Phase,
    },
    /// The caller has left, by the `AbortSignal` that JavaScript gave.
    Aborted {
        /// What was called.
        phase: Phase,
    },
    /// An answer outside 200-299 (RFC 6749 section 5.2).
    Http {
        /// What was asked.
        phase: Phase,
        /// HTTP status.
        status: u16,
        /// True if it is an OAuth error answer: its body has an `error`, whether or not that is registered.
        is_oauth: bool,
        /// The registered code that its `error` begins with.
        error: Option<&'static str>,
        /// Its `error_description`; `None` too where it may hold a part of a secret.
        description: Option<String>,
        /// `Retry-After`, seconds.
        retry_after: Option<u32>,
    },
    /// A token response that cannot be used (RFC 6749 section 5.1).
    InvalidResponse {
        /// What was asked.
        phase: Phase,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Server metadata that cannot be used (RFC 8414 section 3.3).
    InvalidMetadata {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A key set that cannot be used (RFC 7517 section 5).
    InvalidKeySet {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A code without a `state`, while at least one login is under way.
    StateMissing {
        /// Where it was missing.
        phase: Phase,
    },
    /// A `state` that this page did not make, or has forgotten.
    StateUnknown {
        /// Where it was given.
        phase: Phase,
    },
    /// A `state` that has done its work already, with another answer.
    StateReused {
        /// Where it was given.
        phase: Phase,
        /// True if there is a session, so that no login is needed.
        logged_in: bool,
    },
    /// The login was begun too long ago.
    LoginExpired {
        /// Where it was to be finished.
        phase: Phase,
    },
    /// `auth` with neither a login under way nor a fixed verifier or secret.
    LoginNotFound,
    /// The `iss` of the authorization response is another server's, or missing although the server promises it
    /// (RFC 9207), or the login was begun with another one than the code would be sent to.
    IssuerMismatch {
        /// Where it was seen.
        phase: Phase,
    },
    /// The user cancelled.
    AccessDenied {
        /// The server's `error_description`; `None` too where it may hold a part of a secret.
        description: Option<String>,
    },
    /// Another error in the authorization response (RFC 6749 section 4.1.2.1), or an answer of another kind
    /// than the login asked for.
    AuthorizationFailed {
        /// Where it was seen.
        phase: Phase,
        /// The registered code that its `error` begins with.
        error: Option<&'static str>,
        /// Its `error_description`; `None` too where it may hold a part of a secret.
        description: Option<String>,
    },
    /// There is no token to do this with.
    NoToken {
        /// What was to be done.
        phase: Phase,
    },
    /// The server has ended the session; only a login helps.
    NeedsLogin {
        /// What was to be done.
        phase: Phase,
    },
    /// The session was revoked or replaced while the answer was under way; the answer was dropped.
    Superseded {
        /// What was under way.
        phase: Phase,
    },
    /// Not a signed JWT in compact form (RFC 7515 section 7.1, RFC 7519 section 7.2).
    TokenMalformed {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The token's `alg` is not on the list (RFC 8725 section 3.1).
    AlgorithmNotAllowed,
    /// The key set has no key for this token.
    KeyNotFound,
    /// The key for this token must not be used with it.
    KeyUnusable {
        /// Why.
        reason: &'static str,
    },
    /// The signature is not that key's.
    SignatureInvalid,
    /// A required claim is not there.
    ClaimMissing {
        /// Its name in the token.
        claim: &'static str,
    },
    /// A claim has another type or value than it must have.
    ClaimInvalid {
        /// Its name in the token.
        claim: &'static str,
    },
    /// `exp` is in the past.
    TokenExpired,
    /// `nbf` or `iat` is in the future.
    TokenNotYetValid {
        /// Which of them.
        claim: &'static str,
    },
    /// No `crypto` here; or, while the feature `rust-crypto` is off, no `crypto.subtle`, or one that
    /// lacks the algorithm or fails.
    CryptoUnavailable {
        /// What needed it.
        phase: Phase,
    },
    /// The request goes where the token must not go.
    OriginNotAllowed {
        /// The request's origin.
        origin: String,
    },
}

impl ErrorKind {
    /// The stable name of this kind of error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidArgument { .. } => "invalid_argument",
            Self::UnknownOption { .. } => "unknown_option",
            Self::StorageUnavailable { .. } => "storage_unavailable",
            Self::Network { .. } => "network_error",
            Self::Timeout { .. } => "timeout",
            Self::Aborted { .. } => "aborted",
            Self::Http { status: 429, .. } => "rate_limited",
            Self::Http { error: None, .. } => "http_error",
            Self::Http { .. } if self.is_invalid_grant() => "invalid_grant",
            Self::Http { .. } => "oauth_error",
            Self::InvalidResponse { .. } => "invalid_response",
            Self::InvalidMetadata { .. } => "invalid_metadata",
            Self::InvalidKeySet { .. } => "invalid_key_set",
            Self::StateMissing { .. } => "state_missing",
            Self::StateUnknown { .. } => "state_unknown",
            Self::StateReused { .. } => "state_reused",
            Self::LoginExpired { .. } => "login_expired",
            Self::LoginNotFound => "login_not_found",
            Self::IssuerMismatch { .. } => "issuer_mismatch",
            Self::AccessDenied { .. } => "access_denied",
            Self::AuthorizationFailed { .. } => "authorization_failed",
            Self::NoToken { .. } => "no_token",
            Self::NeedsLogin { .. } => "needs_login",
            Self::Superseded { .. } => "superseded",
            Self::TokenMalformed { .. } => "token_malformed",
            Self::AlgorithmNotAllowed => "algorithm_not_allowed",
            Self::KeyNotFound => "key_not_found",
            Self::KeyUnusable { .. } => "key_unusable",
            Self::SignatureInvalid => "signature_invalid",
            Self::ClaimMissing { .. } => "claim_missing",
            Self::ClaimInvalid { .. } => "claim_invalid",
            Self::TokenExpired => "token_expired",
            Self::TokenNotYetValid { .. } => "token_not_yet_valid",
            Self::CryptoUnavailable { .. } => "crypto_unavailable",
            Self::OriginNotAllowed { .. } => "origin_not_allowed",
        }
    }

    /// Where it happened.
    pub fn phase(&self) -> Phase {
        match self {
            Self::InvalidArgument { phase, .. }
            | Self::UnknownOption { phase, .. }
            | Self::StorageUnavailable { phase }
            | Self::Network { phase, .. }
            | Self::Timeout { phase }
            | Self::Aborted { phase }
            | Self::Http { phase, .. }
            | Self::InvalidResponse { phase, .. }
            | Self::StateMissing { phase }
            | Self::StateUnknown { phase }
            | Self::StateReused { phase, .. }
            | Self::LoginExpired { phase }
            | Self::IssuerMismatch { phase }
            | Self::AuthorizationFailed { phase, .. }
            | Self::NoToken { phase }
            | Self::NeedsLogin { phase }
            | Self::Superseded { phase }
            | Self::CryptoUnavailable { phase } => *phase,
            Self::InvalidMetadata { .. } => Phase::Metadata,
            Self::InvalidKeySet { .. } => Phase::Keys,
            Self::LoginNotFound => Phase::Token,
            Self::AccessDenied { .. } => Phase::Redirect,
            Self::TokenMalformed { .. }
            | Self::AlgorithmNotAllowed
            | Self::KeyNotFound
            | Self::KeyUnusable { .. }
            | Self::SignatureInvalid
            | Self::ClaimMissing { .. }
            | Self::ClaimInvalid { .. }
            | Self::TokenExpired
            | Self::TokenNotYetValid { .. } => Phase::Verify,
            Self::OriginNotAllowed { .. } => Phase::Authorize,
        }
    }

    /// True where the same call may succeed later without anybody changing anything.
    pub fn retryable(&self) -> bool {
        match self {
            // A hotel's or a gateway's page in place of the answer is gone some day.
            Self::InvalidResponse { phase, .. } => {
                !matches!(phase, Phase::Redirect | Phase::Update)
            }
            Self::Network { .. }
            | Self::Timeout { .. }
            | Self::InvalidMetadata { .. }
            | Self::InvalidKeySet { .. } => true,
            Self::Http { status, .. } => matches!(status, 408 | 429 | 500..),
            _ => false,
        }
    }

    /// HTTP status, where the server answered.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Http { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// The registered code that the server's `error` begins with (RFC 6749 sections 4.1.2.1 and 5.2).
    pub fn oauth_error(&self) -> Option<&'static str> {
        match self {
            Self::Http { error, .. } | Self::AuthorizationFailed { error, .. } => *error,
            Self::AccessDenied { .. } => Some("access_denied"),
            _ => None,
        }
    }

    /// The server's `error_description`.
    pub fn oauth_description(&self) -> Option<&str> {
        match self {
            Self::Http { description, .. }
            | Self::AuthorizationFailed { description, .. }
            | Self::AccessDenied { description } => description.as_deref(),
            _ => None,
        }
    }

    /// `Retry-After`, in seconds.
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            Self::Http { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The claim that failed, by its name in the token.
    pub fn claim(&self) -> Option<&'static str> {
        match self {
            Self::ClaimMissing { claim }
            | Self::ClaimInvalid { claim }
            | Self::TokenNotYetValid { claim } => Some(claim),
            Self::TokenExpired => Some("exp"),
            _ => None,
        }
    }

    /// What the platform said.
    pub fn cause(&self) -> Option<&str> {
        match self {
            Self::Network { cause, .. } => Some(cause),
            _ => None,
        }
    }

    /// True for a 400 with `invalid_token`, which EVE's SSO has been seen to answer in place of
    /// `invalid_grant`; a second one in a row means the same.
    pub fn is_invalid_token(&self) -> bool {
        self.is_refusal(Some("invalid_token"))
    }

    /// True where the request may have been served although no answer came.
    pub fn is_ambiguous(&self) -> bool {
        matches!(
            self,
            Self::Network { phase, .. } | Self::Timeout { phase } if !matches!(phase, Phase::Metadata | Phase::Keys)
        )
    }

    /// True for the one answer that ends a session: a 400 with `invalid_grant`.
    pub fn is_invalid_grant(&self) -> bool {
        self.is_refusal(Some("invalid_grant"))
    }

    /// True for a refresh that was answered with a 400 and no reason: the refresh token may be dead, as with servers that
    /// send an empty body then, or a gateway may have answered.
    pub fn is_unexplained_refusal(&self) -> bool {
        self.is_refusal(None) && self.phase() == Phase::Refresh
    }

    fn is_refusal(&self, code: Option<&str>) -> bool {
        matches!(self, Self::Http { status: 400, error, .. } if *error == code)
    }
}

impl ErrorKind {
    /// What happened, in words for developers.
    pub fn message(&self) -> String {
        let (before, what, after) = match self {
            Self::InvalidArgument { name, reason, .. } => {
                return joined(&["`", name, "` ", reason]);
            }
            Self::UnknownOption {
                name,
                suggestion: Some(meant),
                ..
            } => return joined(&["unknown option `", name, "`; did you mean `", meant, "`?"]),
            Self::UnknownOption { name, .. } => ("unknown option `", name.as_str(), "`"),
            Self::Network { cause, .. } => (
                "the server could not be reached, or its answer may not be read: ",
                cause.as_str(),
                "",
            ),
            Self::Http { status, error, .. } => return answered(*status, *error),
            Self::InvalidResponse { reason, .. } => {
                ("the token response cannot be used: ", *reason, "")
            }
            Self::InvalidMetadata { reason } => {
                ("the server's metadata cannot be used: ", *reason, "")
            }
            Self::InvalidKeySet { reason } => ("the key set cannot be used: ", *reason, ""),
            Self::AuthorizationFailed { error, .. } => match error {
                Some(error) => ("the server refused the login: `", *error, "`"),
                None => ("the server refused the login", "", ""),
            },
            Self::TokenMalformed { reason } => (
                "the access token is no JWT that can be verified: ",
                *reason,
                "",
            ),
            Self::KeyUnusable { reason } => {
                ("the key for this token must not be used: ", *reason, "")
            }
            Self::ClaimMissing { claim } => ("the token has no claim `", *claim, "`"),
            Self::ClaimInvalid { claim } => {
                ("the token's claim `", *claim, "` is not what it must be")
            }
            Self::TokenNotYetValid { claim } => ("the token's `", *claim, "` is in the future"),
            Self::OriginNotAllowed { origin } => {
                ("`", origin.as_str(), "` is not among `apiOrigins`")
            }
            Self::StorageUnavailable { .. } => (
                "sessionStorage is blocked or full, so the login could not be finished after the redirect",
                "",
                "",
            ),
            Self::Timeout { .. } => ("the server did not answer in time", "", ""),
            Self::Aborted { .. } => ("the signal of this call was aborted", "", ""),
            Self::StateMissing { .. } => {
                ("no `state` says which login this code belongs to", "", "")
            }
            Self::StateUnknown { .. } => (
                "this `state` belongs to no login of this tab and origin",
                "",
                "",
            ),
            Self::StateReused { logged_in, .. } => (reused(*logged_in), "", ""),
            Self::LoginExpired { .. } => ("the login took longer than ten minutes", "", ""),
            Self::LoginNotFound => (
                "no login is under way here: call `getAuthUri` or `login` first",
                "",
                "",
            ),
            Self::IssuerMismatch { .. } => (
                "the answer comes from another server than the login went to, or its `iss` is missing",
                "",
                "",
            ),
            Self::AccessDenied { .. } => ("the user cancelled the login", "", ""),
            Self::NoToken { .. } => ("there is no token to do this with", "", ""),
            Self::NeedsLogin { .. } => (
                "the session cannot be refreshed any more: log in again",
                "",
                "",
            ),
            Self::Superseded { .. } => ("the session was replaced or revoked meanwhile", "", ""),
            Self::AlgorithmNotAllowed => (
                "the token's `alg` is not among the algorithms that are allowed",
                "",
                "",
            ),
            Self::KeyNotFound => ("the key set has no key for this token", "", ""),
            Self::SignatureInvalid => ("the token's signature is not valid", "", ""),
            Self::TokenExpired => ("the token has expired", "", ""),
            Self::CryptoUnavailable { .. } => (
                "the browser's `crypto` is missing, lacks the algorithm or fails: serve the page over https or from localhost, or build with the feature `rust-crypto`",
                "",
                "",
            ),
        };
        joined(&[before, what, after])
    }
}

fn answered(status: u16, error: Option<&str>) -> String {
    let status = status.to_string();
    match error {
        Some(error) => joined(&["the server answered `", error, "` with status ", &status]),
        None => joined(&["the server answered with status ", &status]),
    }
}

fn reused(logged_in: bool) -> &'static str {
    if logged_in {
        "this `state` has been used already; the user is logged in already"
    } else {
        "this `state` has been used already"
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message())
    }
}

impl Error {
    /// An option or argument that is not what it must be.
    pub fn argument(
        phase: Phase,
        name: impl Into<Cow<'static, str>>,
        reason: impl Into<Cow<'static, str>>,
    ) -> Self {
        let (name, reason) = (name.into(), reason.into());
        Self::from(ErrorKind::InvalidArgument {
            phase,
            name,
            reason,
        })
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self(Arc::new(kind))
    }
}

impl Deref for Error {
    type Target = ErrorKind;

    fn deref(&self) -> &ErrorKind {
        &self.0
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, formatter)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, formatter)
    }
}

impl core::error::Error for Error {}

//! Error answers of an authorization server (RFC 6749 section 5.2). Judged by status; JSON is read
//! only if it parses, because EVE's server and the gateways before it also answer with HTML.

use super::http::{Request, Response};
use super::redaction::names_tokens;
use crate::json::Json;
use crate::{Error, ErrorKind, Phase};

/// How much of a body an error keeps, in characters.
const BODY_LIMIT: usize = 4096;

/// The error that an answer outside 200-299 means, without anything secret that was in the request. Nor in
/// the answer: a gateway may give a token response that was served another status, or wrap it up.
pub fn error(request: &Request, response: &Response, phase: Phase) -> Error {
    let clean = |text: &str| request.redact(text, BODY_LIMIT);
    let without_tokens = |text: &str| names_tokens(text).is_none().then(|| clean(text));
    let (status, retry_after) = (response.status, response.retry_after);
    // Member by member, so that an odd description does not hide the error.
    let body = Json::parse(response.body.as_bytes()).unwrap_or_default();
    let text = |name: &str| body.as_object()?.get(name)?.as_text();
    let kind = match text("error") {
        Some(error) => ErrorKind::OAuth {
            phase,
            status,
            // What stands before is kept: it tells whether the session has ended.
            error: clean(names_tokens(error).unwrap_or(error)),
            description: text("error_description").and_then(without_tokens),
            retry_after,
        },
        None => ErrorKind::Http {
            phase,
            status,
            body: without_tokens(&response.body),
            retry_after,
        },
    };
    kind.into()
}

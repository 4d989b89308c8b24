//! Error answers of an authorization server (RFC 6749 section 5.2). The status decides; JSON is read
//! only if it parses, because EVE's server and the gateways before it also answer with HTML.

use super::error_code;
use super::http::{Request, Response};
use crate::json::Json;
use crate::{Error, ErrorKind, Phase};

/// The error that an answer outside 200-299 means. The body itself is never repeated: it may echo the request, and a
/// gateway may serve a token response under another status.
pub fn error(request: &Request, response: &Response, phase: Phase) -> Error {
    // Member by member, so that an odd description does not hide the error.
    let body = Json::parse(response.body.as_bytes()).unwrap_or_default();
    let text = |name: &str| body.as_object()?.get(name)?.as_text();
    let kind = ErrorKind::Http {
        phase,
        status: response.status,
        is_oauth: text("error").is_some(),
        error: text("error").and_then(error_code::registered),
        description: text("error_description").and_then(|text| request.quote(text)),
        retry_after: response.retry_after,
    };
    kind.into()
}

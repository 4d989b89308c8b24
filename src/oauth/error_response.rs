//! Error answers of an authorization server (RFC 6749 section 5.2). Judged by status; JSON is read
//! only if it parses, because EVE's server and the gateways before it also answer with HTML.

use alloc::string::String;
use serde_json::{Map, Value};

use super::http::{Request, Response};
use crate::{Error, Phase};

/// How much of a body an error keeps, in characters.
const BODY_LIMIT: usize = 4096;

/// How much of a text is looked through for secrets; what is redacted may only get shorter.
const READ_LIMIT: usize = 16 * BODY_LIMIT;

/// The error that an answer outside 200-299 means, without anything secret that was in the request.
pub fn error(request: &Request, response: &Response, phase: Phase) -> Error {
    let clean = |text: &str| -> String {
        let read: String = text.chars().take(READ_LIMIT).collect();
        request.redact(&read).chars().take(BODY_LIMIT).collect()
    };
    let (status, retry_after) = (response.status, response.retry_after);
    // Member by member, so that an odd description does not hide the error.
    let body: Map<String, Value> = serde_json::from_str(&response.body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(clean);
    match text("error") {
        Some(error) => Error::OAuth {
            phase,
            status,
            error,
            description: text("error_description"),
            retry_after,
        },
        None => Error::Http {
            phase,
            status,
            body: clean(&response.body),
            retry_after,
        },
    }
}

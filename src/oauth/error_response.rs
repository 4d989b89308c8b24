//! Error answers of an authorization server (RFC 6749 section 5.2). Judged by status; JSON is read
//! only if it parses, because EVE's server and the gateways before it also answer with HTML.

use alloc::string::String;
use serde::Deserialize;

use super::http::{Request, Response};
use crate::{Error, Phase};

/// How much of a body an error keeps, in characters.
const BODY_LIMIT: usize = 4096;

#[derive(Deserialize)]
struct Body {
    error: String,
    #[serde(default)]
    error_description: Option<String>,
}

/// The error that an answer outside 200-299 means, without anything secret that was in the request.
pub fn error(request: &Request, response: &Response, phase: Phase) -> Error {
    let clean = |text: &str| -> String { request.redact(text).chars().take(BODY_LIMIT).collect() };
    let (status, retry_after) = (response.status, response.retry_after);
    match serde_json::from_str::<Body>(&response.body) {
        Ok(body) => Error::OAuth {
            phase,
            status,
            error: clean(&body.error),
            description: body.error_description.as_deref().map(clean),
            retry_after,
        },
        Err(_) => Error::Http {
            phase,
            status,
            body: clean(&response.body),
            retry_after,
        },
    }
}

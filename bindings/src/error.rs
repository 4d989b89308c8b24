//! The one mapping from the library's error to JavaScript's.

use esi_security::web::{object, set};
use esi_security::{Error, ErrorKind, Members, Phase};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(raw_module = "../js/error.js")]
extern "C" {
    type EsiError;

    #[wasm_bindgen(constructor)]
    fn new(message: &str, code: &str, phase: &str, retryable: bool, details: &JsValue) -> EsiError;
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_name = reportError)]
    fn report_error(error: &JsValue) -> Result<JsValue, JsValue>;
}

/// What a listener has thrown, as the browser reports what a listener of its own throws.
pub(crate) fn report(thrown: &JsValue) -> JsValue {
    report_error(thrown).unwrap_or_default()
}

/// The error as JavaScript sees it.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err wants"
)]
pub(crate) fn to_js(error: Error) -> JsValue {
    let cause = error.cause().map(JsValue::from);
    convert(&error, cause.as_ref())
}

/// The caller left. The reason is the page's own value, which is handed back as it is.
pub(crate) fn aborted(phase: Phase, reason: &JsValue) -> JsValue {
    let told = reason.is_string() || reason.has_type::<js_sys::Error>();
    convert(&ErrorKind::Aborted { phase }.into(), told.then_some(reason))
}

fn convert(error: &Error, cause: Option<&JsValue>) -> JsValue {
    // Only those exist that say something.
    let mut details = Members::new();
    let (status, retry_after) = (error.status().map(u32::from), error.retry_after());
    for (name, number) in [("status", status), ("retryAfter", retry_after)] {
        if let Some(number) = number {
            details.number(name, number.into());
        }
    }
    for (name, text) in [
        ("error", error.oauth_error()),
        ("errorDescription", error.oauth_description()),
        ("claim", error.claim()),
    ] {
        if let Some(text) = text {
            details.text(name, text);
        }
    }
    let details = object(details);
    if let Some(cause) = cause {
        set(&details, "cause", cause);
    }
    EsiError::new(
        &error.message(),
        error.code(),
        error.phase().as_str(),
        error.retryable(),
        &details,
    )
    .into()
}

//! The one mapping from the library's error to JavaScript's.

use esi_security::{Error, Phase};
use js_sys::Reflect;
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
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

/// The fields that exist only where there is something to say.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Details<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claim: Option<&'a str>,
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
    convert(&Error::Aborted { phase }, told.then_some(reason))
}

fn convert(error: &Error, cause: Option<&JsValue>) -> JsValue {
    let details = Details {
        status: error.status(),
        error: error.oauth_error(),
        error_description: error.oauth_description(),
        body: error.body(),
        retry_after: error.retry_after(),
        claim: error.claim(),
    };
    let details = details.serialize(&Serializer::json_compatible());
    let details = details.unwrap_or_default();
    if let Some(cause) = cause {
        // On an object made here, where it cannot fail.
        let _ = Reflect::set(&details, &"cause".into(), cause);
    }
    EsiError::new(
        &error.to_string(),
        error.code(),
        error.phase().as_str(),
        error.retryable(),
        &details,
    )
    .into()
}

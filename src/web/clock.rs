//! The wall clock, since 1970, and the time since the page began. A page may have replaced both, and its own code may then
//! throw or call back. So nothing of the session is borrowed while they are read.

use wasm_bindgen::prelude::*;

use super::object::get;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = Date, js_name = now)]
    fn date_now() -> Result<JsValue, JsValue>;

    // Since the page began.
    #[wasm_bindgen(catch, js_namespace = performance, js_name = now)]
    fn elapsed() -> Result<JsValue, JsValue>;
}

/// Now, in milliseconds.
#[expect(
    clippy::cast_possible_truncation,
    reason = "milliseconds fit for a long time"
)]
pub(super) fn milliseconds() -> i64 {
    let now = number(date_now()).or_else(|| Some(origin()? + number(elapsed())?));
    now.unwrap_or_default().floor() as i64
}

/// Milliseconds since the page began; 0 without such a clock.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "milliseconds fit for a long time"
)]
pub(super) fn monotonic() -> u64 {
    number(elapsed()).unwrap_or_default() as u64
}

fn number(read: Result<JsValue, JsValue>) -> Option<f64> {
    let number = read.ok().and_then(|value| value.as_f64());
    number.filter(|number| number.is_finite())
}

/// When the page began, by the browser's own clock.
fn origin() -> Option<f64> {
    let performance = get(&js_sys::global(), "performance").ok()?;
    get(&performance, "timeOrigin").ok()?.as_f64()
}

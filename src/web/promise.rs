//! Waiting for what the page or the browser gives as a promise, and which may be anything.

use alloc::boxed::Box;
use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use crate::client::Host;
use crate::client::host::within;

/// What it comes to. It is resolved into a promise of our own, so that a `then` or `constructor` that throws, calls
/// back at once or twice, or is not there rejects that, as the language has it, instead of breaking in here.
pub(super) async fn settled(value: &JsValue) -> Result<JsValue, JsValue> {
    let promise = Promise::new(&mut |resolve, _| {
        // What resolves a promise does not throw.
        let _ = resolve.call1(&JsValue::UNDEFINED, value);
    });
    JsFuture::from(promise).await
}

/// The same with a deadline: where the browser, or what the page has put in its place, has not answered after
/// `timeout_ms`, it is as if it had refused.
pub(super) async fn settled_within(
    host: &dyn Host,
    timeout_ms: u32,
    value: &JsValue,
) -> Result<JsValue, JsValue> {
    let settled = within(host, timeout_ms, Box::pin(settled(value))).await;
    settled.unwrap_or(Err(JsValue::UNDEFINED))
}

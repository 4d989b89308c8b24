//! What code of the page throws in calls of the browser's that other crates make without `catch`.

use js_sys::Array;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = Reflect, js_name = apply)]
    fn call(work: &mut dyn FnMut(), this: &JsValue, arguments: &Array) -> Result<JsValue, JsValue>;
}

/// What the work gives, or what is thrown in it. What it held when that was thrown is not dropped, so it must borrow no
/// `RefCell`.
pub(super) fn caught<T>(work: impl Fn() -> T) -> Result<T, JsValue> {
    let mut output = None;
    let called = call(
        &mut || output = Some(work()),
        &JsValue::UNDEFINED,
        &Array::new(),
    );
    called.and_then(|undefined| output.ok_or(undefined))
}

//! Plain JavaScript objects.

use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;

/// An object with these members.
pub fn object(members: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in members {
        // Of an object that was made here it cannot fail.
        let _ = Reflect::set(&object, &(*name).into(), value);
    }
    object
}

/// What is not there is `null`.
pub fn or_null<T: Into<JsValue>>(value: Option<T>) -> JsValue {
    value.map_or(JsValue::NULL, T::into)
}

/// Seconds, as JavaScript counts.
#[expect(clippy::cast_precision_loss, reason = "seconds are far below 2^53")]
pub fn number(seconds: i64) -> f64 {
    seconds as f64
}

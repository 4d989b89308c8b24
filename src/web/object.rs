//! Plain JavaScript values.

use js_sys::{JSON, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use crate::Members;

/// An object with these members, in one step: to make each of them a value of JavaScript takes longer, and more code.
pub fn object(members: Members) -> Object {
    // It is JSON that was made here.
    JSON::parse(&members.finish())
        .unwrap_or_default()
        .unchecked_into()
}

/// A member, whatever that is. What the page's own code may stand behind can throw.
pub fn get(object: &JsValue, name: &str) -> Result<JsValue, JsValue> {
    Reflect::get(object, &name.into())
}

/// Puts a member there. Of an object that was made here it cannot fail.
pub fn set(object: &Object, name: &str, value: &JsValue) {
    let _ = Reflect::set(object, &name.into(), value);
}

/// What is not there is `null`.
pub fn or_null<T: Into<JsValue>>(value: Option<T>) -> JsValue {
    value.map_or(JsValue::NULL, T::into)
}

//! Plain JavaScript objects.

use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;

/// An object with these members.
pub(super) fn object(members: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in members {
        // Of an object that was made here it cannot fail.
        let _ = Reflect::set(&object, &(*name).into(), value);
    }
    object
}

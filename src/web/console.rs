//! The console.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    // A test runner may have put a console in place that throws at a warning.
    #[wasm_bindgen(catch, js_namespace = console, js_name = warn)]
    fn print(text: &str) -> Result<(), JsValue>;
}

/// Prints a warning.
pub(super) fn warn(text: &str) {
    let _ = print(text);
}

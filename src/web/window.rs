//! The page's address.

use alloc::string::String;

use wasm_bindgen::JsValue;

use crate::client::host::Page;

/// The window of this page.
struct Window;

/// `None` in a worker.
pub(super) fn page() -> Option<&'static dyn Page> {
    web_sys::window().is_some().then_some(&Window as &dyn Page)
}

impl Page for Window {
    fn address(&self) -> Option<String> {
        web_sys::window()?.location().href().ok()
    }

    fn navigate(&self, address: &str) -> bool {
        let window = web_sys::window();
        window.is_some_and(|window| window.location().assign(address).is_ok())
    }

    fn replace_address(&self, address: &str) {
        let history = web_sys::window().and_then(|window| window.history().ok());
        if let Some(history) = history {
            let state = history.state().unwrap_or(JsValue::NULL);
            // Refused only to pages that may not do this at all, where the address stays as it is.
            let _ = history.replace_state_with_url(&state, "", Some(address));
        }
    }
}

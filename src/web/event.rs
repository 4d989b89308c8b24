//! DOM events on `window`. Tokens are stored before anybody is told; a listener that throws is the
//! browser's to report and stops nothing.

use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use web_sys::{CustomEvent, CustomEventInit};

/// What a listener is told after tokens changed: what EsiPy's signal carries.
#[derive(Serialize)]
pub(super) struct TokenUpdated<'a> {
    pub(super) token_identifier: Option<&'a str>,
    pub(super) access_token: &'a str,
    pub(super) refresh_token: Option<&'a str>,
    /// Seconds.
    pub(super) expires_in: Option<i64>,
    pub(super) token_type: &'a str,
}

/// Tells the page.
pub(super) fn dispatch(kind: &str, detail: &TokenUpdated<'_>) {
    let Some(window) = web_sys::window() else {
        return;
    };
    let init = CustomEventInit::new();
    if let Ok(detail) = detail.serialize(&Serializer::json_compatible()) {
        init.set_detail(&detail);
    }
    if let Ok(event) = CustomEvent::new_with_event_init_dict(kind, &init) {
        // False only says that a listener called `preventDefault`, which means nothing here.
        let _ = window.dispatch_event(&event);
    }
}

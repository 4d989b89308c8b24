//! DOM events on `window`. Tokens are stored before anybody is told; a listener that throws is the
//! browser's to report and stops nothing.

use wasm_bindgen::JsValue;
use web_sys::{CustomEvent, CustomEventInit};

use super::object::{number, object, or_null};
use crate::session::machine::Change;

/// What a listener is told after tokens changed: what EsiPy's signal carries.
pub(super) struct TokenUpdated<'a> {
    pub(super) token_identifier: Option<&'a str>,
    pub(super) access_token: &'a str,
    pub(super) refresh_token: Option<&'a str>,
    /// Seconds.
    pub(super) expires_in: Option<i64>,
    pub(super) token_type: &'a str,
}

/// Tells the page of new tokens.
pub(super) fn tokens_updated(kind: &str, detail: &TokenUpdated<'_>) {
    let detail = object(&[
        ("token_identifier", or_null(detail.token_identifier)),
        ("access_token", detail.access_token.into()),
        ("refresh_token", or_null(detail.refresh_token)),
        ("expires_in", or_null(detail.expires_in.map(number))),
        ("token_type", detail.token_type.into()),
    ]);
    dispatch(kind, &detail);
}

/// Tells the page that the access token ends at `expiry`, and soon.
pub(super) fn token_expiring(token_identifier: Option<&str>, expiry: Option<i64>) {
    let detail = object(&[
        ("tokenIdentifier", or_null(token_identifier)),
        ("tokenExpiry", or_null(expiry.map(number))),
    ]);
    dispatch("esi:token-expiring", &detail);
}

/// Tells the page what has become of the session.
pub(super) fn session_changed(token_identifier: Option<&str>, change: Change) {
    let detail = object(&[
        ("tokenIdentifier", or_null(token_identifier)),
        ("from", change.from.as_str().into()),
        ("to", change.to.as_str().into()),
        ("reason", change.reason.as_str().into()),
    ]);
    dispatch("esi:session-changed", &detail);
}

fn dispatch(kind: &str, detail: &JsValue) {
    let Some(window) = web_sys::window() else {
        return;
    };
    let init = CustomEventInit::new();
    init.set_detail(detail);
    if let Ok(event) = CustomEvent::new_with_event_init_dict(kind, &init) {
        // False only says that a listener called `preventDefault`, which means nothing here.
        let _ = window.dispatch_event(&event);
    }
}

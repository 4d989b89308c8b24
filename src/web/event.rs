//! DOM events on `window`. Tokens are stored before anybody is told; a listener that throws is the
//! browser's to report and stops nothing.

use web_sys::{CustomEvent, CustomEventInit};

use super::object::object;
use crate::Members;
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
    let mut members = Members::new();
    members.text_or_null("token_identifier", detail.token_identifier);
    members.text("access_token", detail.access_token);
    members.text_or_null("refresh_token", detail.refresh_token);
    members.number_or_null("expires_in", detail.expires_in);
    members.text("token_type", detail.token_type);
    dispatch(kind, members);
}

/// Tells the page that the access token ends at `expiry`, and soon.
pub(super) fn token_expiring(token_identifier: Option<&str>, expiry: Option<i64>) {
    let mut members = Members::new();
    members.text_or_null("tokenIdentifier", token_identifier);
    members.number_or_null("tokenExpiry", expiry);
    dispatch("esi:token-expiring", members);
}

/// Tells the page what has become of the session.
pub(super) fn session_changed(token_identifier: Option<&str>, change: Change) {
    let mut members = Members::new();
    members.text_or_null("tokenIdentifier", token_identifier);
    members.text("from", change.from.as_str());
    members.text("to", change.to.as_str());
    members.text("reason", change.reason.as_str());
    dispatch("esi:session-changed", members);
}

fn dispatch(kind: &str, detail: Members) {
    let Some(window) = web_sys::window() else {
        return;
    };
    let init = CustomEventInit::new();
    init.set_detail(&object(detail));
    if let Ok(event) = CustomEvent::new_with_event_init_dict(kind, &init) {
        // False only says that a listener called `preventDefault`, which means nothing here.
        let _ = window.dispatch_event(&event);
    }
}

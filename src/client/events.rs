//! The DOM events on `window`. Tokens are stored before they are announced.

use super::host::Host;
use crate::Members;
use crate::oauth::secret::Secret;
use crate::session::machine::Change;
use crate::session::token_set::AccessToken;

/// Dispatches the event for new tokens. Its `detail` has the members of EsiPy's signal. `kind` is the type of the
/// event.
pub(super) fn tokens_updated(
    host: &dyn Host,
    kind: &str,
    token_identifier: Option<&str>,
    access: &AccessToken,
    refresh_token: Option<&Secret>,
    now: i64,
) {
    let mut detail = Members::new();
    detail.text_or_null("token_identifier", token_identifier);
    detail.text("access_token", access.token.expose());
    detail.text_or_null("refresh_token", refresh_token.map(Secret::expose));
    detail.number_or_null("expires_in", access.expires_at.map(|expiry| expiry - now));
    detail.text("token_type", &access.token_type);
    host.dispatch(kind, detail);
}

/// Dispatches `esi:token-expiring`. `expiry` is in seconds since 1970.
pub(super) fn token_expiring(host: &dyn Host, token_identifier: Option<&str>, expiry: Option<i64>) {
    let mut detail = Members::new();
    detail.text_or_null("tokenIdentifier", token_identifier);
    detail.number_or_null("tokenExpiry", expiry);
    host.dispatch("esi:token-expiring", detail);
}

/// Dispatches `esi:session-changed`.
pub(super) fn session_changed(host: &dyn Host, token_identifier: Option<&str>, change: Change) {
    let mut detail = Members::new();
    detail.text_or_null("tokenIdentifier", token_identifier);
    detail.text("from", change.from.as_str());
    detail.text("to", change.to.as_str());
    detail.text("reason", change.reason.as_str());
    host.dispatch("esi:session-changed", detail);
}

//! How far this machine's clock is from the server's: a token response tells when its access token
//! ends in the server's time and in how many seconds that is, and so what time it was there.

use crate::jwt::UnverifiedClaims;
use crate::oauth::token_response::TokenResponse;

/// By how many seconds a server may round a token's life.
const ROUNDING: i64 = 5;

/// The largest difference that is believed, in seconds: a day. A token that was issued longer ago than that
/// and is handed out as fresh is an old one, not a sign that this machine's clock is far ahead.
pub const LARGEST: i64 = 24 * 60 * 60;

/// By how many seconds this machine's clock is behind the server's, for a response that came straight
/// from the server at `now`. The time that the answer took on its way is in it, and moves it the way
/// that forgives. `None` where the server does not tell, or where what it tells does not fit together: a
/// token that was handed out before it was issued says nothing about clocks, nor does one that would make
/// this clock more than [`LARGEST`] wrong.
pub fn measure(response: &TokenResponse, now: i64) -> Option<i64> {
    let token = response.access_token.expose();
    let claims = UnverifiedClaims::decode(token).ok()?.0;
    let answered_at = claims.expires_at? - i64::from(response.expires_in?);
    let skew = answered_at.saturating_sub(now);
    let believed =
        answered_at >= claims.issued_at? - ROUNDING && (-LARGEST..=LARGEST).contains(&skew);
    believed.then_some(skew)
}

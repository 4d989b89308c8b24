//! The tokens of one session, as they are held and as they are stored.

use alloc::string::String;
use serde::{Deserialize, Serialize};

use crate::oauth::secret::Secret;
use crate::oauth::token_response::TokenResponse;

/// How many seconds before its end an access token counts as expiring.
pub const MARGIN: i64 = 60;

/// An access token and when it ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessToken {
    /// The token.
    pub token: Secret,
    /// As the server spelled it: `Bearer`.
    pub token_type: String,
    /// When it came, seconds since 1970 by this machine's clock.
    pub received_at: i64,
    /// When it ends, by the same clock; `None` where nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    /// By how many seconds that clock was behind the server's when it was last measured.
    #[serde(default, skip_serializing_if = "is_default")]
    pub clock_skew: i64,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// By how many seconds a clock may have been set back before its times mean nothing any more: time servers
/// set clocks right, above all after a sleep.
pub const CLOCK_STEP: i64 = 60;

impl AccessToken {
    /// True if it expires within `offset` seconds of `now`, or nobody knows when: a clock that was set
    /// back makes a token old, not eternal.
    pub fn is_expired(&self, now: i64, offset: i64) -> bool {
        let set_back = now < self.received_at.saturating_sub(CLOCK_STEP);
        set_back
            || self
                .expires_at
                .is_none_or(|expiry| now >= expiry.saturating_sub(offset))
    }

    /// For how many seconds before its end it counts as expiring: [`MARGIN`], or half its life if that
    /// is less, so that a short-lived token is used at all.
    pub fn margin(&self) -> i64 {
        self.expires_at.map_or(MARGIN, |end| {
            (end.saturating_sub(self.received_at) / 2).min(MARGIN)
        })
    }
}

/// What a session holds; a refresh token alone is enough to start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenSet {
    /// `None` until the first refresh of a refresh token that came alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<AccessToken>,
    /// `None` for a login without scopes, and after the server has refused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Secret>,
}

impl TokenSet {
    /// The set after `response` arrived at `now`; the refresh token of `before` stays where the
    /// response brings none (RFC 6749 section 6).
    pub fn from_response(
        response: TokenResponse,
        before: Option<Secret>,
        clock_skew: i64,
        now: i64,
    ) -> Self {
        let expires_at = response
            .expires_in
            .map(|life| now.saturating_add(life.into()));
        Self {
            access: Some(AccessToken {
                token: response.access_token,
                token_type: response.token_type,
                received_at: now,
                expires_at,
                clock_skew,
            }),
            refresh_token: response.refresh_token.or(before),
        }
    }

    /// True if there is no access token that is good for `offset` seconds more.
    pub fn is_expired(&self, now: i64, offset: i64) -> bool {
        self.access
            .as_ref()
            .is_none_or(|access| access.is_expired(now, offset))
    }
}

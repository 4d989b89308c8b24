//! The tokens of one session, as they are held, stored, and handed to other tabs.

use alloc::string::String;

use super::lineage::Lineage;
use crate::oauth::secret::Secret;
use crate::oauth::token_response::TokenResponse;
use crate::record::{self, FromRecord, Members, Record, ToRecord};

/// How many seconds before its end an access token counts as expiring, unless the page says otherwise.
pub const MARGIN: i64 = 60;

/// An access token and when it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// The token.
    pub token: Secret,
    /// As the server spelled it: `Bearer`.
    pub token_type: String,
    /// When it came, seconds since 1970 by this machine's clock.
    pub received_at: i64,
    /// When it ends, by the same clock; `None` where nobody knows.
    pub expires_at: Option<i64>,
    /// By how many seconds that clock was behind the server's when it was last measured.
    pub clock_skew: i64,
}

impl FromRecord for AccessToken {
    fn from_record(record: Record<'_>) -> Option<Self> {
        Some(Self {
            token: record.required("token", record::text)?,
            token_type: record.required("token_type", record::text)?,
            received_at: record.required("received_at", record::whole)?,
            expires_at: record.optional("expires_at", record::whole)?,
            clock_skew: record.or_default("clock_skew", record::whole)?,
        })
    }
}

impl ToRecord for AccessToken {
    fn to_record(&self, members: &mut Members) {
        members.text("token", self.token.expose());
        members.text("token_type", &self.token_type);
        members.number("received_at", self.received_at);
        if let Some(expires_at) = self.expires_at {
            members.number("expires_at", expires_at);
        }
        if self.clock_skew != 0 {
            members.number("clock_skew", self.clock_skew);
        }
    }
}

/// By how many seconds a clock may have been set back before its times mean nothing any more: time servers
/// set clocks right, above all after a sleep.
pub const CLOCK_STEP: i64 = 60;

impl AccessToken {
    fn new(response: &TokenResponse, clock_skew: i64, now: i64) -> Self {
        let expires_at = response
            .expires_in
            .map(|life| now.saturating_add(life.into()));
        Self {
            token: response.access_token.clone(),
            token_type: response.token_type.clone(),
            received_at: now,
            expires_at,
            clock_skew,
        }
    }

    /// True if it expires within `offset` seconds of `now`, or nobody knows when: a clock that was set
    /// back makes a token old, not eternal.
    pub fn is_expired(&self, now: i64, offset: i64) -> bool {
        let set_back = now < self.received_at.saturating_sub(CLOCK_STEP);
        set_back
            || self
                .expires_at
                .is_none_or(|expiry| now >= expiry.saturating_sub(offset))
    }

    /// For how many seconds before its end it counts as expiring: `margin`, or half its life if that is
    /// less, so that a short-lived token is used at all.
    pub fn margin(&self, margin: i64) -> i64 {
        self.expires_at.map_or(margin, |end| {
            (end.saturating_sub(self.received_at) / 2).min(margin)
        })
    }
}

/// What a session holds; a refresh token alone is enough to start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenSet {
    /// `None` until the first refresh of a refresh token that came alone.
    pub access: Option<AccessToken>,
    /// `None` for a login without scopes, and after the server has refused it.
    pub refresh_token: Option<Secret>,
    /// Where the refresh token comes from; `None` if there never was one.
    pub lineage: Option<Lineage>,
}

impl FromRecord for TokenSet {
    fn from_record(record: Record<'_>) -> Option<Self> {
        let known = record.has_only(&["access", "refresh_token", "lineage"]);
        known.then_some(())?;
        Some(Self {
            access: record.optional("access", record::object)?,
            refresh_token: record.optional("refresh_token", record::text)?,
            lineage: record.optional("lineage", record::object)?,
        })
    }
}

impl ToRecord for TokenSet {
    fn to_record(&self, members: &mut Members) {
        if let Some(access) = &self.access {
            members.json("access", &access.to_json());
        }
        if let Some(refresh_token) = &self.refresh_token {
            members.text("refresh_token", refresh_token.expose());
        }
        if let Some(lineage) = &self.lineage {
            members.json("lineage", &lineage.to_json());
        }
    }
}

impl TokenSet {
    /// A refresh token alone.
    pub fn begin(refresh_token: Secret) -> Self {
        Self {
            access: None,
            lineage: Some(Lineage::begin(&refresh_token)),
            refresh_token: Some(refresh_token),
        }
    }

    /// What a login brings.
    pub fn from_response(response: TokenResponse, clock_skew: i64, now: i64) -> Self {
        Self {
            access: Some(AccessToken::new(&response, clock_skew, now)),
            lineage: response.refresh_token.as_ref().map(Lineage::begin),
            refresh_token: response.refresh_token,
        }
    }

    /// What the answer to a refresh makes of it: the refresh token stays where none is returned (RFC 6749
    /// section 6).
    #[must_use]
    pub fn renewed(&self, response: TokenResponse, clock_skew: i64, now: i64) -> Self {
        Self {
            access: Some(AccessToken::new(&response, clock_skew, now)),
            refresh_token: response
                .refresh_token
                .or_else(|| self.refresh_token.clone()),
            lineage: self.lineage.as_ref().map(Lineage::next),
        }
    }

    /// With the refresh token that has replaced the one that it holds.
    #[must_use]
    pub fn rotated(&self, refresh_token: Secret) -> Self {
        Self {
            access: self.access.clone(),
            refresh_token: Some(refresh_token),
            lineage: self.lineage.as_ref().map(Lineage::next),
        }
    }

    /// What tokens from elsewhere make of it. Where they bring no refresh token, or the same, the grant
    /// stays.
    #[must_use]
    pub fn updated(&self, response: TokenResponse, clock_skew: i64, now: i64) -> Self {
        let same = response.refresh_token.is_none() || response.refresh_token == self.refresh_token;
        let access = AccessToken::new(&response, clock_skew, now);
        if same {
            Self {
                access: Some(access),
                ..self.clone()
            }
        } else {
            Self::from_response(response, clock_skew, now)
        }
    }

    /// True if these are the newer tokens of the same grant.
    pub fn is_ahead_of(&self, other: &Self) -> bool {
        match (&self.lineage, &other.lineage) {
            (Some(ours), Some(theirs)) => ours.is_ahead_of(theirs),
            _ => false,
        }
    }

    /// True if there is no access token that is good for `offset` seconds more.
    pub fn is_expired(&self, now: i64, offset: i64) -> bool {
        self.access
            .as_ref()
            .is_none_or(|access| access.is_expired(now, offset))
    }

    /// True if there is an access token that may still be good at `now`.
    pub fn is_alive(&self, now: i64) -> bool {
        self.access
            .as_ref()
            .is_some_and(|access| access.expires_at.is_none() || !access.is_expired(now, 0))
    }

    /// As the server would have sent it at `now`.
    pub fn to_response(&self, now: i64) -> Option<TokenResponse> {
        let access = self.access.as_ref()?;
        let left = access.expires_at.map(|end| end.saturating_sub(now).max(0));
        Some(TokenResponse {
            access_token: access.token.clone(),
            token_type: access.token_type.clone(),
            expires_in: left.and_then(|left| left.try_into().ok()),
            refresh_token: self.refresh_token.clone(),
        })
    }
}

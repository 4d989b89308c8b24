//! The session as a state machine: every event that can happen to it, what it holds afterwards, and
//! what must be stored. The browser floor performs the requests and writes the row at once, before
//! anything else that can fail.

use alloc::string::String;

use super::skew;
use super::token_set::{AccessToken, TokenSet};
use crate::oauth::revocation::TokenTypeHint;
use crate::oauth::secret::Secret;
use crate::oauth::token_response::{self, TokenResponse, Unusable, Update};
use crate::{Error, Phase};

/// What stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// No tokens.
    SignedOut,
    /// An access token with its margin still to live.
    Active,
    /// Less, or none at all; the next use refreshes.
    Expiring,
    /// A refresh is under way.
    Refreshing,
    /// The last refresh did not get through; the refresh token is kept.
    Offline,
    /// Only a login helps: the server ended the session, or there is nothing to refresh it with.
    NeedsLogin,
}

impl State {
    /// The name that JavaScript sees.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignedOut => "signed-out",
            Self::Active => "active",
            Self::Expiring => "expiring",
            Self::Refreshing => "refreshing",
            Self::Offline => "offline",
            Self::NeedsLogin => "needs-login",
        }
    }
}

/// What the last refresh left behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Activity {
    #[default]
    Idle,
    Refreshing,
    Offline,
}

/// A refresh that was begun: what to send, and which tokens it belongs to.
#[derive(Debug)]
pub struct Refresh {
    /// The refresh token to send.
    pub refresh_token: Secret,
    generation: u32,
}

/// What a session holds.
#[derive(Debug, Default)]
pub struct Session {
    tokens: Option<TokenSet>,
    activity: Activity,
    /// Counts every change of tokens, so that an answer to an older question is known as such.
    generation: u32,
    /// Counts those changes that are no refresh of ours: afterwards the tokens may be another
    /// character's.
    epoch: u32,
}

impl Session {
    /// Reads the stored row, whose format is version 1, named in the row's key; one that cannot be
    /// read counts as none.
    pub fn restore(row: Option<&str>) -> Self {
        Self {
            tokens: row.and_then(read),
            ..Self::default()
        }
    }

    /// Takes over a row that another page of this storage has written meanwhile. One that it has taken
    /// away signs out; one that cannot be read changes nothing.
    pub fn reload(&mut self, row: Option<&str>) {
        match row.map(read) {
            Some(Some(tokens)) => self.hold(Some(tokens)),
            None => self.hold(None),
            Some(None) => {}
        }
    }

    /// The row to store; `None` if there is nothing to remember.
    pub fn to_row(&self) -> Option<String> {
        serde_json::to_string(self.tokens.as_ref()?).ok()
    }

    /// The tokens, where there are any.
    pub fn tokens(&self) -> Option<&TokenSet> {
        self.tokens.as_ref()
    }

    /// The access token, where there is one.
    pub fn access(&self) -> Option<&AccessToken> {
        self.tokens.as_ref()?.access.as_ref()
    }

    /// The same number as long as the tokens are those of one login, however often refreshed here.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// By how many seconds this machine's clock is behind the server's, as far as it is known.
    pub fn clock_skew(&self) -> i64 {
        self.access().map_or(0, |access| access.clock_skew)
    }

    fn refresh_token(&self) -> Option<&Secret> {
        self.tokens.as_ref()?.refresh_token.as_ref()
    }

    /// The access token, if it may be used at `now`: good for `offset` seconds more, or of unknown life
    /// with nothing to refresh it with.
    pub fn usable(&self, now: i64, offset: i64) -> Option<&AccessToken> {
        self.access().filter(|access| {
            !access.is_expired(now, offset)
                || (access.expires_at.is_none() && self.refresh_token().is_none())
        })
    }

    /// The access token, if it need not be refreshed yet.
    pub fn comfortable(&self, now: i64) -> Option<&AccessToken> {
        self.usable(now, self.access()?.margin())
    }

    /// What stands at `now`.
    pub fn state(&self, now: i64) -> State {
        if self.tokens.is_none() {
            return State::SignedOut;
        }
        match self.activity {
            Activity::Refreshing => State::Refreshing,
            _ if self.comfortable(now).is_some() => State::Active,
            _ if self.refresh_token().is_none() && self.usable(now, 0).is_none() => {
                State::NeedsLogin
            }
            Activity::Offline => State::Offline,
            Activity::Idle => State::Expiring,
        }
    }

    /// A login's tokens. They never inherit the refresh token from before, which may be another
    /// character's.
    pub fn sign_in(&mut self, response: TokenResponse, now: i64) {
        let skew = skew::measure(&response, now).unwrap_or_default();
        self.hold(Some(TokenSet::from_response(response, None, skew, now)));
    }

    /// Tokens from elsewhere for this same session. When the server gave them out is not known.
    pub fn update(&mut self, update: Update, now: i64) {
        let skew = self.clock_skew();
        self.hold(Some(match update {
            Update::Tokens(response) => {
                let before = self.refresh_token().cloned();
                TokenSet::from_response(response, before, skew, now)
            }
            Update::RefreshToken(token) => TokenSet {
                access: None,
                refresh_token: Some(token),
            },
        }));
    }

    /// Begins a refresh.
    pub fn begin_refresh(&mut self) -> Result<Refresh, Error> {
        let phase = Phase::Refresh;
        if self.tokens.is_none() {
            return Err(Error::NoToken { phase });
        }
        let refresh_token = self.refresh_token().cloned();
        let refresh_token = refresh_token.ok_or(Error::NeedsLogin { phase })?;
        self.activity = Activity::Refreshing;
        Ok(Refresh {
            refresh_token,
            generation: self.generation,
        })
    }

    /// Ends a refresh. True if the row changed and must be stored before anybody is told.
    pub fn end_refresh(
        &mut self,
        refresh: &Refresh,
        answer: Result<TokenResponse, Unusable>,
        now: i64,
    ) -> (bool, Result<TokenResponse, Error>) {
        if refresh.generation != self.generation {
            // Tokens were replaced or revoked meanwhile; they win over the answer, but for a refresh token
            // that has replaced the very one that they still hold.
            let rotated = token_response::refresh_token(&answer);
            let phase = Phase::Refresh;
            return (
                self.rotate(refresh, rotated.cloned()),
                Err(Error::Superseded { phase }),
            );
        }
        match answer {
            Ok(response) => {
                let before = self.refresh_token().cloned();
                let skew = skew::measure(&response, now).unwrap_or(self.clock_skew());
                let tokens = TokenSet::from_response(response.clone(), before, skew, now);
                self.replace(Some(tokens));
                (true, Ok(response))
            }
            Err(unusable) => (self.fail_refresh(&unusable), Err(unusable.error)),
        }
    }

    /// Only a clear `invalid_grant` ends the session; anything else leaves it as it was, but for a
    /// rotated refresh token, which has replaced the one that was sent.
    fn fail_refresh(&mut self, unusable: &Unusable) -> bool {
        let ended = unusable.error.is_invalid_grant();
        let rotated = unusable.refresh_token.clone();
        self.activity = if ended || !unusable.error.retryable() {
            Activity::Idle
        } else {
            Activity::Offline
        };
        let Some(tokens) = &mut self.tokens else {
            return false;
        };
        if ended {
            // The access token stays good until it expires.
            tokens.refresh_token = None;
        } else if rotated.is_some() {
            tokens.refresh_token = rotated;
        } else {
            return false;
        }
        self.generation = self.generation.wrapping_add(1);
        true
    }

    fn rotate(&mut self, refresh: &Refresh, rotated: Option<Secret>) -> bool {
        match &mut self.tokens {
            Some(tokens)
                if rotated.is_some()
                    && tokens.refresh_token.as_ref() == Some(&refresh.refresh_token) =>
            {
                tokens.refresh_token = rotated;
                true
            }
            _ => false,
        }
    }

    /// Signs out. The token to revoke: the refresh token, else the access token.
    pub fn sign_out(&mut self) -> Result<(Secret, TokenTypeHint), Error> {
        let phase = Phase::Revoke;
        let tokens = self.tokens.take().ok_or(Error::NoToken { phase })?;
        self.hold(None);
        let refresh_token = tokens
            .refresh_token
            .map(|token| (token, TokenTypeHint::RefreshToken));
        let access_token = tokens
            .access
            .map(|access| (access.token, TokenTypeHint::AccessToken));
        refresh_token
            .or(access_token)
            .ok_or(Error::NoToken { phase })
    }

    fn hold(&mut self, tokens: Option<TokenSet>) {
        self.epoch = self.epoch.wrapping_add(1);
        self.replace(tokens);
    }

    fn replace(&mut self, tokens: Option<TokenSet>) {
        self.tokens = tokens;
        self.activity = Activity::Idle;
        self.generation = self.generation.wrapping_add(1);
    }
}

/// Without the look at the first character, an empty list would pass for an ended session.
fn read(row: &str) -> Option<TokenSet> {
    let object = Some(row).filter(|json| json.starts_with('{'))?;
    serde_json::from_str(object).ok()
}

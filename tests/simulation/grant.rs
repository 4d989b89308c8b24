//! A grant as the server sees it, and the refresh tokens of it.

use std::fmt;

use esi_security::oauth::secret::Secret;

use crate::page::{Moment, PageId};

/// A refresh token names its grant, and its place among those of the grant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) grant: usize,
    pub(crate) serial: u32,
}

impl Token {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (grant, serial) = text
            .strip_prefix("refresh-")?
            .strip_suffix('.')?
            .split_once('-')?;
        Some(Self {
            grant: grant.parse().ok()?,
            serial: serial.parse().ok()?,
        })
    }

    pub(crate) fn of(secret: &Secret) -> Option<Self> {
        Self::parse(secret.expose())
    }

    /// True if this one has replaced the other.
    pub(crate) fn is_newer_than(self, other: Self) -> bool {
        self.grant == other.grant && self.serial > other.serial
    }
}

impl fmt::Display for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "refresh-{}-{}.", self.grant, self.serial)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "token {}-{}", self.grant, self.serial)
    }
}

/// Why a grant has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The user has removed the app.
    Removed,
    Revoked,
    /// The server has called its refresh token invalid twice.
    Invalid,
    /// A used refresh token came again.
    Reuse,
    /// A used code came again.
    CodeReuse,
}

/// A sign-out in one page.
#[derive(Clone, Debug)]
pub(crate) struct SignOut {
    /// The pages that could be told of it.
    pub(crate) concerned: Vec<PageId>,
    /// Since when all of them have been told, in milliseconds.
    pub(crate) told_at: Option<u64>,
}

#[derive(Debug, Default)]
pub(crate) struct Grant {
    /// Of the only refresh token that is good.
    pub(crate) serial: u32,
    /// When each access token was issued, in milliseconds.
    pub(crate) issued: Vec<u64>,
    /// When a page was given the newest refresh token.
    pub(crate) given_at: Moment,
    /// True if that page has a channel on which it publishes it.
    pub(crate) is_published: bool,
    pub(crate) end: Option<End>,
    /// The serial of a token that was called invalid without need.
    pub(crate) doubted: Option<u32>,
    /// Why nobody has the newest refresh token any more, which no library could have kept.
    pub(crate) lost: Option<String>,
    /// Why nobody need keep it any more, even if it is lost later only.
    pub(crate) excuse: Option<String>,
    /// True once some page, record or message had it.
    pub(crate) was_kept: bool,
    pub(crate) sign_out: Option<SignOut>,
}

impl Grant {
    pub(crate) fn is_alive(&self) -> bool {
        self.end.is_none() && self.lost.is_none()
    }
}

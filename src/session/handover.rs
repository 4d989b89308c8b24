//! What the tabs of one grant tell each other. Storage is copied into duplicated tabs, so a refresh
//! token that has been rotated in one of them is dead in the others until they are handed the new one.

use alloc::string::String;

use super::lineage::Lineage;
use super::token_set::TokenSet;
use crate::json::Json;
use crate::record::{self, FromRecord, Members, Record, ToRecord};
use crate::{Error, ErrorKind, Phase};

/// A message to the other tabs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Does anybody hold newer tokens than this?
    Ask(Lineage),
    /// The newest tokens.
    Tokens(TokenSet),
    /// A refresh did not get through.
    Failed(Failure),
    /// This grant was revoked.
    Revoked(Lineage),
}

/// A refresh that did not get through, as the other tabs are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Of the tokens that were to be renewed.
    pub lineage: Lineage,
    /// What the server has answered with; `None` if nothing has come that it has said.
    pub status: Option<u16>,
    /// `Retry-After`, seconds.
    pub retry_after: Option<u32>,
    /// True if it counts as a refusal without a reason.
    pub is_unexplained: bool,
    /// When it failed, seconds since 1970: the tabs have one clock.
    pub since: i64,
    /// When it is tried again.
    pub until: i64,
}

impl FromRecord for Failure {
    fn from_record(record: Record<'_>) -> Option<Self> {
        let status = record.optional("status", record::count)?;
        Some(Self {
            lineage: record.required("lineage", record::object)?,
            status: status.map(u16::try_from).transpose().ok()?,
            retry_after: record.optional("retry_after", record::count)?,
            is_unexplained: record.or_default("unexplained", record::flag)?,
            since: record.required("since", record::whole)?,
            until: record.required("until", record::whole)?,
        })
    }
}

impl ToRecord for Failure {
    fn to_record(&self, members: &mut Members) {
        members.json("lineage", &self.lineage.to_json());
        if let Some(status) = self.status {
            members.number("status", status.into());
        }
        if let Some(seconds) = self.retry_after {
            members.number("retry_after", seconds.into());
        }
        if self.is_unexplained {
            members.json("unexplained", "true");
        }
        members.number("since", self.since);
        members.number("until", self.until);
    }
}

impl Failure {
    /// What callers get in a tab that was told.
    pub fn error(&self) -> Error {
        let phase = Phase::Refresh;
        let kind = match self.status {
            Some(status) => ErrorKind::Http {
                phase,
                status,
                is_oauth: false,
                error: None,
                description: None,
                retry_after: self.retry_after,
            },
            None => ErrorKind::Network {
                phase,
                cause: "in another tab".into(),
            },
        };
        kind.into()
    }
}

impl Message {
    /// What another tab has sent; `None` if it is of no use.
    pub fn parse(json: &str) -> Option<Self> {
        let message = Json::parse(json.as_bytes())?;
        let [(kind, value)] = message.as_object()?.members() else {
            return None;
        };
        match kind.as_ref() {
            "ask" => record::object(value).map(Self::Ask),
            "tokens" => record::object(value).map(Self::Tokens),
            "failed" => record::object(value).map(Self::Failed),
            "revoked" => record::object(value).map(Self::Revoked),
            _ => None,
        }
    }

    /// As it is sent.
    pub fn to_json(&self) -> String {
        let (kind, value): (_, &dyn ToRecord) = match self {
            Self::Ask(lineage) => ("ask", lineage),
            Self::Tokens(tokens) => ("tokens", tokens),
            Self::Failed(failure) => ("failed", failure),
            Self::Revoked(lineage) => ("revoked", lineage),
        };
        let mut message = Members::new();
        message.json(kind, &value.to_json());
        message.finish()
    }
}

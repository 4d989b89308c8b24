//! What the tabs of one grant tell each other. Storage is copied into duplicated tabs, so a refresh
//! token that has been rotated in one of them is dead in the others until they are handed the new one.

use alloc::string::String;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::claim::Claim;
use super::lineage::Lineage;
use super::token_set::TokenSet;
use crate::record::{self, FromRecord, Record};
use crate::{Error, ErrorKind, Phase};

/// A message to the other tabs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// Does anybody hold newer tokens than this?
    Ask(Lineage),
    /// Somebody wants to refresh these tokens, which is the same question.
    Claim(Claim),
    /// The newest tokens.
    Tokens(TokenSet),
    /// A refresh did not get through.
    Failed(Failure),
    /// This grant was revoked.
    Revoked(Lineage),
}

/// A refresh that did not get through, as the other tabs are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Of the tokens that were to be renewed.
    pub lineage: Lineage,
    /// What the server has answered with; `None` if nothing has come that it has said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// `Retry-After`, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
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
            since: record.required("since", Value::as_i64)?,
            until: record.required("until", Value::as_i64)?,
        })
    }
}

record::deserialize_as_record!(Failure);

impl Failure {
    /// Of the error no more than what others need.
    pub fn new(lineage: Lineage, error: &Error, since: i64, until: i64) -> Self {
        Self {
            lineage,
            status: error.status(),
            retry_after: error.retry_after(),
            since,
            until,
        }
    }

    /// What callers get in a tab that was told.
    pub fn error(&self) -> Error {
        let phase = Phase::Refresh;
        let kind = match self.status {
            Some(status) => ErrorKind::Http {
                phase,
                status,
                body: None,
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
        serde_json::from_slice(json.as_bytes()).ok()
    }

    /// As it is sent.
    pub fn to_json(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }
}

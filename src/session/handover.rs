//! What the tabs of one grant tell each other. Storage is copied into duplicated tabs, so a refresh
//! token that has been rotated in one of them is dead in the others until they are handed the new one.

use alloc::string::String;
use serde::{Deserialize, Serialize};

use super::claim::Claim;
use super::lineage::Lineage;
use super::token_set::TokenSet;

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
    /// This grant was revoked.
    Revoked(Lineage),
}

impl Message {
    /// What another tab has sent; `None` if it is of no use.
    pub fn parse(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// As it is sent.
    pub fn to_json(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }
}

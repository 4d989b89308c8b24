//! Which grant tokens come from, and how often they have been renewed since: two tabs whose storage
//! was copied hold the same grant, and the one that has renewed it more often holds the newer tokens.

use alloc::string::String;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::oauth::secret::Secret;
use crate::record::{self, FromRecord, Members, Record, ToRecord};

/// A grant, and a place in its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lineage {
    /// Names the grant: a digest of the first refresh token that is known of it, so that tabs which were
    /// brought the same one know each other too.
    pub grant: String,
    /// How many answers have renewed its tokens since.
    pub rotation: u32,
}

impl FromRecord for Lineage {
    fn from_record(record: Record<'_>) -> Option<Self> {
        Some(Self {
            grant: record.required("grant", record::text)?,
            rotation: record.required("rotation", record::count)?,
        })
    }
}

impl ToRecord for Lineage {
    fn to_record(&self, members: &mut Members) {
        members.text("grant", &self.grant);
        members.number("rotation", self.rotation.into());
    }
}

impl Lineage {
    /// The beginning, with this refresh token.
    pub fn begin(refresh_token: &Secret) -> Self {
        let digest = Sha256::digest(refresh_token.expose());
        Self {
            grant: URL_SAFE_NO_PAD.encode(digest),
            rotation: 0,
        }
    }

    /// After one more answer.
    #[must_use]
    pub fn next(&self) -> Self {
        Self {
            grant: self.grant.clone(),
            rotation: self.rotation.saturating_add(1),
        }
    }

    /// True if it is the same grant, renewed more often.
    pub fn is_ahead_of(&self, other: &Self) -> bool {
        self.grant == other.grant && self.rotation > other.rotation
    }
}

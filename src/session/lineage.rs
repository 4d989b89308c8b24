//! Which grant tokens come from, and how often they have been renewed since: two tabs whose storage
//! was copied hold the same grant, and the one that has renewed it more often holds the newer tokens.

use alloc::string::String;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::oauth::secret::Secret;
use crate::record::{self, FromRecord, Members, Record, ToRecord};
use crate::text::joined;

/// How many answers one tab may be ahead of another: half a year of refreshes every 20 minutes. A larger step is
/// somebody's slip or mischief.
pub const LARGEST_STEP: u32 = 13_000;

/// The beginning of the names that the tabs of a grant share. The number is their version.
const PREFIX: &str = "esi-security/1/";

/// A grant, and a place in its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lineage {
    /// Names the grant: a digest of the first refresh token that is known of it, so that tabs which were
    /// brought the same one know each other too. It stays in the record and in messages of the tabs of this
    /// grant; other pages of the origin see only names that are derived from it.
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
    /// The name of the channel on which the tabs of this grant send each other tokens. Who does not know the grant
    /// id cannot derive it, from none of the other names.
    pub fn channel(&self) -> String {
        self.name("channel")
    }

    /// The name of the lock that a tab holds while it refreshes; every page of the origin can list it.
    pub fn refresh_lock(&self) -> String {
        self.name("refresh")
    }

    /// The key of the version marker in localStorage, which every page of the origin can read.
    pub fn marker(&self) -> String {
        self.name("version")
    }

    /// One digest for each purpose, so that one name tells nothing of another.
    fn name(&self, purpose: &str) -> String {
        let digest = Sha256::new()
            .chain_update(purpose)
            .chain_update("/")
            .chain_update(&self.grant)
            .finalize();
        joined(&[PREFIX, purpose, "/", &URL_SAFE_NO_PAD.encode(digest)])
    }

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

    /// True if it is the same grant, renewed more often, and not absurdly often.
    pub fn is_ahead_of(&self, other: &Self) -> bool {
        let more = self.rotation.checked_sub(other.rotation);
        self.grant == other.grant && more.is_some_and(|more| (1..=LARGEST_STEP).contains(&more))
    }
}

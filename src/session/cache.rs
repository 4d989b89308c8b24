//! A fetched document, the metadata or the key set, with the moment it came. It is believed for a
//! while and, where it cannot be fetched again, for longer.

use alloc::string::String;

use crate::record::{self, FromRecord, Members, Record, ToRecord};

/// For how many seconds a document is believed without asking, unless the page says otherwise: CCP's
/// own sample uses 300.
pub const MAX_AGE: i64 = 300;

/// For how many seconds a failed fetch, or a key that was not there, is not asked for again.
pub const COOL_DOWN: i64 = 60;

/// A document and when it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Seconds since 1970.
    pub fetched_at: i64,
    /// Its text.
    pub text: String,
}

impl FromRecord for Document {
    fn from_record(record: Record<'_>) -> Option<Self> {
        Some(Self {
            fetched_at: record.required("fetched_at", record::whole)?,
            text: record.required("text", record::text)?,
        })
    }
}

impl ToRecord for Document {
    fn to_record(&self, members: &mut Members) {
        members.number("fetched_at", self.fetched_at);
        members.text("text", &self.text);
    }
}

impl Document {
    /// Reads the stored row; `None` if it is none.
    pub fn restore(row: &str) -> Option<Self> {
        record::read(row)
    }

    /// The row to store.
    pub fn to_row(&self) -> String {
        self.to_json()
    }
}

/// True while a document that was fetched then need not be fetched again. A clock that was set back
/// makes it old, not eternal.
pub fn is_fresh(fetched_at: i64, now: i64, max_age: i64) -> bool {
    (0..max_age).contains(&now.saturating_sub(fetched_at))
}

/// True while what did not succeed then is not tried again.
pub fn is_cooling(tried_at: i64, now: i64) -> bool {
    (0..COOL_DOWN).contains(&now.saturating_sub(tried_at))
}

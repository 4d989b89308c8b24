//! The version marker of a grant: one small record in localStorage that says how new the newest tokens are which any tab
//! of this browser has been given. Unlike a message it can be read at once, and unlike a lock it keeps no page out of
//! the bfcache. It holds no secret, and everybody of the origin may write there: what cannot be is not believed.

use alloc::string::String;

use super::lineage::{LARGEST_STEP, Lineage};
use super::refresh::Others;
use crate::record::{self, FromRecord, Members, Record, ToRecord};

/// For how many seconds the marker of a grant that nobody renews is kept: 30 days.
pub const LIFETIME: i64 = 30 * 24 * 60 * 60;

struct Marker {
    /// Of the newest refresh token: the number of the answer that has replaced it last.
    version: u32,
    /// Seconds since 1970.
    written_at: i64,
}

impl FromRecord for Marker {
    fn from_record(record: Record<'_>) -> Option<Self> {
        Some(Self {
            version: record.required("version", record::count)?,
            written_at: record.required("written_at", record::whole)?,
        })
    }
}

impl ToRecord for Marker {
    fn to_record(&self, members: &mut Members) {
        members.number("version", self.version.into());
        members.number("written_at", self.written_at);
    }
}

impl Marker {
    /// The one that is stored, if it can be one of this grant.
    fn of(ours: &Lineage, stored: Option<&str>) -> Option<Self> {
        let marker: Self = record::read(stored?)?;
        let step = marker.version.saturating_sub(ours.rotation);
        (step <= LARGEST_STEP).then_some(marker)
    }
}

/// What the marker in storage says of the other tabs.
pub fn others(ours: &Lineage, stored: Option<&str>) -> Others {
    match Marker::of(ours, stored) {
        Some(Marker { version, .. }) if version > ours.rotation => Others::Ahead(version),
        Some(_) => Others::Behind,
        None => Others::Unknown,
    }
}

/// The marker to store in place of the stored one; `None` to leave that. `replaced` is true if the server has just
/// replaced the refresh token: one that stays is as good in every other tab.
pub fn update(ours: &Lineage, stored: Option<&str>, replaced: bool, now: i64) -> Option<String> {
    let newer = match Marker::of(ours, stored) {
        Some(marker) => replaced && ours.rotation > marker.version,
        None => true,
    };
    let marker = Marker {
        version: ours.rotation,
        written_at: now,
    };
    newer.then(|| marker.to_json())
}

/// True if this marker, of whatever grant, has outlived its time, or is none.
pub fn is_old(stored: &str, now: i64) -> bool {
    let marker: Option<Marker> = record::read(stored);
    marker.is_none_or(|marker| {
        !(-LIFETIME..LIFETIME).contains(&now.saturating_sub(marker.written_at))
    })
}

//! The version marker of a grant: one small record in localStorage that says how new the newest tokens are which any tab
//! of this browser has been given. Unlike a message it can be read at once, and unlike a lock it keeps no page out of
//! the bfcache. It holds no secret, and every page of the origin may write there: what cannot be is not believed.

use alloc::string::String;

use super::lineage::{LARGEST_STEP, Lineage};
use super::refresh::Others;
use crate::record::{self, FromRecord, Members, Record, ToRecord};

/// For how many seconds the marker of a grant that nobody renews is kept: 30 days.
pub const LIFETIME: i64 = 30 * 24 * 60 * 60;

/// How many versions a marker may be ahead: far fewer than a message, because a refresh that goes by the marker gets a
/// higher version, which the other tabs must still believe.
pub const LARGEST_MARKER_STEP: u32 = LARGEST_STEP / 2;

struct Marker {
    /// Of the newest refresh token: the number of the answer that has replaced it last.
    version: u32,
    /// The number of the newest answer; higher where the server has kept the refresh token since.
    answers: u32,
    /// Seconds since 1970.
    written_at: i64,
}

impl FromRecord for Marker {
    fn from_record(record: Record<'_>) -> Option<Self> {
        Some(Self {
            version: record.required("version", record::count)?,
            answers: record.required("answers", record::count)?,
            written_at: record.required("written_at", record::whole)?,
        })
    }
}

impl ToRecord for Marker {
    fn to_record(&self, members: &mut Members) {
        members.number("version", self.version.into());
        members.number("answers", self.answers.into());
        members.number("written_at", self.written_at);
    }
}

impl Marker {
    /// The one that is stored, if it can be one of this grant.
    fn of(ours: &Lineage, stored: Option<&str>) -> Option<Self> {
        let marker: Self = record::read(stored?)?;
        let newest = marker.version.max(marker.answers);
        let step = newest.saturating_sub(ours.rotation);
        (step <= LARGEST_MARKER_STEP).then_some(marker)
    }
}

/// What the marker in storage says of the other tabs. One that knows less than this tab says nothing: it was not
/// written by the tab that got these tokens.
pub fn others(ours: &Lineage, stored: Option<&str>) -> Others {
    match Marker::of(ours, stored) {
        Some(Marker { version, .. }) if version > ours.rotation => Others::Ahead(version),
        Some(Marker { answers, .. }) if answers >= ours.rotation => Others::Behind,
        _ => Others::Unknown,
    }
}

/// The number of the newest answer that any tab has had, as far as the marker in storage knows.
pub fn answers(ours: &Lineage, stored: Option<&str>) -> u32 {
    Marker::of(ours, stored).map_or(0, |marker| marker.answers)
}

/// The marker to store after an answer of the server; `None` to leave the stored one. `replaced` is true if that answer
/// has replaced the refresh token: one that stays is as good in every other tab.
pub fn update(ours: &Lineage, stored: Option<&str>, replaced: bool, now: i64) -> Option<String> {
    let before = Marker::of(ours, stored);
    let known = before.map(|marker| (marker.version, marker.answers));
    // Where nothing is known of older answers, another tab's refresh token may be used up.
    let (version, answers) = known.unwrap_or((ours.rotation, 0));
    let after = Marker {
        version: if replaced {
            version.max(ours.rotation)
        } else {
            version
        },
        answers: answers.max(ours.rotation),
        written_at: now,
    };
    let newer = known != Some((after.version, after.answers));
    newer.then(|| after.to_json())
}

/// True if this marker, of whatever grant, has outlived its time, or is none.
pub fn is_old(stored: &str, now: i64) -> bool {
    let marker: Option<Marker> = record::read(stored);
    marker.is_none_or(|marker| {
        !(-LIFETIME..LIFETIME).contains(&now.saturating_sub(marker.written_at))
    })
}

//! The version markers in localStorage, where it is to be had: `session::marker` says what they mean.

use alloc::string::String;
use js_sys::JsString;
use wasm_bindgen::JsCast;

use super::clock;
use super::storage::Storage;
use crate::session::lineage::Lineage;
use crate::session::marker;
use crate::session::refresh::Others;

/// What the marker of this grant says of the other tabs.
pub(super) fn others(ours: &Lineage) -> Others {
    marker::others(ours, read(&ours.marker().into()).as_deref())
}

/// How many answers any tab of this grant has had, as far as is known.
pub(super) fn answers(ours: &Lineage) -> u32 {
    marker::answers(ours, read(&ours.marker().into()).as_deref())
}

/// Writes how new these tokens are, which the server has just given. `replaced` is true if the refresh token is new.
pub(super) fn write(ours: &Lineage, replaced: bool) {
    let key = ours.marker().into();
    let (stored, now) = (read(&key), clock::now());
    let Some(marker) = marker::update(ours, stored.as_deref(), replaced, now) else {
        return;
    };
    // Without a marker the other tabs ask each other; an older one would tell them not to.
    if !Storage::Local.write(&key, Some(&marker)) {
        Storage::Local.write(&key, None);
    }
    if stored.is_none() {
        remove_old(&ours.marker(), now);
    }
}

/// Removes the marker of a grant that has ended.
pub(super) fn remove(ours: &Lineage) {
    Storage::Local.write(&ours.marker().into(), None);
}

/// Removes those of grants that nobody renews any more. `key` is that of a marker.
fn remove_old(key: &str, now: i64) {
    let Some((prefix, _)) = key.rsplit_once('/') else {
        return;
    };
    for key in Storage::Local.keys() {
        let is_marker = key.as_string().is_some_and(|key| key.starts_with(prefix));
        let Ok(key) = key.dyn_into() else { continue };
        if is_marker && read(&key).is_some_and(|stored| marker::is_old(&stored, now)) {
            Storage::Local.write(&key, None);
        }
    }
}

fn read(key: &JsString) -> Option<String> {
    let stored = Storage::Local.read(key).ok()?;
    stored.map(String::from)
}

//! Reads and writes the version markers in localStorage, where it is available.
//! [`session::marker`](crate::session::marker) documents their content.

use alloc::rc::Rc;
use alloc::string::String;

use super::environment::Environment;
use super::host::Area;
use crate::session::lineage::Lineage;
use crate::session::marker;
use crate::session::refresh::Others;

/// The markers of all grants.
pub(super) struct Markers(Rc<Environment>);

impl Markers {
    pub(super) fn new(environment: &Rc<Environment>) -> Self {
        Self(Rc::clone(environment))
    }

    /// Whether another tab has newer tokens, according to the marker of this grant.
    pub(super) fn others(&self, ours: &Lineage) -> Others {
        marker::others(ours, self.read(&ours.marker()).as_deref())
    }

    /// The number of the newest token response of any tab, according to the marker of this grant; 0 if unknown.
    pub(super) fn answers(&self, ours: &Lineage) -> u32 {
        marker::answers(ours, self.read(&ours.marker()).as_deref())
    }

    /// Writes the marker after new tokens. `replaced` is true if the refresh token is new.
    pub(super) fn write(&self, ours: &Lineage, replaced: bool) {
        let key = ours.marker();
        let (stored, now) = (self.read(&key), self.0.now());
        let Some(marker) = marker::update(ours, stored.as_deref(), replaced, now) else {
            return;
        };
        // An outdated marker would tell the other tabs not to query. So it is removed if it cannot be replaced.
        let item = self.0.host.item(Area::Local, &key);
        if !item.write(Some(&marker)) {
            item.write(None);
        }
        if stored.is_none() {
            self.remove_old(&key, now);
        }
    }

    /// Removes the marker of a grant that has ended.
    pub(super) fn remove(&self, ours: &Lineage) {
        self.0.host.item(Area::Local, &ours.marker()).write(None);
    }

    /// Removes the markers of grants that are no longer refreshed. `key` is the key of any marker.
    fn remove_old(&self, key: &str, now: i64) {
        let Some((prefix, _)) = key.rsplit_once('/') else {
            return;
        };
        for key in self.0.host.keys(Area::Local) {
            let is_old = |stored: String| marker::is_old(&stored, now);
            if key.starts_with(prefix) && self.read(&key).is_some_and(is_old) {
                self.0.host.item(Area::Local, &key).write(None);
            }
        }
    }

    fn read(&self, key: &str) -> Option<String> {
        self.0.host.item(Area::Local, key).read().ok().flatten()
    }
}

//! The version markers in localStorage, where there is one: [`session::marker`](crate::session::marker) says what they
//! mean.

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

    /// What the marker of this grant says of the other tabs.
    pub(super) fn others(&self, ours: &Lineage) -> Others {
        marker::others(ours, self.read(&ours.marker()).as_deref())
    }

    /// How many responses any tab of this grant has had, as far as is known.
    pub(super) fn answers(&self, ours: &Lineage) -> u32 {
        marker::answers(ours, self.read(&ours.marker()).as_deref())
    }

    /// Writes the version of tokens that the server has just given. `replaced` is true if the refresh token is new.
    pub(super) fn write(&self, ours: &Lineage, replaced: bool) {
        let key = ours.marker();
        let (stored, now) = (self.read(&key), self.0.now());
        let Some(marker) = marker::update(ours, stored.as_deref(), replaced, now) else {
            return;
        };
        // Without a marker the other tabs query each other; an older one would tell them not to.
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

    /// Removes those of grants that are no longer refreshed. `key` is that of a marker.
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

//! The tabs of the browser, which pages they show, and which page each has in its bfcache.

use std::cell::RefCell;

use crate::page::PageId;
use crate::storage::Items;

/// The index of a tab, which is never used twice.
pub(crate) type TabId = usize;

#[derive(Default)]
pub(crate) struct Tab {
    /// False if `BroadcastChannel` is missing there.
    pub(crate) has_channel: bool,
    /// The page, and after it the frames, which share its sessionStorage.
    pub(crate) shown: Vec<PageId>,
    /// The page in the bfcache, and sessionStorage as it was when it was left.
    pub(crate) cached: Option<(PageId, Items)>,
}

/// All of them, the closed ones too.
#[derive(Default)]
pub(crate) struct Tabs(RefCell<Vec<Tab>>);

impl Tabs {
    pub(crate) fn open(&self, has_channel: bool) -> TabId {
        let mut tabs = self.0.borrow_mut();
        tabs.push(Tab {
            has_channel,
            ..Tab::default()
        });
        tabs.len() - 1
    }

    /// Works with one of them. The work must not call the world.
    pub(crate) fn with<T>(&self, tab: TabId, work: impl FnOnce(&mut Tab) -> T) -> T {
        work(&mut self.0.borrow_mut()[tab])
    }

    /// Those that show a page.
    pub(crate) fn open_ones(&self) -> Vec<TabId> {
        let tabs = self.0.borrow();
        let all = tabs.iter().enumerate();
        let open = all.filter(|(_, tab)| !tab.shown.is_empty());
        open.map(|(id, _)| id).collect()
    }

    pub(crate) fn shown(&self, tab: TabId) -> Vec<PageId> {
        self.with(tab, |tab| tab.shown.clone())
    }

    /// Takes a page out of its tab.
    pub(crate) fn forget(&self, page: PageId) {
        for tab in self.0.borrow_mut().iter_mut() {
            tab.shown.retain(|shown| *shown != page);
            tab.cached.take_if(|(cached, _)| *cached == page);
        }
    }
}

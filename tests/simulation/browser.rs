//! What happens to pages and tabs: they are duplicated, closed, reloaded, frozen, and put into the bfcache.

use std::rc::Rc;

use esi_security::client::host::{Area, PageEvent};

use crate::page::{Life, Page, PageId};
use crate::settings::HOME;
use crate::storage::Items;
use crate::tab::TabId;
use crate::together::is_same_session;
use crate::world::World;

impl World {
    /// A new tab with that sessionStorage.
    pub(crate) fn open_tab(self: &Rc<Self>, session: Items, address: &str) {
        let has_channel = !self.random.chance(self.settings.without_channel);
        let tab = self.tabs.open(has_channel);
        self.storages.set_session(tab, session);
        self.open_page(tab, address);
    }

    /// A tab is duplicated, with its sessionStorage.
    pub(crate) fn duplicate_tab(self: &Rc<Self>, tab: TabId) {
        let first = self
            .tabs
            .shown(tab)
            .first()
            .and_then(|page| self.page(*page));
        let address = first.map_or_else(|| HOME.to_owned(), |page| page.address.borrow().clone());
        self.open_tab(self.storages.session(tab), &address);
    }

    /// The pages of a tab end. A page that ends in order is told so.
    pub(crate) fn leave_tab(self: &Rc<Self>, tab: TabId, is_orderly: bool) {
        for id in self.tabs.shown(tab) {
            if is_orderly && self.page(id).is_some_and(|page| page.is_awake()) {
                self.tell(id, PageEvent::Hidden);
            }
            self.lose_page(id);
        }
    }

    pub(crate) fn close_tab(self: &Rc<Self>, tab: TabId, is_orderly: bool) {
        self.leave_tab(tab, is_orderly);
        let cached = self.tabs.with(tab, |tab| tab.cached.take());
        if let Some((page, _)) = cached {
            self.lose_page(page);
        }
        self.act(|| format!("tab {tab} is closed"));
        self.storages.close_tab(tab);
    }

    /// The page of a tab is loaded anew, at the same address.
    pub(crate) fn reload_tab(self: &Rc<Self>, tab: TabId, is_orderly: bool) {
        let first = self
            .tabs
            .shown(tab)
            .first()
            .and_then(|page| self.page(*page));
        let Some(first) = first else { return };
        let address = first.address.borrow().clone();
        drop(first);
        self.leave_tab(tab, is_orderly);
        self.open_page(tab, &address);
    }

    /// Freezes the pages of a tab, unless one is in the midst of a task.
    pub(crate) fn freeze_tab(&self, tab: TabId) {
        let pages = self.shown_pages(tab);
        if pages.iter().any(|page| !page.ready_tasks().is_empty()) {
            return;
        }
        for page in pages {
            page.life.set(Life::Frozen);
        }
    }

    pub(crate) fn thaw_tab(self: &Rc<Self>, tab: TabId) {
        for page in self.shown_pages(tab) {
            if page.life.replace(Life::Awake) == Life::Frozen {
                page.awake_since.set(self.moment());
                self.counts.thaws.add();
                self.tell(page.id, PageEvent::Resumed);
            }
        }
    }

    fn shown_pages(&self, tab: TabId) -> Vec<Rc<Page>> {
        let shown = self.tabs.shown(tab).into_iter();
        shown.filter_map(|page| self.page(page)).collect()
    }

    /// The user goes to another page of the app in the same tab. The page is kept in the bfcache, unless it has a lock, or,
    /// at times, a request under way.
    pub(crate) fn navigate(self: &Rc<Self>, tab: TabId) {
        let shown = self.shown_pages(tab);
        let [page] = shown.as_slice() else { return };
        if !page.is_awake() {
            return;
        }
        if let Some((before, _)) = self.tabs.with(tab, |tab| tab.cached.take()) {
            self.lose_page(before);
        }
        self.tell(page.id, PageEvent::Hidden);
        let is_busy = page.sending.borrow().is_some() && self.random.chance(60);
        if self.locks.is_holding(page.id) || is_busy {
            self.lose_page(page.id);
        } else {
            page.life.set(Life::Cached);
            let session = self.storages.session(tab);
            self.tabs.with(tab, |tab| {
                tab.shown.clear();
                tab.cached = Some((page.id, session));
            });
        }
        self.open_page(tab, HOME);
    }

    /// The user goes back. A page that a message would drop from the bfcache is not there any more.
    pub(crate) fn go_back(self: &Rc<Self>, tab: TabId) {
        let Some((id, session)) = self.tabs.with(tab, |tab| tab.cached.take()) else {
            return;
        };
        let Some(page) = self.page(id) else { return };
        if self.channels.is_awaited(id) {
            self.counts.evictions.add();
            self.end_page(id);
            return self.reload_tab(tab, true);
        }
        self.counts.bfcache_returns.add();
        let is_old = self.settings.rewinds_session && self.settings.area == Area::Session;
        self.end_shown(tab, &page, is_old);
        if is_old {
            self.storages.set_session(tab, session);
        }
        self.tabs.with(tab, |tab| tab.shown.push(id));
        page.life.set(Life::Awake);
        page.awake_since.set(self.moment());
        self.tell(id, PageEvent::Shown);
    }

    /// The pages of a tab end because another one comes back to it from the bfcache.
    fn end_shown(self: &Rc<Self>, tab: TabId, back: &Page, is_old: bool) {
        for shown in self.shown_pages(tab) {
            if shown.is_awake() {
                self.tell(shown.id, PageEvent::Hidden);
            }
            // What this page has got since, the other one could have been told of: a message drops it from the bfcache.
            let is_news = is_old && self.could_be_dropped(back, &shown);
            if is_news && shown.sending.borrow().is_none() && !shown.is_refused.get() {
                self.end_page(shown.id);
            } else {
                self.lose_page(shown.id);
            }
        }
    }

    /// True if a page in the bfcache waits there for messages of the session that the other page holds.
    fn could_be_dropped(&self, cached: &Page, other: &Page) -> bool {
        let lineage = cached.holding.borrow().lineage.clone();
        let waits = lineage.is_some_and(|lineage| {
            self.channels
                .has_open(cached.id, &[&lineage.channel(), "/left"].concat())
        });
        waits && other.has_channel && is_same_session(cached, other)
    }

    /// The page that is to act in a tab.
    pub(crate) fn page_in(&self, tab: TabId) -> Option<Rc<Page>> {
        let shown = self.shown_pages(tab);
        let awake: Vec<_> = shown.into_iter().filter(|page| page.is_awake()).collect();
        (!awake.is_empty()).then(|| Rc::clone(self.random.pick(&awake)))
    }

    /// How many pages run.
    pub(crate) fn running(&self) -> usize {
        self.pages()
            .iter()
            .filter(|page| page.life.get() != Life::Cached)
            .count()
    }

    /// The tabs that have a page in the bfcache.
    pub(crate) fn cached_tabs(&self) -> Vec<TabId> {
        let open = self.tabs.open_ones().into_iter();
        open.filter(|tab| self.tabs.with(*tab, |tab| tab.cached.is_some()))
            .collect()
    }

    /// The page that a person would look at in a tab.
    pub(crate) fn main_page(&self, tab: TabId) -> Option<PageId> {
        self.tabs.shown(tab).first().copied()
    }
}

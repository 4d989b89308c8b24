//! The end of a world: faults are over, pages thaw, and every session recovers or says why it cannot.

use std::rc::Rc;

use esi_security::client::host::Area;
use esi_security::session::machine::State;

use crate::calls::Method;
use crate::lock::Request;
use crate::page::Page;
use crate::settings::Worker;
use crate::storage::Condition;
use crate::world::World;

/// How often each session is refreshed at most: newer tokens that nobody holds are waited for twice, which takes three
/// refreshes. After that a page without a channel may have replaced the token of another one, which may end the grant
/// with it after three more, and the others learn of the end after three more.
const ROUNDS: u32 = 9;

/// How long a round takes, in milliseconds: longer than every deadline, and than the longest back-off.
const ROUND_MS: u64 = 400_000;

/// For how long a page may be offline in the end, in milliseconds.
const OUTAGE_MS: u64 = 120_000;

/// How long a page that refreshes by itself may not look at the clock, in milliseconds.
const LONGEST_PAUSE_MS: u64 = 61_000;

/// How long a lock may be held after its refresh, in milliseconds: for two answers of the lock manager.
const RELEASE_MS: u64 = 1_000;

/// How many steps a round may take.
const MOST_STEPS: u32 = 200_000;

impl World {
    pub(crate) fn recover(self: &Rc<Self>) {
        self.note(|| "recovery: all faults are over".to_owned());
        self.end_faults();
        self.run_for(ROUND_MS);
        for page in self.pages() {
            self.check_upkeep(&page);
        }
        for round in 0..ROUNDS {
            let waiting: Vec<_> = (self.pages().into_iter())
                .filter(|page| page.token().is_some() && (round == 0 || !self.is_well(page)))
                .collect();
            if waiting.is_empty() {
                break;
            }
            for page in &waiting {
                self.begin_step();
                self.call(page, Method::Refresh);
                self.end_step();
            }
            drop(waiting);
            self.run_for(ROUND_MS);
            self.settle();
        }
        for page in self.pages() {
            self.check_calls(&page);
            self.await_health(&page);
            self.check_recovery(&page);
        }
        self.check_locks_are_free();
    }

    /// Without channels a page is offline for a while each time that another one refreshes.
    fn await_health(self: &Rc<Self>, page: &Page) {
        for _ in 0..OUTAGE_MS / 1000 {
            if page.token().is_some() && !self.is_well(page) {
                self.run_for(1_000);
            }
        }
    }

    /// Waits until no page refreshes by itself.
    fn settle(self: &Rc<Self>) {
        for _ in 0..ROUND_MS / 1000 {
            if self.is_refreshing() {
                self.run_for(1_000);
            }
        }
    }

    /// A page that refreshes by itself does so in time.
    fn check_upkeep(self: &Rc<Self>, page: &Page) {
        let is_late = || page.auto_refresh.get() && page.security().state() == State::Expiring;
        let token = page.token();
        for _ in 0..LONGEST_PAUSE_MS / 1000 {
            if is_late() {
                self.run_for(1_000);
                self.run_ready();
            }
            // Short-lived tokens may be due again at the moment of each look.
            if page.token() != token {
                return;
            }
        }
        self.require(!is_late() || page.token().is_none(), || {
            format!("page {} does not refresh by itself", page.id)
        });
    }

    fn end_faults(self: &Rc<Self>) {
        self.begin_step();
        self.faults.set(0);
        self.storages
            .set_condition(Area::Session, Condition::Working);
        if self.settings.has_local {
            self.storages.set_condition(Area::Local, Condition::Working);
        }
        self.silence_locks(false);
        if self.settings.worker != Worker::Silent {
            self.worker.set_silent(false);
        }
        self.end_step();
        for tab in self.cached_tabs() {
            self.begin_step();
            self.go_back(tab);
            self.end_step();
        }
        for tab in self.tabs.open_ones() {
            self.begin_step();
            self.thaw_tab(tab);
            self.end_step();
        }
    }

    /// Goes on until so many milliseconds have passed.
    fn run_for(self: &Rc<Self>, milliseconds: u64) {
        let end = self.now() + milliseconds;
        for _ in 0..MOST_STEPS {
            if self.broken().is_some() || self.now() >= end || !self.go_on() {
                return;
            }
        }
        self.require(false, || "the pages come to no rest".to_owned());
    }

    /// Goes on until time would move: `run_for` may end right when a timer is due.
    fn run_ready(self: &Rc<Self>) {
        for _ in 0..MOST_STEPS {
            if self.is_idle() || !self.go_on() {
                return;
            }
        }
    }

    fn check_calls(&self, page: &Page) {
        for call in page
            .calls
            .borrow()
            .iter()
            .filter(|call| !call.is_settled.get())
        {
            // The page of a login is left by its answer.
            let waited = (self.now() - call.begun) / 1000;
            self.require(false, || {
                format!(
                    "page {} waits for {:?} since {waited} seconds",
                    page.id, call.method
                )
            });
        }
    }

    /// True if the session has the newest tokens of its grant, and its last refresh got through. An access token may have
    /// expired since.
    fn is_well(&self, page: &Page) -> bool {
        let good = page
            .token()
            .filter(|token| !self.server.has_ended(token.grant));
        let newest = good.map(|token| self.server.newest(token.grant));
        let state = page.security().state();
        newest.is_some()
            && page.token() == newest
            && matches!(state, State::Active | State::Expiring)
    }

    fn is_refreshing(&self) -> bool {
        let pages = self.pages();
        pages
            .iter()
            .any(|page| page.security().state() == State::Refreshing)
    }

    fn check_recovery(&self, page: &Page) {
        let state = page.security().state();
        let lineage = page.holding.borrow().lineage.clone();
        let Some(grant) = grant_of(page) else {
            return;
        };
        if self.server.has_ended(grant) {
            // The access token may live on.
            self.require(page.token().is_none(), || {
                format!("page {} is {state:?}, but its grant has ended", page.id)
            });
            return;
        }
        if self.is_well(page) {
            self.counts.recovered.add();
            return;
        }
        let is_lost = !self.server.is_alive(grant);
        let newest = self.server.newest(grant);
        let channel = lineage.map(|lineage| lineage.channel());
        let can_reach = |other: &Page| {
            let listens = |page: &Page| {
                let name = channel.as_deref();
                name.is_some_and(|name| self.channels.listens_since(page.id, name).is_some())
            };
            other.token() == Some(newest)
                && (other.id == page.id || listens(page) && listens(other))
        };
        let is_reachable = self.pages().iter().any(|other| can_reach(other));
        let is_excused = is_lost || !is_reachable || self.may_versions_collide();
        self.require(is_excused, || {
            format!(
                "page {} is {state:?} with {:?}, and {newest:?} is there",
                page.id,
                page.token()
            )
        });
    }

    /// The locks that a page holds without a refresh. It may be about to release them.
    fn idle_locks(&self) -> Vec<Rc<Request>> {
        let names = self.locks.names().into_iter();
        let mut held: Vec<_> = names.filter_map(|name| self.locks.holder(&name)).collect();
        held.retain(|request| {
            let page = self.page(request.page);
            page.is_some_and(|page| page.security().state() != State::Refreshing)
        });
        held
    }

    fn check_locks_are_free(self: &Rc<Self>) {
        let before = self.idle_locks();
        if before.is_empty() {
            return;
        }
        self.run_for(RELEASE_MS);
        for request in self.idle_locks() {
            let is_old = before.iter().any(|old| Rc::ptr_eq(old, &request));
            self.require(!is_old, || {
                format!("page {} holds a lock, and refreshes nothing", request.page)
            });
        }
    }
}

/// The grant whose tokens a page holds, or held until it was refused.
fn grant_of(page: &Page) -> Option<usize> {
    let is_any = page.holding.borrow().is_any;
    page.last_token
        .get()
        .filter(|_| is_any)
        .map(|token| token.grant)
}

//! What happens from outside: users, apps, the browser, the server and other pages of the origin.

use std::rc::Rc;

use esi_security::Members;
use esi_security::client::host::{Area, PageEvent};

use crate::agenda::{Lane, Target};
use crate::calls::Method;
use crate::grant::{End, SignOut};
use crate::page::{Page, STRANGER};
use crate::settings::{HOME, Worker};
use crate::storage::Condition;
use crate::tab::TabId;
use crate::together::is_same_session;
use crate::world::World;

/// How many pages may run at once.
const MOST_PAGES: usize = 6;

#[derive(Clone, Copy, Debug)]
enum Event {
    Call(Method),
    Look,
    Login,
    Update,
    UpdateEverywhere,
    Duplicate,
    Frame,
    OpenTab,
    Restore,
    Close,
    Crash,
    Reload,
    Freeze,
    Thaw,
    Navigate,
    GoBack,
    RemoveApp,
    Jump,
    Online,
    Wait,
    StorageFails,
    StorageWorks,
    ClearStorage,
    DamageRecord,
    Marker,
    SilenceLocks,
    TakeLock,
    StealLock,
    Trouble,
    WorkerFails,
}

const EVENTS: [(u64, Event); 31] = [
    (12, Event::Call(Method::Refresh)),
    (3, Event::Call(Method::RefreshNarrowed)),
    (10, Event::Call(Method::GetAccessToken)),
    (2, Event::Call(Method::Revoke)),
    (4, Event::Look),
    (4, Event::Login),
    (1, Event::Update),
    (1, Event::UpdateEverywhere),
    (5, Event::Duplicate),
    (3, Event::Frame),
    (1, Event::OpenTab),
    (2, Event::Restore),
    (3, Event::Close),
    (2, Event::Crash),
    (5, Event::Reload),
    (8, Event::Freeze),
    (8, Event::Thaw),
    (9, Event::Navigate),
    (8, Event::GoBack),
    (1, Event::RemoveApp),
    (2, Event::Jump),
    (1, Event::Online),
    (10, Event::Wait),
    (1, Event::StorageFails),
    (1, Event::StorageWorks),
    (1, Event::ClearStorage),
    (1, Event::DamageRecord),
    (2, Event::Marker),
    (1, Event::SilenceLocks),
    (1, Event::TakeLock),
    (1, Event::StealLock),
];

/// Those that change how the outside world behaves, not often.
const TROUBLES: [(u64, Event); 2] = [(2, Event::Trouble), (1, Event::WorkerFails)];

impl World {
    /// The session with which the world begins, in as many tabs as it is to have.
    pub(crate) fn begin(self: &Rc<Self>) {
        self.begin_step();
        self.open_tab(crate::storage::Items::new(), HOME);
        let page = self.page_in(0).expect("the first page");
        self.update(&page, true);
        self.end_step();
        for _ in 1..self.settings.tabs {
            self.begin_step();
            self.duplicate_tab(0);
            self.end_step();
        }
        self.faults.set(self.settings.faults);
    }

    /// Something happens. Returns for how many milliseconds nothing else does.
    pub(crate) fn happen(self: &Rc<Self>) -> u64 {
        let event = if self.random.chance(3) {
            self.random.weighted(&TROUBLES)
        } else {
            self.random.weighted(&EVENTS)
        };
        let tabs = self.tabs.open_ones();
        if tabs.is_empty() {
            self.open_tab(crate::storage::Items::new(), HOME);
            return 0;
        }
        let tab = *self.random.pick(&tabs);
        self.note(|| format!("{event:?}, tab {tab}"));
        if let Event::Wait = event {
            let longest = self
                .random
                .weighted(&[(3, 3_000), (3, 90_000), (4, 1_500_000)]);
            return self.random.between(100, longest);
        }
        self.apply(event, tab);
        0
    }

    fn apply(self: &Rc<Self>, event: Event, tab: TabId) {
        let has_room = self.running() < MOST_PAGES;
        match event {
            Event::Duplicate if has_room => self.duplicate_tab(tab),
            Event::Frame if has_room && self.page_in(tab).is_some() => {
                drop(self.open_page(tab, HOME));
            }
            Event::OpenTab if has_room => self.open_tab(crate::storage::Items::new(), HOME),
            Event::Restore if has_room => {
                let snapshots = self.storages.snapshots();
                if !snapshots.is_empty() {
                    self.open_tab(self.random.pick(&snapshots).clone(), HOME);
                }
            }
            Event::Close => self.close_tab(tab, true),
            Event::Crash => self.close_tab(tab, false),
            Event::Reload => self.reload_tab(tab, self.random.chance(70)),
            Event::Freeze => self.freeze_tab(tab),
            Event::Thaw => self.thaw_tab(tab),
            Event::Navigate => self.navigate(tab),
            Event::GoBack => {
                let cached = self.cached_tabs();
                if !cached.is_empty() {
                    self.go_back(*self.random.pick(&cached));
                }
            }
            Event::Jump if self.settings.has_jumps => {
                let size = *self.random.pick(&[5_000, 90_000, 3_600_000, 86_400_000]);
                self.clock
                    .jump(if self.random.chance(50) { size } else { -size });
            }
            Event::SilenceLocks => {
                self.silence_locks(true);
                let delay = self.random.between(1_000, 100_000);
                self.after(delay, Target::World, Lane::Free, |world| {
                    world.silence_locks(false);
                });
            }
            Event::Trouble => self.faults.set(*self.random.pick(&[0, 20, 90])),
            Event::WorkerFails if self.settings.worker != Worker::Absent => {
                self.worker.set_silent(!self.worker.is_silent());
            }
            Event::StorageFails | Event::StorageWorks => self.change_storage(event),
            _ => {
                if let Some(page) = self.page_in(tab) {
                    self.apply_to_page(event, &page);
                }
            }
        }
    }

    fn apply_to_page(self: &Rc<Self>, event: Event, page: &Rc<Page>) {
        match event {
            Event::Call(Method::Revoke) => self.sign_out(page),
            Event::Call(method) => self.call(page, method),
            Event::Look => self.look(page),
            Event::Login => {
                let is_needed = page.token().is_none() || self.random.chance(10);
                if is_needed && self.main_page(page.tab) == Some(page.id) {
                    self.counts.logins.add();
                    self.call(page, Method::Login);
                }
            }
            Event::Update => self.update(page, self.random.chance(70)),
            // Pages that keep their sessions in memory do not know of each other.
            Event::UpdateEverywhere if self.settings.area != Area::Memory => {
                let json = self.new_tokens(self.random.chance(70));
                for page in self.pages().iter().filter(|page| page.is_awake()) {
                    self.bring(page, &json);
                    self.observe(page);
                }
            }
            Event::RemoveApp => {
                if let Some(token) = page.token() {
                    self.server.end(token.grant, End::Removed);
                }
            }
            Event::Online => self.tell(page.id, PageEvent::Online),
            Event::ClearStorage => {
                self.act(|| "the user clears the storage".to_owned());
                let area = self.settings.area;
                for page in self.pages() {
                    self.excuse_session(&page, "the user clears the storage");
                }
                self.clear(page.id, area);
            }
            // Pages that learn of it with a delay would all repair it, each its own.
            Event::DamageRecord
                if self.settings.area != Area::Local || !self.settings.is_lagging =>
            {
                let record = self.record(page);
                if record.is_some_and(|stored| stored.value.is_some()) {
                    let key = self.session_key.clone();
                    self.was_damaged.set(true);
                    let garbage = Some("{\"refresh_".to_owned());
                    self.put(page.id, STRANGER, self.settings.area, &key, garbage);
                }
            }
            Event::Marker => self.tamper_with_marker(page),
            Event::TakeLock | Event::StealLock => {
                let lineage = page.holding.borrow().lineage.clone();
                if let Some(lineage) = lineage.filter(|_| self.settings.has_locks) {
                    let is_theft = matches!(event, Event::StealLock);
                    let milliseconds = self.random.between(10, 200_000);
                    self.interfere_with_lock(&lineage.refresh_lock(), is_theft, milliseconds);
                }
            }
            _ => {}
        }
    }

    /// A token response of a new grant, or its refresh token alone.
    pub(crate) fn new_tokens(&self, has_access: bool) -> String {
        let grant = self.server.new_grant();
        let json = self.issue(grant, true);
        if has_access {
            return json;
        }
        let mut members = Members::new();
        members.text("refresh_token", &self.server.newest(grant).to_string());
        members.finish()
    }

    /// The app brings tokens from elsewhere.
    fn update(self: &Rc<Self>, page: &Rc<Page>, has_access: bool) {
        let json = self.new_tokens(has_access);
        self.bring(page, &json);
    }

    pub(crate) fn bring(self: &Rc<Self>, page: &Rc<Page>, json: &str) {
        self.acting.set(Some(page.id));
        let updated = page.security().update_token(json, None);
        self.require(updated.is_ok(), || {
            format!("page {} refuses tokens", page.id)
        });
    }

    fn sign_out(self: &Rc<Self>, page: &Rc<Page>) {
        self.counts.sign_outs.add();
        self.acting.set(Some(page.id));
        // What the session holds is what its record holds.
        let _ = page.security().state();
        self.observe(page);
        // All pages of the session are signed out, even if it has ended in this one.
        for other in self.pages() {
            if other.id == page.id || is_same_session(page, &other) {
                self.excuse_session(&other, "the user signs out");
            }
        }
        // A record that is removed signs out every page that shares it, also one that could not store another session.
        for other in self.pages().iter().filter(|other| other.is_refused.get()) {
            self.excuse_session(other, "the user signs out of the storage that it shares");
        }
        let lineage = page.holding.borrow().lineage.clone();
        if let Some((lineage, token)) = lineage.zip(page.token()) {
            let name = lineage.channel();
            let is_heard = self.channels.listens_since(page.id, &name).is_some();
            let mut concerned = if is_heard {
                self.channels.listeners(&name)
            } else {
                Vec::new()
            };
            concerned.push(page.id);
            let sign_out = SignOut {
                concerned,
                told_at: None,
            };
            self.server.with(token.grant, |grant| {
                grant.sign_out.get_or_insert(sign_out).clone()
            });
        }
        self.call(page, Method::Revoke);
    }

    /// Storage is full, or blocked, or works again.
    fn change_storage(&self, event: Event) {
        let area = *self.random.pick(&[self.settings.area, Area::Local]);
        let condition = match event {
            Event::StorageFails => *self.random.pick(&[Condition::Full, Condition::Blocked]),
            _ => Condition::Working,
        };
        if area == self.settings.area && condition == Condition::Blocked {
            self.was_blocked.set(true);
        }
        if area == Area::Local {
            self.are_markers_doubtful.set(true);
        }
        self.storages.set_condition(area, condition);
    }

    /// Another page of the origin removes a version marker, or writes one that is wrong.
    fn tamper_with_marker(self: &Rc<Self>, page: &Rc<Page>) {
        let Some(lineage) = page.holding.borrow().lineage.clone() else {
            return;
        };
        self.are_markers_doubtful.set(true);
        let newer = lineage.rotation + 3;
        let now = self.clock.wall() / 1000;
        let wrong = [
            None,
            Some("{}".to_owned()),
            Some(format!(
                "{{\"version\":{newer},\"answers\":{newer},\"written_at\":{now}}}"
            )),
            Some("{\"version\":0,\"answers\":0,\"written_at\":0}".to_owned()),
        ];
        let value = self.random.pick(&wrong).clone();
        self.put(page.id, STRANGER, Area::Local, &lineage.marker(), value);
    }
}

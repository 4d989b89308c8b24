//! One world: pages of one origin, their browser, the network and the server. One scheduler draws what happens next. Time moves
//! when nothing is ready.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use esi_security::client::Client;
use esi_security::client::host::PageEvent;
use esi_security::session::place::Place;
use esi_security::{EsiSecurity, client::host::Area};

use crate::agenda::{Action, Agenda, Lane, Target};
use crate::calls::Method;
use crate::channels::Channels;
use crate::clock::Clock;
use crate::counts::Counts;
use crate::host::SimHost;
use crate::locks::LockManager;
use crate::network::Network;
use crate::page::{Life, Moment, Page, PageId};
use crate::random::Random;
use crate::server::{self, Server};
use crate::settings::Settings;
use crate::storage::{Condition, Storages, Stored};
use crate::tab::{TabId, Tabs};
use crate::task::Task;
use crate::trace::Trace;
use crate::worker::TokenWorker;

pub(crate) struct World {
    pub(crate) random: Random,
    pub(crate) settings: Settings,
    pub(crate) trace: Trace,
    pub(crate) counts: Counts,
    pub(crate) clock: Clock,
    pub(crate) agenda: Agenda,
    pub(crate) storages: Storages,
    pub(crate) locks: LockManager,
    pub(crate) channels: Channels,
    pub(crate) network: Network,
    pub(crate) server: Server,
    pub(crate) worker: TokenWorker,
    pub(crate) tabs: Tabs,
    pages: RefCell<BTreeMap<PageId, Rc<Page>>>,
    next_page: Cell<PageId>,
    step: Cell<u64>,
    /// The page whose code has run in this step.
    pub(crate) acting: Cell<Option<PageId>>,
    /// The grant whose tokens that page held before, if they have changed in this step.
    pub(crate) dropped: Cell<Option<usize>>,
    /// What has happened in this step that can cost a session, and that no library can help.
    pub(crate) acts: RefCell<Vec<String>>,
    /// How many of a hundred requests meet with a fault now.
    pub(crate) faults: Cell<u64>,
    /// True once somebody has tampered with version markers, or localStorage has refused one.
    pub(crate) are_markers_doubtful: Cell<bool>,
    /// True once the storage of the sessions was blocked: records that nobody could replace or remove stay in it.
    pub(crate) was_blocked: Cell<bool>,
    /// True once a record was damaged. A page that thaws may repair it with its older tokens.
    pub(crate) was_damaged: Cell<bool>,
    /// The key of the session's record.
    pub(crate) session_key: String,
    /// The first rule that was broken.
    broken: RefCell<Option<String>>,
}

impl World {
    pub(crate) fn new(seed: u64, is_traced: bool) -> Rc<Self> {
        let random = Random::new(seed);
        let settings = Settings::draw(&random);
        Self::with(random, settings, is_traced)
    }

    /// A world of that kind.
    pub(crate) fn with(random: Random, settings: Settings, is_traced: bool) -> Rc<Self> {
        let server = if settings.fetches_metadata {
            server::METADATA_URL
        } else {
            "https://sso.example/token"
        };
        let world = Self {
            worker: TokenWorker::new(settings.worker),
            faults: Cell::new(0),
            random,
            settings,
            trace: Trace::new(is_traced),
            counts: Counts::default(),
            clock: Clock::default(),
            agenda: Agenda::default(),
            storages: Storages::new(),
            locks: LockManager::default(),
            channels: Channels::default(),
            network: Network::default(),
            server: Server::default(),
            tabs: Tabs::default(),
            pages: RefCell::default(),
            next_page: Cell::new(1),
            step: Cell::new(0),
            acting: Cell::new(None),
            dropped: Cell::new(None),
            acts: RefCell::default(),
            are_markers_doubtful: Cell::new(false),
            was_blocked: Cell::new(false),
            was_damaged: Cell::new(false),
            session_key: Place::new("client", server).session(None),
            broken: RefCell::new(None),
        };
        if !world.settings.has_local {
            world
                .storages
                .set_condition(Area::Local, Condition::Blocked);
        }
        world.note(|| format!("{:?}", world.settings));
        Rc::new(world)
    }

    /// Milliseconds since the world began.
    pub(crate) fn now(&self) -> u64 {
        self.clock.now()
    }

    pub(crate) fn moment(&self) -> Moment {
        Moment {
            ms: self.now(),
            step: self.step.get(),
        }
    }

    pub(crate) fn note(&self, text: impl FnOnce() -> String) {
        self.trace.note(self.now(), text);
    }

    /// Something has happened that can cost a session, and that no library can help.
    pub(crate) fn act(&self, text: impl FnOnce() -> String) {
        let text = text();
        self.note(|| format!("  {text}"));
        self.acts.borrow_mut().push(text);
    }

    /// States a rule, in the words in which it is broken.
    pub(crate) fn require(&self, holds: bool, broken: impl FnOnce() -> String) {
        if !holds && self.broken().is_none() {
            let rule = broken();
            self.note(|| format!("BROKEN: {rule}"));
            self.broken.borrow_mut().get_or_insert(rule);
        }
    }

    /// The rule that was broken first, if any.
    pub(crate) fn broken(&self) -> Option<String> {
        self.broken.borrow().clone()
    }

    /// Adds to the agenda what is due in so many milliseconds. Returns its number.
    pub(crate) fn after(
        &self,
        milliseconds: u64,
        target: Target,
        lane: Lane,
        action: impl FnOnce(&Rc<Self>) + 'static,
    ) -> u64 {
        let action: Action = Box::new(action);
        self.agenda
            .add(self.now() + milliseconds, target, lane, action)
    }

    // Pages.

    /// The page, if it is still there.
    pub(crate) fn page(&self, id: PageId) -> Option<Rc<Page>> {
        self.pages.borrow().get(&id).cloned()
    }

    pub(crate) fn pages(&self) -> Vec<Rc<Page>> {
        self.pages.borrow().values().cloned().collect()
    }

    pub(crate) fn tab_of(&self, page: PageId) -> TabId {
        self.page(page).map_or(usize::MAX, |page| page.tab)
    }

    /// A page is loaded in a tab: as its page, or as a frame of it.
    pub(crate) fn open_page(self: &Rc<Self>, tab: TabId, address: &str) -> Rc<Page> {
        let id = self.next_page.replace(self.next_page.get() + 1);
        let has_channel = self.tabs.with(tab, |tab| tab.has_channel);
        let page = Rc::new(Page::new(id, tab, has_channel, address, self.moment()));
        self.note(|| format!("  page {id} opens in tab {tab} at {address}"));
        self.storages.open_process(tab);
        self.pages.borrow_mut().insert(id, Rc::clone(&page));
        self.tabs.with(tab, |tab| tab.shown.push(id));
        let condition = self.storages.condition(self.settings.area);
        page.is_blind.set(condition == Condition::Blocked);
        self.acting.set(Some(id));
        let client = Client::new(Rc::new(SimHost::new(self, id)));
        let options = self.settings.options(&self.random);
        page.auto_refresh.set(options.auto_refresh);
        let security = EsiSecurity::new(&client, options);
        page.start(client, security.expect("options that are accepted"));
        if address.contains("code=") {
            self.call(&page, Method::HandleRedirect);
        }
        page
    }

    /// A page is gone, with its tasks, its locks, its channels and its requests.
    pub(crate) fn end_page(self: &Rc<Self>, id: PageId) {
        let Some(page) = self.pages.borrow_mut().remove(&id) else {
            return;
        };
        if self.network.is_used_by(id) || page.sending.borrow().is_some() {
            self.counts.pages_lost_in_flight.add();
        }
        self.note(|| format!("  page {id} ends"));
        self.tabs.forget(id);
        self.channels.forget(id);
        self.agenda.forget(id);
        drop(page.tasks.take());
        drop(page.calls.take());
        self.forget_locks(id);
        self.disconnect_worker(id);
        self.storages.forget(id);
    }

    /// A page is gone, and what it held alone is lost with it.
    pub(crate) fn lose_page(self: &Rc<Self>, id: PageId) {
        self.act(|| format!("page {id} is gone"));
        self.end_page(id);
    }

    /// Tells a page that something happens to it.
    pub(crate) fn tell(self: &Rc<Self>, id: PageId, event: PageEvent) {
        if let Some(page) = self.page(id)
            && let Some(client) = page.client()
        {
            self.acting.set(Some(id));
            client.on_page(event);
        }
    }

    /// The record of a page's session, as the page would find it.
    pub(crate) fn record(&self, page: &Page) -> Option<Stored> {
        self.stored(page.id, self.settings.area, &self.session_key)
    }

    /// True if that page's session holds tokens.
    pub(crate) fn is_holding(&self, page: PageId) -> bool {
        self.page(page).is_some_and(|page| page.held().is_some())
    }

    /// True if the storage of sessions takes what it is given.
    pub(crate) fn can_store(&self) -> bool {
        self.storages.condition(self.settings.area) == Condition::Working
    }

    // The scheduler.

    /// Does one thing that is ready; otherwise time moves. False if nothing will ever happen.
    pub(crate) fn go_on(self: &Rc<Self>) -> bool {
        let is_awake = |page| {
            self.page(page)
                .is_some_and(|page: Rc<Page>| page.is_awake())
        };
        let tasks = self.ready_tasks();
        let entries = self.agenda.ready(self.now(), is_awake);
        let count = tasks.len() + entries.len();
        if count == 0 {
            let Some(due) = self.agenda.next_due(is_awake) else {
                return false;
            };
            self.check_synced();
            self.clock.move_to(due.max(self.now()));
            return true;
        }
        self.begin_step();
        let index = self.random.index(count);
        let entry = index.checked_sub(tasks.len());
        // The other tasks are not held: their page may end in this step.
        let task = tasks.into_iter().nth(index);
        if let Some((page, task)) = task {
            self.poll(&page, &task);
        } else if let Some(entry) = entry {
            let action = self.agenda.take(entries[entry]);
            action.expect("an entry that is ready")(self);
        }
        self.end_step();
        true
    }

    /// True if nothing is ready, and time would move.
    pub(crate) fn is_idle(&self) -> bool {
        let is_awake = |page| {
            self.page(page)
                .is_some_and(|page: Rc<Page>| page.is_awake())
        };
        self.ready_tasks().is_empty() && self.agenda.ready(self.now(), is_awake).is_empty()
    }

    fn ready_tasks(&self) -> Vec<(Rc<Page>, Rc<Task>)> {
        let mut ready = Vec::new();
        for page in self.pages.borrow().values() {
            if page.life.get() == Life::Awake {
                ready.extend(
                    page.ready_tasks()
                        .into_iter()
                        .map(|task| (Rc::clone(page), task)),
                );
            }
        }
        ready
    }

    fn poll(&self, page: &Rc<Page>, task: &Rc<Task>) {
        self.acting.set(Some(page.id));
        if task.poll() {
            page.tasks
                .borrow_mut()
                .retain(|other| !Rc::ptr_eq(other, task));
        }
    }

    pub(crate) fn begin_step(&self) {
        self.step.set(self.step.get() + 1);
        self.counts.steps.add();
        self.acting.set(None);
        self.dropped.set(None);
        self.acts.borrow_mut().clear();
    }

    /// Checks what must hold after each step.
    pub(crate) fn end_step(self: &Rc<Self>) {
        if let Some(page) = self.acting.get().and_then(|id| self.page(id)) {
            self.observe(&page);
        }
        self.check_kept();
        self.check_signed_out();
    }

    /// Takes the world down: pages and world own each other.
    pub(crate) fn tear_down(self: &Rc<Self>) {
        self.trace.mute();
        for page in self.pages() {
            self.end_page(page.id);
        }
        self.worker.clear();
        self.agenda.clear();
    }
}

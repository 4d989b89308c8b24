//! The lock manager of the browser. Pages and manager talk by messages that keep their order,
//! as the browser's processes do; a lock of a page that is gone is released at once.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use esi_security::client::host::{HeldLock, LockAnswer, LockMode};

use crate::agenda::{Lane, Target};
use crate::lock::{LockFuture, Request, SimLock};
use crate::page::{Page, PageId, STRANGER, Wait};
use crate::slot::Slot;
use crate::world::World;

/// How long a page has to wait before it may steal a refresh lock, in milliseconds.
const SHORTEST_REFRESH_WAIT_MS: u64 = 75_000;

/// The same for the lock of a code.
const SHORTEST_LOGIN_WAIT_MS: u64 = 30_000;

/// How long ago a page may have looked at who holds a lock, in milliseconds.
const LONGEST_LOOK_MS: u64 = 20;

/// What a page asks the manager.
enum Message {
    Request(Rc<Request>),
    Release(Rc<Request>),
    Abort(Rc<Request>),
    Query(PageId, Slot<Vec<HeldLock>>),
}

impl Message {
    fn page(&self) -> PageId {
        match self {
            Self::Request(request) | Self::Release(request) | Self::Abort(request) => request.page,
            Self::Query(page, _) => *page,
        }
    }
}

#[derive(Default)]
pub(crate) struct LockManager {
    held: RefCell<BTreeMap<String, Rc<Request>>>,
    queues: RefCell<BTreeMap<String, VecDeque<Rc<Request>>>>,
    /// While it does not answer: what it was asked.
    silent: RefCell<Option<Vec<Message>>>,
    silent_until: Cell<Option<u64>>,
    /// How often it was silent.
    silences: Cell<u32>,
}

impl LockManager {
    /// The page that holds the lock.
    pub(crate) fn holder(&self, name: &str) -> Option<Rc<Request>> {
        self.held.borrow().get(name).cloned()
    }

    /// The names of all locks that are held.
    pub(crate) fn names(&self) -> Vec<String> {
        self.held.borrow().keys().cloned().collect()
    }

    pub(crate) fn silences(&self) -> u32 {
        self.silences.get()
    }

    /// When it was silent last.
    pub(crate) fn silent_at(&self, now: u64) -> Option<u64> {
        let is_silent = self.silent.borrow().is_some();
        if is_silent {
            Some(now)
        } else {
            self.silent_until.get()
        }
    }

    pub(crate) fn is_holding(&self, page: PageId) -> bool {
        let held = self.held.borrow();
        let queues = self.queues.borrow();
        let mut all = held.values().chain(queues.values().flatten());
        all.any(|request| request.page == page)
    }
}

impl World {
    /// Sends a message to the lock manager.
    fn ask_locks(self: &Rc<Self>, page: PageId, message: Message) {
        let delay = self.random.between(1, 3);
        self.after(delay, Target::World, Lane::ToLocks(page), move |world| {
            world.serve_locks(message);
        });
    }

    /// A page releases a lock.
    pub(crate) fn give_lock_back(self: &Rc<Self>, request: Rc<Request>) {
        self.ask_locks(request.page, Message::Release(request));
    }

    /// Lets the lock manager fall silent, or answer again.
    pub(crate) fn silence_locks(self: &Rc<Self>, is_silent: bool) {
        let locks = &self.locks;
        if is_silent {
            locks.silent.borrow_mut().get_or_insert_default();
            locks.silences.set(locks.silences.get() + 1);
        } else {
            locks.silent_until.set(Some(self.now()));
            for message in locks.silent.take().unwrap_or_default() {
                self.serve_locks(message);
            }
        }
    }

    fn serve_locks(self: &Rc<Self>, message: Message) {
        if let Some(waiting) = &mut *self.locks.silent.borrow_mut() {
            waiting.push(message);
            return;
        }
        match message {
            Message::Request(request) => self.serve_request(request),
            Message::Release(request) => self.release_lock(&request),
            Message::Abort(request) => {
                let mut queues = self.locks.queues.borrow_mut();
                let queue = queues.entry(request.name.clone()).or_default();
                let before = queue.len();
                queue.retain(|queued| !Rc::ptr_eq(queued, &request));
                let is_queued = queue.len() < before;
                drop(queues);
                if is_queued {
                    self.answer_lock(&request, LockAnswer::TimedOut);
                }
            }
            Message::Query(page, answer) => {
                let held = self.locks.held.borrow();
                let all = held.values().map(|request| HeldLock {
                    name: request.name.clone(),
                    client: client_id(request),
                });
                let all: Vec<HeldLock> = all.collect();
                drop(held);
                self.from_locks(page, move |_| answer.fill(all));
            }
        }
    }

    fn serve_request(self: &Rc<Self>, request: Rc<Request>) {
        let (page, name) = (request.page, request.name.clone());
        let holder = self.locks.holder(&name);
        match request.mode {
            LockMode::IfAvailable if holder.is_some() => {
                self.answer_lock(&request, LockAnswer::Taken);
            }
            LockMode::Wait(_) if holder.is_some() => {
                self.counts.contended_locks.add();
                let mut queues = self.locks.queues.borrow_mut();
                queues.entry(name).or_default().push_back(request);
            }
            LockMode::Steal => {
                if let Some(holder) = holder {
                    self.note(|| format!("  page {page} steals the lock of page {}", holder.page));
                    self.counts.thefts.add();
                    // A stranger does not wait, so its theft may come when nobody looks.
                    if page != STRANGER {
                        holder.stolen_at.set(Some(self.now()));
                    }
                    self.note_theft(&holder);
                    let stolen = Rc::clone(&holder);
                    self.from_locks(holder.page, move |_| stolen.is_stolen.set(true));
                }
                self.grant_lock(request);
            }
            LockMode::IfAvailable | LockMode::Wait(_) => self.grant_lock(request),
        }
    }

    fn grant_lock(self: &Rc<Self>, request: Rc<Request>) {
        let name = request.name.clone();
        let held = Rc::clone(&request);
        held.since.set(self.now());
        self.locks.held.borrow_mut().insert(name, held);
        self.from_locks(request.page, move |world| {
            world.note(|| format!("  page {} is granted the lock", request.page));
            if request.is_abandoned.get() {
                world.counts.late_locks.add();
                world.give_lock_back(request);
                return;
            }
            if let Some(page) = world
                .page(request.page)
                .filter(|_| request.name.contains("/refresh/"))
            {
                page.lock.replace(Some(Rc::clone(&request)));
                let wait = page.waits.borrow_mut().remove(&request.name);
                world.count_wait(&page, &request.name, wait.as_ref());
            }
            let lock = SimLock {
                world: Rc::clone(world),
                request: Rc::clone(&request),
            };
            request.answer.fill(LockAnswer::Granted(Box::new(lock)));
        });
    }

    fn release_lock(self: &Rc<Self>, request: &Rc<Request>) {
        let name = &request.name;
        let is_held = self
            .locks
            .holder(name)
            .is_some_and(|holder| Rc::ptr_eq(&holder, request));
        if is_held {
            self.locks.held.borrow_mut().remove(name);
            let mut queues = self.locks.queues.borrow_mut();
            let next = queues.get_mut(name).and_then(VecDeque::pop_front);
            drop(queues);
            if let Some(next) = next {
                self.grant_lock(next);
            }
        }
    }

    /// Releases what a page held that is gone.
    pub(crate) fn forget_locks(self: &Rc<Self>, page: PageId) {
        for queue in self.locks.queues.borrow_mut().values_mut() {
            queue.retain(|request| request.page != page);
        }
        if let Some(waiting) = &mut *self.locks.silent.borrow_mut() {
            waiting.retain(|message| message.page() != page);
        }
        let held: Vec<_> = self.locks.held.borrow().values().cloned().collect();
        for request in held.iter().filter(|request| request.page == page) {
            self.release_lock(request);
        }
    }

    fn answer_lock(self: &Rc<Self>, request: &Rc<Request>, answer: LockAnswer) {
        let request = Rc::clone(request);
        self.from_locks(request.page, move |world| {
            // A page that has stopped waiting does not see the answer.
            let is_code = request.name.contains("/logins/") && !request.is_abandoned.get();
            if matches!(answer, LockAnswer::Taken)
                && let Some(page) = world.page(request.page).filter(|_| is_code)
            {
                page.is_code_taken.set(true);
            }
            request.answer.fill(answer);
        });
    }

    fn from_locks(self: &Rc<Self>, page: PageId, action: impl FnOnce(&Rc<World>) + 'static) {
        if page != STRANGER {
            let delay = self.random.between(1, 3);
            self.after(delay, Target::Page(page), Lane::FromLocks(page), action);
        }
    }

    /// Another page of the origin takes a lock, and keeps it for a while.
    pub(crate) fn interfere_with_lock(
        self: &Rc<Self>,
        name: &str,
        is_theft: bool,
        milliseconds: u64,
    ) {
        let request = Rc::new(Request::new(
            STRANGER,
            name,
            if is_theft {
                LockMode::Steal
            } else {
                LockMode::Wait(0)
            },
        ));
        self.serve_locks(Message::Request(Rc::clone(&request)));
        self.after(milliseconds, Target::World, Lane::Free, move |world| {
            for queue in world.locks.queues.borrow_mut().values_mut() {
                queue.retain(|queued| !Rc::ptr_eq(queued, &request));
            }
            world.release_lock(&request);
        });
    }

    /// A page requests a lock.
    pub(crate) fn request_lock(
        self: &Rc<Self>,
        page: PageId,
        name: &str,
        mode: LockMode,
    ) -> LockFuture {
        let request = Rc::new(Request::new(page, name, mode));
        self.note(|| format!("    page {page} requests the lock: {mode:?}"));
        self.check_patience(page, name, mode);
        self.ask_locks(page, Message::Request(Rc::clone(&request)));
        let mut timer = None;
        if let LockMode::Wait(milliseconds) = mode {
            let aborted = Rc::clone(&request);
            let abort = move |world: &Rc<World>| world.ask_locks(page, Message::Abort(aborted));
            timer = Some(self.after(milliseconds.into(), Target::Page(page), Lane::Free, abort));
        }
        LockFuture {
            world: Rc::clone(self),
            request,
            timer,
        }
    }

    /// A page waits for that lock no longer.
    fn count_wait(&self, page: &Page, name: &str, wait: Option<&Wait>) {
        if let Some(wait) = wait.filter(|_| name.contains("/refresh/")) {
            page.waited.set(page.waited.get() + self.now() - wait.since);
        }
    }

    /// A page steals only after it has waited for long, and waits for one holder again only if that was another
    /// one when it looked.
    fn check_patience(&self, page: PageId, name: &str, mode: LockMode) {
        let Some(page) = self.page(page) else {
            return;
        };
        let holder = self.locks.holder(name);
        let mut waits = page.waits.borrow_mut();
        let is_refresh = name.contains("/refresh/");
        match mode {
            LockMode::IfAvailable => {
                let wait = waits.remove(name);
                self.count_wait(&page, name, wait.as_ref());
                if is_refresh {
                    page.tenure.set(page.tenure.get() + 1);
                    page.lock.replace(None);
                }
            }
            LockMode::Wait(_) => {
                let before = waits.get(name);
                let same = before.filter(|wait| {
                    let both = wait.holder.as_ref().zip(holder.as_ref());
                    both.is_some_and(|(before, now)| Rc::ptr_eq(before, now))
                });
                let rounds = same.map_or(0, |wait| wait.rounds + 1);
                self.require(rounds <= 1 || self.locks.silences() > 0, || {
                    format!("page {} waits for the same page again", page.id)
                });
                let since = before.map_or(self.now(), |wait| wait.since);
                let wait = Wait {
                    since,
                    holder,
                    rounds,
                };
                waits.insert(name.to_owned(), wait);
            }
            LockMode::Steal => {
                let wait = waits.remove(name);
                let waited = wait.as_ref().map_or(0, |wait| self.now() - wait.since);
                self.count_wait(&page, name, wait.as_ref());
                let least = if is_refresh {
                    SHORTEST_REFRESH_WAIT_MS
                } else {
                    SHORTEST_LOGIN_WAIT_MS
                };
                if let Some((wait, holder)) = wait.zip(holder) {
                    self.check_robbed(&page, &holder, &wait, least);
                }
                self.require(waited >= least, || {
                    format!("page {} steals {name} after {waited} ms", page.id)
                });
            }
        }
    }

    /// A page steals from the page for which it has waited, or after it has waited for four.
    fn check_robbed(&self, thief: &Page, holder: &Request, wait: &Wait, least: u64) {
        let is_awaited = wait
            .holder
            .as_ref()
            .is_some_and(|awaited| awaited.page == holder.page);
        let held = self.now() - holder.since.get();
        // The thief looked a moment ago, or before it was frozen.
        let is_unseen = held <= LONGEST_LOOK_MS || thief.awake_since.get().ms >= holder.since.get();
        let is_late = held >= least || self.now() - wait.since >= 4 * least;
        let is_excused = is_awaited || is_unseen || is_late || self.locks.silences() > 0;
        self.require(is_excused, || {
            let (thief, holder) = (thief.id, holder.page);
            format!("page {thief} steals the lock of page {holder} after {held} ms")
        });
    }

    pub(crate) fn query_locks(self: &Rc<Self>, page: PageId) -> Slot<Vec<HeldLock>> {
        let answer = Slot::new();
        self.ask_locks(page, Message::Query(page, answer.clone()));
        answer
    }
}

/// The browser's id of the page that holds the lock. Each stranger is another frame of its page.
fn client_id(held: &Request) -> String {
    match held.page {
        STRANGER => format!("a frame that took it at {}", held.since.get()),
        page => page.to_string(),
    }
}

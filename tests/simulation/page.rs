//! A page: a real client over the simulated host, its tasks, and what the world observes of it.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use esi_security::EsiSecurity;
use esi_security::client::Client;
use esi_security::client::host::LocalFuture;
use esi_security::session::lineage::Lineage;
use esi_security::session::token_set::TokenSet;

use crate::calls::{Call, Method};
use crate::grant::Token;
use crate::lock;
use crate::tab::TabId;
use crate::task::Task;

/// The number of a page, which is never used twice.
pub(crate) type PageId = u32;

/// Another page of the origin, which does not use the library.
pub(crate) const STRANGER: PageId = 0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    Awake,
    /// It runs nothing, and receives nothing.
    Frozen,
    /// In the bfcache.
    Cached,
}

/// A moment: milliseconds since the world began, and the number of the step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    pub(crate) ms: u64,
    pub(crate) step: u64,
}

/// What a page held after its last step.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holding {
    pub(crate) token: Option<Token>,
    /// The version of its tokens.
    pub(crate) lineage: Option<Lineage>,
    /// True if there are tokens at all.
    pub(crate) is_any: bool,
    pub(crate) since: Moment,
}

/// A refresh token that a page has sent.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) token: Token,
    /// How often the page had asked for the refresh lock by then: a refresh asks once, and again if it is robbed of it.
    pub(crate) tenure: u64,
    /// True once an answer has come that says what became of it.
    pub(crate) is_clear: bool,
}

/// How long a page waits for a lock already, and for whom.
pub(crate) struct Wait {
    pub(crate) since: u64,
    pub(crate) holder: Option<Rc<lock::Request>>,
    /// How often it has waited for that one in vain.
    pub(crate) rounds: u32,
}

/// A `Retry-After` that a page was given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demand {
    pub(crate) token: Token,
    pub(crate) until: u64,
    pub(crate) jumps: u32,
}

pub(crate) struct Page {
    pub(crate) id: PageId,
    pub(crate) tab: TabId,
    pub(crate) has_channel: bool,
    pub(crate) life: Cell<Life>,
    pub(crate) awake_since: Cell<Moment>,
    pub(crate) address: RefCell<String>,
    pub(crate) tasks: RefCell<Vec<Rc<Task>>>,
    pub(crate) calls: RefCell<Vec<Rc<Call>>>,
    client: OnceCell<Client>,
    security: OnceCell<EsiSecurity>,
    pub(crate) worker_status: Cell<&'static str>,
    pub(crate) holding: RefCell<Holding>,
    /// The locks that it waits for, and since when.
    pub(crate) waits: RefCell<BTreeMap<String, Wait>>,
    /// For how many milliseconds it has waited for the refresh lock since its last answer.
    pub(crate) waited: Cell<u64>,
    /// The refresh token that it held last.
    pub(crate) last_token: Cell<Option<Token>>,
    /// When it first asked the others although its marker told of newer tokens.
    pub(crate) asked_for_newer: Cell<Option<u64>>,
    pub(crate) attempts: RefCell<Vec<Attempt>>,
    /// True if it refreshes by itself.
    pub(crate) auto_refresh: Cell<bool>,
    /// When it has sent a refresh token lately, although nobody called it.
    pub(crate) own_sends: RefCell<Vec<u64>>,
    /// The refresh token whose answer it waits for, and since when.
    pub(crate) sending: RefCell<Option<(Token, u64)>>,
    /// How often it has asked for the refresh lock.
    pub(crate) tenure: Cell<u64>,
    /// How often it has lost a lock to a thief.
    pub(crate) thefts: Cell<u32>,
    pub(crate) robbed_at: Cell<Option<u64>>,
    /// The refresh lock that it was granted last, until it asks for another.
    pub(crate) lock: RefCell<Option<Rc<lock::Request>>>,
    /// True if another page held the lock of its code.
    pub(crate) is_code_taken: Cell<bool>,
    /// When it asked the other tabs last.
    pub(crate) asked_at: Cell<Moment>,
    /// How many failed refreshes it has published, or was told of.
    pub(crate) failures: Cell<u32>,
    /// The newest refresh token that the server has given it.
    pub(crate) was_given: Cell<Option<Token>>,
    /// When it read its last answer to a refresh.
    pub(crate) answered_at: Cell<Moment>,
    pub(crate) demand: Cell<Option<Demand>>,
    /// True if it could not read its record when it was opened. It asks nobody when it reads it later.
    pub(crate) is_blind: Cell<bool>,
    /// True if a write of its record was refused in this step, and what is stored could be used up.
    pub(crate) is_to_be_emptied: Cell<bool>,
    /// True if its last write of its record was refused.
    pub(crate) is_refused: Cell<bool>,
}

impl Page {
    pub(crate) fn new(
        id: PageId,
        tab: TabId,
        has_channel: bool,
        address: &str,
        now: Moment,
    ) -> Self {
        Self {
            id,
            tab,
            has_channel,
            life: Cell::new(Life::Awake),
            awake_since: Cell::new(now),
            address: RefCell::new(address.to_owned()),
            tasks: RefCell::default(),
            calls: RefCell::default(),
            client: OnceCell::new(),
            security: OnceCell::new(),
            worker_status: Cell::new("idle"),
            holding: RefCell::default(),
            waits: RefCell::default(),
            waited: Cell::default(),
            last_token: Cell::new(None),
            asked_for_newer: Cell::new(None),
            auto_refresh: Cell::new(false),
            own_sends: RefCell::default(),
            attempts: RefCell::default(),
            sending: RefCell::new(None),
            tenure: Cell::new(0),
            thefts: Cell::new(0),
            robbed_at: Cell::new(None),
            lock: RefCell::new(None),
            is_code_taken: Cell::new(false),
            asked_at: Cell::default(),
            failures: Cell::new(0),
            was_given: Cell::new(None),
            answered_at: Cell::default(),
            demand: Cell::new(None),
            is_blind: Cell::new(false),
            is_to_be_emptied: Cell::new(false),
            is_refused: Cell::new(false),
        }
    }

    pub(crate) fn start(&self, client: Client, security: EsiSecurity) {
        drop(self.client.set(client));
        drop(self.security.set(security));
    }

    /// `None` until it has started.
    pub(crate) fn client(&self) -> Option<&Client> {
        self.client.get()
    }

    pub(crate) fn security(&self) -> &EsiSecurity {
        self.security.get().expect("the page has started")
    }

    /// What its session holds, without a look into storage.
    pub(crate) fn held(&self) -> Option<TokenSet> {
        self.security.get()?.held_tokens()
    }

    /// The refresh token that its session held after its last step.
    pub(crate) fn token(&self) -> Option<Token> {
        self.holding.borrow().token
    }

    pub(crate) fn is_awake(&self) -> bool {
        self.life.get() == Life::Awake
    }

    pub(crate) fn is_cached(&self) -> bool {
        self.life.get() == Life::Cached
    }

    pub(crate) fn spawn(&self, future: LocalFuture<'static, ()>) {
        self.tasks.borrow_mut().push(Rc::new(Task::new(future)));
    }

    /// True while its app waits for a call that may refresh.
    pub(crate) fn is_called(&self) -> bool {
        let calls = self.calls.borrow();
        let mut waiting = calls.iter().filter(|call| !call.is_settled.get());
        waiting.any(|call| {
            let method = call.method;
            matches!(
                method,
                Method::Refresh | Method::RefreshNarrowed | Method::GetAccessToken
            )
        })
    }

    /// The tasks that want to be polled.
    pub(crate) fn ready_tasks(&self) -> Vec<Rc<Task>> {
        let tasks = self.tasks.borrow();
        tasks
            .iter()
            .filter(|task| task.is_ready())
            .cloned()
            .collect()
    }
}

//! Several tabs with copies of one session, a server that rotates refresh tokens, and either ends a grant
//! when a used one comes again or merely refuses it, a network that loses things, and one step after another in any order: no session
//! is lost that could have been kept.
//!
//! The model is the browser floor in small: what a tab does after each step is what `src/web/refresh.rs`,
//! `src/web/row.rs` and `src/web/refresh_lock.rs` do. It takes for granted what they wait for: that a message to a tab
//! that listens arrives before the timeout of the one who asked. A frozen tab receives nothing, and its lock may be
//! stolen.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::mem;

use esi_security::oauth::secret::Secret;
use esi_security::oauth::token_response::{self, TokenResponse, Unusable};
use esi_security::session::handover::Message;
use esi_security::session::lineage::Lineage;
use esi_security::session::machine::{Reason, Session, State};
use esi_security::session::marker;
use esi_security::session::refresh::{MOST_FAILURES, Others, Refresh, Step};
use esi_security::session::token_set::MARGIN;
use esi_security::{Error, ErrorKind, Phase};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::runner::{Reached, for_all};

const PHASE: Phase = Phase::Refresh;
const BEGIN: i64 = 1_700_000_000;
const LIFE: u32 = 1200;
const MOST_TABS: usize = 5;
const MOST_LOSSES: u32 = 3;

/// What happens next. The number says which of the tabs, or of the things that may happen.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// A tab wants to refresh, perhaps for fewer scopes.
    Begin(u8, bool),
    /// One of the things that are under way gets one step further.
    Go(u8),
    /// A request meets with this instead of with a served answer.
    Fault(u8, Fault),
    /// A tab with a copy of the storage.
    Duplicate(u8),
    /// A frame with the same storage.
    Frame(u8),
    Close(u8),
    Reload(u8),
    Freeze(u8),
    Thaw(u8),
    SignOut(u8),
    /// Where there is nothing to refresh.
    Login(u8),
    /// The pilot takes the app's access away.
    Remove(u8),
    /// Older tokens of the same grant stand in storage again.
    Rewind(u8),
    /// Seconds pass.
    Wait(u16),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    RequestLost,
    AnswerLost,
    Unavailable,
    Busy(u8),
    Garbled,
    /// All but the refresh token, that is.
    HalfGarbled,
    /// For once in place of whatever it would be; a second time it is meant.
    InvalidToken,
}

/// An event that is printed on one line.
#[derive(Clone, Copy)]
struct Line(Event);

impl fmt::Debug for Line {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(event) = self;
        write!(formatter, "{event:?}")
    }
}

fn event() -> impl Strategy<Value = Line> {
    let fault = prop_oneof![
        1 => Just(Fault::RequestLost),
        2 => Just(Fault::AnswerLost),
        1 => Just(Fault::Unavailable),
        1 => any::<u8>().prop_map(Fault::Busy),
        1 => Just(Fault::Garbled),
        2 => Just(Fault::HalfGarbled),
        2 => Just(Fault::InvalidToken),
    ];
    let index = any::<u8>;
    let event = prop_oneof![
        60 => index().prop_map(Event::Go),
        16 => (index(), prop::bool::weighted(0.2)).prop_map(|(tab, narrowed)| Event::Begin(tab, narrowed)),
        5 => (index(), fault).prop_map(|(request, fault)| Event::Fault(request, fault)),
        4 => index().prop_map(Event::Duplicate),
        1 => index().prop_map(Event::Frame),
        2 => index().prop_map(Event::Close),
        1 => index().prop_map(Event::Reload),
        3 => index().prop_map(Event::Freeze),
        5 => index().prop_map(Event::Thaw),
        1 => index().prop_map(Event::SignOut),
        1 => index().prop_map(Event::Login),
        1 => index().prop_map(Event::Remove),
        1 => index().prop_map(Event::Rewind),
        4 => (0..2000_u16).prop_map(Event::Wait),
    ];
    event.prop_map(Line)
}

/// One grant as the server sees it.
#[derive(Debug, Default)]
struct Grant {
    /// Of the only refresh token that is good.
    serial: u32,
    ended: Option<End>,
    /// The serial of a token that was called invalid without need.
    doubted: Option<u32>,
    /// Nobody got the newest tokens.
    lost: bool,
    /// The tabs that have them were closed or frozen before all others could see it.
    interrupted: bool,
    /// And no other tab has them at all.
    gone: bool,
    /// Of the token whose request was under way when its tab could not tell the others any more.
    forsaken: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Removed,
    Revoked,
    Invalid,
    /// A used refresh token came again.
    Reuse,
}

/// A refresh token names its grant and its place among those of the grant.
fn token(grant: usize, serial: u32) -> Secret {
    Secret::new(format!("{grant}.{serial}"))
}

fn read(token: &Secret) -> (usize, u32) {
    let (grant, serial) = token.expose().split_once('.').unwrap();
    (grant.parse().unwrap(), serial.parse().unwrap())
}

fn response(grant: usize, serial: u32) -> TokenResponse {
    TokenResponse {
        access_token: Secret::new(format!("access-{grant}.{serial}")),
        token_type: "Bearer".into(),
        expires_in: Some(LIFE),
        refresh_token: Some(token(grant, serial)),
    }
}

fn http(status: u16, retry_after: Option<u32>) -> Unusable {
    let error = ErrorKind::Http {
        phase: PHASE,
        status,
        is_oauth: false,
        error: None,
        description: None,
        retry_after,
    };
    Error::from(error).into()
}

fn refusal(error: &'static str) -> Unusable {
    let error = ErrorKind::Http {
        phase: PHASE,
        status: 400,
        is_oauth: true,
        error: Some(error),
        description: None,
        retry_after: None,
    };
    Error::from(error).into()
}

fn garbled(refresh_token: Option<Secret>) -> Unusable {
    let error = ErrorKind::InvalidResponse {
        phase: PHASE,
        reason: "",
    };
    Unusable {
        error: error.into(),
        refresh_token,
    }
}

type Answer = Result<TokenResponse, Unusable>;

/// A request on its way, and its answer once it is served.
struct Request {
    /// The page that has sent it.
    page: u32,
    grant: usize,
    serial: u32,
    answer: Option<Answer>,
    /// The others may have taken the page for dead, or could not hear it any more.
    forsaken: bool,
}

struct Letter {
    from: u32,
    to: u32,
    grant: String,
    json: String,
}

/// A refresh and how far it is.
struct Task {
    refresh: Refresh,
    stage: Stage,
    /// Whose lock it waits for, or holds.
    grant: String,
    /// The lock was taken away.
    stolen: bool,
    /// How often it has lost its lock.
    losses: u32,
    /// The pages that could be seen to hold the newest tokens when it was this one's turn.
    seen: Vec<u32>,
    /// Those that held them, and listened, when it sent its own, or its last answer came.
    listening: Vec<(u32, u32)>,
    sent: Vec<Secret>,
}

#[derive(Debug)]
enum Stage {
    Waiting {
        contended: bool,
    },
    Taken(Others),
    /// It is about to send.
    Leaving(Secret),
    /// Since the tokens were those of that generation.
    Asking(u32),
    Sent,
    /// Over, but for the lock.
    Ending,
}

impl Task {
    fn has_turn(&self) -> bool {
        !self.stolen && !matches!(self.stage, Stage::Waiting { .. })
    }
}

struct Tab {
    /// Another one after a reload.
    page: u32,
    /// How often it was frozen.
    sleeps: u32,
    storage: usize,
    known: Option<String>,
    session: Session,
    frozen: bool,
    channel: Option<String>,
    task: Option<Task>,
    /// The newest tokens that it has held.
    newest: (usize, u32),
}

impl Tab {
    fn holds(&self, grant: usize, serial: u32) -> bool {
        let held = self.session.refresh_token().map(read);
        held == Some((grant, serial))
    }

    fn holds_turn(&self, grant: &str) -> bool {
        self.task
            .as_ref()
            .is_some_and(|task| task.grant == grant && task.has_turn())
    }
}

/// What gets on by itself.
#[derive(Clone, Copy, Debug)]
enum Action {
    Deliver(usize),
    Serve(usize),
    Answer(usize),
    Advance(usize),
}

/// What a sequence came to, so that it is known what was tried.
#[derive(Default)]
struct Seen {
    handed_over: Cell<bool>,
    contended: Cell<bool>,
    repeated: Cell<bool>,
    stolen: Cell<bool>,
    reuse: Cell<bool>,
}

/// What becomes of a grant when a used refresh token comes again.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Server {
    EndsIt,
    RefusesTheToken,
}

/// Without localStorage there are no version markers.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Browser {
    WithMarkers,
    WithoutMarkers,
}

struct World<'a> {
    server: Server,
    browser: Browser,
    /// The row before the last one.
    older: Vec<Option<String>>,
    now: i64,
    pages: u32,
    tabs: Vec<Tab>,
    storage: Vec<Option<String>>,
    /// By the grant's id.
    markers: BTreeMap<String, String>,
    grants: Vec<Grant>,
    requests: Vec<Request>,
    letters: Vec<Letter>,
    log: Vec<String>,
    seen: &'a Seen,
}

impl<'a> World<'a> {
    fn new(tabs: usize, server: Server, browser: Browser, seen: &'a Seen) -> Self {
        let mut world = World {
            server,
            browser,
            older: vec![None],
            now: BEGIN,
            pages: 0,
            tabs: Vec::new(),
            storage: vec![None],
            markers: BTreeMap::new(),
            grants: Vec::new(),
            requests: Vec::new(),
            letters: Vec::new(),
            log: Vec::new(),
            seen,
        };
        world.open(0);
        world.login(0);
        for _ in 1..tabs {
            world.duplicate(0);
        }
        world
    }

    #[track_caller]
    fn assert(&self, holds: bool, rule: &str) {
        if !holds {
            let tabs = self.tabs.iter().map(|tab| {
                let held = tab.session.refresh_token().map(read);
                let state = tab.session.state(self.now, MARGIN).as_str();
                let task = tab.task.as_ref().map(|task| &task.stage);
                format!("page {}: {held:?}, {state}, {task:?}", tab.page)
            });
            let grants = self.grants.iter().map(|grant| format!("{grant:?}"));
            let log: Vec<String> = self.log.iter().cloned().chain(grants).chain(tabs).collect();
            panic!("{rule}\n{}", log.join("\n"));
        }
    }

    fn note(&mut self, text: String) {
        self.log.push(text);
    }

    fn page(&mut self) -> u32 {
        self.pages += 1;
        self.pages
    }

    fn tab_of(&self, page: u32) -> Option<usize> {
        self.tabs.iter().position(|tab| tab.page == page)
    }

    // What the browser floor does.

    fn open(&mut self, storage: usize) {
        let page = self.page();
        let known = self.storage[storage].clone();
        self.tabs.push(Tab {
            page,
            sleeps: 0,
            storage,
            session: Session::restore(known.as_deref()),
            known,
            frozen: false,
            channel: None,
            task: None,
            newest: (0, 0),
        });
        self.settle(self.tabs.len() - 1);
    }

    fn sync(&mut self, index: usize) {
        let tab = &mut self.tabs[index];
        let stored = self.storage[tab.storage].clone();
        if stored != tab.known {
            tab.session.reload(stored.as_deref());
            tab.known = stored;
            self.settle(index);
        }
    }

    fn settle(&mut self, index: usize) {
        let tab = &mut self.tabs[index];
        let row = tab.session.to_row();
        if row != tab.known {
            let stored = &mut self.storage[tab.storage];
            self.older[tab.storage] = mem::replace(stored, row.clone());
            tab.known = row;
        }
        self.mark(index);
        if let Some(message) = self.tabs[index].session.take_message() {
            self.post(index, &message);
        }
        let tab = &mut self.tabs[index];
        let grant = tab.session.lineage().map(|lineage| lineage.grant.clone());
        if tab.channel != grant && !tab.frozen {
            tab.channel = grant;
            self.forsake(index);
        }
    }

    /// What its request brings is not sent to the tabs of that grant any more.
    fn forsake(&mut self, index: usize) {
        let page = self.tabs[index].page;
        for request in self.requests.iter_mut().filter(|sent| sent.page == page) {
            request.forsaken = true;
            self.grants[request.grant].forsaken = Some(request.serial);
        }
    }

    fn mark(&mut self, index: usize) {
        let tab = &mut self.tabs[index];
        let renewed = tab.session.take_renewed();
        let lineage = tab.session.lineage().cloned();
        if matches!(tab.session.reason(), Reason::Ended | Reason::Revoked) {
            let grant = tab.channel.clone();
            let old = lineage.is_some_and(|ours| matches!(self.others(&ours), Others::Ahead(_)));
            if let Some(grant) = grant.filter(|_| !old) {
                self.markers.remove(&grant);
            }
        } else if let Some((lineage, replaced)) = lineage.zip(renewed) {
            self.write_marker(&lineage, replaced);
        }
    }

    fn write_marker(&mut self, lineage: &Lineage, replaced: bool) {
        let stored = self.markers.get(&lineage.grant).map(String::as_str);
        if self.browser != Browser::WithoutMarkers
            && let Some(marker) = marker::update(lineage, stored, replaced, self.now)
        {
            self.markers.insert(lineage.grant.clone(), marker);
        }
    }

    /// What the marker says of the others.
    fn others(&self, lineage: &Lineage) -> Others {
        let stored = self.markers.get(&lineage.grant);
        marker::others(lineage, stored.map(String::as_str))
    }

    fn post(&mut self, index: usize, message: &Message) {
        let Tab { page: from, .. } = self.tabs[index];
        let Some(grant) = self.tabs[index].channel.clone() else {
            return;
        };
        let json = message.to_json();
        for tab in &self.tabs {
            if tab.page != from && tab.channel.as_ref() == Some(&grant) {
                self.letters.push(Letter {
                    from,
                    to: tab.page,
                    grant: grant.clone(),
                    json: json.clone(),
                });
            }
        }
    }

    fn begin(&mut self, index: usize, narrowed: bool) {
        self.sync(index);
        let now = self.now;
        let tab = &mut self.tabs[index];
        if tab.frozen || tab.task.is_some() || tab.session.put_off(now, false).is_some() {
            return;
        }
        let Ok(refresh) = Refresh::begin(&mut tab.session, narrowed) else {
            return;
        };
        let grant = tab.session.lineage().unwrap().grant.clone();
        tab.task = Some(Task {
            refresh,
            stage: Stage::Ending,
            grant,
            stolen: true,
            losses: 0,
            seen: Vec::new(),
            listening: Vec::new(),
            sent: Vec::new(),
        });
        let stage = self.wait(index);
        self.tabs[index].task.as_mut().unwrap().stage = stage;
    }

    /// It wants its turn.
    fn wait(&mut self, index: usize) -> Stage {
        let tab = &mut self.tabs[index];
        let task = tab.task.as_mut().unwrap();
        let Some(lineage) = tab.session.lineage().cloned() else {
            return Stage::Taken(Others::Behind);
        };
        (task.stolen, task.grant) = (true, lineage.grant.clone());
        let contended = self.tabs.iter().any(|tab| tab.holds_turn(&lineage.grant));
        self.tabs[index].task.as_mut().unwrap().stolen = false;
        Stage::Waiting { contended }
    }

    /// Right before the refresh token leaves. False if it is not this one's turn any more.
    fn note_answers(&mut self, index: usize) {
        let Tab { session, task, .. } = &mut self.tabs[index];
        if let Some((lineage, task)) = session.lineage().zip(task.as_mut()) {
            let stored = self.markers.get(&lineage.grant).map(String::as_str);
            task.refresh.note_answers(marker::answers(lineage, stored));
        }
    }

    fn may_send(&mut self, index: usize) -> bool {
        let lineage = self.tabs[index].session.lineage();
        let others = lineage.map(|lineage| self.others(lineage));
        let Tab {
            session,
            task,
            frozen,
            ..
        } = &mut self.tabs[index];
        let task = task.as_mut().unwrap();
        assert!(!*frozen);
        let outdated = match others {
            Some(Others::Ahead(newest)) => newest > task.refresh.newest(),
            _ => false,
        };
        if !task.stolen && !outdated || task.losses == MOST_LOSSES {
            return task.refresh.is_current(session);
        }
        task.losses += 1;
        false
    }

    /// The locks tell who has newer tokens.
    fn take_turn(&mut self, index: usize) {
        let task = self.tabs[index].task.as_ref().unwrap();
        let Stage::Waiting { contended } = task.stage else {
            return;
        };
        let grant = task.grant.clone();
        for other in 0..self.tabs.len() {
            if self.tabs[other].holds_turn(&grant) {
                self.assert(
                    self.tabs[other].frozen,
                    "a lock is stolen from the frozen alone",
                );
                self.tabs[other].task.as_mut().unwrap().stolen = true;
                self.seen.stolen.set(true);
                self.forsake(other);
            }
        }
        let lineage = self.tabs[index].session.lineage();
        let others = lineage.map_or(Others::Behind, |lineage| self.others(lineage));
        let others = match others {
            Others::Behind if contended => Others::Unknown,
            others => others,
        };
        let seen = self.tabs.iter().filter(|tab| self.is_visible(tab));
        let seen = seen.map(|tab| tab.page).collect();
        let task = self.tabs[index].task.as_mut().unwrap();
        (task.stage, task.seen) = (Stage::Taken(others), seen);
        self.seen
            .contended
            .set(self.seen.contended.get() || contended);
    }

    /// True if it holds the newest tokens of its grant, and can be asked for them.
    fn is_visible(&self, tab: &Tab) -> bool {
        tab.channel.is_some()
            && !tab.frozen
            && tab.session.refresh_token().is_some_and(|token| {
                let (grant, serial) = read(token);
                self.grants[grant].serial == serial
            })
    }

    fn advance(&mut self, index: usize, jitter: u8) {
        self.sync(index);
        let now = self.now;
        let Tab { session, task, .. } = &mut self.tabs[index];
        let Some(Task { refresh, stage, .. }) = task else {
            return;
        };
        let step = match stage {
            Stage::Waiting { .. } => return self.take_turn(index),
            Stage::Leaving(_) => {
                return self.get_on(index);
            }
            Stage::Taken(others) => refresh.start(session, *others, now),
            Stage::Asking(_) => refresh.asked(session, now, jitter),
            Stage::Sent => return,
            Stage::Ending => {
                self.tabs[index].task = None;
                return;
            }
        };
        self.follow(index, step);
    }

    fn get_on(&mut self, index: usize) {
        let stage = match self.tabs[index].task.as_ref().map(|task| &task.stage) {
            Some(Stage::Leaving(token)) => {
                let token = token.clone();
                if self.may_send(index) {
                    self.note_answers(index);
                    self.send(index, token);
                    Stage::Sent
                } else {
                    self.wait(index)
                }
            }
            _ => return,
        };
        if let Some(task) = &mut self.tabs[index].task {
            task.stage = stage;
        }
    }

    fn follow(&mut self, index: usize, step: Step) {
        self.note(format!("  page {}: {step:?}", self.tabs[index].page));
        self.settle(index);
        let stage = match step {
            Step::Ask(_) => {
                let session = &self.tabs[index].session;
                let generation = session.generation();
                if let Some(lineage) = session.lineage().cloned() {
                    self.post(index, &Message::Ask(lineage));
                }
                Stage::Asking(generation)
            }
            Step::Send(token) => Stage::Leaving(token),
            Step::Done(result) => {
                self.check_end(index);
                let alive = result.map_or(true, |tokens| tokens.expires_in != Some(0));
                self.assert(alive, "no caller gets a token that has ended");
                Stage::Ending
            }
        };
        if let Some(task) = &mut self.tabs[index].task {
            task.stage = stage;
        }
    }

    /// Nobody believes a refusal while somebody who was there all the time could have said more.
    fn check_end(&self, index: usize) {
        let tab = &self.tabs[index];
        let task = tab.task.as_ref().unwrap();
        let (grant, _) = tab.newest;
        if tab.session.reason() == Reason::Ended && self.grants[grant].ended.is_none() {
            let other = self.listening(index, grant);
            let other = other.iter().any(|other| task.listening.contains(other));
            self.assert(
                !other,
                "no refusal is believed that another tab knows better",
            );
        }
    }

    /// The other tabs that listen, and hold the newest tokens of this grant.
    fn listening(&self, index: usize, grant: usize) -> Vec<(u32, u32)> {
        let channel = &self.tabs[index].channel;
        let others = self.tabs.iter().enumerate().filter(|(other, tab)| {
            *other != index
                && tab.channel == *channel
                && tab.holds(grant, self.grants[grant].serial)
        });
        others.map(|(_, tab)| (tab.page, tab.sleeps)).collect()
    }

    fn send(&mut self, index: usize, token: Secret) {
        let (grant, serial) = read(&token);
        self.note(format!(
            "  page {} sends {grant}.{serial}",
            self.tabs[index].page
        ));
        let tab = &self.tabs[index];
        let page = tab.page;
        let task = tab.task.as_ref().unwrap();
        self.assert(tab.holds(grant, serial), "what is sent is what is held");
        let again = task.sent.iter().filter(|sent| **sent == token).count();
        self.assert(again < 2, "no refresh token is sent a third time");
        self.seen
            .repeated
            .set(self.seen.repeated.get() || again > 0);
        let flying = self.requests.iter();
        let other = flying
            .filter(|request| request.grant == grant)
            .any(|request| self.tab_of(request.page).is_some() && !request.forsaken);
        let ended = self.grants[grant].ended.is_some();
        let forsaken = self.grants[grant].forsaken >= Some(serial);
        self.assert(!other, "no two requests of one grant are under way");
        let known = self.listening(index, grant);
        let known = known.iter().any(|other| task.listening.contains(other));
        self.assert(
            again == 0 || !known || serial == self.grants[grant].serial,
            "no token is sent again that another tab knows to be used",
        );
        if !ended && !forsaken && serial < self.grants[grant].serial {
            let told = self.tabs.iter().any(|tab| {
                task.seen.contains(&tab.page)
                    && self.is_visible(tab)
                    && tab
                        .session
                        .lineage()
                        .is_some_and(|lineage| lineage.grant == task.grant)
            });
            self.assert(
                !told,
                "no used token is sent while a tab that can be seen has the newest",
            );
        }
        let listening = self.listening(index, grant);
        let task = self.tabs[index].task.as_mut().unwrap();
        task.sent.push(token);
        task.listening = listening;
        self.requests.push(Request {
            page,
            grant,
            serial,
            answer: None,
            forsaken: false,
        });
    }

    fn deliver(&mut self, number: usize) {
        let letter = self.letters.remove(number);
        let Some(index) = self.tab_of(letter.to) else {
            return;
        };
        if self.tabs[index].channel.as_ref() != Some(&letter.grant) {
            return;
        }
        self.sync(index);
        let message = Message::parse(&letter.json).unwrap();
        let newest = match &message {
            Message::Tokens(tokens) => tokens.lineage.clone(),
            _ => None,
        };
        self.note(format!(
            "  page {} hears from {}: {message:?}",
            letter.to, letter.from
        ));
        let tab = &mut self.tabs[index];
        tab.session.receive(message);
        if tab.session.reason() == Reason::HandOver {
            self.seen.handed_over.set(true);
        }
        let taken = self.tabs[index].session.lineage().cloned();
        let behind = newest
            .zip(taken)
            .is_some_and(|(theirs, ours)| theirs.is_ahead_of(&ours));
        self.assert(!behind, "newer tokens that are heard of are taken over");
        self.settle(index);
    }

    // What the server and the network do.

    fn serve(&mut self, number: usize, fault: Option<Fault>) {
        let Request {
            page,
            grant,
            serial,
            ..
        } = self.requests[number];
        let living = self.tab_of(page).is_some();
        let served = self.answer_of(grant, serial, fault, living);
        let state = &mut self.grants[grant];
        let rotated = token_response::refresh_token(&served).is_some();
        let unread = matches!(fault, Some(Fault::AnswerLost | Fault::Garbled));
        if rotated && (unread || !living) {
            state.lost = true;
        }
        let answer = match (fault, served) {
            (Some(Fault::AnswerLost), _) => {
                Err(Error::from(ErrorKind::Timeout { phase: PHASE }).into())
            }
            (Some(Fault::Garbled), Ok(_)) => Err(garbled(None)),
            (Some(Fault::HalfGarbled), Ok(response)) => Err(garbled(response.refresh_token)),
            (_, served) => served,
        };
        self.note(format!("  {grant}.{serial} is answered: {answer:?}"));
        if living {
            self.requests[number].answer = Some(answer);
        } else {
            self.requests.remove(number);
        }
    }

    fn answer_of(
        &mut self,
        grant: usize,
        serial: u32,
        fault: Option<Fault>,
        living: bool,
    ) -> Answer {
        match fault {
            Some(Fault::RequestLost) => {
                let cause = String::new();
                let phase = PHASE;
                return Err(Error::from(ErrorKind::Network { phase, cause }).into());
            }
            Some(Fault::Unavailable) => return Err(http(503, None)),
            Some(Fault::Busy(seconds)) => return Err(http(429, Some(seconds.into()))),
            _ => {}
        }
        let state = &mut self.grants[grant];
        if state.ended.is_none() && serial < state.serial {
            // The request of a page that is gone may come late.
            let honest =
                state.lost || state.interrupted || state.forsaken >= Some(serial) || !living;
            if self.server == Server::EndsIt {
                state.ended = Some(End::Reuse);
            }
            self.seen.reuse.set(true);
            self.note(format!("  {grant}.{serial} comes again"));
            self.assert(
                honest,
                "no used token is sent unless its successor was lost on its way",
            );
        }
        let state = &mut self.grants[grant];
        let invalid_token = fault == Some(Fault::InvalidToken);
        if invalid_token && state.ended.is_none() && state.doubted == Some(serial) {
            state.ended = Some(End::Invalid);
        }
        if invalid_token {
            state.doubted = Some(serial);
            return Err(refusal("invalid_token"));
        }
        if state.ended.is_some() || serial < state.serial {
            return Err(refusal("invalid_grant"));
        }
        *state = Grant {
            serial: serial + 1,
            forsaken: state.forsaken,
            ..Grant::default()
        };
        Ok(response(grant, serial + 1))
    }

    fn answer(&mut self, number: usize, jitter: u8) {
        let request = self.requests.remove(number);
        let index = self.tab_of(request.page).unwrap();
        self.sync(index);
        let now = self.now;
        let listening = self.listening(index, request.grant);
        let Tab { session, task, .. } = &mut self.tabs[index];
        let task = task.as_mut().unwrap();
        task.listening = listening;
        let answer = request.answer.unwrap();
        let step = task.refresh.answered(session, answer, now, jitter);
        self.follow(index, step);
    }

    // What the pilot does.

    fn login(&mut self, index: usize) {
        self.sync(index);
        let tab = &self.tabs[index];
        if tab.frozen || tab.session.refresh_token().is_some() {
            return;
        }
        if let Some((before, _)) = Some(tab.newest).filter(|_| tab.session.tokens().is_some()) {
            // What a frozen page of this storage is still to be given is of no use any more.
            self.grants[before].gone = true;
        }
        let grant = self.grants.len();
        self.grants.push(Grant::default());
        let now = self.now;
        let session = &mut self.tabs[index].session;
        session.sign_in(response(grant, 0), now);
        self.settle(index);
    }

    fn sign_out(&mut self, index: usize) {
        self.sync(index);
        let tab = &mut self.tabs[index];
        if tab.frozen {
            return;
        }
        if let Some(token) = tab.session.refresh_token() {
            let (grant, _) = read(token);
            self.grants[grant].ended.get_or_insert(End::Revoked);
        } else if let Some((grant, _)) = Some(tab.newest).filter(|_| tab.session.tokens().is_some())
        {
            // It has believed that the grant has ended, and tells the others to forget it.
            self.grants[grant].gone = true;
        }
        let _ = tab.session.sign_out();
        self.settle(index);
    }

    fn duplicate(&mut self, index: usize) {
        if self.tabs.len() < MOST_TABS {
            let row = self.storage[self.tabs[index].storage].clone();
            self.storage.push(row);
            self.older.push(None);
            self.open(self.storage.len() - 1);
        }
    }

    /// The page is gone, and with it what it waits for.
    fn leave(&mut self, index: usize, closing: bool) {
        let page = self.tabs[index].page;
        self.vanish(index, closing);
        for request in &self.requests {
            let answer = request.answer.as_ref();
            let rotated =
                answer.is_some_and(|answer| token_response::refresh_token(answer).is_some());
            if request.page == page && rotated {
                self.grants[request.grant].lost = true;
            }
        }
        self.requests
            .retain(|request| request.page != page || request.answer.is_none());
        self.letters.retain(|letter| letter.to != page);
    }

    /// The others cannot see it any more.
    fn vanish(&mut self, index: usize, closing: bool) {
        let Some((grant, _)) = self.tabs[index].session.refresh_token().map(read) else {
            return;
        };
        let serial = self.grants[grant].serial;
        if self.keeps(&self.tabs[index], grant, serial) {
            let others = || {
                let tabs = self.tabs.iter().enumerate();
                tabs.filter(|(other, _)| *other != index)
                    .map(|(_, tab)| tab)
            };
            let visible = others().any(|tab| tab.holds(grant, serial) && self.is_visible(tab));
            let held = others().any(|tab| self.keeps(tab, grant, serial));
            // Whoever has asked this one may not ask another one again.
            let page = self.tabs[index].page;
            let asked = self.letters.iter().any(|letter| letter.to == page);
            self.grants[grant].interrupted |= !visible || asked;
            self.grants[grant].gone |= closing && !held;
        }
    }

    /// True if it holds this token, or will as soon as it looks into its storage.
    fn keeps(&self, tab: &Tab, grant: usize, serial: u32) -> bool {
        let row = &self.storage[tab.storage];
        let stored = || Session::restore(row.as_deref()).refresh_token().map(read);
        let foreign = *row != tab.known;
        tab.holds(grant, serial) || (foreign && stored() == Some((grant, serial)))
    }

    fn close(&mut self, index: usize) {
        self.leave(index, true);
        self.tabs.remove(index);
    }

    fn reload(&mut self, index: usize) {
        if !self.tabs[index].frozen {
            self.leave(index, false);
            let Tab {
                storage, newest, ..
            } = self.tabs.remove(index);
            self.open(storage);
            self.tabs.last_mut().unwrap().newest = newest;
        }
    }

    fn freeze(&mut self, index: usize) {
        let page = self.tabs[index].page;
        self.vanish(index, false);
        let tab = &mut self.tabs[index];
        tab.sleeps += 1;
        (tab.frozen, tab.channel) = (true, None);
        self.letters.retain(|letter| letter.to != page);
    }

    fn thaw(&mut self, index: usize) {
        if !self.tabs[index].frozen {
            return;
        }
        self.tabs[index].frozen = false;
        self.sync(index);
        self.settle(index);
        if let Some(lineage) = self.tabs[index].session.lineage().cloned() {
            self.post(index, &Message::Ask(lineage));
        }
    }

    /// What may happen next.
    fn actions(&self) -> Vec<Action> {
        let mut actions: Vec<Action> = (0..self.letters.len()).map(Action::Deliver).collect();
        for (number, request) in self.requests.iter().enumerate() {
            let awake = self
                .tab_of(request.page)
                .is_some_and(|index| !self.tabs[index].frozen);
            match &request.answer {
                None => actions.push(Action::Serve(number)),
                Some(_) if awake => actions.push(Action::Answer(number)),
                Some(_) => {}
            }
        }
        for (index, tab) in self.tabs.iter().enumerate() {
            if tab.frozen {
                continue;
            }
            let Some(task) = &tab.task else {
                continue;
            };
            let ready = match task.stage {
                Stage::Waiting { .. } => {
                    let mut taken = self.tabs.iter().filter(|tab| tab.holds_turn(&task.grant));
                    taken.all(|tab| tab.frozen)
                }
                Stage::Asking(generation) => {
                    let quiet = || {
                        !self
                            .letters
                            .iter()
                            .any(|letter| letter.to == tab.page || letter.from == tab.page)
                    };
                    tab.session.generation() != generation || quiet()
                }
                Stage::Sent => false,
                Stage::Taken(_) | Stage::Leaving(_) | Stage::Ending => true,
            };
            if ready {
                actions.push(Action::Advance(index));
            }
        }
        actions
    }

    fn go(&mut self, action: Action, jitter: u8) {
        self.note(format!("{action:?}"));
        match action {
            Action::Deliver(number) => self.deliver(number),
            Action::Serve(number) => self.serve(number, None),
            Action::Answer(number) => self.answer(number, jitter),
            Action::Advance(index) => self.advance(index, jitter),
        }
        self.check();
    }

    fn happen(&mut self, event: Event) {
        if let Event::Go(number) = event {
            let actions = self.actions();
            if !actions.is_empty() {
                let number = usize::from(number);
                self.go(actions[number % actions.len()], event_jitter(number));
            }
            return;
        }
        if self.tabs.is_empty() {
            return;
        }
        self.note(format!("{event:?}"));
        let tab = |number: u8| usize::from(number) % self.tabs.len();
        match event {
            Event::Begin(number, narrowed) => self.begin(tab(number), narrowed),
            Event::Fault(number, fault) => {
                let requests = self.requests.iter().enumerate();
                let unserved = requests.filter(|(_, request)| request.answer.is_none());
                let unserved: Vec<usize> = unserved.map(|(number, _)| number).collect();
                if !unserved.is_empty() {
                    self.serve(unserved[usize::from(number) % unserved.len()], Some(fault));
                }
            }
            Event::Duplicate(number) => self.duplicate(tab(number)),
            Event::Frame(number) if self.tabs.len() < MOST_TABS => {
                self.open(self.tabs[tab(number)].storage);
            }
            Event::Close(number) => self.close(tab(number)),
            Event::Reload(number) => self.reload(tab(number)),
            Event::Freeze(number) => self.freeze(tab(number)),
            Event::Thaw(number) => self.thaw(tab(number)),
            Event::SignOut(number) => self.sign_out(tab(number)),
            Event::Login(number) => self.login(tab(number)),
            Event::Remove(number) => {
                let number = usize::from(number) % self.grants.len();
                self.grants[number].ended.get_or_insert(End::Removed);
            }
            Event::Rewind(number) => self.rewind(tab(number)),
            Event::Wait(seconds) => self.now += i64::from(seconds),
            Event::Go(_) | Event::Frame(_) => {}
        }
        self.check();
    }

    /// What holds at any moment.
    fn check(&mut self) {
        for index in 0..self.tabs.len() {
            let tab = &self.tabs[index];
            let held = tab.session.refresh_token().map(read);
            let held = held.unwrap_or(tab.newest);
            let older = held.0 == tab.newest.0 && held.1 < tab.newest.1;
            self.assert(!older, "no tab goes back to an older refresh token");
            let busy = tab.session.state(self.now, MARGIN) == State::Refreshing;
            self.assert(
                !busy || tab.task.is_some(),
                "no session is refreshing without a refresh",
            );
            let ended = tab
                .session
                .tokens()
                .is_some_and(|tokens| tokens.refresh_token.is_none() && tokens.lineage.is_some());
            let really = self.grants[tab.newest.0].ended.is_some();
            self.assert(
                !ended || really || self.server == Server::RefusesTheToken,
                "no session ends before the server has ended the grant",
            );
            self.tabs[index].newest = held;
        }
        for (number, grant) in self.grants.iter().enumerate() {
            let concerned: BTreeSet<u32> = (self.tabs.iter())
                .filter(|tab| {
                    tab.session.refresh_token().map(|token| read(token).0) == Some(number)
                })
                .map(|tab| tab.page)
                .collect();
            let under_way = self
                .requests
                .iter()
                .any(|request| request.grant == number && request.answer.is_some());
            if grant.ended.is_none() && !concerned.is_empty() && !under_way {
                let kept = (self.tabs.iter()).any(|tab| self.keeps(tab, number, grant.serial));
                self.assert(
                    kept || grant.lost || grant.gone,
                    "some tab has the newest refresh token if one has ever had it",
                );
            }
        }
    }

    fn rewind(&mut self, index: usize) {
        let tab = &self.tabs[index];
        let older = self.older[tab.storage].clone();
        let before = Session::restore(older.as_deref());
        let lineages = tab.session.lineage().zip(before.lineage());
        if lineages.is_some_and(|(now, before)| now.is_ahead_of(before)) && !tab.frozen {
            self.storage[tab.storage] = older;
            self.sync(index);
            self.settle(index);
        }
    }

    /// Everything that is under way comes to its end.
    fn finish(&mut self) {
        for turn in 0..1000_u16 {
            let actions = self.actions();
            if actions.is_empty() {
                let idle = self.tabs.iter().all(|tab| tab.task.is_none());
                self.assert(idle, "no refresh waits for ever");
                return;
            }
            self.go(actions[usize::from(turn) % actions.len()], 0);
        }
        self.assert(false, "everything comes to an end");
    }

    /// The faults are over, and every tab tries once more.
    fn recover(&mut self) {
        self.note("recovery".into());
        for index in 0..self.tabs.len() {
            self.thaw(index);
            self.check();
        }
        self.finish();
        self.now += 100_000;
        for index in 0..self.tabs.len() {
            self.sync(index);
            let page = self.tabs[index].page;
            let held = self.tabs[index].session.refresh_token().map(read);
            let Some((grant, _)) = held else {
                continue;
            };
            // Newer tokens that nobody holds any more are waited for a few times.
            for _ in 0..=MOST_FAILURES {
                self.begin(index, false);
                self.finish();
                self.note(format!("page {page} has tried"));
                if self.tabs[index].session.state(self.now, MARGIN) != State::Offline {
                    break;
                }
                self.now += 100_000;
            }
            let tab = &self.tabs[index];
            let state = tab.session.state(self.now, MARGIN);
            if self.grants[grant].ended.is_some() {
                // Another tab may have signed out meanwhile.
                let told = matches!(state, State::NeedsLogin | State::SignedOut);
                self.assert(told, "a session whose grant has ended says so");
            } else {
                let Grant {
                    serial, lost, gone, ..
                } = self.grants[grant];
                let recovered = state == State::Active && tab.holds(grant, serial);
                self.assert(
                    recovered || (state == State::NeedsLogin && (lost || gone)),
                    "a session whose grant has not ended recovers",
                );
            }
        }
    }
}

/// Any jitter will do, as long as it is not the same for all.
fn event_jitter(number: usize) -> u8 {
    u8::try_from(number % 256).unwrap_or_default()
}

pub(crate) fn no_session_is_lost(cases: u32) {
    let reached: [Reached; 5] = Default::default();
    let servers = prop_oneof![Just(Server::EndsIt), Just(Server::RefusesTheToken)];
    let browsers = prop_oneof![
        3 => Just(Browser::WithMarkers),
        1 => Just(Browser::WithoutMarkers),
    ];
    let inputs = (2..=MOST_TABS, servers, browsers, vec(event(), 1..120));
    for_all(cases, &inputs, |(tabs, server, browser, events)| {
        let seen = Seen::default();
        let mut world = World::new(tabs, server, browser, &seen);
        for Line(event) in events {
            world.happen(event);
        }
        world.recover();
        let Seen {
            handed_over,
            contended,
            repeated,
            stolen,
            reuse,
        } = &seen;
        let came_to = [handed_over, contended, repeated, stolen, reuse];
        for (reached, came) in reached.iter().zip(came_to) {
            reached.count(came.get());
        }
    });
    // The last one is the honest loss.
    for reached in &reached {
        reached.some_of(cases);
    }
}

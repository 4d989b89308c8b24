//! The session as a state machine: every event that can happen to it, what it holds afterwards, what
//! must be stored, and what the other tabs are told. The browser floor stores the row at once, before
//! anything else that can fail. The refresh, which takes several steps, is in [`refresh`](super::refresh).

use alloc::string::String;
use core::cmp::Ordering;
use core::mem;

use super::backoff::{self, UNEXPLAINED_REFUSALS};
use super::handover::{Failure, Message};
use super::lineage::Lineage;
use super::skew;
use super::token_set::{AccessToken, TokenSet};
use crate::oauth::revocation::TokenTypeHint;
use crate::oauth::secret::Secret;
use crate::oauth::token_response::{TokenResponse, Unusable, Update};
use crate::record::{self, ToRecord};
use crate::{Error, ErrorKind, Phase};

/// The row of a session that could not be stored: no tokens, and yet no sign-out.
pub const EMPTY: &str = "";

/// What stands now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// No tokens.
    #[default]
    SignedOut,
    /// An access token with its margin still to live.
    Active,
    /// Less, or none at all; the next use refreshes.
    Expiring,
    /// A refresh is under way.
    Refreshing,
    /// The last refresh did not get through; the refresh token is kept.
    Offline,
    /// Only a login helps: the server ended the session, or refuses to refresh it without a reason, or there is
    /// nothing to refresh it with.
    NeedsLogin,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::SignedOut,
        Self::Active,
        Self::Expiring,
        Self::Refreshing,
        Self::Offline,
        Self::NeedsLogin,
    ];

    /// The name that JavaScript sees.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignedOut => "signed-out",
            Self::Active => "active",
            Self::Expiring => "expiring",
            Self::Refreshing => "refreshing",
            Self::Offline => "offline",
            Self::NeedsLogin => "needs-login",
        }
    }
}

/// What made the session what it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reason {
    /// It was taken up from storage, or another page of this storage has changed it.
    #[default]
    Storage,
    /// A login.
    Login,
    /// Tokens that the page brought.
    Update,
    /// A refresh that has begun, or has brought tokens.
    Refresh,
    /// Another tab has handed over what it was given.
    HandOver,
    /// A refresh that did not get through.
    Failure,
    /// The server has ended the grant, or has refused it three times without a reason.
    Ended,
    /// It was revoked, here or in another tab.
    Revoked,
    /// Nothing but time.
    Time,
}

impl Reason {
    /// The name that JavaScript sees.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Storage => "storage",
            Self::Login => "login",
            Self::Update => "update",
            Self::Refresh => "refresh",
            Self::HandOver => "hand-over",
            Self::Failure => "failure",
            Self::Ended => "ended",
            Self::Revoked => "revoked",
            Self::Time => "time",
        }
    }
}

/// A change of the session that is worth telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// What stood before.
    pub from: State,
    /// What stands now; the same where other tokens have taken the place of those before.
    pub to: State,
    /// Why.
    pub reason: Reason,
}

impl Change {
    /// True if the access token has come so near to its end that it is to be refreshed.
    pub fn is_expiring(&self) -> bool {
        let expiring = matches!(self.to, State::Expiring | State::Offline);
        self.from == State::Active && self.reason == Reason::Time && expiring
    }
}

/// The last refresh did not get through.
#[derive(Debug)]
struct Outage {
    error: Error,
    since: i64,
    /// When it is tried again.
    until: i64,
    /// True if it was met with in another tab.
    elsewhere: bool,
}

impl Outage {
    /// What another tab has met with may be that one's own trouble: unless the server wants patience of all, this tab
    /// tries before that one does again.
    fn told(failure: &Failure) -> Self {
        let (error, since) = (failure.error(), failure.since);
        let demanded = backoff::demanded(failure.retry_after);
        let wait = failure.until.saturating_sub(since);
        let wait = wait.clamp(0, backoff::LONGEST.max(demanded));
        Self {
            error,
            since,
            until: since.saturating_add(if demanded == 0 { wait / 2 } else { wait }),
            elsewhere: true,
        }
    }

    /// For how many seconds a caller is put off who only wants a token.
    fn callers_wait(&self) -> i64 {
        let longest = backoff::CALLERS_WAIT;
        let longest = if self.elsewhere { longest / 2 } else { longest };
        self.until.saturating_sub(self.since).min(longest)
    }

    /// For how many seconds the server wants to be left alone.
    fn demanded(&self) -> i64 {
        backoff::demanded(self.error.retry_after())
    }
}

/// What a session holds.
#[derive(Debug, Default)]
pub struct Session {
    tokens: Option<TokenSet>,
    /// True while a refresh is under way.
    refreshing: bool,
    outage: Option<Outage>,
    /// Refreshes in a row that did not get through, here or in another tab.
    failures: u32,
    /// Answers in a row that refused the refresh token without a reason, here or in another tab.
    unexplained: u32,
    /// Counts every change of tokens, so that an answer to an older question is known as such.
    generation: u32,
    reason: Reason,
    outbox: Option<Message>,
    /// The id of the grant that was revoked last, here or in another tab.
    revoked: Option<String>,
    /// What the server, or the page, has given since this was last asked, if anything: true if the refresh token was new.
    renewed: Option<bool>,
    /// Counts those changes that are no refresh: afterwards the tokens may be another character's.
    epoch: u32,
    noticed: Noticed,
}

/// What stood when the session was looked at last.
#[derive(Debug, Default)]
struct Noticed {
    state: State,
    reason: Reason,
    epoch: u32,
    /// True if something other than time has happened since.
    outdated: bool,
}

impl Session {
    /// Reads the stored row, whose format is version 1, named in the row's key; one that cannot be
    /// read counts as none.
    pub fn restore(row: Option<&str>) -> Self {
        Self {
            tokens: row.and_then(read),
            ..Self::default()
        }
    }

    /// Takes over a row that another page of this storage has written meanwhile. One that it has taken
    /// away signs out; one that cannot be read, or holds older tokens of the same grant, or those of a grant that was
    /// revoked, changes nothing. What another process has written reaches this one later than its message.
    pub fn reload(&mut self, row: Option<&str>) {
        let tokens = match row.map(read) {
            None => None,
            Some(Some(tokens)) => Some(tokens),
            Some(None) => return,
        };
        let grant = |tokens: &TokenSet| Some(tokens.lineage.as_ref()?.grant.clone());
        let grant = tokens.as_ref().and_then(grant);
        if grant.is_some() && grant == self.revoked {
            return;
        }
        let ahead = |one: &Option<TokenSet>, other: &Option<TokenSet>| {
            let both = one.as_ref().zip(other.as_ref());
            both.is_some_and(|(one, other)| one.is_ahead_of(other))
        };
        if tokens == self.tokens || ahead(&self.tokens, &tokens) {
            return;
        }
        let renewed = ahead(&tokens, &self.tokens);
        let reason = if renewed {
            Reason::HandOver
        } else {
            Reason::Storage
        };
        self.hold(tokens, reason);
    }

    /// The row to store; `None` if there is nothing to remember.
    pub fn to_row(&self) -> Option<String> {
        Some(self.tokens.as_ref()?.to_json())
    }

    /// How a stored record compares with the tokens that could not be written in its place: greater if another page has
    /// written newer tokens of the same grant, equal if its refresh token is good still, less if that one is used up.
    pub fn compare_record(&self, record: &str) -> Ordering {
        let (Some(ours), stored) = (&self.tokens, read(record)) else {
            return Ordering::Equal;
        };
        match stored {
            Some(stored) if stored.is_ahead_of(ours) => Ordering::Greater,
            Some(stored)
                if stored.refresh_token.is_some() && stored.refresh_token == ours.refresh_token =>
            {
                Ordering::Equal
            }
            _ => Ordering::Less,
        }
    }

    /// The tokens, where there are any.
    pub fn tokens(&self) -> Option<&TokenSet> {
        self.tokens.as_ref()
    }

    /// The access token, where there is one.
    pub fn access(&self) -> Option<&AccessToken> {
        self.tokens.as_ref()?.access.as_ref()
    }

    /// Which grant the tokens come from, as far as there is one to renew.
    pub fn lineage(&self) -> Option<&Lineage> {
        self.tokens.as_ref()?.lineage.as_ref()
    }

    /// Counts the changes of tokens.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// What made the tokens, and the last refresh, what they are.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// What stands at `now`, and what has made it so: the clock, if nothing else has happened.
    pub fn standing(&self, now: i64, margin: i64) -> (State, Reason) {
        let (state, noticed) = (self.state(now, margin), &self.noticed);
        let reason = match noticed {
            _ if noticed.outdated => self.reason,
            _ if noticed.state == state => noticed.reason,
            _ => Reason::Time,
        };
        (state, reason)
    }

    /// Looks at the session, which begins as one that is signed out: what has become of it since it was
    /// looked at last.
    pub fn notice(&mut self, now: i64, margin: i64) -> Option<Change> {
        let (state, reason) = self.standing(now, margin);
        let noticed = Noticed {
            state,
            reason,
            epoch: self.epoch,
            outdated: false,
        };
        let before = mem::replace(&mut self.noticed, noticed);
        let changed = before.state != state || before.epoch != self.epoch;
        changed.then_some(Change {
            from: before.state,
            to: state,
            reason,
        })
    }

    /// What the other tabs are to be told, once the row is stored.
    pub fn take_message(&mut self) -> Option<Message> {
        self.outbox.take()
    }

    /// Whether the server, or the page, has given tokens since this was last asked; true if the refresh token was new, so that an older
    /// one of another tab is used up.
    pub fn take_renewed(&mut self) -> Option<bool> {
        self.renewed.take()
    }

    /// The same number as long as the tokens are those of one login, however often refreshed.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// By how many seconds this machine's clock is behind the server's, as far as it is known.
    pub fn clock_skew(&self) -> i64 {
        self.access().map_or(0, |access| access.clock_skew)
    }

    /// The refresh token, where there is one.
    pub fn refresh_token(&self) -> Option<&Secret> {
        self.tokens.as_ref()?.refresh_token.as_ref()
    }

    /// The access token, if it may be used at `now`: good for `offset` seconds more, or of unknown life
    /// with nothing to refresh it with.
    pub fn usable(&self, now: i64, offset: i64) -> Option<&AccessToken> {
        self.access().filter(|access| {
            !access.is_expired(now, offset)
                || (access.expires_at.is_none() && self.refresh_token().is_none())
        })
    }

    /// The access token, if it need not be refreshed yet, which is `margin` seconds before its end.
    pub fn comfortable(&self, now: i64, margin: i64) -> Option<&AccessToken> {
        self.usable(now, self.access()?.margin(margin))
    }

    /// What stands at `now`.
    pub fn state(&self, now: i64, margin: i64) -> State {
        if self.tokens.is_none() {
            return State::SignedOut;
        }
        if self.refreshing {
            State::Refreshing
        } else if self.comfortable(now, margin).is_some() {
            State::Active
        } else if !self.is_renewable() && self.usable(now, 0).is_none() {
            State::NeedsLogin
        } else if self.outage.is_some() {
            State::Offline
        } else {
            State::Expiring
        }
    }

    /// When the session wants to be looked at again although nothing happens: to be refreshed, or because
    /// time changes its state. An access token of unknown life is refreshed only when it is asked for.
    pub fn wakes_at(&self, now: i64, margin: i64) -> Option<i64> {
        let access = self.access();
        let end = access.and_then(|access| access.expires_at);
        match self.state(now, margin) {
            State::Active => Some(end?.saturating_sub(access?.margin(margin))),
            State::Offline => {
                let outage = self.outage.as_ref()?;
                // A clock that was set back must not make it wait for ever.
                Some(if now < outage.since {
                    now
                } else {
                    outage.until
                })
            }
            State::Expiring if !self.is_renewable() => end,
            State::Expiring => (access.is_none() || end.is_some()).then_some(now),
            _ => None,
        }
    }

    /// True if there is a refresh token that is worth another try. One that was refused three times without a reason
    /// is kept, for `refresh` and for a page that is loaded anew.
    pub fn is_renewable(&self) -> bool {
        self.refresh_token().is_some() && self.unexplained < UNEXPLAINED_REFUSALS
    }

    /// Why the server must not be asked at `now`, if so: it asked for patience, or, for a caller who only
    /// wants a token, a moment ago it could not be reached, or it has refused too often.
    pub fn put_off(&self, now: i64, patient: bool) -> Option<Error> {
        let phase = Phase::Refresh;
        if patient && !self.refreshing && self.unexplained >= UNEXPLAINED_REFUSALS {
            return Some(ErrorKind::NeedsLogin { phase }.into());
        }
        let outage = self.outage.as_ref().filter(|_| !self.refreshing)?;
        // A clock that was set back must not put anybody off for ever.
        let waited = now.saturating_sub(outage.since);
        let demanded = outage.demanded();
        let wait = if patient {
            demanded.max(outage.callers_wait())
        } else {
            demanded
        };
        (0..wait).contains(&waited).then(|| outage.error.clone())
    }

    /// The network is back: what did not get through may be tried again at once, unless the server itself
    /// asked for patience.
    pub fn reconnect(&mut self, now: i64) {
        if let Some(outage) = &mut self.outage
            && outage.demanded() == 0
        {
            outage.until = now;
        }
    }

    /// A login's tokens. They never inherit the refresh token from before, which may be another
    /// character's. Nothing changes if another page with the same code has refreshed them since, and their refresh
    /// token was replaced.
    pub fn sign_in(&mut self, response: TokenResponse, now: i64) {
        let skew = skew::measure(&response, now).unwrap_or_default();
        let tokens = TokenSet::from_response(response, skew, now);
        let is_replaced = |token: &Secret| tokens.refresh_token.as_ref() != Some(token);
        let is_newer = |ours: &TokenSet| {
            ours.is_ahead_of(&tokens) && ours.refresh_token.as_ref().is_some_and(is_replaced)
        };
        if self.tokens.as_ref().is_some_and(is_newer) {
            return;
        }
        self.hold(Some(tokens), Reason::Login);
        self.renewed = Some(true);
    }

    /// Tokens from elsewhere for this same session. When the server gave them out is not known.
    pub fn update(&mut self, update: Update, now: i64) {
        let skew = self.clock_skew();
        let tokens = match update {
            Update::Tokens(response) => match &self.tokens {
                Some(tokens) => tokens.updated(response, skew, now),
                None => TokenSet::from_response(response, skew, now),
            },
            Update::RefreshToken(token) => match &self.tokens {
                // It is the same grant's still.
                Some(tokens) if tokens.refresh_token.as_ref() == Some(&token) => TokenSet {
                    access: None,
                    ..tokens.clone()
                },
                _ => TokenSet::begin(token),
            },
        };
        self.hold(Some(tokens), Reason::Update);
        self.renewed = Some(true);
    }

    /// What another tab says.
    pub fn receive(&mut self, message: Message) {
        match message {
            Message::Ask(theirs) => self.compare(&theirs),
            Message::Failed(failure) => {
                let theirs = &failure.lineage;
                let concerned = self
                    .lineage()
                    .is_some_and(|ours| ours.grant == theirs.grant && !ours.is_ahead_of(theirs));
                // A session that waits for a login waits for nothing else.
                if concerned && self.is_renewable() {
                    let told = Outage::told(&failure);
                    // `Retry-After` applies in full, whatever fails meanwhile.
                    let is_bound = |ours: &Outage| ours.demanded() > 0 && ours.until > told.until;
                    let outage = self.outage.take().filter(is_bound).unwrap_or(told);
                    self.go_offline(outage);
                    // The last one is to be this tab's own.
                    if failure.is_unexplained && self.unexplained + 1 < UNEXPLAINED_REFUSALS {
                        self.unexplained += 1;
                    } else if failure.status.is_some_and(|status| status != 400) {
                        self.unexplained = 0;
                    }
                }
                self.compare(&failure.lineage);
            }
            Message::Tokens(tokens) => {
                let ours = self.tokens.as_ref();
                let some = tokens.access.is_some() || tokens.refresh_token.is_some();
                if some && ours.is_some_and(|ours| tokens.is_ahead_of(ours)) {
                    self.hold(Some(tokens), Reason::HandOver);
                }
            }
            Message::Revoked(lineage) => {
                if self
                    .lineage()
                    .is_some_and(|ours| ours.grant == lineage.grant)
                {
                    self.hold(None, Reason::Revoked);
                    self.revoked = Some(lineage.grant);
                }
            }
        }
    }

    /// Whoever holds the older tokens of the same grant is to get the newer.
    fn compare(&mut self, theirs: &Lineage) {
        if let Some(ours) = self.lineage() {
            if ours.is_ahead_of(theirs) {
                self.hand_over();
            } else if theirs.is_ahead_of(ours) {
                self.outbox = Some(Message::Ask(ours.clone()));
            }
        }
    }

    /// Signs out. The token to revoke: the refresh token, else the access token.
    pub fn sign_out(&mut self) -> Result<(Secret, TokenTypeHint), Error> {
        let phase = Phase::Revoke;
        let tokens = self.tokens.take().ok_or(ErrorKind::NoToken { phase })?;
        self.hold(None, Reason::Revoked);
        self.revoked = tokens.lineage.as_ref().map(|ours| ours.grant.clone());
        self.outbox = tokens.lineage.map(Message::Revoked);
        let refresh_token = tokens
            .refresh_token
            .map(|token| (token, TokenTypeHint::RefreshToken));
        let access_token = tokens
            .access
            .map(|access| (access.token, TokenTypeHint::AccessToken));
        refresh_token
            .or(access_token)
            .ok_or_else(|| ErrorKind::NoToken { phase }.into())
    }

    pub(super) fn begin_refresh(&mut self) {
        self.refreshing = true;
        self.because(Reason::Refresh);
    }

    /// The answer to a refresh: the newest tokens, which the other tabs are handed.
    pub(super) fn renew(&mut self, response: TokenResponse, now: i64) {
        let skew = skew::measure(&response, now).unwrap_or(self.clock_skew());
        if let Some(tokens) = &self.tokens {
            let renewed = tokens.renewed(response, skew, now);
            let replaced = renewed.refresh_token != tokens.refresh_token;
            self.renewed = Some(replaced || self.renewed == Some(true));
            self.hold(Some(renewed), Reason::Refresh);
            self.hand_over();
        }
    }

    /// What the server is about to give is newer than this version, which another tab has had.
    pub(super) fn outdo(&mut self, version: u32) {
        if let Some(lineage) = self.tokens.as_mut().and_then(|held| held.lineage.as_mut()) {
            lineage.rotation = lineage.rotation.max(version);
        }
    }

    /// What has replaced the refresh token that is held, although the rest of the answer is of no use.
    pub(super) fn rotate(&mut self, refresh_token: Secret) {
        if let Some(tokens) = &self.tokens {
            // Whatever is under way stays so: a refresh that was begun is to be ended by its own answer. And
            // it has not got through: a server that garbles every answer is not to be asked in a hurry.
            let refreshing = self.refreshing;
            let rotated = tokens.rotated(refresh_token);
            self.renewed = Some(true);
            self.hold(Some(rotated), Reason::Refresh);
            self.refreshing = refreshing;
            self.hand_over();
        }
    }

    fn hand_over(&mut self) {
        self.outbox = self.tokens.clone().map(Message::Tokens);
    }

    /// A refresh did not get through, at `now`. The other tabs need not try the same.
    pub(super) fn fail(&mut self, unusable: &Unusable, now: i64, jitter: u8) {
        let error = unusable.error.clone();
        let is_unexplained = self.is_next_refusal(&error, now);
        if is_unexplained {
            self.unexplained = self.unexplained.saturating_add(1);
        } else if is_other_answer(&error) {
            self.unexplained = 0;
        }
        let wait = backoff::delay(self.failures.saturating_add(1), jitter);
        let until = now.saturating_add(wait.max(backoff::demanded(error.retry_after())));
        // Tokens that wait to be handed over matter more.
        if self.outbox.is_none() {
            self.outbox = self.lineage().cloned().map(|lineage| {
                Message::Failed(Failure {
                    lineage,
                    status: error.status(),
                    retry_after: error.retry_after(),
                    is_unexplained,
                    since: now,
                    until,
                })
            });
        }
        self.refreshing = false;
        self.go_offline(Outage {
            error,
            since: now,
            until,
            elsewhere: false,
        });
        if self.unexplained >= UNEXPLAINED_REFUSALS {
            self.outage = None;
            self.because(Reason::Ended);
        }
    }

    /// True if this is a refusal without a reason that counts. One that came before the pause after the last one was
    /// over does not: three in a moment may be one short trouble.
    fn is_next_refusal(&self, error: &Error, now: i64) -> bool {
        let is_early = |outage: &Outage| (outage.since..outage.until).contains(&now);
        let is_early = self.unexplained > 0 && self.outage.as_ref().is_some_and(is_early);
        error.is_unexplained_refusal() && !is_early
    }

    /// True if this refusal is the last one that is needed to ask the user to log in.
    pub(super) fn is_last_refusal(&self, error: &Error, now: i64) -> bool {
        self.unexplained + 1 >= UNEXPLAINED_REFUSALS && self.is_next_refusal(error, now)
    }

    fn go_offline(&mut self, outage: Outage) {
        self.failures = self.failures.saturating_add(1);
        self.outage = Some(outage);
        self.because(Reason::Failure);
    }

    /// How many refreshes in a row did not get through.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Another tab has tried what this one was about to, in vain: what callers get.
    pub(super) fn give_up(&mut self) -> Option<Error> {
        let error = self.outage.as_ref()?.error.clone();
        self.refreshing = false;
        self.because(Reason::Failure);
        Some(error)
    }

    /// A refresh was refused for what it asked, and says nothing about the session.
    pub(super) fn resume(&mut self) {
        self.refreshing = false;
        // The pause between two refusals without a reason is not cut short.
        if self.unexplained == 0 {
            self.outage = None;
        }
        self.because(Reason::Failure);
    }

    /// The server has ended the grant. The access token stays good until it expires.
    pub(super) fn end(&mut self) {
        let tokens = self.tokens.take().map(|tokens| TokenSet {
            refresh_token: None,
            ..tokens
        });
        self.hold(tokens, Reason::Ended);
    }

    fn hold(&mut self, tokens: Option<TokenSet>, reason: Reason) {
        // A grant that has ended, or was renewed here, in another tab or frame, is the same login's still.
        let renewed = tokens
            .as_ref()
            .zip(self.tokens.as_ref())
            .is_some_and(|(new, old)| new.is_ahead_of(old));
        if !renewed && !matches!(reason, Reason::Refresh | Reason::HandOver | Reason::Ended) {
            self.epoch = self.epoch.wrapping_add(1);
        }
        // Out of an answer that was of no other use: that is no end of the trouble.
        let useless =
            renewed && self.access() == tokens.as_ref().and_then(|tokens| tokens.access.as_ref());
        self.tokens = tokens;
        self.refreshing = false;
        if !useless {
            self.outage = None;
            self.failures = 0;
        }
        self.unexplained = 0;
        self.generation = self.generation.wrapping_add(1);
        self.because(reason);
        self.outbox = None;
    }

    fn because(&mut self, reason: Reason) {
        self.reason = reason;
        self.noticed.outdated = true;
    }
}

/// True for an answer to a refresh that is no refusal without a reason.
fn is_other_answer(error: &Error) -> bool {
    let is_answer =
        error.status().is_some() || matches!(**error, ErrorKind::InvalidResponse { .. });
    is_answer && error.phase() == Phase::Refresh && !error.is_unexplained_refusal()
}

fn read(row: &str) -> Option<TokenSet> {
    let mut tokens: TokenSet = record::read(row)?;
    // A row of an earlier version does not name its grant, and without one no tab waits for another.
    if tokens.lineage.is_none() {
        tokens.lineage = tokens.refresh_token.as_ref().map(Lineage::begin);
    }
    Some(tokens)
}

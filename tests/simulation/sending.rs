//! When a page may send a refresh token. A refresh token is good for one answer: to send a used one can end the grant. These
//! are the rules, and this is the one place where it is said what is excusable:
//!
//! 1. A page sends the refresh token that its session holds, and that its record holds, as far as its storage works.
//! 2. A page that sees a version marker of a newer token sends only after it has asked the other tabs, knowing of the
//!    marker, and has waited ten seconds, and after two refreshes have failed. Nobody may have answered: the marker may be
//!    wrong, or its tab may be closed or frozen. A page without a channel cannot ask, and a page whose lock was stolen again and again must go on some time.
//! 3. A page sends nothing while another page holds a newer token, if both have listened to each other for a while: see
//!    `together.rs`.
//! 4. A page sends nothing while another page that has not been robbed of the refresh lock waits for an answer of the same
//!    grant, and nothing once its own lock was stolen. This is excusable without locks, while they do not answer, and once
//!    it has waited for the lock as long as it may: other pages of the origin take it again and again.
//! 5. One refresh sends the same refresh token twice at most. It does so only if the first answer did not say what became
//!    of it, because none came or it was `invalid_token`, and after it has asked the other tabs.
//! 6. A page that the server has told to wait waits.
//! 7. A page sends no code while another page does, if it can see that by a lock.
//! 8. A page that nobody calls does not send again and again: it waits longer after each failure.
//!
//! Whatever these rules allow is excusable: the used token was replaced by an answer that was lost, is still under way, or
//! is held by a page that cannot be asked.

use std::rc::Rc;

use esi_security::Phase;
use esi_security::client::host::{Area, FetchError, Route};
use esi_security::oauth::http::{Request, Response};
use esi_security::oauth::token_response;
use esi_security::session::lineage::Lineage;
use esi_security::session::marker;
use esi_security::session::refresh::Others;

use crate::grant::Token;
use crate::lock;
use crate::network::Outcome;
use crate::page::{Attempt, Demand, Page, PageId};
use crate::server::{self, refresh_token};
use crate::together::is_same_session;
use crate::world::World;

/// How long newer tokens are waited for, in milliseconds.
const NEWER_TIMEOUT_MS: u64 = 10_000;

/// After how many failures newer tokens that nobody sends are believed to be lost.
const MOST_FAILURES: u32 = 2;

/// How long the news of a theft may be on its way, in milliseconds.
const NEWS_MS: u64 = 10;

/// How many thefts in one refresh are too many.
const MOST_THEFTS: u32 = 3;

/// How many refresh tokens a page may send that nobody calls, in [`PACE_MS`].
const MOST_OWN_SENDS: usize = 12;

/// Five seconds: a page waits for about one second after the first failure, two after the second, and four after the third.
const PACE_MS: u64 = 5_000;

/// How long one refresh waits for its lock at most, in milliseconds.
const LONGEST_LOCK_WAIT_MS: u64 = 150_000;

/// For how long after a theft, or a silence of the lock manager, two pages may send at once, in milliseconds.
const UNSETTLED_MS: u64 = 300_000;

impl World {
    /// A page hands a request to the network or to the token worker.
    pub(crate) fn check_sending(&self, id: PageId, request: &Request, route: &Route) {
        let Some(page) = self.page(id) else { return };
        let Some(token) = refresh_token(request) else {
            self.note(|| format!("    page {id} sends to {} by {route:?}", request.url));
            return self.check_code(&page, request, route);
        };
        self.note(|| format!("    page {id} sends {token:?} by {route:?}"));
        self.counts.sends.add();
        self.check_is_held(&page, token);
        self.check_marker(&page, token);
        self.check_others_know(&page, token);
        self.check_is_alone(&page, token);
        self.check_repetition(&page, token);
        self.check_demand(&page, token);
        self.check_pace(&page);
        page.sending.replace(Some((token, self.now())));
    }

    /// Rule 1.
    fn check_is_held(&self, page: &Page, token: Token) {
        let held = page.held().and_then(|held| held.refresh_token);
        let held = held.as_ref().and_then(Token::of);
        self.require(held == Some(token), || {
            format!("page {} sends {token:?}, but holds {held:?}", page.id)
        });
        if self.can_store() && !page.is_refused.get() {
            let record = self.record(page);
            let stored = record.as_ref().and_then(|stored| stored.token);
            // An emptied record says nothing, nor does a damaged one.
            let is_silent = stored.is_none() && record.is_some_and(|stored| stored.value.is_some());
            self.require(is_silent || stored == Some(token), || {
                format!(
                    "page {} sends {token:?}, but its record holds {stored:?}",
                    page.id
                )
            });
        }
    }

    /// True if the marker that a page sees tells of a newer token than the one of this version.
    pub(crate) fn is_marked_newer(&self, page: &Page, lineage: &Lineage) -> bool {
        if self.settings.area != Area::Session {
            return false;
        }
        let marker = self
            .read_item(page.id, Area::Local, &lineage.marker())
            .ok()
            .flatten();
        matches!(marker::others(lineage, marker.as_deref()), Others::Ahead(_))
    }

    /// A page asks the others for newer tokens.
    pub(crate) fn note_query(&self, id: PageId, lineage: &Lineage) {
        let Some(page) = self.page(id) else {
            return;
        };
        page.asked_at.set(self.moment());
        if self.is_marked_newer(&page, lineage) && page.asked_for_newer.get().is_none() {
            page.asked_for_newer.set(Some(self.now()));
        }
    }

    /// Rule 2.
    fn check_marker(&self, page: &Page, token: Token) {
        let Some(lineage) = page.held().and_then(|held| held.lineage) else {
            return;
        };
        let can_ask = self
            .channels
            .listens_since(page.id, &lineage.channel())
            .is_some();
        if !self.is_marked_newer(page, &lineage) || !can_ask || page.thefts.get() >= MOST_THEFTS {
            return;
        }
        self.counts.sends_in_doubt.add();
        // Another page of the session that has waited in vain tells so, and nobody waits for the same again.
        let pages = self.pages();
        let others = pages.iter().filter(|other| is_same_session(page, other));
        let asked = others.filter_map(|other| other.asked_for_newer.get()).min();
        let has_waited = asked.is_some_and(|asked| self.now() - asked >= NEWER_TIMEOUT_MS);
        self.require(has_waited && page.failures.get() >= MOST_FAILURES, || {
            format!(
                "page {} sends {token:?}, which its marker calls used, and has not waited enough",
                page.id
            )
        });
    }

    /// Rule 3.
    fn check_others_know(&self, page: &Page, token: Token) {
        for other in self.pages() {
            let is_newer = other
                .token()
                .is_some_and(|theirs| theirs.is_newer_than(token));
            self.require(!is_newer || !self.is_synced(page, &other), || {
                format!(
                    "page {} sends {token:?}, although page {} holds newer",
                    page.id, other.id
                )
            });
        }
    }

    /// Rule 4.
    fn check_is_alone(&self, page: &Page, token: Token) {
        let stolen_at = page
            .lock
            .borrow()
            .as_ref()
            .and_then(|lock| lock.stolen_at.get());
        let is_known = stolen_at.is_some_and(|at| at + NEWS_MS < self.now());
        // By the wall clock a page knows that it was frozen.
        let is_known = is_known && self.clock.jumps() == 0;
        self.require(!is_known || page.thefts.get() > MOST_THEFTS, || {
            format!(
                "page {} sends {token:?}, although its lock was stolen",
                page.id
            )
        });
        for other in self.pages() {
            let Some((sent, since)) = *other.sending.borrow() else {
                continue;
            };
            let is_unsettled =
                |moment: Option<u64>| moment.is_some_and(|moment| moment + UNSETTLED_MS > since);
            // Whether it was frozen while it waited for a lock, a page knows by the wall clock alone.
            let is_fooled = |page: &Page| {
                self.clock.jumps() > 0 && is_unsettled(Some(page.awake_since.get().ms))
            };
            let is_excused = other.id == page.id
                || is_fooled(page)
                || is_fooled(&other)
                || !self.has_refresh_lock()
                || !is_same_session(page, &other)
                || is_unsettled(self.locks.silent_at(self.now()))
                || is_unsettled(other.robbed_at.get())
                || is_unsettled(page.robbed_at.get())
                || self.has_waited_enough(page)
                || self.has_waited_enough(&other);
            self.require(sent.grant != token.grant || is_excused, || {
                let (id, other) = (page.id, other.id);
                format!("page {id} sends {token:?}, while page {other} waits for an answer")
            });
        }
    }

    /// True if the page goes on without the refresh lock, for which it has waited as long as it may.
    fn has_waited_enough(&self, page: &Page) -> bool {
        let waits = page.waits.borrow();
        let mut its = waits.iter().filter(|(name, _)| name.contains("/refresh/"));
        let waiting = its.next().map_or(0, |(_, wait)| self.now() - wait.since);
        page.lock.borrow().is_none() && page.waited.get() + waiting >= LONGEST_LOCK_WAIT_MS
    }

    /// True if pages acquire a lock for a refresh: not for a session that no other page has.
    fn has_refresh_lock(&self) -> bool {
        self.settings.has_locks && self.settings.area != Area::Memory
    }

    /// Rule 5.
    fn check_repetition(&self, page: &Page, token: Token) {
        let tenure = page.tenure.get();
        let mut attempts = page.attempts.borrow_mut();
        let before: Vec<_> = attempts
            .iter()
            .filter(|one| one.token == token && one.tenure == tenure)
            .collect();
        if self.has_refresh_lock() {
            self.require(before.len() < 2, || {
                format!("page {} sends {token:?} a third time", page.id)
            });
            let is_clear = before.iter().any(|attempt| attempt.is_clear);
            self.require(!is_clear, || {
                format!(
                    "page {} sends {token:?} again, although it knows what became of it",
                    page.id
                )
            });
            if before.len() == 1 {
                self.counts.repeated_sends.add();
                let has_asked = page.asked_at.get() >= page.answered_at.get() || !page.has_channel;
                self.require(has_asked, || {
                    format!(
                        "page {} sends {token:?} again, and has asked nobody",
                        page.id
                    )
                });
            }
        }
        attempts.retain(|one| one.tenure == tenure);
        attempts.push(Attempt {
            token,
            tenure,
            is_clear: false,
        });
    }

    /// Rule 7.
    fn check_code(&self, page: &Page, request: &Request, route: &Route) {
        let is_code = server::field(request, "code").is_some();
        let is_own = matches!(route, Route::Page);
        self.require(!is_code || !is_own || !page.is_code_taken.get(), || {
            format!(
                "page {} sends a code that another page was sending",
                page.id
            )
        });
    }

    /// A page publishes a failed refresh, or is told of one.
    pub(crate) fn note_failure(&self, id: PageId) {
        if let Some(page) = self.page(id) {
            page.failures.set(page.failures.get() + 1);
        }
    }

    /// Rule 6.
    fn check_demand(&self, page: &Page, token: Token) {
        let Some(demand) = page.demand.get() else {
            return;
        };
        let is_bound = demand.token == token && demand.jumps == self.clock.jumps();
        self.require(!is_bound || self.now() >= demand.until, || {
            format!(
                "page {} sends {token:?}, although the server told it to wait",
                page.id
            )
        });
    }

    /// Rule 8.
    fn check_pace(&self, page: &Page) {
        let mut sends = page.own_sends.borrow_mut();
        if page.is_called() {
            return sends.clear();
        }
        sends.push(self.now());
        sends.retain(|at| at + PACE_MS > self.now());
        self.require(sends.len() <= MOST_OWN_SENDS, || {
            format!(
                "page {} sends {} refresh tokens in {PACE_MS} ms, and nobody calls it",
                page.id,
                sends.len()
            )
        });
    }

    /// A page has read what came of its request.
    pub(crate) fn note_outcome(&self, id: PageId, request: &Request, outcome: &Outcome) {
        let (Some(page), Some(token)) = (self.page(id), refresh_token(request)) else {
            return;
        };
        if matches!(outcome, Err(FetchError::NotSent)) {
            page.sending.replace(None);
            page.attempts.borrow_mut().pop();
            return;
        }
        page.answered_at.set(self.moment());
        page.waited.set(0);
        let held = page.held().and_then(|held| held.refresh_token);
        let held = held.as_ref().and_then(Token::of);
        if held.is_none_or(|held| held.grant != token.grant) && !page.holding.borrow().is_any {
            self.act(|| format!("page {id} holds no session by now"));
        } else if held.is_some_and(|held| held.grant != token.grant) {
            self.act(|| format!("page {id} holds another session by now"));
        }
        let sent = page.sending.replace(None);
        // Tokens that came meanwhile are the end of the trouble.
        let is_current = sent.is_some_and(|(_, since)| page.holding.borrow().since.ms < since);
        let Ok(response) = outcome else { return };
        if let Some(attempt) = page.attempts.borrow_mut().last_mut() {
            attempt.is_clear = !response.body.contains("invalid_token");
        }
        let given = server::refresh_token_in(response);
        page.was_given.set(given.or(page.was_given.get()));
        if let Some(given) = given.filter(|given| *given == self.server.newest(given.grant)) {
            let (now, has_channel) = (self.moment(), page.has_channel);
            self.server.with(given.grant, |grant| {
                (grant.given_at, grant.is_published) = (now, has_channel);
            });
        }
        // A garbled answer is a failure that is not published: the others are sent the new refresh token.
        if token_response::process(request, response, Phase::Refresh).is_err() {
            page.failures.set(page.failures.get() + 1);
        }
        let demand = self.demand_in(response, token);
        page.demand.set(demand.filter(|_| is_current));
    }

    fn demand_in(&self, response: &Response, token: Token) -> Option<Demand> {
        let seconds = response.retry_after.filter(|_| !response.ok())?;
        // Pages count in whole seconds.
        let until = self.now() + u64::from(seconds.saturating_sub(1)) * 1000;
        Some(Demand {
            token,
            until,
            jumps: self.clock.jumps(),
        })
    }

    /// A page was robbed of its lock.
    pub(crate) fn note_theft(&self, robbed: &Rc<lock::Request>) {
        if let Some(page) = self.page(robbed.page) {
            page.thefts.set(page.thefts.get() + 1);
            page.robbed_at.set(Some(self.now()));
        }
    }
}

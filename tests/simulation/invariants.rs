//! What holds after each step. The rules of sending are in `sending.rs`.

use std::rc::Rc;

use esi_security::Error;
use esi_security::client::Revocation;
use esi_security::client::host::Area;
use esi_security::session::lineage::Lineage;
use esi_security::session::marker;
use esi_security::session::refresh::Others;

use crate::grant::Token;
use crate::page::{Holding, Page, PageId};
use crate::server;
use crate::storage::Condition;
use crate::together::is_same_session;
use crate::world::World;

/// How long an answer may be on its way before it counts as old, in milliseconds.
const LONGEST_FETCH_MS: i64 = 45_000;

/// How long pages that share a storage may take to see that a record was removed, in milliseconds.
const SIGN_OUT_MS: u64 = 20;

impl World {
    /// Looks at the page whose code has run.
    pub(crate) fn observe(&self, page: &Rc<Page>) {
        let held = page.held();
        let token = held
            .as_ref()
            .and_then(|held| held.refresh_token.as_ref())
            .and_then(Token::of);
        let lineage = held.as_ref().and_then(|held| held.lineage.clone());
        let before = page.holding.borrow().clone();
        let is_changed =
            before.token != token || before.lineage != lineage || before.is_any != held.is_some();
        if is_changed {
            let after = Holding {
                token,
                lineage,
                is_any: held.is_some(),
                since: self.moment(),
            };
            self.note(|| {
                let version = after.lineage.as_ref().map(|lineage| lineage.rotation);
                format!("    page {} holds {token:?}, version {version:?}", page.id)
            });
            page.holding.replace(after.clone());
            // New tokens are the end of the trouble, even with the same refresh token.
            page.demand.set(None);
            page.attempts.borrow_mut().clear();
            page.last_token.set(token.or(page.last_token.get()));
            if before.token != token {
                page.asked_for_newer.set(None);
            }
            self.check_change(page, &before, &after);
            if let (Some(lineage), Some(_)) = (&after.lineage, after.token) {
                self.check_marked(page, lineage);
            }
        }
        self.check_written(page);
        self.check_emptied(page);
        self.check_life(page);
    }

    /// Where storage is full, no used token stays in it.
    fn check_emptied(&self, page: &Page) {
        let stored = self.record(page).and_then(|stored| stored.token);
        let both = page.token().zip(stored);
        let is_older = both.is_some_and(|(held, stored)| held.is_newer_than(stored));
        self.require(!page.is_to_be_emptied.take() || !is_older, || {
            format!("page {} leaves {stored:?} in a full storage", page.id)
        });
    }

    /// A page that was given tokens has written the version marker.
    fn check_marked(&self, page: &Page, lineage: &Lineage) {
        let is_given =
            page.answered_at.get() == self.moment() && page.was_given.get() == page.token();
        let can_mark = self.settings.area == Area::Session
            && self.storages.condition(Area::Local) == Condition::Working;
        if is_given && can_mark {
            let marker = self.read_item(page.id, Area::Local, &lineage.marker());
            let others = marker::others(lineage, marker.ok().flatten().as_deref());
            self.require(others != Others::Unknown, || {
                format!(
                    "page {} was given tokens, and no marker tells of them",
                    page.id
                )
            });
        }
    }

    /// What was signed out is revoked: the newest refresh token that the page was given.
    pub(crate) fn check_revoked(
        &self,
        id: PageId,
        token: Option<Token>,
        revocation: &Result<Revocation, Error>,
    ) {
        let is_confirmed = revocation.as_ref().is_ok_and(|done| done.answer.is_ok());
        let (Some(page), Some(token)) = (self.page(id), token.filter(|_| is_confirmed)) else {
            return;
        };
        let newest = self.server.newest(token.grant);
        let is_known = [Some(token), page.was_given.get()].contains(&Some(newest));
        self.require(!is_known || self.server.has_ended(token.grant), || {
            format!("page {id} has signed out, and {newest:?} is good still")
        });
    }

    /// No page believes that an access token lives for longer than it does.
    fn check_life(&self, page: &Page) {
        let access = page.held().and_then(|held| held.access);
        let access = access.filter(|_| self.clock.jumps() == 0);
        let Some(access) = access else { return };
        let issued = server::issued_at(&self.server, access.token.expose());
        if let Some((issued, end)) = issued.zip(access.expires_at) {
            let left = end * 1000 - self.clock.wall();
            let life = i64::from(self.settings.life) * 1000;
            let really = i64::try_from(issued).unwrap() + life - i64::try_from(self.now()).unwrap();
            self.require(left <= really.max(0) + LONGEST_FETCH_MS, || {
                let id = page.id;
                format!(
                    "page {id} believes that its access token has {left} ms to live, not {really}"
                )
            });
        }
    }

    fn check_change(&self, page: &Rc<Page>, before: &Holding, after: &Holding) {
        self.dropped.set(before.token.map(|token| token.grant));
        if let (Some(before), Some(after)) = (before.token, after.token) {
            if before.grant != after.grant {
                // A login, or tokens that the app or another page of this storage has brought.
                self.act(|| format!("page {} holds another session now", page.id));
            }
            let is_back = before.is_newer_than(after) && !self.may_versions_collide();
            self.require(!is_back, || {
                format!("page {} goes back from {before:?} to {after:?}", page.id)
            });
        }
        let grants = before.lineage.as_ref().zip(after.lineage.as_ref());
        let is_same = grants.is_some_and(|(before, after)| before.grant == after.grant);
        if let Some(token) = before.token
            && after.token.is_none()
            && is_same
        {
            self.counts.ended_sessions.add();
            self.check_end(page, token);
        }
    }

    /// A session ends only once the server has ended its grant, or nobody who can be asked knows better.
    fn check_end(&self, page: &Rc<Page>, token: Token) {
        if !self.server.is_alive(token.grant) {
            return;
        }
        let newest = self.server.newest(token.grant);
        // A page that could not store its tokens takes over the ended record of another one, if both have the same version.
        let is_excused = page.is_refused.get() && self.may_versions_collide();
        self.require(token != newest || is_excused, || {
            format!(
                "page {} ends its session, although {token:?} is good",
                page.id
            )
        });
        let answered_at = page.answered_at.get();
        for other in self.pages() {
            let knows = other.token() == Some(newest)
                && other.is_awake()
                && is_same_session(page, &other)
                && !self.may_versions_collide()
                && self.listen_to_each_other(page, &other)
                && other.awake_since.get() <= answered_at
                && other.holding.borrow().since <= answered_at;
            self.require(!knows, || {
                format!(
                    "page {} ends its session, although page {} holds {newest:?}",
                    page.id, other.id
                )
            });
        }
    }

    fn listen_to_each_other(&self, page: &Page, other: &Page) -> bool {
        let lineage = page.holding.borrow().lineage.clone();
        let channel = lineage.map(|lineage| lineage.channel());
        channel.is_some_and(|channel| {
            let listens = |page: &Page| self.channels.listens_since(page.id, &channel).is_some();
            listens(page) && listens(other)
        })
    }

    /// What is held is stored.
    pub(crate) fn check_written(&self, page: &Page) {
        if page.is_refused.get() || !self.can_store() {
            return;
        }
        let held = page.held().and_then(|held| held.refresh_token);
        let held = held.as_ref().and_then(Token::of);
        let record = self.record(page);
        let stored = record.as_ref().and_then(|stored| stored.token);
        let is_own = record
            .as_ref()
            .is_none_or(|stored| stored.writer == page.id);
        let is_older = held
            .zip(stored)
            .is_some_and(|(held, stored)| held.is_newer_than(stored));
        let is_repaired = || {
            self.was_damaged.get() || held.is_some_and(|held| self.server.is_excused(held.grant))
        };
        let fits = if is_own {
            held == stored
        } else {
            !is_older || is_repaired() || self.may_versions_collide()
        };
        self.require(fits, || {
            format!("page {} holds {held:?}, but has stored {stored:?}", page.id)
        });
    }

    /// A page has written its record, or was refused.
    pub(crate) fn note_write(&self, id: PageId, is_written: bool) {
        if let Some(page) = self.page(id) {
            page.is_refused.set(!is_written);
            let is_full = self.storages.condition(self.settings.area) == Condition::Full;
            page.is_to_be_emptied.set(!is_written && is_full);
            // An older record stays where storage is blocked, and whatever another page stores there replaces the session.
            let is_shared =
                self.settings.area == Area::Local || self.tabs.shown(page.tab).len() > 1;
            if !is_written && (is_shared || !is_full) {
                self.excuse_session(&page, "it could not be stored");
            }
        }
    }

    /// A page dispatches an event.
    pub(crate) fn note_event(&self, id: PageId, kind: &str, detail: &str) {
        self.note(|| format!("    page {id} dispatches {kind} {detail}"));
        if kind == "esi:token-refreshed"
            && let Some(page) = self.page(id)
        {
            self.check_written(&page);
        }
    }

    /// From now on nobody need keep this page's session.
    pub(crate) fn excuse_session(&self, page: &Page, reason: &str) {
        let held = page.held().and_then(|held| held.refresh_token);
        if let Some(token) = held.as_ref().and_then(Token::of) {
            self.server.excuse(token.grant, reason);
        }
    }

    /// True if the newest refresh token of a grant is somewhere from where a page can always get it. The browser drops a
    /// page from its bfcache when it likes.
    fn is_held(&self, newest: Token) -> bool {
        let has_it = |page: &Rc<Page>| page.token() == Some(newest) && !page.is_cached();
        self.pages().iter().any(has_it)
            || self.storages.holds(newest)
            || self.network.brings(newest)
    }

    /// No step of the library loses the newest refresh token of a grant.
    pub(crate) fn check_kept(&self) {
        let count = self.server.grants.borrow().len();
        for grant in 0..count {
            let (is_concerned, was_kept, excuse) = self.server.with(grant, |grant| {
                let is_concerned = grant.is_alive() && !grant.issued.is_empty();
                (is_concerned, grant.was_kept, grant.excuse.clone())
            });
            if !is_concerned {
                continue;
            }
            let newest = self.server.newest(grant);
            let is_held = self.is_held(newest);
            let has_it = |page: &Rc<Page>| page.token() == Some(newest);
            let is_kept =
                is_held || self.channels.carries(newest) || self.pages().iter().any(has_it);
            let collide = || {
                let may = self.may_versions_collide();
                may.then(|| "two pages had the same version".to_owned())
            };
            let is_of_it = |page: &Rc<Page>| page.token().is_some_and(|token| token.grant == grant);
            let nobody = || {
                let is_forgotten = self.dropped.get() != Some(grant);
                let is_of_any = self.pages().iter().any(is_of_it);
                (is_forgotten && !is_of_any)
                    .then(|| "no page holds the session any more".to_owned())
            };
            let blocked = || {
                let was = self.was_blocked.get() && self.settings.area == Area::Local;
                was.then(|| "the shared storage was blocked".to_owned())
            };
            let excuse = excuse.or_else(collide).or_else(nobody).or_else(blocked);
            let reason = excuse.or_else(|| {
                let acts = self.acts.borrow();
                (!acts.is_empty()).then(|| acts.join(", "))
            });
            if is_kept {
                self.server.with(grant, |grant| grant.was_kept = true);
                // The last who held it were given other tokens. Whether a message of it arrives, or the user goes back to a page
                // that has it, is chance.
                if let Some(reason) = reason.filter(|_| !is_held) {
                    self.server.excuse(grant, &reason);
                }
            } else if let Some(reason) = reason {
                self.note(|| format!("  {newest:?} is lost: {reason}"));
                self.counts.honest_losses.add();
                self.server.with(grant, |grant| grant.lost = Some(reason));
            } else if was_kept {
                self.require(false, || format!("{newest:?} is lost without need"));
            }
        }
    }

    /// A moment after all pages were told of a sign-out, none of them holds a token of it.
    pub(crate) fn check_signed_out(&self) {
        let mut grants = self.server.grants.borrow_mut();
        for (number, grant) in grants.iter_mut().enumerate() {
            let Some(sign_out) = &mut grant.sign_out else {
                continue;
            };
            let concerned = sign_out.concerned.iter();
            let concerned: Vec<_> = concerned.filter_map(|id| self.page(*id)).collect();
            let is_told = |page: &Rc<Page>| page.is_awake() && !self.channels.is_awaited(page.id);
            if !concerned.iter().all(is_told) {
                sign_out.told_at = None;
                continue;
            }
            let told_at = *sign_out.told_at.get_or_insert(self.now());
            for page in concerned {
                let held = page.token().filter(|token| token.grant == number);
                let is_late = told_at + SIGN_OUT_MS <= self.now();
                self.require(held.is_none() || !is_late || self.was_blocked.get(), || {
                    format!("page {} holds {held:?} after a sign-out", page.id)
                });
            }
        }
    }
}

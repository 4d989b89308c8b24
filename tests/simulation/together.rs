//! Which pages know of each other. Two pages of one session that are awake and listen to the same channel have the same tokens
//! after a moment: a page with newer ones sends them, and a new page asks for them.

use crate::grant::Grant;
use crate::page::Page;
use crate::settings::Rotation;
use crate::world::World;

/// After how many milliseconds: a query, a query back and the answer take no longer.
const SYNC_MS: u64 = 1_200;

impl World {
    /// True if what the other page holds must have reached this one.
    pub(crate) fn is_synced(&self, page: &Page, other: &Page) -> bool {
        if page.id == other.id
            || page.is_blind.get()
            || !is_same_session(page, other)
            || self.may_versions_collide()
        {
            return false;
        }
        let lineage = page.holding.borrow().lineage.clone();
        let Some(channel) = lineage.map(|lineage| lineage.channel()) else {
            return false;
        };
        let since = |page: &Page| {
            let listens = self.channels.listens_since(page.id, &channel)?;
            let holds = page.holding.borrow().since.ms;
            page.is_awake()
                .then(|| listens.ms.max(holds).max(page.awake_since.get().ms))
        };
        let both = since(page).zip(since(other));
        self.is_told(page, other, &channel)
            && both.is_some_and(|(ours, theirs)| ours.max(theirs) + SYNC_MS <= self.now())
    }

    /// True if the page listened when the tokens were published that the other one holds, or asked when that one held them.
    /// A page that comes between the two, even in the same millisecond, is told by its version marker. Who comes and asks
    /// nobody has no excuse.
    fn is_told(&self, page: &Page, other: &Page, channel: &str) -> bool {
        let Some(listens) = self.channels.listens_since(page.id, channel) else {
            return false;
        };
        let asked = page.asked_at.get();
        let has_heard = other.token().is_some_and(|token| {
            let given = |grant: &mut Grant| (grant.given_at, grant.is_published);
            let (given_at, is_published) = self.server.with(token.grant, given);
            // What is not published comes by the shared storage. A page that could not read it then reads it when it is
            // used next.
            listens <= given_at && (is_published || !self.was_blocked.get())
        });
        let is_mute = asked < listens;
        let is_answered = asked >= other.holding.borrow().since && asked.ms + SYNC_MS <= self.now();
        has_heard || is_mute || is_answered
    }

    /// True if two pages may hold different refresh tokens of the same version. A server that replaces them only now and then
    /// makes it possible for two pages that refresh at once, or that cannot count each other's answers.
    pub(crate) fn may_versions_collide(&self) -> bool {
        let settings = &self.settings;
        let is_orderly = settings.has_locks
            && self.locks.silences() == 0
            && self.counts.thefts.get() == 0
            && settings.has_local
            && !self.are_markers_doubtful.get();
        settings.rotation == Rotation::Sometimes && !is_orderly
    }

    /// Before time moves: each page that could know of newer tokens has them.
    pub(crate) fn check_synced(&self) {
        let pages = self.pages();
        for page in &pages {
            for other in &pages {
                let (held, theirs) = (page.token(), other.token());
                // Or its session has ended, with that token or with a later version that another page has told it of.
                let last = page
                    .last_token
                    .get()
                    .filter(|_| page.holding.borrow().is_any && is_older(page, other));
                let both = theirs.zip(held.or(last));
                let is_newer = both.is_some_and(|(theirs, ours)| {
                    theirs.is_newer_than(ours)
                        && (held.is_some() || self.server.is_alive(ours.grant))
                });
                if is_newer && self.is_synced(page, other) {
                    self.require(false, || {
                        format!(
                            "page {} holds {held:?} still, page {} {theirs:?}",
                            page.id, other.id
                        )
                    });
                }
            }
        }
    }
}

/// True if the sessions of both pages are known to them as one.
pub(crate) fn is_same_session(page: &Page, other: &Page) -> bool {
    let (ours, theirs) = (page.holding.borrow(), other.holding.borrow());
    let both = ours.lineage.as_ref().zip(theirs.lineage.as_ref());
    both.is_some_and(|(ours, theirs)| ours.grant == theirs.grant)
}

/// True if the page holds an older version than the other one.
fn is_older(page: &Page, other: &Page) -> bool {
    let (ours, theirs) = (page.holding.borrow(), other.holding.borrow());
    let both = ours.lineage.as_ref().zip(theirs.lineage.as_ref());
    both.is_some_and(|(ours, theirs)| theirs.is_ahead_of(ours))
}

//! Whose turn it is to refresh: one tab of a grant at a time, which asks the others for newer tokens.

use alloc::boxed::Box;
use alloc::rc::Rc;
use core::future::poll_fn;
use core::task::Poll;

use super::flight::{Flight, Work};
use super::lock::{self, Lock};
use super::row::Row;
use super::tabs::{self, Tabs};
use super::timer::within;
use crate::session::handover::Message;
use crate::session::lineage::Lineage;
use crate::session::refresh::Others;

/// For how many milliseconds, where there are no locks, a tab that comes first is waited for; and where there are, the
/// browser, to take one back.
const PATIENCE: u32 = 5_000;

/// For how many milliseconds the other tabs are waited for, to hand over newer tokens.
const TABS_PATIENCE: u32 = 1_000;

/// The same where one of them is known to hold some.
const MUCH_PATIENCE: u32 = 10_000;

/// How often a tab claims its turn, where there are no locks, before it goes on without: for as long, all in
/// all, as it would wait for a lock.
const CLAIMS: u32 = 13;

impl Row {
    /// Waits until no other tab refreshes the same grant.
    pub(super) async fn take_turn(&self) -> (Option<Lock>, Others) {
        // What this page itself has held a moment ago is no sign of others.
        let ending = self.ending.take();
        if let Some(ending) = ending {
            within(PATIENCE, ending).await;
        }
        let lineage = self.session.borrow().lineage().cloned();
        let Some(lineage) = lineage else {
            return (None, Others::Behind);
        };
        if let Some((lock, others)) = tabs::take_turn(&lineage).await {
            return (Some(lock), others);
        }
        self.claim_turn(&lineage).await;
        // A claim is a question too.
        (None, Others::Behind)
    }

    /// The same without locks.
    async fn claim_turn(&self, lineage: &Lineage) {
        let generation = self.session.borrow().generation();
        for left in (0..CLAIMS).rev() {
            let claim = |tabs: &mut Tabs| tabs.claim(lineage.clone());
            let heard = self.tabs.borrow_mut().as_mut().is_some_and(claim);
            if heard && left > 0 {
                // In two halves: what keeps this page from hearing the others makes one timer late, and leaves
                // them the other.
                self.change(generation, TABS_PATIENCE / 2).await;
                self.change(generation, TABS_PATIENCE / 2).await;
            }
            let taken = self.tabs.borrow_mut().as_mut().is_some_and(Tabs::take_turn);
            if taken || self.session.borrow().generation() != generation {
                return;
            }
            self.change(generation, PATIENCE).await;
        }
    }

    /// True if it is this tab's turn still.
    pub(super) async fn has_turn(&self, turn: Option<&Lock>) -> bool {
        if let Some(lock) = turn {
            return lock.is_held().await;
        }
        let session = self.session.borrow();
        let mut tabs = self.tabs.borrow_mut();
        let claims = tabs.as_mut().zip(session.lineage());
        claims.is_none_or(|(tabs, lineage)| tabs.send(lineage))
    }

    /// Lets another tab refresh, once all can see how new the tokens are here.
    pub(super) fn end_turn(self: &Rc<Self>, turn: Option<Lock>) {
        if let Some(tabs) = &mut *self.tabs.borrow_mut() {
            tabs.end_turn();
        }
        let standing = Self::stand(Rc::downgrade(self));
        let ending: Work = Box::pin(async move {
            standing.await;
            lock::release(turn).await;
        });
        self.ending.replace(Some(Flight::launch(ending)));
    }

    /// Asks the other tabs for newer tokens, and waits until some have come, or nobody seems to have any.
    pub(super) async fn ask(&self, others: Others) {
        let question = {
            let session = self.session.borrow();
            let lineage = session.lineage().cloned();
            lineage.map(|lineage| (Message::Ask(lineage), session.generation()))
        };
        let Some((question, generation)) = question else {
            return;
        };
        let heard = self
            .tabs
            .borrow()
            .as_ref()
            .is_some_and(|tabs| tabs.post(&question));
        if heard {
            let patience = match others {
                Others::Ahead => MUCH_PATIENCE,
                Others::Unknown | Others::Behind => TABS_PATIENCE,
            };
            self.change(generation, patience).await;
        }
    }

    /// Waits until the tokens are others than those of `generation`, or a refresh has failed in another tab, or so
    /// many milliseconds have passed.
    async fn change(&self, generation: u32, patience: u32) {
        let failures = self.session.borrow().failures();
        let changed = poll_fn(|context| {
            let session = self.session.borrow();
            if (session.generation(), session.failures()) != (generation, failures) {
                return Poll::Ready(());
            }
            drop(session);
            self.watch(context.waker());
            Poll::Pending
        });
        within(patience, changed).await;
    }
}

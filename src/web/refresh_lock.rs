//! The refresh lock: one tab of a grant refreshes at a time, and first queries the others for newer tokens. Where there
//! are no locks each tab refreshes by itself.

use alloc::boxed::Box;
use core::future::poll_fn;
use core::task::Poll;

use super::flight::{Flight, Work};
use super::lock::{self, Acquired, Lock};
use super::marker;
use super::row::Row;
use super::timer::within;
use super::warning::Warning;
use crate::session::handover::Message;
use crate::session::lineage::Lineage;
use crate::session::refresh::{Others, Refresh};

/// How long one other tab may hold up a refresh, in milliseconds: as long as a refresh takes where the metadata are known,
/// even if the server does not answer and is asked twice. If that tab sends later all the same, the token worker gives
/// both the same answer.
const LOCK_TIMEOUT_MS: u32 = 75_000;

/// How long the browser is waited for until it has taken a lock back, in milliseconds.
const RELEASE_TIMEOUT_MS: u32 = 5_000;

/// How long the answer to a query is waited for, in milliseconds.
const QUERY_TIMEOUT_MS: u32 = 1_000;

/// The same where newer tokens are known to exist, or to have existed.
const NEWER_TIMEOUT_MS: u32 = 10_000;

impl Row {
    /// Waits until no other tab refreshes the same grant. What is known of the others.
    pub(super) async fn acquire_refresh_lock(&self) -> (Option<Lock>, Others) {
        // The lock that this page itself is about to release is no sign of another tab.
        let releasing = self.releasing.take();
        if let Some(releasing) = releasing {
            within(RELEASE_TIMEOUT_MS, releasing).await;
        }
        let lineage = self.session.borrow().lineage().cloned();
        let Some(lineage) = lineage.filter(|_| self.storage.is_shared()) else {
            return (None, Others::Behind);
        };
        let (lock, free) = match lock::acquire(&lineage.refresh_lock(), LOCK_TIMEOUT_MS).await {
            Acquired::Free(lock) => (Some(lock), true),
            // Its holder may be closed, and what it has sent still be under way.
            Acquired::Contended(lock) => (Some(lock), false),
            Acquired::Unavailable => {
                // A browser that blocks storage blocks locks too, and another warning says so.
                if self.storage.read(&self.key).is_ok() {
                    Warning::NoLocks.once();
                }
                (None, false)
            }
        };
        let others = match self.others(&lineage) {
            Others::Behind if !free => Others::Unknown,
            others => others,
        };
        (lock, others)
    }

    /// How many answers any tab of this grant has had, as far as is known.
    pub(super) fn answers(&self) -> u32 {
        let lineage = self.session.borrow().lineage().cloned();
        let lineage = lineage.filter(|_| self.storage.has_marker());
        lineage.map_or(0, |lineage| marker::answers(&lineage))
    }

    /// What can be read of the other tabs: in localStorage they share the record itself.
    fn others(&self, lineage: &Lineage) -> Others {
        if self.storage.has_marker() {
            marker::others(lineage)
        } else {
            Others::Behind
        }
    }

    /// True if the refresh token may leave: the lock, if there is one, is held still, and no other tab has been given newer
    /// tokens than this refresh knows of.
    pub(super) async fn may_send(&self, lock: Option<&Lock>, refresh: &Refresh) -> bool {
        let lineage = self.session.borrow().lineage().cloned();
        let Some(lineage) = lineage else { return true };
        let held = match lock {
            Some(lock) => lock.is_held().await,
            None => true,
        };
        // The marker of another process may come later than the lock.
        let newest = match self.others(&lineage) {
            Others::Ahead(newest) => newest,
            _ => 0,
        };
        held && newest <= refresh.newest().max(lineage.rotation)
    }

    /// Lets another tab refresh.
    pub(super) fn release_refresh_lock(&self, lock: Option<Lock>) {
        if lock.is_some() {
            let releasing: Work = Box::pin(lock::release(lock));
            self.releasing.replace(Some(Flight::launch(releasing)));
        }
    }

    /// Asks the other tabs for newer tokens, and waits until some have come, or nobody seems to have any.
    pub(super) async fn query(&self, others: Others) {
        let generation = self.session.borrow().generation();
        if self.send_query() {
            let timeout_ms = match others {
                Others::Ahead(_) => NEWER_TIMEOUT_MS,
                Others::Unknown | Others::Behind => QUERY_TIMEOUT_MS,
            };
            self.change(generation, timeout_ms).await;
        }
    }

    /// Asks the other tabs for newer tokens. False if none can receive it.
    pub(super) fn send_query(&self) -> bool {
        let lineage = self.session.borrow().lineage().cloned();
        lineage.is_some_and(|lineage| self.send(&Message::Ask(lineage)))
    }

    /// Sends it to the other tabs. False if none can receive it. The page's own code may call back in here.
    pub(super) fn send(&self, message: &Message) -> bool {
        let tabs = self.tabs.borrow();
        let channel = tabs.as_ref().and_then(|tabs| tabs.channel.clone());
        drop(tabs);
        channel.is_some_and(|channel| channel.send(message))
    }

    /// Waits until the tokens are others than those of `generation`, or a refresh has failed in another tab, or
    /// `timeout_ms` have passed.
    async fn change(&self, generation: u32, timeout_ms: u32) {
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
        within(timeout_ms, changed).await;
    }
}

//! The refresh lock: one tab of a grant refreshes at a time, and first queries the others for newer tokens. Without Web
//! Locks each tab refreshes by itself.

use alloc::boxed::Box;
use alloc::rc::Rc;
use core::future::poll_fn;
use core::task::Poll;

use super::host::Lock;
use super::lock::{self, Acquired};
use super::open_session::OpenSession;
use super::shared::Shared;
use super::warning::Warning;
use crate::session::lineage::Lineage;
use crate::session::refresh::{Others, Refresh};

/// How long one other tab may hold up a refresh, in milliseconds: as long as a refresh takes where the metadata are known,
/// even if the server does not answer and is asked twice. If that tab sends later all the same, the token worker gives
/// both the same response.
const LOCK_TIMEOUT_MS: u32 = 75_000;

/// How long the browser is waited for until it has taken a lock back, in milliseconds.
const RELEASE_TIMEOUT_MS: u32 = 5_000;

/// How long the answer to a query is waited for, in milliseconds.
const QUERY_TIMEOUT_MS: u32 = 1_000;

/// The same where newer tokens are known to exist, or to have existed.
const NEWER_TIMEOUT_MS: u32 = 10_000;

impl OpenSession {
    /// Waits until no other tab refreshes the same grant. Returns the lock and what is known of the other tabs.
    pub(super) async fn acquire_refresh_lock(&self) -> (Option<Box<dyn Lock>>, Others) {
        // The lock that this page itself is about to release is no sign of another tab.
        let releasing = self.releasing.take();
        if let Some(releasing) = releasing {
            self.environment.within(RELEASE_TIMEOUT_MS, releasing).await;
        }
        let lineage = self.session.borrow().lineage().cloned();
        let Some(lineage) = lineage.filter(|_| self.area.is_shared()) else {
            return (None, Others::Behind);
        };
        let name = lineage.refresh_lock();
        let (lock, is_free) = match lock::acquire(&self.environment, &name, LOCK_TIMEOUT_MS).await {
            Acquired::Free(lock) => (Some(lock), true),
            // Its holder may be closed, and what it has sent still be under way.
            Acquired::Contended(lock) => (Some(lock), false),
            Acquired::Unavailable => {
                // A browser that blocks storage blocks locks too, and another warning says so.
                if self.has_readable_record() {
                    self.environment.warn(Warning::NoLocks);
                }
                (None, false)
            }
        };
        let others = match self.others(&lineage) {
            Others::Behind if !is_free => Others::Unknown,
            others => others,
        };
        (lock, others)
    }

    /// How many responses any tab of this grant has had, as far as is known.
    pub(super) fn answers(&self) -> u32 {
        let lineage = self.session.borrow().lineage().cloned();
        let lineage = lineage.filter(|_| self.area.has_marker());
        lineage.map_or(0, |lineage| self.markers.answers(&lineage))
    }

    /// What can be read of the other tabs: in localStorage they share the record itself.
    fn others(&self, lineage: &Lineage) -> Others {
        if self.area.has_marker() {
            self.markers.others(lineage)
        } else {
            Others::Behind
        }
    }

    /// True if the refresh token may be sent: the lock, if there is one, is held still, and no other tab has been given
    /// newer tokens than this refresh knows of.
    pub(super) async fn may_send(&self, lock: Option<&dyn Lock>, refresh: &Refresh) -> bool {
        let lineage = self.session.borrow().lineage().cloned();
        let Some(lineage) = lineage else { return true };
        let is_held = match lock {
            Some(lock) => lock::is_held(&self.environment, lock).await,
            None => true,
        };
        // The marker of another process may come later than the lock.
        let newest = match self.others(&lineage) {
            Others::Ahead(newest) => newest,
            _ => 0,
        };
        is_held && newest <= refresh.newest().max(lineage.rotation)
    }

    /// Lets another tab refresh.
    pub(super) fn release_refresh_lock(&self, lock: Option<Box<dyn Lock>>) {
        if lock.is_some() {
            let environment = Rc::clone(&self.environment);
            let releasing = Shared::spawn(&self.environment, async move {
                lock::release(&environment, lock).await;
            });
            self.releasing.replace(Some(releasing));
        }
    }

    /// Asks the other tabs for newer tokens, and waits until some have come, or no tab seems to have any.
    pub(super) async fn query(&self, others: Others) {
        let generation = self.session.borrow().generation();
        if self.send_query() {
            let timeout_ms = match others {
                Others::Ahead(_) => NEWER_TIMEOUT_MS,
                Others::Unknown | Others::Behind => QUERY_TIMEOUT_MS,
            };
            self.wait_for_change(generation, timeout_ms).await;
        }
    }

    /// Waits until the tokens are others than those of `generation`, or a refresh has failed in another tab, or
    /// `timeout_ms` have passed.
    async fn wait_for_change(&self, generation: u32, timeout_ms: u32) {
        let failures = self.session.borrow().failures();
        let changed = poll_fn(|context| {
            let session = self.session.borrow();
            if (session.generation(), session.failures()) != (generation, failures) {
                return Poll::Ready(());
            }
            drop(session);
            self.revision.subscribe(context);
            Poll::Pending
        });
        self.environment.within(timeout_ms, changed).await;
    }
}

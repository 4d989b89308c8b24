//! The refresh lock: one tab of a grant refreshes at a time. If another tab may have newer tokens, it queries the tabs
//! first. Without Web Locks each tab refreshes on its own.

use alloc::boxed::Box;
use alloc::rc::Rc;
use core::future::poll_fn;
use core::task::Poll;

use super::host::Lock;
use super::lock::{self, Acquired, Wait};
use super::open_session::OpenSession;
use super::shared::Shared;
use super::warning::Warning;
use crate::session::lineage::Lineage;
use crate::session::refresh::{Others, Refresh};

/// How long one other tab may hold the lock, in milliseconds. A refresh with known metadata takes no longer, even if it
/// sends twice and gets no response. If that tab sends later anyway, the token worker gives both tabs the same
/// response.
const LOCK_TIMEOUT_MS: u32 = 75_000;

/// How long to wait until the browser has released a lock, in milliseconds.
const RELEASE_TIMEOUT_MS: u32 = 5_000;

/// How long to wait for replies to a query, in milliseconds.
const QUERY_TIMEOUT_MS: u32 = 1_000;

/// The same if newer tokens are known to exist, or to have existed.
const NEWER_TIMEOUT_MS: u32 = 10_000;

/// The wait for the lock of one refresh.
pub(super) fn lock_wait() -> Wait {
    Wait::new(LOCK_TIMEOUT_MS)
}

impl OpenSession {
    /// Acquires the refresh lock. Returns it, and whether another tab may have newer tokens.
    pub(super) async fn acquire_refresh_lock(
        &self,
        wait: &mut Wait,
    ) -> (Option<Box<dyn Lock>>, Others) {
        // Waits until this page's own release is complete, so that it does not count as another tab's lock.
        let releasing = self.releasing.take();
        if let Some(releasing) = releasing {
            self.environment.within(RELEASE_TIMEOUT_MS, releasing).await;
        }
        let lineage = self.session.borrow().lineage().cloned();
        let Some(lineage) = lineage.filter(|_| self.area.is_shared()) else {
            return (None, Others::Behind);
        };
        let name = lineage.refresh_lock();
        let (lock, is_free) = match lock::acquire(&self.environment, &name, wait).await {
            Acquired::Free(lock) => (Some(lock), true),
            // The last holder may have closed while its request is still in flight.
            Acquired::Contended(lock) => (Some(lock), false),
            Acquired::Unavailable => {
                // A browser that blocks storage blocks locks too, and then the warning about storage is enough.
                if self.has_readable_record() {
                    self.environment.warn(Warning::NoLocks);
                }
                (None, false)
            }
            Acquired::Spent => (None, false),
        };
        let others = match self.others(&lineage) {
            Others::Behind if !is_free => Others::Unknown,
            others => others,
        };
        (lock, others)
    }

    /// The number of the newest token response of any tab of this grant; 0 if unknown.
    pub(super) fn answers(&self) -> u32 {
        let lineage = self.session.borrow().lineage().cloned();
        let lineage = lineage.filter(|_| self.area.has_marker());
        lineage.map_or(0, |lineage| self.markers.answers(&lineage))
    }

    /// Whether another tab has newer tokens, according to the version marker. In localStorage all tabs share the
    /// record, so none has.
    fn others(&self, lineage: &Lineage) -> Others {
        if self.area.has_marker() {
            self.markers.others(lineage)
        } else {
            Others::Behind
        }
    }

    /// True if the refresh token may be sent. The lock, if there is one, must still be held, and no other tab may have
    /// received newer tokens than this refresh knows of.
    pub(super) async fn may_send(&self, lock: Option<&dyn Lock>, refresh: &Refresh) -> bool {
        let lineage = self.session.borrow().lineage().cloned();
        let Some(lineage) = lineage else { return true };
        let is_held = match lock {
            Some(lock) => lock::is_held(&self.environment, lock).await,
            None => true,
        };
        // A marker that another process wrote may become visible after its lock was released.
        let newest = match self.others(&lineage) {
            Others::Ahead(newest) => newest,
            _ => 0,
        };
        is_held && newest <= refresh.newest().max(lineage.rotation)
    }

    /// Releases the refresh lock, in a task of its own.
    pub(super) fn release_refresh_lock(&self, lock: Option<Box<dyn Lock>>) {
        if lock.is_some() {
            let environment = Rc::clone(&self.environment);
            let releasing = Shared::spawn(&self.environment, async move {
                lock::release(&environment, lock).await;
            });
            self.releasing.replace(Some(releasing));
        }
    }

    /// Queries the other tabs for newer tokens. Returns when some have come, or after the timeout.
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

    /// Waits until the tokens are no longer those of `generation`, a refresh has failed in another tab, or `timeout_ms`
    /// have passed.
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

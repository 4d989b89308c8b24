//! A lock as the page sees it that requests it.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use esi_security::client::host::{Lock, LockAnswer, LockMode};

use crate::page::PageId;
use crate::slot::Slot;
use crate::world::World;

/// A request for a lock.
pub(crate) struct Request {
    pub(crate) page: PageId,
    pub(crate) name: String,
    pub(crate) mode: LockMode,
    /// When it was granted.
    pub(crate) since: Cell<u64>,
    /// When a page of the library has stolen it.
    pub(crate) stolen_at: Cell<Option<u64>>,
    pub(crate) answer: Slot<LockAnswer>,
    /// True if the page does not want it any more.
    pub(crate) is_abandoned: Cell<bool>,
    /// True once the page knows that it was stolen.
    pub(crate) is_stolen: Cell<bool>,
}

impl Request {
    pub(crate) fn new(page: PageId, name: &str, mode: LockMode) -> Self {
        Self {
            page,
            name: name.to_owned(),
            mode,
            since: Cell::new(0),
            stolen_at: Cell::new(None),
            answer: Slot::new(),
            is_abandoned: Cell::new(false),
            is_stolen: Cell::new(false),
        }
    }
}

/// The request of a page, until it is answered.
pub(crate) struct LockFuture {
    pub(crate) world: Rc<World>,
    pub(crate) request: Rc<Request>,
    /// Of its deadline.
    pub(crate) timer: Option<u64>,
}

impl Future for LockFuture {
    type Output = LockAnswer;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<LockAnswer> {
        Pin::new(&mut self.request.answer.clone()).poll(context)
    }
}

impl Drop for LockFuture {
    fn drop(&mut self) {
        if let Some(timer) = self.timer {
            drop(self.world.agenda.take(timer));
        }
        // A lock that is granted later is released at once, and so is one that was granted unseen.
        self.request.is_abandoned.set(true);
        drop(self.request.answer.take());
    }
}

/// A lock as the page has it.
pub(crate) struct SimLock {
    pub(crate) world: Rc<World>,
    pub(crate) request: Rc<Request>,
}

impl Lock for SimLock {
    fn is_stolen(&self) -> bool {
        self.request.is_stolen.get()
    }
}

impl Drop for SimLock {
    fn drop(&mut self) {
        let page = self.request.page;
        if self.world.page(page).is_some() {
            self.world.give_lock_back(Rc::clone(&self.request));
        }
    }
}

//! An answer that a task waits for.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// Filled once by the world, and taken once by the task that awaits it.
pub(crate) struct Slot<T>(Rc<Inner<T>>);

struct Inner<T> {
    value: RefCell<Option<T>>,
    waker: RefCell<Option<Waker>>,
}

impl<T> Slot<T> {
    pub(crate) fn new() -> Self {
        Self(Rc::new(Inner {
            value: RefCell::new(None),
            waker: RefCell::new(None),
        }))
    }

    pub(crate) fn fill(&self, value: T) {
        self.0.value.replace(Some(value));
        if let Some(waker) = self.0.waker.take() {
            waker.wake();
        }
    }

    pub(crate) fn take(&self) -> Option<T> {
        self.0.value.take()
    }
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> Future for Slot<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        if let Some(value) = self.0.value.take() {
            return Poll::Ready(value);
        }
        self.0.waker.replace(Some(context.waker().clone()));
        Poll::Pending
    }
}

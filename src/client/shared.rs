//! A future shared by several callers. It runs to completion even if all of them are dropped, so that a response that
//! must be stored is stored.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use super::environment::Environment;

/// A future that can be awaited many times.
pub(super) struct Shared<T>(Rc<RefCell<Progress<T>>>);

enum Progress<T> {
    Running(Vec<Waker>),
    Completed(T),
}

impl<T: Clone + 'static> Shared<T> {
    /// Starts the work.
    pub(super) fn spawn(
        environment: &Environment,
        work: impl Future<Output = T> + 'static,
    ) -> Self {
        let shared = Self(Rc::new(RefCell::new(Progress::Running(Vec::new()))));
        let running = shared.clone();
        environment.spawn(async move {
            let output = work.await;
            let before = running.0.replace(Progress::Completed(output));
            if let Progress::Running(waiting) = before {
                waiting.into_iter().for_each(Waker::wake);
            }
        });
        shared
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T: Clone> Future for Shared<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        match &mut *self.0.borrow_mut() {
            Progress::Completed(output) => Poll::Ready(output.clone()),
            Progress::Running(waiting) => {
                waiting.push(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

//! Work that several callers wait for together. It runs to its end whatever becomes of them, so that
//! an answer that must be stored is stored.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

/// Work that is compiled into one and the same kind of flight.
pub(super) type Work = Pin<Box<dyn Future<Output = ()>>>;

/// A future that can be waited for many times.
pub(super) struct Flight<T>(Rc<RefCell<Progress<T>>>);

enum Progress<T> {
    Flying(Vec<Waker>),
    Landed(T),
}

impl<T: Clone + 'static> Flight<T> {
    /// Starts the work.
    pub(super) fn launch(work: impl Future<Output = T> + 'static) -> Self {
        let flight = Self(Rc::new(RefCell::new(Progress::Flying(Vec::new()))));
        let landing = flight.clone();
        wasm_bindgen_futures::spawn_local(async move {
            let result = work.await;
            let before = landing.0.replace(Progress::Landed(result));
            if let Progress::Flying(waiting) = before {
                waiting.into_iter().for_each(Waker::wake);
            }
        });
        flight
    }
}

impl<T> Clone for Flight<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T: Clone> Future for Flight<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        match &mut *self.0.borrow_mut() {
            Progress::Landed(result) => Poll::Ready(result.clone()),
            Progress::Flying(waiting) => {
                waiting.push(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

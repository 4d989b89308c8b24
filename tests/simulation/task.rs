//! A task of a page. It is polled when the scheduler draws it, and never when it is spawned.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use esi_security::client::host::LocalFuture;

pub(crate) struct Task {
    future: RefCell<Option<LocalFuture<'static, ()>>>,
    readiness: Arc<Readiness>,
}

/// Whether a task wants to be polled.
struct Readiness(AtomicBool);

impl Wake for Readiness {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Task {
    pub(crate) fn new(future: LocalFuture<'static, ()>) -> Self {
        Self {
            future: RefCell::new(Some(future)),
            readiness: Arc::new(Readiness(AtomicBool::new(true))),
        }
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.readiness.0.load(Ordering::Relaxed)
    }

    /// Polls it once. True if it has ended.
    pub(crate) fn poll(&self) -> bool {
        self.readiness.0.store(false, Ordering::Relaxed);
        let Some(mut future) = self.future.take() else {
            return true;
        };
        let waker = Waker::from(Arc::clone(&self.readiness));
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(()) => true,
            Poll::Pending => {
                self.future.replace(Some(future));
                false
            }
        }
    }
}

//! The scheduler: it refreshes a session before it expires, by the wall clock, and announces its changes.

use alloc::rc::{Rc, Weak};
use core::future::poll_fn;
use core::task::Poll;

use super::environment::Environment;
use super::open_session::OpenSession;
use super::security::{EsiSecurity, Inner};

/// The longest pause while something is due later, in seconds. A timer stops while the machine sleeps, and the clock
/// may be set; so the clock is read at least this often.
const LONGEST_PAUSE: i64 = 60;

impl EsiSecurity {
    /// Announces changes, and begins a refresh that is due. Returns the seconds until the next run; `None` to wait for
    /// a change.
    fn run_due(&self, open: &OpenSession) -> Option<i64> {
        open.announce_changes();
        self.0.listeners.call(&self.snapshot());
        if self.0.page.is_hidden() {
            return None;
        }
        if open.session.borrow().refresh_token().is_some() {
            // Connects before a refresh is due: the worker outlives the page that asked only while another page is
            // connected.
            self.0.sender.connect();
        }
        let now = self.environment().now();
        let due = open.session.borrow().wakes_at(now, open.margin())?;
        if due > now {
            return Some(due.saturating_sub(now).min(LONGEST_PAUSE));
        }
        let is_renewable = open.session.borrow().is_renewable();
        (self.0.auto_refresh && is_renewable).then(|| {
            let this = self.clone();
            // The error is dropped: a caller that needs a token gets it from its own call.
            self.environment()
                .spawn(async move { drop(this.refresh(&[]).await) });
            LONGEST_PAUSE
        })
    }
}

/// Starts the scheduler of an object. It ends with the object.
pub(super) fn start(security: &EsiSecurity) {
    let environment = Rc::clone(security.environment());
    let inner = Rc::downgrade(&security.0);
    security.environment().spawn(run(environment, inner));
}

async fn run(environment: Rc<Environment>, inner: Weak<Inner>) {
    while let Some(security) = inner.upgrade().map(EsiSecurity) {
        let open = security.session();
        // Changes are announced only after they are stored.
        open.stored().await;
        let revision = open.revision.number();
        let seconds = security.run_due(&open);
        let open = Rc::downgrade(&open);
        drop(security);
        pause(&environment, seconds, &open, revision).await;
    }
}

/// Waits for the next revision of the session, or for so many seconds. Holds only a weak reference meanwhile, so that
/// the session can be dropped.
async fn pause(
    environment: &Environment,
    seconds: Option<i64>,
    open: &Weak<OpenSession>,
    revision: u32,
) {
    let changed = poll_fn(|context| match open.upgrade() {
        Some(open) if open.revision.number() == revision => {
            open.revision.subscribe(context);
            Poll::Pending
        }
        _ => Poll::Ready(()),
    });
    match seconds.and_then(|seconds| u32::try_from(seconds).ok()) {
        Some(seconds) => drop(
            environment
                .within(seconds.saturating_mul(1000), changed)
                .await,
        ),
        None => changed.await,
    }
}

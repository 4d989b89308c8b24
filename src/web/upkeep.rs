//! What a session does by itself: it is refreshed in time, by the wall clock, and tells the page what has
//! become of it.

use alloc::rc::{Rc, Weak};
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::task::Poll;
use wasm_bindgen_futures::spawn_local;

use super::clock;
use super::row::Row;
use super::security::{EsiSecurity, Inner};
use super::timer::within;
use crate::session::machine::{Reason, State};

/// For how many seconds at most nothing is looked at while something is due later: a timer stands still while
/// the machine sleeps, and the clock may be set.
const LONGEST_PAUSE: i64 = 60;

/// All that a page may want to show of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// What stands.
    pub state: State,
    /// What has made it so.
    pub reason: Reason,
    /// Whose session it is.
    pub token_identifier: Option<String>,
    /// When the access token expires, seconds since 1970; `None` where unknown.
    pub token_expiry: Option<i64>,
}

type Listener = Rc<dyn Fn(&Snapshot)>;

/// Who wants to know when the snapshot changes.
#[derive(Default)]
pub(super) struct Listeners {
    all: RefCell<Vec<Told>>,
    next: Cell<u32>,
}

/// A listener, and what it was told last.
struct Told {
    number: u32,
    listener: Listener,
    last: Snapshot,
}

/// Dropped, the listener is not called any more.
pub struct Subscription {
    security: Weak<Inner>,
    number: u32,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(inner) = self.security.upgrade() {
            let listeners = &inner.listeners.all;
            let of_this = |told: &Told| told.number == self.number;
            let found = listeners.borrow().iter().position(of_this);
            // It goes with no borrow held: it may own another subscription.
            let gone = found.map(|index| listeners.borrow_mut().remove(index));
            drop(gone);
        }
    }
}

impl EsiSecurity {
    /// What stands now, at one look.
    pub fn snapshot(&self) -> Snapshot {
        let (who, now) = (self.who(), clock::now());
        let session = who.row.session.borrow();
        let (state, reason) = session.standing(now, who.row.margin());
        Snapshot {
            state,
            reason,
            token_identifier: who.token_identifier,
            token_expiry: session.access().and_then(|access| access.expires_at),
        }
    }

    /// Calls the listener now, and after each change of the snapshot.
    pub fn subscribe(&self, listener: impl Fn(&Snapshot) + 'static) -> Subscription {
        let listeners = &self.0.listeners;
        let number = listeners.next.get();
        listeners.next.set(number.wrapping_add(1));
        let listener: Listener = Rc::new(listener);
        let last = self.snapshot();
        listeners.all.borrow_mut().push(Told {
            number,
            listener: Rc::clone(&listener),
            last: last.clone(),
        });
        listener(&last);
        Subscription {
            security: Rc::downgrade(&self.0),
            number,
        }
    }

    /// Tells those who have subscribed, if there is something new to them.
    fn publish(&self) {
        let listeners = &self.0.listeners.all;
        let snapshot = self.snapshot();
        let all: Vec<u32> = listeners.borrow().iter().map(|told| told.number).collect();
        for number in all {
            // One that was told before may have made it leave.
            let listener = listeners.borrow_mut().iter_mut().find_map(|told| {
                let new = told.number == number && told.last != snapshot;
                new.then(|| {
                    told.last = snapshot.clone();
                    Rc::clone(&told.listener)
                })
            });
            if let Some(listener) = listener {
                listener(&snapshot);
            }
        }
    }

    /// Begins to look after the session, for as long as somebody holds it.
    pub(super) fn look_after(&self) {
        spawn_local(keep(Rc::downgrade(&self.0)));
    }

    /// Does what is due; for how many seconds nothing will be, unless something happens.
    fn tend(&self, row: &Row) -> Option<i64> {
        row.notice();
        self.publish();
        if row.session.borrow().refresh_token().is_some() {
            // Before a refresh is due: the worker outlives the page that asks, if another one is connected.
            self.0.sender.connect();
        }
        let now = clock::now();
        let due = row.session.borrow().wakes_at(now, row.margin())?;
        if due > now {
            return Some(due.saturating_sub(now).min(LONGEST_PAUSE));
        }
        let refreshable = row.session.borrow().is_renewable();
        (self.0.auto_refresh && refreshable).then(|| {
            let this = self.clone();
            // Whoever needs a token asks for it, and gets the error then.
            spawn_local(async move { drop(this.refresh(&[]).await) });
            LONGEST_PAUSE
        })
    }
}

async fn keep(inner: Weak<Inner>) {
    while let Some(security) = inner.upgrade().map(EsiSecurity) {
        // Nobody is told of what is not stored yet.
        security.written().await;
        let row = security.who().row;
        let stirred = row.stirred();
        let seconds = security.tend(&row);
        let row = Rc::downgrade(&row);
        drop(security);
        pause(seconds, &row, stirred).await;
    }
}

/// Waits until something may have happened to the row, or for so many seconds. Holds no row meanwhile, which nobody
/// may need any more.
async fn pause(seconds: Option<i64>, row: &Weak<Row>, stirred: u32) {
    let happened = poll_fn(|context| match row.upgrade() {
        Some(row) if row.stirred() == stirred => {
            row.watch(context.waker());
            Poll::Pending
        }
        _ => Poll::Ready(()),
    });
    match seconds.and_then(|seconds| u32::try_from(seconds).ok()) {
        Some(seconds) => drop(within(seconds.saturating_mul(1000), happened).await),
        None => happened.await,
    }
}

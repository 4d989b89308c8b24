//! Subscriptions to the changes of a session.

use alloc::rc::{Rc, Weak};

use super::listeners::{Listener, Snapshot};
use super::security::{EsiSecurity, Inner};

/// A subscription. Dropping it removes the listener.
pub struct Subscription {
    security: Weak<Inner>,
    number: u32,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(inner) = self.security.upgrade() {
            inner.listeners.remove(self.number);
        }
    }
}

impl EsiSecurity {
    /// The state of the session now.
    pub fn snapshot(&self) -> Snapshot {
        let (current, now) = (self.current(), self.environment().now());
        let session = current.session.session.borrow();
        let (state, reason) = session.standing(now, current.session.margin());
        Snapshot {
            state,
            reason,
            token_identifier: current.token_identifier,
            token_expiry: session.access().and_then(|access| access.expires_at),
        }
    }

    /// Calls the listener now, and after each change of the snapshot.
    pub fn subscribe(&self, listener: impl Fn(&Snapshot) + 'static) -> Subscription {
        let (listener, snapshot): (Listener, _) = (Rc::new(listener), self.snapshot());
        Subscription {
            security: Rc::downgrade(&self.0),
            number: self.0.listeners.add(&listener, &snapshot),
        }
    }
}

//! The channel to the other tabs of the same grant. A page may have replaced `BroadcastChannel`, and that code may call
//! the library. So no `RefCell` is borrowed while it runs.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use core::cell::{Cell, RefCell};

use super::environment::Environment;
use super::host::{Channel, Receiver};
use crate::session::handover::Message;
use crate::session::lineage::Lineage;

/// The peers of one session.
pub(super) struct Peers {
    environment: Rc<Environment>,
    joined: RefCell<Option<Joined>>,
    /// The channel that is open while the page is hidden: see [`Peers::leave`].
    absence: RefCell<Option<Box<dyn Channel>>>,
    /// True between `pagehide` and `pageshow`.
    is_hidden: Cell<bool>,
    /// What the page had joined before it was hidden.
    left: RefCell<Option<Lineage>>,
    /// The key of the record, if it is in sessionStorage. Firefox restores that with the page.
    key: Option<String>,
}

/// The grant whose channel is open.
struct Joined {
    lineage: Lineage,
    channel: Option<Rc<dyn Channel>>,
}

/// The name of the channel that hidden pages keep open, by the name of their channel or by the key of their record.
fn absence(name: &str) -> String {
    [name, "/left"].concat()
}

impl Peers {
    pub(super) fn new(environment: &Rc<Environment>, key: Option<String>) -> Self {
        Self {
            environment: Rc::clone(environment),
            joined: RefCell::default(),
            absence: RefCell::default(),
            is_hidden: Cell::default(),
            left: RefCell::default(),
            key,
        }
    }

    /// The grant of the open channel, and the version of the tokens with which it was opened.
    pub(super) fn lineage(&self) -> Option<Lineage> {
        let joined = self.joined.borrow();
        let joined = joined.as_ref().map(|joined| joined.lineage.clone());
        joined.or_else(|| self.left.borrow().clone())
    }

    /// Opens the channel of this grant, and closes that of any other. True if one was opened.
    pub(super) fn join(
        &self,
        lineage: Option<Lineage>,
        receive: impl FnOnce() -> Receiver,
    ) -> bool {
        if self.is_hidden.get() {
            return false;
        }
        let grant = |lineage: &Lineage| lineage.grant.clone();
        if self.lineage().as_ref().map(grant) == lineage.as_ref().map(grant) {
            return false;
        }
        let joined = lineage.map(|lineage| {
            let host = &self.environment.host;
            let channel = host.open_channel(&lineage.channel(), Some(receive()));
            Joined {
                channel: channel.map(Rc::from),
                lineage,
            }
        });
        let is_opened = joined.is_some();
        let before = self.joined.replace(joined);
        drop(before);
        is_opened
    }

    /// The page is hidden and may be frozen, so it closes its channel. It keeps another channel open without a
    /// receiver. Chromium and Firefox drop a page from the bfcache when a message arrives for it. A tab with new tokens
    /// sends one there, because Firefox would restore the page with its old sessionStorage and a used refresh token.
    pub(super) fn leave(&self) {
        self.is_hidden.set(true);
        let before = self.joined.replace(None);
        let host = &self.environment.host;
        let lineage = before.as_ref().map(|joined| joined.lineage.clone());
        let name = self.name(lineage.as_ref());
        let waiting = name.and_then(|name| host.open_channel(&absence(&name), None));
        self.left.replace(lineage);
        let before = (before, self.absence.replace(waiting));
        drop(before);
    }

    /// The page is shown again.
    pub(super) fn come_back(&self) {
        self.is_hidden.set(false);
        self.left.replace(None);
        let before = self.absence.replace(None);
        drop(before);
    }

    /// Sends a message to the other tabs. False if there is no channel, or it cannot send.
    pub(super) fn send(&self, message: &Message) -> bool {
        let host = &self.environment.host;
        let joined = self.joined.borrow();
        let channel = joined.as_ref().and_then(|joined| joined.channel.clone());
        drop(joined);
        let lineage = self.lineage();
        // The page's own code may sign out while the page is left.
        let left = self.left.borrow().clone();
        let for_one = || left.and_then(|left| host.open_channel(&left.channel(), None));
        let channel = channel.or_else(|| for_one().map(Rc::from));
        let Some((channel, lineage)) = channel.zip(lineage) else {
            return false;
        };
        if matches!(message, Message::Tokens(_) | Message::Revoked(_)) {
            self.drop_hidden(&lineage.channel());
        }
        channel.send(&message.to_json())
    }

    /// A login has replaced the session of the open channel, or there was none. Hidden pages of that session are dropped
    /// from the bfcache.
    pub(super) fn replace(&self) {
        if let Some(name) = self.key.as_ref().and(self.name(self.lineage().as_ref())) {
            self.drop_hidden(&name);
        }
    }

    fn drop_hidden(&self, name: &str) {
        if let Some(absence) = self.environment.host.open_channel(&absence(name), None) {
            absence.send("{}");
        }
    }

    /// What the pages of that grant have in common; without a grant, what the pages without one have.
    fn name(&self, lineage: Option<&Lineage>) -> Option<String> {
        let channel = lineage.map(Lineage::channel);
        channel.or_else(|| self.key.clone())
    }
}

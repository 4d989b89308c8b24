//! The other tabs that hold the same grant. Each holds a shared lock whose name tells how new its tokens
//! are, so that one look at the locks tells for certain whether somebody has newer ones; and all listen to
//! one channel, on which these are handed over.

use alloc::rc::Weak;
use alloc::string::{String, ToString};

use wasm_bindgen::prelude::*;
use web_sys::{BroadcastChannel, MessageEvent};

use super::clock;
use super::lock::{self, Acquired, Lock};
use super::random;
use super::row::Row;
use crate::session::claim::{Claim, Contender};
use crate::session::handover::Message;
use crate::session::lineage::Lineage;
use crate::session::refresh::Others;
use crate::text::joined;

/// For how many milliseconds another tab may hold up a refresh: as long as one takes where the metadata are known, even
/// if the server does not answer and is asked twice. Should that tab send all the same, the token worker has one answer for both.
const LOCK_PATIENCE: u32 = 75_000;

/// The names of this library's locks and channels.
const PREFIX: &str = "esi-security/1";

/// This tab among those of one grant. Dropped, it is no longer one of them.
pub(super) struct Tabs {
    lineage: Lineage,
    channel: Option<Channel>,
    standing: Option<Lock>,
    contender: Contender,
}

struct Channel {
    channel: BroadcastChannel,
    _listener: Closure<dyn FnMut(MessageEvent)>,
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.channel.set_onmessage(None);
        self.channel.close();
    }
}

impl Tabs {
    /// Joins those of this grant; what they say goes to `row`.
    pub(super) fn join(lineage: &Lineage, row: Weak<Row>) -> Self {
        Self {
            lineage: lineage.clone(),
            channel: Channel::open(&lineage.grant, row),
            standing: None,
            contender: Contender::default(),
        }
    }

    /// True if it is this grant's.
    pub(super) fn are_of(&self, lineage: &Lineage) -> bool {
        self.lineage.grant == lineage.grant
    }

    /// True if the lock is held that tells how new these tokens are.
    pub(super) fn stand_at(&self, lineage: &Lineage) -> bool {
        self.standing.is_some() && self.lineage == *lineage
    }

    /// From now on this lock tells how new this tab's tokens are.
    pub(super) fn stand(&mut self, lineage: Lineage, lock: Option<Lock>) {
        self.lineage = lineage;
        self.standing = lock;
    }

    /// Tells the others that this tab wants to refresh. False if nobody can hear it.
    pub(super) fn claim(&mut self, lineage: Lineage) -> bool {
        let now = clock::milliseconds();
        let claim = self.contender.claim(lineage, random::number(), now);
        self.post(&Message::Claim(claim))
    }

    /// Another tab wants to refresh.
    pub(super) fn hear(&mut self, theirs: &Claim) {
        if let Some(ours) = self.contender.hear(theirs, clock::milliseconds()) {
            self.post(&Message::Claim(ours));
        }
    }

    /// The others had time to answer. True if it is this tab's turn.
    pub(super) fn take_turn(&mut self) -> bool {
        self.contender.take_turn(clock::milliseconds())
    }

    /// True if it is its turn still, to refresh these tokens.
    pub(super) fn send(&mut self, lineage: &Lineage) -> bool {
        self.contender.send(lineage, clock::milliseconds())
    }

    /// It has refreshed, or has given up.
    pub(super) fn end_turn(&mut self) {
        self.contender.end();
    }

    /// Tells the others. False if nobody can hear it.
    pub(super) fn post(&self, message: &Message) -> bool {
        let channel = self.channel.as_ref();
        channel.is_some_and(|to| to.channel.post_message(&message.to_json().into()).is_ok())
    }
}

impl Channel {
    fn open(grant: &str, row: Weak<Row>) -> Option<Self> {
        let channel = BroadcastChannel::new(&joined(&[PREFIX, "/", grant])).ok()?;
        let listener = Closure::new(move |event: MessageEvent| {
            let message = event.data().as_string();
            let message = message.and_then(|json| Message::parse(&json));
            if let Some((row, message)) = row.upgrade().zip(message) {
                row.receive(message);
            }
        });
        channel.set_onmessage(Some(listener.as_ref().unchecked_ref()));
        Some(Self {
            channel,
            _listener: listener,
        })
    }
}

/// Waits until no other tab refreshes this grant, and tells what is known about the others. `None` without locks.
pub(super) async fn take_turn(lineage: &Lineage) -> Option<(Lock, Others)> {
    let Lineage { grant, rotation } = lineage;
    let (lock, uncertain) =
        match lock::acquire(&joined(&[PREFIX, "/refresh/", grant]), LOCK_PATIENCE).await {
            Acquired::Unavailable => return None,
            Acquired::Free(lock) => (lock, Others::Behind),
            // Whoever held it may be gone, and what it had to say still under way.
            Acquired::Contended(lock) => (lock, Others::Unknown),
        };
    let newer = |name: &String| {
        let standing = name.strip_prefix(&place(grant)).map(str::parse);
        matches!(standing, Some(Ok(theirs)) if u32::gt(&theirs, rotation))
    };
    let ahead = lock::names().await.iter().any(newer);
    Some((lock, if ahead { Others::Ahead } else { uncertain }))
}

/// The lock that tells how new a tab's tokens are; many tabs may hold it.
pub(super) async fn standing(lineage: &Lineage) -> Option<Lock> {
    let name = place(&lineage.grant);
    lock::share(&joined(&[&name, &lineage.rotation.to_string()])).await
}

fn place(grant: &str) -> String {
    joined(&[PREFIX, "/tokens/", grant, "/"])
}

//! The other tabs that hold the same grant, and the channel on which they send each other tokens. A page may have replaced
//! `BroadcastChannel`, and its own code may then call back: nothing of the session is borrowed while it runs.

use alloc::borrow::ToOwned;
use alloc::rc::{Rc, Weak};
use alloc::string::String;

use js_sys::Function;
use wasm_bindgen::prelude::*;
use web_sys::MessageEvent;

use super::row::Row;
use super::zone::in_root_zone;
use crate::session::handover::Message;
use crate::session::lineage::Lineage;

#[wasm_bindgen]
extern "C" {
    type BroadcastChannel;

    #[wasm_bindgen(constructor, catch)]
    fn new(name: &str) -> Result<BroadcastChannel, JsValue>;
    #[wasm_bindgen(method, catch, setter, js_name = onmessage)]
    fn set_onmessage(this: &BroadcastChannel, listener: Option<&Function>) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch, js_name = postMessage)]
    fn post_message(this: &BroadcastChannel, message: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn close(this: &BroadcastChannel) -> Result<(), JsValue>;
}

/// This tab among those of one grant. Dropped, it is no longer one of them.
pub(super) struct Tabs {
    /// Of the tokens with which it joined them.
    pub(super) lineage: Lineage,
    pub(super) channel: Option<Rc<Channel>>,
}

/// The channel of one grant.
pub(super) struct Channel {
    name: String,
    broadcast: BroadcastChannel,
    _listener: Closure<dyn Fn(MessageEvent)>,
}

impl Drop for Channel {
    fn drop(&mut self) {
        let _ = self.broadcast.set_onmessage(None);
        let _ = self.broadcast.close();
    }
}

/// What a page has open in the bfcache, where Chromium and Firefox drop a page that is sent a message. It is sent one as
/// soon as other tokens have come: Firefox gives a page that returns from there a `sessionStorage` as it was before, with
/// a used refresh token in it.
pub(super) struct Absence(BroadcastChannel);

impl Absence {
    /// For the pages of that channel.
    pub(super) fn open(channel: &str) -> Option<Self> {
        BroadcastChannel::new(&[channel, "/left"].concat())
            .ok()
            .map(Self)
    }
}

impl Drop for Absence {
    fn drop(&mut self) {
        let _ = self.0.close();
    }
}

impl Tabs {
    /// Joins those of this grant; what they send goes to `row`.
    pub(super) fn join(lineage: Lineage, row: Weak<Row>) -> Self {
        Self {
            channel: Channel::open(&lineage.channel(), row).map(Rc::new),
            lineage,
        }
    }
}

impl Channel {
    fn open(name: &str, row: Weak<Row>) -> Option<Self> {
        let listener = Closure::new(move |event: MessageEvent| {
            let message = event.data().as_string();
            let message = message.and_then(|json| Message::parse(&json));
            if let Some((row, message)) = row.upgrade().zip(message) {
                row.receive(message);
            }
        });
        let function = listener.as_ref().unchecked_ref();
        let mut opened = None;
        in_root_zone(&mut || {
            let channel = BroadcastChannel::new(name).ok();
            opened = channel.filter(|channel| channel.set_onmessage(Some(function)).is_ok());
        });
        opened.map(|broadcast| Self {
            name: name.to_owned(),
            broadcast,
            _listener: listener,
        })
    }

    /// Sends it to the other tabs. False if none can receive it.
    pub(super) fn send(&self, message: &Message) -> bool {
        if matches!(message, Message::Tokens(_) | Message::Revoked(_)) {
            let absent = Absence::open(&self.name);
            let _ = absent.map(|absent| absent.0.post_message("{}"));
        }
        self.broadcast.post_message(&message.to_json()).is_ok()
    }
}

//! `BroadcastChannel`, which a page may have replaced.

use alloc::boxed::Box;

use js_sys::Function;
use wasm_bindgen::prelude::*;
use web_sys::MessageEvent;

use super::zone::in_root_zone;
use crate::client::host::{Channel, Receiver};

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

struct OpenChannel {
    broadcast: BroadcastChannel,
    _listener: Option<Closure<dyn Fn(MessageEvent)>>,
}

impl Channel for OpenChannel {
    fn send(&self, message: &str) -> bool {
        self.broadcast.post_message(message).is_ok()
    }
}

impl Drop for OpenChannel {
    fn drop(&mut self) {
        let _ = self.broadcast.set_onmessage(None);
        let _ = self.broadcast.close();
    }
}

/// Opens the channel; `None` where there is none.
pub(super) fn open(name: &str, receive: Option<Receiver>) -> Option<Box<dyn Channel>> {
    let listener = receive.map(|receive| {
        Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(message) = event.data().as_string() {
                receive(&message);
            }
        })
    });
    let function = listener
        .as_ref()
        .map(|listener| listener.as_ref().unchecked_ref());
    let mut opened = None;
    in_root_zone(&mut || {
        let channel = BroadcastChannel::new(name).ok();
        let listens = |channel: &BroadcastChannel| {
            function.is_none() || channel.set_onmessage(function).is_ok()
        };
        opened = channel.filter(listens);
    });
    let broadcast = opened?;
    Some(Box::new(OpenChannel {
        broadcast,
        _listener: listener,
    }))
}

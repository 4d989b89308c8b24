//! Waiting, but not for ever.

use core::future::{self, Future, poll_fn};
use core::pin::pin;
use core::task::Poll;
use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::AbortSignal;

#[wasm_bindgen]
extern "C" {
    // The global functions, so that a worker without a window can use them too.
    #[wasm_bindgen(catch, js_name = setTimeout)]
    fn set_timeout(callback: &Function, milliseconds: u32) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue) -> Result<(), JsValue>;

    type MessageChannel;
    #[wasm_bindgen(constructor)]
    fn new() -> MessageChannel;
    #[wasm_bindgen(method, getter)]
    fn port1(this: &MessageChannel) -> MessagePort;
    #[wasm_bindgen(method, getter)]
    fn port2(this: &MessageChannel) -> MessagePort;

    type MessagePort;
    #[wasm_bindgen(method, setter)]
    fn set_onmessage(this: &MessagePort, listener: &Function);
    #[wasm_bindgen(method, js_name = postMessage)]
    fn post_message(this: &MessagePort, message: u32);
    #[wasm_bindgen(method)]
    fn close(this: &MessagePort);

    // Younger than the rest of what is used here, yet in every browser since September 2022 (Safari 16 was
    // the last).
    #[wasm_bindgen(catch, js_namespace = AbortSignal, js_name = timeout)]
    pub(super) fn abort_after(milliseconds: u32) -> Result<AbortSignal, JsValue>;
}

/// Settles a promise when it is dropped: what waits for one stays in memory until then.
struct Settle(Function);

impl Drop for Settle {
    fn drop(&mut self) {
        let _ = self.0.call0(&JsValue::UNDEFINED);
    }
}

/// Taken back when it is dropped.
struct Timer {
    timer: JsValue,
    _waking: Settle,
}

impl Drop for Timer {
    fn drop(&mut self) {
        let _ = clear_timeout(&self.timer);
    }
}

/// Comes in a task that is no timer's.
async fn leave_the_timer() {
    let channel = MessageChannel::new();
    let receiver = channel.port1();
    let mut settle = None;
    let arrival = Promise::new(&mut |resolve, _| {
        receiver.set_onmessage(&resolve);
        settle = Some(Settle(resolve));
    });
    let sender = channel.port2();
    sender.post_message(0);
    // What was sent arrives all the same. While both ends are open, neither leaves memory.
    sender.close();
    let _ = JsFuture::from(arrival).await;
    // Until then it has to be held by somebody.
    drop((receiver, settle));
}

async fn sleep(milliseconds: u32) {
    // Out of sight, browsers hold back a timer that a timer has set for as much as a minute, any other for a second.
    leave_the_timer().await;
    let mut timer = None;
    let waking = Promise::new(&mut |resolve, _| {
        let begun = set_timeout(&resolve, milliseconds).ok();
        timer = begun.map(|timer| Timer {
            timer,
            _waking: Settle(resolve),
        });
    });
    if timer.is_none() || JsFuture::from(waking).await.is_err() {
        future::pending::<()>().await;
    }
}

/// What the work gives; `None` if it takes longer than so many milliseconds.
pub(super) async fn within<T>(milliseconds: u32, work: impl Future<Output = T>) -> Option<T> {
    let (mut work, mut sleep) = (pin!(work), pin!(sleep(milliseconds)));
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(result) => Poll::Ready(Some(result)),
        Poll::Pending => sleep.as_mut().poll(context).map(|()| None),
    })
    .await
}

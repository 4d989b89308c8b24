//! Timers.

use alloc::rc::Rc;
use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::task::{Context, Poll, Waker};
use js_sys::Function;
use wasm_bindgen::prelude::*;
use web_sys::AbortSignal;

use super::zone::in_root_zone;

#[wasm_bindgen]
extern "C" {
    // The global functions, so that a worker without a window can use them too. A page may have replaced them.
    #[wasm_bindgen(catch, js_name = setTimeout)]
    fn set_timeout(callback: &Function, milliseconds: u32) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue) -> Result<(), JsValue>;

    type MessageChannel;
    #[wasm_bindgen(constructor, catch)]
    fn new() -> Result<MessageChannel, JsValue>;
    #[wasm_bindgen(method, catch, getter)]
    fn port1(this: &MessageChannel) -> Result<MessagePort, JsValue>;
    #[wasm_bindgen(method, catch, getter)]
    fn port2(this: &MessageChannel) -> Result<MessagePort, JsValue>;

    type MessagePort;
    #[wasm_bindgen(method, catch, setter, js_name = onmessage)]
    fn set_onmessage(this: &MessagePort, listener: Option<&Function>) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch, js_name = postMessage)]
    fn post_message(this: &MessagePort, message: u32) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn close(this: &MessagePort) -> Result<(), JsValue>;

    // Younger than the rest of what is used here, yet in every browser since September 2022 (Safari 16 was
    // the last).
    #[wasm_bindgen(catch, js_namespace = AbortSignal, js_name = timeout)]
    pub(super) fn abort_after(milliseconds: u32) -> Result<AbortSignal, JsValue>;
}

/// Something that happens once, and whom it wakes.
#[derive(Default)]
struct Alarm {
    rung: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Alarm {
    fn ring(&self) {
        self.rung.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn poll(&self, context: &Context<'_>) -> Poll<()> {
        if self.rung.get() {
            return Poll::Ready(());
        }
        self.waker.replace(Some(context.waker().clone()));
        Poll::Pending
    }
}

/// What rings an alarm. Dropped, it rings no more.
struct Bell {
    source: Source,
    /// What the source calls.
    _callback: Closure<dyn Fn()>,
}

enum Source {
    Timer(JsValue),
    Message(MessagePort),
    Signal(AbortSignal),
}

impl Drop for Bell {
    fn drop(&mut self) {
        match &self.source {
            Source::Timer(timer) => drop(clear_timeout(timer)),
            Source::Message(port) => {
                let _ = port.set_onmessage(None);
                let _ = port.close();
            }
            Source::Signal(signal) => signal.set_onabort(None),
        }
    }
}

/// Has the alarm rung by what `begin` begins, in the root zone; `None` if it cannot be begun.
fn bell(alarm: &Rc<Alarm>, begin: impl Fn(&Function) -> Result<Source, JsValue>) -> Option<Bell> {
    let alarm = Rc::clone(alarm);
    let callback = Closure::<dyn Fn()>::new(move || alarm.ring());
    let mut source = None;
    in_root_zone(&mut || source = begin(callback.as_ref().unchecked_ref()).ok());
    source.map(|source| Bell {
        source,
        _callback: callback,
    })
}

/// In a task that is no timer's.
fn message(listener: &Function) -> Result<Source, JsValue> {
    let channel = MessageChannel::new()?;
    let receiver = channel.port1()?;
    receiver.set_onmessage(Some(listener))?;
    let sender = channel.port2()?;
    sender.post_message(0)?;
    // What was sent arrives all the same. While both ends are open, neither leaves memory.
    sender.close()?;
    Ok(Source::Message(receiver))
}

pub(super) async fn sleep(milliseconds: u32) {
    // Out of sight, browsers hold back a timer that a timer has set for as much as a minute, any other for a second.
    let left = Rc::new(Alarm::default());
    if let Some(bell) = bell(&left, message) {
        poll_fn(|context| left.poll(context)).await;
        drop(bell);
    }
    let alarm = Rc::new(Alarm::default());
    let timer = |ring: &Function| set_timeout(ring, milliseconds).map(Source::Timer);
    // A page may have a timer of its own that throws. Without either there is no deadline.
    let _bell = bell(&alarm, timer).or_else(|| {
        bell(&alarm, |ring| {
            let signal = abort_after(milliseconds)?;
            signal.set_onabort(Some(ring));
            Ok(Source::Signal(signal))
        })
    });
    poll_fn(|context| alarm.poll(context)).await;
}

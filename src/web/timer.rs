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

    // Younger than the rest of what is used here, yet in every browser since September 2022 (Safari 16 was
    // the last).
    #[wasm_bindgen(catch, js_namespace = AbortSignal, js_name = timeout)]
    pub(super) fn abort_after(milliseconds: u32) -> Result<AbortSignal, JsValue>;
}

/// Taken back when it is dropped.
struct Timer {
    timer: JsValue,
    resolve: Function,
}

impl Drop for Timer {
    fn drop(&mut self) {
        let _ = clear_timeout(&self.timer);
        // What waits for a promise stays in memory until that is settled.
        let _ = self.resolve.call0(&JsValue::UNDEFINED);
    }
}

async fn sleep(milliseconds: u32) {
    let mut timer = None;
    let waking = Promise::new(&mut |resolve, _| {
        let begun = set_timeout(&resolve, milliseconds).ok();
        timer = begun.map(|timer| Timer { timer, resolve });
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

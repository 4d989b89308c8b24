//! Waiting, but not for ever.

use core::future::{self, Future, poll_fn};
use core::pin::pin;
use core::task::Poll;
use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    // The global function, so that a worker without a window can use it too.
    #[wasm_bindgen(catch, js_name = setTimeout)]
    fn set_timeout(callback: &Function, milliseconds: u32) -> Result<JsValue, JsValue>;
}

async fn sleep(milliseconds: u32) {
    let mut begun = false;
    let waking = Promise::new(&mut |resolve, _| {
        begun = set_timeout(&resolve, milliseconds).is_ok();
    });
    if !begun || JsFuture::from(waking).await.is_err() {
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

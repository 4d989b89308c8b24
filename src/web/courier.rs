//! A courier: somebody who outlives this page, and sends its forms, so that an answer is not lost with it.
//! The npm package brings one, a shared worker.

use core::cell::RefCell;

use js_sys::{Array, Function};
use wasm_bindgen::prelude::*;

use super::object::object;
use super::promise::settled;
use crate::Members;
use crate::oauth::http::{FORM, Request};

std::thread_local! {
    static COURIER: RefCell<Option<Function>> = const { RefCell::new(None) };
}

/// From now on forms are sent by `courier`, a function of address, headers, body and milliseconds of patience.
/// It gives a promise: of `null`, if it cannot do it, else of `status`, `retryAfter` (a string or null) and
/// `body`; it rejects as `fetch` does.
pub fn send_by(courier: Function) {
    COURIER.set(Some(courier));
}

/// The answer to a form, as the courier brings it; `None` if there is no courier.
pub(super) async fn carry(
    request: &Request,
    body: &str,
    patience: u32,
) -> Result<Option<JsValue>, JsValue> {
    let Some(courier) = COURIER.with_borrow(Clone::clone) else {
        return Ok(None);
    };
    let mut headers = Members::new();
    headers.text("Content-Type", FORM);
    for (name, value) in &request.headers {
        headers.text(name, value.expose());
    }
    let given: [JsValue; 4] = [
        request.url.as_str().into(),
        object(headers).into(),
        body.into(),
        patience.into(),
    ];
    let carrying = courier.apply(&JsValue::UNDEFINED, &given.into_iter().collect::<Array>())?;
    let answer = settled(&carrying).await?;
    Ok(answer.is_object().then_some(answer))
}

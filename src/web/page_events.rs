//! The events of the page that the client wants: timers stand still in a page that sleeps, and other pages go on.

use wasm_bindgen::prelude::*;
use web_sys::{Event, EventTarget};

use super::object::get;
use super::zone::in_root_zone;
use crate::client::Client;
use crate::client::host::PageEvent;

const EVENTS: [(&str, PageEvent); 7] = [
    ("pagehide", PageEvent::Hidden),
    ("pageshow", PageEvent::Shown),
    ("prerenderingchange", PageEvent::Shown),
    ("online", PageEvent::Online),
    ("visibilitychange", PageEvent::Resumed),
    ("resume", PageEvent::Resumed),
    ("storage", PageEvent::Resumed),
];

/// True for a page that the browser has loaded ahead of time: it gets neither locks nor a shared worker yet.
fn is_prerendering(page: &JsValue) -> bool {
    let document = get(page, "document").ok();
    let prerendering = document.and_then(|document| get(&document, "prerendering").ok());
    prerendering.is_some_and(|prerendering| prerendering.is_truthy())
}

/// Tells the client of them, as long as the page lives.
pub(super) fn listen(client: &Client) {
    // A worker has but some of these events.
    let Ok(page) = js_sys::global().dyn_into::<EventTarget>() else {
        return;
    };
    if is_prerendering(&page) {
        client.on_page(PageEvent::Hidden);
    }
    for (kind, event) in EVENTS {
        let client = client.clone();
        let listener = Closure::<dyn Fn(Event)>::new(move |_| client.on_page(event));
        let listener = listener.into_js_value();
        // On their way down, for some go to the document alone.
        let listener = listener.unchecked_ref();
        in_root_zone(&mut || {
            let _ = page.add_event_listener_with_callback_and_bool(kind, listener, true);
        });
    }
}

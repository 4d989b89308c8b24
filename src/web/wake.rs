//! The moments at which a page may have slept, or is about to, or others have been at its storage: timers stand
//! still meanwhile, and other pages go on.

use core::cell::Cell;

use wasm_bindgen::prelude::*;
use web_sys::{Event, EventTarget};

use super::clock;
use super::row::Row;
use super::zone::in_root_zone;

/// Listens, from the first call on, as long as the page lives.
pub(super) fn listen() {
    std::thread_local! {
        static LISTENING: Cell<bool> = const { Cell::new(false) };
    }
    if LISTENING.replace(true) {
        return;
    }
    // A worker has but some of these events.
    let Ok(page) = js_sys::global().dyn_into::<EventTarget>() else {
        return;
    };
    for kind in [
        "pagehide",
        "pageshow",
        "online",
        "visibilitychange",
        "resume",
        "storage",
    ] {
        let listener = Closure::<dyn Fn(Event)>::new(move |_| happened(kind)).into_js_value();
        // On their way down, for some go to the document alone.
        let listener = listener.unchecked_ref();
        in_root_zone(&mut || {
            let _ = page.add_event_listener_with_callback_and_bool(kind, listener, true);
        });
    }
}

/// Tells every session that the page's own storage holds something new, for the npm package's adapter.
pub fn storage_changed() {
    happened("storage");
}

fn happened(kind: &str) {
    std::thread_local! {
        static IS_LEFT: Cell<bool> = const { Cell::new(false) };
    }
    // Nothing is begun between the two. Firefox says `visibilitychange` after `pagehide`, and drops the lock requests and
    // messages of a page on its way to the bfcache: what waits for one of them would wait for ever.
    match kind {
        "pagehide" => IS_LEFT.set(true),
        "pageshow" => IS_LEFT.set(false),
        _ if IS_LEFT.get() => return,
        _ => {}
    }
    let now = clock::now();
    for row in Row::all() {
        match kind {
            "pagehide" => row.leave(),
            "pageshow" => row.wake(),
            "online" => row.session.borrow_mut().reconnect(now),
            // Whoever looks after the session takes a look.
            _ => {}
        }
        // Of a page that leaves nothing is begun any more.
        if kind != "pagehide" {
            row.stir();
        }
    }
}

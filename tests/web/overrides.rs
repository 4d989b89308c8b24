//! What a page may have replaced: it is gone, throws, or calls back while the library works. Each is an error or a
//! fall-back: no call traps, and none waits for ever.

use std::cell::Cell;
use std::rc::Rc;

use esi_security::Options;
use esi_security::client::AuthUriOptions;
use esi_security::session::machine::State;
use serde_json::json;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::page::{
    EXPIRED, Page, TOKENS, break_fetch, break_locks, call_back_each_time_in,
    call_back_from_storage, call_back_in, happen, hurry_timers, own_storage, replaceable_names,
    shift_clock, take_away, throw_in, uncaught,
};

/// Everything that a page may ask of a session, whatever comes of it.
async fn use_it(page: &Page, name: &str) {
    let security = page.security();
    security.update_token(TOKENS, None).unwrap();
    assert_eq!(security.state(), State::Active, "{name}");
    security.update_token(EXPIRED, None).unwrap();
    drop(security.refresh(&[]).await);
    drop(security.get_access_token().await);
    for kind in ["pagehide", "pageshow", "online", "storage"] {
        happen(kind);
    }
    drop(security.get_auth_uri(AuthUriOptions::default()).await);
    drop(security.revoke().await);
    assert_eq!(security.state(), State::SignedOut, "{name}");
    let other = Page::new();
    let security = other.security();
    security.update_token(TOKENS, None).unwrap();
    assert_eq!(security.state(), State::Active, "after {name}");
}

#[wasm_bindgen_test]
fn a_page_whose_own_code_changes_the_session_each_time_does_not_do_so_for_ever() {
    for name in [
        "localStorage.setItem",
        "BroadcastChannel.postMessage",
        "BroadcastChannel",
    ] {
        let page = Page::new();
        let security = page.security();
        let calls = Rc::new(Cell::new(0));
        let (called, other) = (Rc::clone(&calls), security.clone());
        call_back_each_time_in(name, move || {
            called.set(called.get() + 1);
            if called.get() < 60 {
                let tokens = json!({ "access_token": "", "expires_in": -1, "refresh_token": called.get().to_string() });
                other.update_token(&tokens.to_string(), None).unwrap();
            }
        });
        security.update_token(TOKENS, None).unwrap();
        drop(page);
        assert!((1..30).contains(&calls.get()), "{name}: {}", calls.get());
        assert!(uncaught().is_empty(), "{name}: {:?}", uncaught());
    }
}

#[wasm_bindgen_test]
async fn whatever_a_page_has_taken_away_every_call_ends() {
    for name in replaceable_names() {
        let page = Page::new();
        hurry_timers();
        break_fetch("a TypeError");
        take_away(&name);
        use_it(&page, &name).await;
    }
}

#[wasm_bindgen_test]
async fn whatever_throws_every_call_ends() {
    for name in replaceable_names() {
        let page = Page::new();
        hurry_timers();
        break_fetch("a TypeError");
        throw_in(&name);
        use_it(&page, &name).await;
    }
}

#[wasm_bindgen_test]
async fn whatever_calls_back_may_do_what_it_likes() {
    let names = || replaceable_names().into_iter();
    let with_locks = names().map(|name| (name, true));
    for (name, locks) in with_locks.chain(names().map(|name| (name, false))) {
        let page = Page::new();
        hurry_timers();
        break_fetch("a TypeError");
        if !locks {
            break_locks("request query", "rejects");
        }
        let security = page.security();
        let calls = Rc::new(Cell::new(0));
        let (called, other) = (Rc::clone(&calls), security.clone());
        call_back_in(&name, move || {
            called.set(called.get() + 1);
            // A clock that changed the session at each look would never come to rest.
            if called.get() > 100 {
                return;
            }
            // Each of another grant, so that the channel is another one, too.
            let number = called.get();
            let tokens = json!({ "access_token": "", "expires_in": -1, "refresh_token": number.to_string() });
            other.update_token(&tokens.to_string(), None).unwrap();
            let _ = (other.state(), other.snapshot());
        });
        security.update_token(EXPIRED, None).unwrap();
        drop(security.refresh(&[]).await);
        drop(security.get_access_token().await);
        happen("pageshow");
        drop(security.get_auth_uri(AuthUriOptions::default()).await);
        drop(security.revoke().await);
        drop(page);
        assert!(uncaught().is_empty(), "{name}: {:?}", uncaught());
        // Each of them calls something.
        let unused = [
            "CustomEvent",
            "dispatchEvent",
            "AbortSignal.timeout",
            "clearTimeout",
        ];
        assert!(
            calls.get() > 0 || unused.contains(&name.as_str()) || (!locks && name.contains("Lock")),
            "{name}"
        );
    }
}

#[wasm_bindgen_test]
async fn a_storage_that_calls_back_may_do_what_it_likes() {
    let page = Page::new();
    break_fetch("a TypeError");
    let storage = esi_security::web::custom_storage(own_storage("at once")).unwrap();
    let security = crate::page::open(Options {
        storage: Some(storage),
        ..page.options()
    })
    .unwrap();
    let other = security.clone();
    let left = Cell::new(20);
    call_back_from_storage(move || {
        // One that changed the session at each look would never come to rest.
        if left.replace(left.get() - 1) <= 0 {
            return;
        }
        other.update_token(EXPIRED, None).unwrap();
        let _ = other.snapshot();
    });
    security.update_token(TOKENS, None).unwrap();
    drop(security.refresh(&[]).await);
    drop(security.revoke().await);
    assert!(uncaught().is_empty(), "{:?}", uncaught());
}

/// Where the clock cannot be read, the browser's own tells the time.
#[wasm_bindgen_test]
fn a_clock_that_throws_is_made_up_for() {
    let page = Page::new();
    let security = page.security();
    security.update_token(TOKENS, None).unwrap();
    throw_in("Date.now");
    assert!(!security.is_token_expired(0));
    drop(page);
    let page = Page::new();
    let security = page.security();
    security.update_token(TOKENS, None).unwrap();
    shift_clock(f64::NAN);
    assert!(!security.is_token_expired(0));
}

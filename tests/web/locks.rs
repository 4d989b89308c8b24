//! A lock manager that a page has replaced, or that hangs: after a deadline the library goes on without locks.

use esi_security::client::AuthUriOptions;
use esi_security::session::machine::State;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::page::{
    Page, break_fetch, break_locks, fetches, grant_on_waking, held_locks, hurry_timers, oversleep,
    watch_locks,
};

const METHODS: [&str; 3] = ["request", "query", "request query"];

/// Timers are a thousand times as quick, so a wait without a deadline alone takes long.
fn broken(methods: &str, manner: &str) -> Page {
    let page = Page::new();
    hurry_timers();
    break_locks(methods, manner);
    break_fetch("a TypeError");
    page
}

#[wasm_bindgen_test]
async fn a_refresh_ends_whatever_the_lock_manager_does() {
    for manner in ["never settles", "rejects", "throws", "gives nothing"] {
        for methods in METHODS {
            let page = broken(methods, manner);
            let security = page.expired();
            let error = security.refresh(&[]).await.unwrap_err();
            assert_eq!(error.code(), "network_error", "{methods} {manner}");
            assert_eq!(security.state(), State::Offline);
        }
    }
}

#[wasm_bindgen_test]
async fn every_call_that_waits_for_a_refresh_ends() {
    for methods in METHODS {
        let page = broken(methods, "never settles");
        let security = page.expired();
        let refreshing = security.clone();
        wasm_bindgen_futures::spawn_local(async move { drop(refreshing.refresh(&[]).await) });
        assert!(security.get_access_token().await.is_err(), "{methods}");
        let revocation = security.revoke().await.unwrap();
        assert!(revocation.answer.is_err());
        assert_eq!(security.state(), State::SignedOut);
        assert!(fetches() > 0);
    }
}

#[wasm_bindgen_test]
async fn a_login_ends_whatever_the_lock_manager_does() {
    for methods in METHODS {
        let page = broken(methods, "never settles");
        let security = page.security();
        let uri = security
            .get_auth_uri(AuthUriOptions::default())
            .await
            .unwrap();
        let state = crate::page::parameter(&uri, "state");
        let error = security.auth("the-code", state.as_deref()).await;
        assert_eq!(error.unwrap_err().code(), "network_error", "{methods}");
    }
}

/// Every page of the origin sees the lock and can steal it, at any time.
#[wasm_bindgen_test]
async fn a_lock_that_is_stolen_again_and_again_does_not_hold_a_refresh_up() {
    let page = broken("request", "is stolen at once");
    let security = page.expired();
    let error = security.refresh(&[]).await.unwrap_err();
    assert_eq!(error.code(), "network_error");
}

#[wasm_bindgen_test]
async fn a_lock_that_was_granted_while_the_machine_slept_is_held() {
    let page = Page::new();
    let security = page.expired();
    watch_locks();
    grant_on_waking();
    oversleep(4_000);
    let error = security.refresh(&[]).await.unwrap_err();
    assert_eq!(error.code(), "network_error");
    let held = held_locks();
    assert!(
        held.iter().any(|name| name.contains("/refresh/")),
        "{held:?}"
    );
}

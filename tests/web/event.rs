//! The event after tokens changed: what it carries, when it comes, and listeners that misbehave.

use std::cell::Cell;
use std::rc::Rc;

use esi_security::Options;
use esi_security::client::AuthUriOptions;
use esi_security::session::machine::State;
use serde_json::{Value, json};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::page::{
    EVENT, EXPIRED, Page, TOKENS, events, listen_and_call, listen_and_throw, record, uncaught,
};

fn told() -> Vec<Value> {
    let parse = |text: &String| serde_json::from_str(text).unwrap();
    events().iter().map(parse).collect()
}

#[wasm_bindgen_test]
fn it_carries_what_esipys_signal_carries() {
    let page = Page::new();
    record(EVENT, "/session/");
    let security = page.security();
    security.update_token(TOKENS, None).unwrap();
    assert_eq!(
        told()[0]["detail"],
        json!({
            "token_identifier": null,
            "access_token": "the-access-token",
            "refresh_token": "refresh+token/==",
            "expires_in": 1200,
            "token_type": "Bearer",
        })
    );

    let json = r#"{"access_token":"other","token_type":"bearer"}"#;
    security.update_token(json, Some("me".into())).unwrap();
    assert_eq!(
        told()[1]["detail"],
        json!({
            "token_identifier": "me",
            "access_token": "other",
            "refresh_token": null,
            "expires_in": null,
            "token_type": "bearer",
        })
    );
}

#[wasm_bindgen_test]
fn the_row_is_stored_before_anybody_is_told() {
    let page = Page::new();
    record(EVENT, "/session/");
    let security = page.security();
    for token in ["first", "second"] {
        let json = json!({ "access_token": token, "expires_in": 1200 });
        security.update_token(&json.to_string(), None).unwrap();
        let last = told().pop().unwrap();
        let stored = last["stored"].as_str().unwrap();
        assert!(stored.contains(token), "{stored}");
        assert_eq!(page.row().as_deref(), Some(stored));
    }
}

/// The signal tells of a token; a refresh token that came alone is none.
#[wasm_bindgen_test]
fn a_refresh_token_alone_is_stored_in_silence() {
    let page = Page::new();
    record(EVENT, "/session/");
    page.security().update_token(EXPIRED, None).unwrap();
    assert!(events().is_empty());
    assert!(page.row().is_some());
}

#[wasm_bindgen_test]
fn a_refused_update_is_no_event() {
    let page = Page::new();
    record(EVENT, "/session/");
    page.security().update_token("{}", None).unwrap_err();
    assert!(events().is_empty());
}

#[wasm_bindgen_test]
fn its_type_can_be_chosen() {
    let page = Page::new();
    record("my:event", "/session/");
    let security = crate::page::open(Options {
        signal_token_updated: "my:event".into(),
        ..page.options()
    })
    .unwrap();
    security.update_token(TOKENS, None).unwrap();
    assert_eq!(events().len(), 1);
    record(EVENT, "/session/");
    security.update_token(TOKENS, None).unwrap();
    assert_eq!(events().len(), 2, "the usual type must be silent");
}

#[wasm_bindgen_test]
async fn a_listener_that_throws_harms_nothing() {
    let page = Page::new();
    listen_and_throw(EVENT);
    record(EVENT, "/session/");
    let security = page.security();
    security.update_token(TOKENS, None).unwrap();
    assert_eq!(security.state(), State::Active);
    assert_eq!(
        security.get_access_token().await.unwrap(),
        "the-access-token"
    );
    // The others are told, and the browser reports it.
    assert_eq!(events().len(), 1);
    let reported = uncaught();
    assert_eq!(reported.len(), 1);
    assert!(reported[0].contains("a listener's own"), "{reported:?}");
}

/// No borrow may be held while listeners are called.
#[wasm_bindgen_test]
async fn a_listener_may_call_back() {
    let page = Page::new();
    let security = page.security();
    let calls = Rc::new(Cell::new(0));
    let (inside, count, options) = (security.clone(), Rc::clone(&calls), page.options());
    let again = crate::page::open(options).unwrap();
    listen_and_call(EVENT, move || {
        count.set(count.get() + 1);
        assert_eq!(inside.state(), State::Active);
        assert_eq!(again.state(), State::Active);
        assert!(inside.token_expiry().is_some());
        assert!(!inside.is_token_expired(0));
        assert_eq!(
            inside.token_identifier(),
            (count.get() > 3).then(|| "me".into())
        );
        if count.get() < 3 {
            inside.update_token(TOKENS, None).unwrap();
        } else if count.get() == 3 {
            inside.update_token(TOKENS, Some("me".into())).unwrap();
        }
        // These go on after the listener has returned.
        let (inside, count) = (inside.clone(), Rc::clone(&count));
        wasm_bindgen_futures::spawn_local(async move {
            inside.get_access_token().await.unwrap();
            inside
                .get_auth_uri(AuthUriOptions::default())
                .await
                .unwrap();
            count.set(count.get() + 100);
        });
    });
    security.update_token(TOKENS, None).unwrap();
    assert_eq!(calls.get(), 4);
    assert_eq!(security.token_identifier().as_deref(), Some("me"));
    crate::page::tick().await;
    assert_eq!(calls.get(), 404);
    assert!(uncaught().is_empty());
}

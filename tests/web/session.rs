//! One session for one client, server and identifier; and tokens that come from elsewhere.

use esi_security::session::machine::State;
use esi_security::{ErrorKind, Phase};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::page::{EXPIRED, Page, TOKENS, now, rows, server, shift_clock};

#[wasm_bindgen_test]
fn two_objects_of_one_client_are_one_session() {
    let page = Page::new();
    let (one, two) = (page.security(), page.security());
    assert_eq!(two.state(), State::SignedOut);
    one.update_token(TOKENS, None).unwrap();
    assert_eq!(two.state(), State::Active);
    assert_eq!(two.token_expiry(), one.token_expiry());
    let clone = two.clone();
    clone.update_token(EXPIRED, None).unwrap();
    assert_eq!(one.state(), State::Expiring);
    assert_eq!(one.token_expiry(), None);
}

#[wasm_bindgen_test]
fn others_have_sessions_of_their_own() {
    let page = Page::new();
    let ours = page.security();
    ours.update_token(TOKENS, None).unwrap();

    let mut options = page.options();
    options.token_identifier = Some("another".into());
    let other_identifier = crate::page::open(options).unwrap();
    let mut options = page.options();
    options.sso_endpoints = Some(server("https://other.example"));
    let other_server = crate::page::open(options).unwrap();
    let mut options = page.options();
    options.client_id.push('x');
    let other_client = crate::page::open(options).unwrap();
    for other in [other_identifier, other_server, other_client] {
        assert_eq!(other.state(), State::SignedOut);
        other.update_token(EXPIRED, None).unwrap();
        assert_eq!(ours.state(), State::Active);
    }
    assert_eq!(rows("/session/").len(), 4);
}

#[wasm_bindgen_test]
fn a_session_is_taken_up_after_a_reload() {
    let page = Page::new();
    let before = page.security();
    before.update_token(TOKENS, None).unwrap();
    let expiry = before.token_expiry();
    assert!(expiry.is_some());
    // The last object that knew the session in this page's memory goes.
    drop(before);
    let after = page.security();
    assert_eq!(after.state(), State::Active);
    assert_eq!(after.token_expiry(), expiry);
}

/// By a frame of this tab, or by a page that lived while this one was frozen.
#[wasm_bindgen_test]
async fn a_row_that_was_stored_by_another_is_taken_over() {
    let page = Page::new();
    let security = page.security();
    security.update_token(EXPIRED, None).unwrap();
    security.update_token(TOKENS, None).unwrap();
    let newer = page.row().unwrap();
    security.update_token(EXPIRED, None).unwrap();
    assert_eq!(security.state(), State::Expiring);

    page.set_row(Some(&newer));
    assert_eq!(security.state(), State::Active);
    assert_eq!(
        security.get_access_token().await.unwrap(),
        "the-access-token"
    );
    assert!(!security.is_token_expired(0));
    // A damaged row is no reason to forget a session.
    for row in ["[]", "", "{\"a\":1}"] {
        page.set_row(Some(row));
        assert_eq!(security.state(), State::Active, "{row}");
    }
}

/// By a frame of this tab that revokes, or by a page that clears storage to log out: either wants the
/// tokens gone.
#[wasm_bindgen_test]
async fn a_row_that_was_taken_away_by_another_is_a_sign_out() {
    let page = Page::new();
    let security = page.security();
    security.update_token(TOKENS, None).unwrap();
    page.set_row(None);
    assert_eq!(security.state(), State::SignedOut);
    assert_eq!(security.token_expiry(), None);
    let error = security.get_access_token().await.unwrap_err();
    assert_eq!(error.code(), "no_token");
    let error = security.revoke().await.unwrap_err();
    assert_eq!(error.code(), "no_token");

    security.update_token(TOKENS, None).unwrap();
    assert_eq!(security.state(), State::Active);
    assert!(page.row().is_some());
}

#[wasm_bindgen_test]
fn a_damaged_row_is_no_session_and_no_error() {
    let page = Page::new();
    page.security().update_token(TOKENS, None).unwrap();
    for damaged in ["", "null", "[]", "{\"access\":", "\u{0}", "{\"a\":1}"] {
        page.set_row(Some(damaged));
        let security = page.security();
        assert_eq!(security.state(), State::SignedOut, "{damaged}");
    }
}

#[wasm_bindgen_test]
fn an_expiry_is_a_moment_of_this_machines_clock() {
    let page = Page::new();
    let security = page.security();
    assert_eq!(security.token_expiry(), None);
    assert!(security.is_token_expired(0));

    security.update_token(TOKENS, None).unwrap();
    assert_eq!(security.token_expiry(), Some(now() + 1200));
    assert!(!security.is_token_expired(0));
    assert!(!security.is_token_expired(1199));
    assert!(security.is_token_expired(1200));
    assert!(security.is_token_expired(i64::MAX));

    shift_clock(1150.0);
    assert_eq!(security.state(), State::Expiring);
    assert!(!security.is_token_expired(0));
    shift_clock(100.0);
    assert!(security.is_token_expired(0));
    assert!(!security.is_token_expired(-100));
    // Set back a little, it is only a clock that was put right; set back much, it makes a token old.
    shift_clock(-1300.0);
    assert_eq!(security.state(), State::Active);
    shift_clock(-60.0);
    assert_eq!(security.state(), State::Expiring);
    assert!(security.is_token_expired(0));

    security.update_token(EXPIRED, None).unwrap();
    assert!(security.is_token_expired(0));
    assert!(security.is_token_expired(i64::MIN));
}

#[wasm_bindgen_test]
fn a_bad_update_changes_nothing() {
    let page = Page::new();
    let security = page.security();
    security.update_token(TOKENS, None).unwrap();
    let row = page.row();
    assert!(row.is_some());
    let phase = Phase::Update;
    for bad in [
        "",
        "null",
        "[]",
        "{}",
        "<html>",
        r#"{"access_token":"a","token_type":"mac"}"#,
        r#"{"access_token":7,"refresh_token":"r"}"#,
        r#"{"access_token":"a","refresh_token":7}"#,
    ] {
        for identifier in [None, Some("another".to_owned())] {
            let error = security.update_token(bad, identifier).unwrap_err();
            assert!(
                matches!(*error, ErrorKind::InvalidResponse { phase: at, .. } if at == phase),
                "{bad}: {error:?}"
            );
            assert_eq!(security.token_identifier(), None);
            assert_eq!(security.state(), State::Active);
            assert_eq!(page.row(), row);
            assert_eq!(rows("/session/").len(), 1);
        }
    }
}

#[wasm_bindgen_test]
fn an_update_keeps_the_refresh_token_that_it_does_not_bring() {
    let page = Page::new();
    let security = page.security();
    security.update_token(TOKENS, None).unwrap();
    let json = r#"{"access_token":"newer","expires_in":60,"refresh_token":null}"#;
    security.update_token(json, None).unwrap();
    let row = page.row().unwrap();
    assert!(
        row.contains("newer") && row.contains("refresh+token/=="),
        "{row}"
    );
}

/// Another character's session inherits nothing from this one.
#[wasm_bindgen_test]
fn an_update_may_name_another_session() {
    let page = Page::new();
    let security = page.security();
    security.update_token(TOKENS, None).unwrap();
    let first = page.row();
    let json = r#"{"access_token":"other","expires_in":1200}"#;
    security.update_token(json, Some("other".into())).unwrap();
    assert_eq!(security.token_identifier().as_deref(), Some("other"));
    let stored = rows("/session/");
    assert_eq!(stored.len(), 2);
    assert_eq!(stored.first(), first.as_ref());
    assert!(!stored[1].contains("refresh_token"), "{}", stored[1]);

    // The same name again is the same session.
    let json = r#"{"access_token":"again","expires_in":1200}"#;
    security.update_token(json, Some("other".into())).unwrap();
    assert_eq!(rows("/session/").len(), 2);
    // And nothing else but that object moved.
    assert_eq!(page.security().token_identifier(), None);
}

/// As in the constructor: it would be a second name for the session that has none.
#[wasm_bindgen_test]
fn an_update_to_nobody_is_refused() {
    let page = Page::new();
    let security = page.security();
    for nobody in ["", " "] {
        let error = security
            .update_token(TOKENS, Some(nobody.into()))
            .unwrap_err();
        assert!(
            matches!(&*error, ErrorKind::InvalidArgument { phase: Phase::Update, name, .. } if name == "tokenIdentifier"),
            "{error:?}"
        );
    }
    assert_eq!(security.state(), State::SignedOut);
    assert_eq!(security.token_identifier(), None);
}

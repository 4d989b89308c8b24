//! The browser's storages and memory: what each keeps, and what happens where it is full, blocked,
//! missing or spoiled.

use esi_security::client::AuthUriOptions;
use esi_security::client::host::Area;
use esi_security::session::machine::{EMPTY, State};
use esi_security::{EsiSecurity, Options, Phase};
use wasm_bindgen::externref_heap_live_count;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::page::{
    EVENT, EXPIRED, Page, TOKENS, block_storage, break_fetch, break_storage, events, fetched,
    fill_storage, local_rows, record, remove_storage, restore, rows, seal_storage, tick, warnings,
};

const BROKEN: [(&str, fn()); 5] = [
    ("full", fill_storage),
    ("sealed", seal_storage),
    ("blocked", block_storage),
    ("missing", remove_storage),
    ("broken", break_storage),
];

/// What JavaScript gives is held in a table, which would grow with the session's age.
#[wasm_bindgen_test]
async fn tokens_that_come_leave_no_value_of_javascripts_behind() {
    let page = Page::new();
    let security = page.security();
    let mut held = Vec::new();
    for _ in 0..2 {
        for _ in 0..200 {
            security.update_token(TOKENS, None).unwrap();
            tick().await;
        }
        held.push(externref_heap_live_count());
    }
    // A timer or two may be on their way.
    assert!(held[1] < held[0] + 20, "{held:?}");
}

/// It could not be finished after the redirect.
#[wasm_bindgen_test]
async fn a_login_needs_storage() {
    for (name, broken) in BROKEN {
        let page = Page::new();
        let security = page.security();
        broken();
        let error = security
            .get_auth_uri(AuthUriOptions::default())
            .await
            .unwrap_err();
        assert_eq!(error.code(), "storage_unavailable", "{name}");
        assert_eq!(error.phase(), Phase::Login);
        assert!(!error.retryable());
    }
}

#[wasm_bindgen_test]
async fn a_session_lives_on_in_memory_with_one_warning() {
    for (name, broken) in BROKEN {
        let page = Page::new();
        broken();
        record(EVENT, "none");
        let security = page.security();
        assert_eq!(security.state(), State::SignedOut, "{name}");
        for _ in 0..2 {
            security.update_token(TOKENS, None).unwrap();
            assert_eq!(security.state(), State::Active, "{name}");
        }
        assert_eq!(events().len(), 2, "{name}");
        let token = security.get_access_token().await.unwrap();
        assert_eq!(token, "the-access-token");
        // Other objects of this page know it too.
        assert_eq!(page.security().state(), State::Active, "{name}");
        // Once in the life of the page, not once for each test.
        assert_eq!(warnings("in this page's memory"), 1, "{name}");
    }
}

/// A refresh token that may be used up could cost the session everywhere, were it sent after a reload.
#[wasm_bindgen_test]
fn a_full_storage_keeps_older_tokens_only_where_the_refresh_token_is_still_good() {
    let page = Page::new();
    let security = page.security();
    security.update_token(TOKENS, None).unwrap();
    let row = page.row();
    assert!(row.is_some());
    fill_storage();
    security.update_token(EXPIRED, None).unwrap();
    assert_eq!(security.state(), State::Expiring);
    assert_eq!(page.row(), row);
    let another = r#"{"access_token":"a","expires_in":1200,"refresh_token":"another"}"#;
    security.update_token(another, None).unwrap();
    assert_eq!(security.state(), State::Active);
    assert_eq!(page.row(), None);
}

/// Another page could not store what it was given.
#[wasm_bindgen_test]
fn a_row_that_was_emptied_signs_nobody_out_and_stands_for_no_tokens() {
    let page = Page::new();
    let security = page.security();
    security.update_token(TOKENS, None).unwrap();
    page.set_row(Some(EMPTY));
    assert_eq!(security.state(), State::Active);
    assert_eq!(page.row().as_deref(), Some(EMPTY));
    drop(security);
    let security = page.security();
    assert_eq!(security.state(), State::SignedOut);
    assert_eq!(page.row().as_deref(), Some(EMPTY));
    assert!(rows("/damaged").is_empty());
    security.update_token(TOKENS, None).unwrap();
    assert_ne!(page.row().as_deref(), Some(EMPTY));
}

/// They are still to be read, but the ones in memory are newer.
#[wasm_bindgen_test]
async fn older_tokens_that_cannot_be_removed_do_not_come_back() {
    let page = Page::new();
    break_fetch("a TypeError");
    let security = page.expired();
    let older = page.row();
    assert!(older.is_some());
    seal_storage();
    security.update_token(TOKENS, None).unwrap();
    for _ in 0..2 {
        assert_eq!(security.state(), State::Active);
        let token = security.get_access_token().await.unwrap();
        assert_eq!(token, "the-access-token");
    }
    assert!(fetched().is_empty());

    let revocation = security.revoke().await.unwrap();
    assert_eq!(revocation.answer.unwrap_err().code(), "network_error");
    assert_eq!(page.row(), older);
    for _ in 0..2 {
        assert_eq!(security.state(), State::SignedOut);
    }
}

/// It is not known what it holds, so nobody has signed out; and what it held before is no news
/// afterwards.
#[wasm_bindgen_test]
fn storage_that_cannot_be_read_any_more_is_no_sign_out() {
    for (name, broken) in [
        ("blocked", block_storage as fn()),
        ("missing", remove_storage),
        ("broken", break_storage),
    ] {
        let page = Page::new();
        let security = page.expired();
        broken();
        assert_eq!(security.state(), State::Expiring, "{name}");
        security.update_token(TOKENS, None).unwrap();
        assert_eq!(security.state(), State::Active, "{name}");
        restore();
        assert_eq!(security.state(), State::Active, "{name}");
        security.update_token(TOKENS, None).unwrap();
        assert!(page.row().unwrap().contains("the-access-token"), "{name}");
    }
}

#[wasm_bindgen_test]
async fn a_callback_of_a_login_that_is_nowhere_stored_is_unknown() {
    for (name, broken) in BROKEN {
        let page = Page::new();
        let security = page.security();
        broken();
        let url = format!("{}?code=c&state=s", crate::page::redirect_uri());
        let error = security.handle_redirect(Some(&url)).await.unwrap_err();
        assert_eq!(error.code(), "state_unknown", "{name}");
        let error = security.auth("c", None).await.unwrap_err();
        assert_eq!(error.code(), "login_not_found", "{name}");
    }
}

/// Documents are kept only to save a request after a reload.
#[wasm_bindgen_test]
async fn metadata_needs_no_storage() {
    let page = Page::new();
    break_fetch("a TypeError");
    break_storage();
    let security = crate::page::open(page.options_for_eve()).unwrap();
    let error = security
        .get_auth_uri(AuthUriOptions::default())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "storage_unavailable");
    assert_eq!(fetched().len(), 1);
}

#[wasm_bindgen_test]
async fn revoking_works_without_it() {
    for (name, broken) in BROKEN {
        let page = Page::new();
        break_fetch("a TypeError");
        broken();
        let security = page.security();
        security.update_token(TOKENS, None).unwrap();
        let revocation = security.revoke().await.unwrap();
        assert_eq!(
            revocation.answer.unwrap_err().code(),
            "network_error",
            "{name}"
        );
        assert_eq!(security.state(), State::SignedOut, "{name}");
    }
}

fn kept_in(page: &Page, storage: Area) -> EsiSecurity {
    crate::page::open(Options {
        storage: Some(storage),
        ..page.options()
    })
    .unwrap()
}

#[wasm_bindgen_test]
async fn local_storage_holds_the_session_and_nothing_else() {
    let page = Page::new();
    let security = kept_in(&page, Area::Local);
    security.update_token(TOKENS, None).unwrap();
    security
        .get_auth_uri(AuthUriOptions::default())
        .await
        .unwrap();
    assert_eq!(rows("/session/").len(), 0);
    assert_eq!(rows("/logins/").len(), 1);
    assert_eq!(local_rows("").len(), 1);
    assert!(local_rows("/session/")[0].contains("the-access-token"));

    // It is there after a reload, and for every object of the page.
    drop(security);
    let again = kept_in(&page, Area::Local);
    assert_eq!(again.state(), State::Active);
    again.update_token(EXPIRED, None).unwrap();
    assert_eq!(
        kept_in(&page, Area::Local).state(),
        State::Expiring,
        "one session"
    );
    // What is kept elsewhere is another session.
    assert_eq!(page.security().state(), State::SignedOut);
}

#[wasm_bindgen_test]
async fn memory_leaves_nothing_but_logins_in_storage() {
    let page = Page::new();
    let security = kept_in(&page, Area::Memory);
    security.update_token(TOKENS, None).unwrap();
    security
        .get_auth_uri(AuthUriOptions::default())
        .await
        .unwrap();
    assert_eq!(rows("").len(), rows("/logins/").len());
    assert_eq!(local_rows("").len(), 0);
    // It is the page's memory, not that of one object.
    drop(security);
    let again = kept_in(&page, Area::Memory);
    assert_eq!(again.state(), State::Active);
    drop(again.revoke());
    drop(again);
    assert_eq!(kept_in(&page, Area::Memory).state(), State::SignedOut);
}

#[wasm_bindgen_test]
async fn memory_needs_no_storage_and_warns_of_nothing() {
    let page = Page::new();
    let before = warnings("");
    break_storage();
    let security = kept_in(&page, Area::Memory);
    security.update_token(TOKENS, None).unwrap();
    assert_eq!(
        security.get_access_token().await.unwrap(),
        "the-access-token"
    );
    assert_eq!(warnings(""), before);
}

const DAMAGED: [&str; 5] = ["{", "null", "[]", r#"{"access":7}"#, "\0"];

#[wasm_bindgen_test]
fn a_damaged_record_is_set_aside_and_only_the_newest_one_is_kept() {
    let page = Page::new();
    for damaged in DAMAGED {
        page.set_row(Some(damaged));
        let security = page.security();
        assert_eq!(security.state(), State::SignedOut, "{damaged}");
        assert_eq!(page.row().as_deref(), Some(damaged));
        assert_eq!(rows("/damaged"), [damaged]);
        // It is not in the way of the next.
        security.update_token(TOKENS, None).unwrap();
        drop(security);
        assert_eq!(page.security().state(), State::Active, "{damaged}");
        assert_eq!(rows("/damaged"), [damaged]);
    }
}

/// Where there is no room for it elsewhere, until tokens replace it.
#[wasm_bindgen_test]
fn a_damaged_record_that_cannot_be_set_aside_stays() {
    let page = Page::new();
    page.set_row(Some("{"));
    fill_storage();
    assert_eq!(page.security().state(), State::SignedOut);
    assert_eq!(page.row().as_deref(), Some("{"));
    restore();
    let security = page.security();
    security.update_token(TOKENS, None).unwrap();
    assert!(page.row().unwrap().contains("the-access-token"));
    assert_eq!(rows("/damaged"), ["{"]);
}

/// A record that was spoiled while a page holds the session is none of its concern.
#[wasm_bindgen_test]
fn a_record_that_is_damaged_later_signs_nobody_out() {
    let page = Page::new();
    let security = page.security();
    security.update_token(TOKENS, None).unwrap();
    page.set_row(Some("{"));
    assert_eq!(security.state(), State::Active);
    assert!(page.row().unwrap().contains("the-access-token"));
    assert!(rows("/damaged").is_empty());
}

/// Neither older or newer records, nor those of anybody else.
#[wasm_bindgen_test]
fn foreign_records_are_never_touched() {
    let page = Page::new();
    let storage = web_sys::window().unwrap().session_storage();
    let storage = storage.unwrap().unwrap();
    let key = page.session_key();
    let foreign = [
        key.replace("esi-security/1/", "esi-security/2/"),
        key.replace("esi-security/1/", "esi-security/0/"),
        key.replace("esi-security/1/", "esi-security/10/"),
        key.replace("esi-security/", "other/"),
        format!("{key}/other"),
        "session".into(),
    ];
    for key in &foreign {
        storage.set_item(key, "{").unwrap();
    }
    let security = page.security();
    assert_eq!(security.state(), State::SignedOut);
    security.update_token(TOKENS, None).unwrap();
    drop(security.revoke());
    for key in &foreign {
        assert_eq!(storage.get_item(key).unwrap().as_deref(), Some("{"));
    }
    assert_eq!(rows("").len(), foreign.len());
}

//! sessionStorage that is full, blocked or missing.

use esi_security::session::machine::State;
use esi_security::web::AuthUriOptions;
use esi_security::{EsiSecurity, Phase};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::page::{
    EVENT, Page, TOKENS, block_storage, break_fetch, break_storage, events, fetched, fill_storage,
    record, remove_storage, restore, seal_storage, warnings,
};

const BROKEN: [(&str, fn()); 5] = [
    ("full", fill_storage),
    ("sealed", seal_storage),
    ("blocked", block_storage),
    ("missing", remove_storage),
    ("broken", break_storage),
];

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
        assert_eq!(warnings("sessionStorage"), 1, "{name}");
    }
}

/// Its refresh token may be used up: to send it after a reload could cost the session everywhere.
#[wasm_bindgen_test]
fn a_full_storage_keeps_no_older_tokens() {
    let page = Page::new();
    let security = page.security();
    security.update_token(TOKENS, None).unwrap();
    assert!(page.row().is_some());
    fill_storage();
    security.update_token(crate::page::EXPIRED, None).unwrap();
    assert_eq!(security.state(), State::Expiring);
    assert_eq!(page.row(), None);
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
    let security = EsiSecurity::new(page.options_for_eve()).unwrap();
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

//! The server's key set: fetched, and what stands in for it where that fails.

use std::future::{Future, poll_fn};
use std::task::Poll;

use esi_security::oauth::metadata::Metadata;
use esi_security::web::VerifyOptions;
use esi_security::{EsiSecurity, Options, Phase};
use serde_json::json;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::page::{
    Page, break_fetch, fetched, hold_fetch, now, public_key, settle_fetch, shift_clock, store_keys,
    tick, token,
};

async fn holding(security: &EsiSecurity, issuer: &str, client: &str) {
    let claims = json!({
        "iss": issuer,
        "aud": [client, "EVE Online"],
        "sub": "CHARACTER:EVE:1",
        "exp": now() + 1200,
    });
    let token = token("RS256", &claims).await;
    let update = json!({ "access_token": token, "expires_in": 1200 });
    security.update_token(&update.to_string(), None).unwrap();
}

/// Nothing else stands in for them.
#[wasm_bindgen_test]
async fn another_servers_keys_must_be_fetched() {
    let page = Page::new();
    break_fetch("a TypeError");
    let security = page.security();
    holding(&security, "https://sso.example", &page.client_id).await;
    for _ in 0..3 {
        let error = security
            .verify(&VerifyOptions::default())
            .await
            .unwrap_err();
        assert_eq!(
            (error.code(), error.phase()),
            ("network_error", Phase::Keys)
        );
    }
    assert_eq!(fetched(), ["https://sso.example/keys"; 3]);
}

/// EVE's keys are built in. They did not sign this token, and so they are asked for anew, once.
#[wasm_bindgen_test]
async fn eves_keys_serve_when_they_cannot_be_fetched() {
    let page = Page::new();
    break_fetch("a TypeError");
    let security = EsiSecurity::new(Options {
        sso_endpoints: Some(Metadata::eve()),
        ..page.options()
    })
    .unwrap();
    holding(&security, "https://login.eveonline.com", &page.client_id).await;
    let verify = async || {
        let error = security
            .verify(&VerifyOptions::default())
            .await
            .unwrap_err();
        (error.code(), fetched().len())
    };
    assert_eq!(verify().await, ("network_error", 2));
    // For a while nobody asks again; but nobody says either that there is no such key.
    for _ in 0..3 {
        assert_eq!(verify().await, ("network_error", 0));
    }
    shift_clock(59.0);
    assert_eq!(verify().await, ("network_error", 0));
    shift_clock(1.0);
    assert_eq!(verify().await, ("network_error", 2));
    // A clock that was set back is no reason never to ask again.
    shift_clock(-3600.0);
    assert_eq!(verify().await, ("network_error", 2));
}

#[wasm_bindgen_test]
async fn a_server_without_keys_cannot_be_verified_against() {
    let page = Page::new();
    break_fetch("a TypeError");
    let mut options = page.options();
    options.sso_endpoints.as_mut().unwrap().jwks_uri = None;
    options.sso_endpoints.as_mut().unwrap().revocation_endpoint = None;
    let security = EsiSecurity::new(options).unwrap();
    holding(&security, "https://sso.example", &page.client_id).await;
    let error = security
        .verify(&VerifyOptions::default())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "invalid_metadata");
    let revocation = security.revoke().await.unwrap();
    assert_eq!(revocation.answer.unwrap_err().code(), "invalid_metadata");
    assert!(fetched().is_empty());
}

/// Nobody says that there is no such key while the server has not been asked.
#[wasm_bindgen_test]
async fn why_there_is_no_newer_set_is_known_although_nobody_waited_for_it() {
    let page = Page::new();
    store_keys(&public_key("ES256").await);
    let security = page.security();
    holding(&security, "https://sso.example", &page.client_id).await;
    hold_fetch();
    let options = VerifyOptions::default();
    {
        let mut asking = Box::pin(security.verify(&options));
        let begin = poll_fn(|context| Poll::Ready(asking.as_mut().poll(context).is_pending()));
        assert!(begin.await);
        tick().await;
    }
    settle_fetch();
    tick().await;
    assert_eq!(fetched(), ["https://sso.example/keys"]);
    let error = security.verify(&options).await.unwrap_err();
    assert_eq!(
        (error.code(), error.phase()),
        ("network_error", Phase::Keys)
    );
    assert!(fetched().is_empty());
}

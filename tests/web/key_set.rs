//! The server's key set: fetched, and what stands in for it where that fails.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use esi_security::client::VerifyOptions;
use esi_security::oauth::metadata::Metadata;
use esi_security::{EsiSecurity, Options, Phase};
use serde_json::{Value, json};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::page::{
    Page, all, answer_fetch, break_fetch, fetched, hold_fetch, last_imported, now, public_key,
    rows, settle_fetch, shift_clock, store_keys, tick, timeout_of, token, watch_importing,
    watch_timeouts,
};

async fn holding(security: &EsiSecurity, issuer: &str, client: &str) {
    let tokens = tokens("RS256", issuer, client).await;
    security.update_token(&tokens, None).unwrap();
}

async fn tokens(algorithm: &str, issuer: &str, client: &str) -> String {
    let claims = json!({
        "iss": issuer,
        "aud": [client, "EVE Online"],
        "sub": "CHARACTER:EVE:1",
        "exp": now() + 1200,
    });
    let token = token(algorithm, &claims).await;
    json!({ "access_token": token, "expires_in": 1200 }).to_string()
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

/// A token that says to be signed with EVE's RSA key.
fn forged() -> String {
    let header = r#"{"alg":"RS256","kid":"JWT-Signature-Key","typ":"JWT"}"#;
    let [header, payload] = [header, "{}"].map(|part| URL_SAFE_NO_PAD.encode(part));
    let signature = URL_SAFE_NO_PAD.encode([1; 256]);
    format!("{header}.{payload}.{signature}")
}

/// EVE's keys are built in: the signature is checked with the very key that EVE's SSO has had since 2019.
#[wasm_bindgen_test]
async fn eves_own_key_is_what_a_signature_is_checked_with() {
    let page = Page::new();
    break_fetch("a TypeError");
    let security = crate::page::open(Options {
        sso_endpoints: Some(Metadata::eve()),
        ..page.options()
    })
    .unwrap();
    let update = json!({ "access_token": forged(), "expires_in": 1200 });
    security.update_token(&update.to_string(), None).unwrap();
    watch_importing();
    let error = security.verify(&VerifyOptions::default()).await;
    assert_eq!(error.unwrap_err().code(), "signature_invalid");
    let key: Value = serde_json::from_str(&last_imported()).unwrap();
    let modulus = key["n"].as_str().unwrap();
    assert!(
        modulus.starts_with(
            "nehPQ7FQ1YK-leKyIg-aACZaT-DbTL5V1XpXghtLX_bEC-fwxhdE_4yQKDF6cA-V4c-5kh8w"
        )
    );
    assert!(modulus.ends_with("iqaL43bMR2K4TzrspGMRUYXcudUQ9TycBQBrUlT85NRY9TeOw"));
    assert_eq!((modulus.len(), &key["e"]), (342, &json!("AQAB")));
}

/// They did not sign this token, and so they are asked for anew.
#[wasm_bindgen_test]
async fn eves_keys_serve_when_they_cannot_be_fetched() {
    let page = Page::new();
    break_fetch("a TypeError");
    let security = crate::page::open(Options {
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
    // Once with little patience, since there are others, and once with much.
    assert_eq!(verify().await, ("key_not_found", 2));
    for _ in 0..3 {
        assert_eq!(verify().await, ("key_not_found", 0));
    }
    shift_clock(59.0);
    assert_eq!(verify().await, ("key_not_found", 0));
    shift_clock(1.0);
    assert_eq!(verify().await, ("key_not_found", 2));
    // A clock that was set back is no reason never to ask again.
    shift_clock(-3600.0);
    assert_eq!(verify().await, ("key_not_found", 2));
}

#[wasm_bindgen_test]
async fn a_server_without_keys_cannot_be_verified_against() {
    let page = Page::new();
    break_fetch("a TypeError");
    let mut options = page.options();
    options.sso_endpoints.as_mut().unwrap().jwks_uri = None;
    options.sso_endpoints.as_mut().unwrap().revocation_endpoint = None;
    let security = crate::page::open(options).unwrap();
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

/// Who joins a request of somebody who has others to go on with does not share that one's patience.
#[wasm_bindgen_test]
async fn newer_keys_are_waited_for_although_somebody_had_little_patience() {
    let page = Page::new();
    store_keys(&public_key("ES256").await);
    let (one, other) = (page.security(), page.security_at_once());
    holding(&one, "https://sso.example", &page.client_id).await;
    let tokens = tokens("ES256", "https://sso.example", &page.client_id).await;
    let another = Some("another".into());
    other.update_token(&tokens, another).unwrap();
    let options = VerifyOptions::default();
    // One finds its keys fresh and its own not among them; the other finds them old, but good enough.
    watch_timeouts();
    hold_fetch();
    let refused = async || {
        let error = one.verify(&options).await.unwrap_err();
        assert_eq!(error.code(), "key_not_found");
    };
    all(vec![
        Box::pin(async { assert!(other.verify(&options).await.is_ok()) }),
        Box::pin(refused()),
        Box::pin(async {
            timeout_of(5_000).await;
            assert_eq!(fetched().len(), 1);
            settle_fetch();
            tick().await;
            assert_eq!(fetched().len(), 1);
        }),
    ])
    .await;
    // That was asked for a while.
    refused().await;
    assert!(fetched().is_empty());
}

/// What is too long to be kept across reloads serves all the same, and leaves nothing older behind.
#[wasm_bindgen_test]
async fn a_key_set_that_is_too_long_is_not_stored() {
    let page = Page::new();
    store_keys(&public_key("RS256").await);
    let rows = || rows("/document/").len();
    assert_eq!(rows(), 1);
    let key = public_key("RS256").await;
    let set = |length: usize| {
        let set = format!(r#"{{"keys":[{key}],"note":""#);
        let rest = length - set.len() - 2;
        format!(r#"{set}{}"}}"#, "x".repeat(rest))
    };
    for (length, stored) in [(64 * 1024 + 1, 0), (64 * 1024, 1), (1 << 20, 0)] {
        answer_fetch(&set(length));
        let security = page.security_at_once();
        holding(&security, "https://sso.example", &page.client_id).await;
        assert!(security.verify(&VerifyOptions::default()).await.is_ok());
        assert_eq!(rows(), stored, "{length}");
    }
}

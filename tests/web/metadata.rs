//! The server's metadata in storage: it saves a request after a reload, and no more than that.

use esi_security::Options;
use esi_security::client::AuthUriOptions;
use esi_security::session::place::Place;
use serde_json::{Value, json};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::page::{Page, break_fetch, fetched, now};

const URL: &str = "https://sso.example/.well-known/openid-configuration";

/// As it was left by the page before.
fn store(row: &str) {
    let storage = web_sys::window().unwrap().session_storage().unwrap();
    storage
        .unwrap()
        .set_item(&Place::document(URL), row)
        .unwrap();
}

fn row(age: i64, document: &Value) -> String {
    json!({ "fetched_at": now() - age, "text": document.to_string() }).to_string()
}

fn document() -> Value {
    json!({
        "issuer": "https://sso.example",
        "authorization_endpoint": "https://sso.example/from-storage",
        "token_endpoint": "https://sso.example/token",
    })
}

/// Whether the stored document served, and how often it was asked for.
async fn begin(page: &Page) -> (bool, usize) {
    let security = crate::page::open(Options {
        sso_endpoints_url: URL.into(),
        ..page.options_for_eve()
    })
    .unwrap();
    let uri = security.get_auth_uri(AuthUriOptions::default()).await;
    let served = uri.is_ok_and(|uri| uri.starts_with("https://sso.example/from-storage?"));
    (served, fetched().len())
}

#[wasm_bindgen_test]
async fn a_fresh_document_is_not_fetched() {
    let page = Page::new();
    break_fetch("a TypeError");
    for age in [0, 200] {
        store(&row(age, &document()));
        assert_eq!(begin(&page).await, (true, 0), "{age} seconds old");
    }
}

/// Better an old one than none, but only where the server does not answer.
#[wasm_bindgen_test]
async fn an_old_document_is_fetched_and_serves_if_that_fails() {
    let page = Page::new();
    break_fetch("a TypeError");
    for age in [400, 1_000_000, -10] {
        store(&row(age, &document()));
        assert_eq!(begin(&page).await, (true, 1), "{age} seconds old");
    }
}

#[wasm_bindgen_test]
async fn a_document_that_cannot_be_used_is_fetched() {
    let page = Page::new();
    break_fetch("a TypeError");
    let mut foreign = document();
    foreign["issuer"] = json!("https://evil.example");
    let mut insecure = document();
    insecure["token_endpoint"] = json!("http://sso.example/token");
    for damaged in [
        String::new(),
        "null".into(),
        "{}".into(),
        document().to_string(),
        row(0, &json!([])),
        row(0, &foreign),
        row(0, &insecure),
    ] {
        store(&damaged);
        assert_eq!(begin(&page).await, (false, 1), "{damaged}");
    }
}

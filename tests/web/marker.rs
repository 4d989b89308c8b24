//! The version marker in localStorage, which every page of the origin can read and write.

use esi_security::{EsiSecurity, Options};
use serde_json::{Value, json};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::page::{
    EXPIRED, Page, TOKENS, block_local_storage, break_fetch, channels, count_channels, fetched,
    hurry_timers, local_rows, now, set_markers,
};

fn expired(page: &Page) -> EsiSecurity {
    hurry_timers();
    break_fetch("a TypeError");
    page.expired()
}

fn marker(version: i64) -> String {
    json!({ "version": version, "answers": version, "written_at": now() }).to_string()
}

/// How the next refresh ends, and how many requests there were: what may have been served is sent a second time.
async fn refresh(security: &EsiSecurity) -> (&'static str, usize) {
    fetched();
    let error = security.refresh(&[]).await.unwrap_err();
    (error.code(), fetched().len())
}

/// Another app of the origin may write there, by mistake or not.
#[wasm_bindgen_test]
async fn a_marker_that_cannot_be_holds_nobody_up() {
    for text in [
        String::new(),
        "NaN".into(),
        "{}".into(),
        "[".repeat(10_000),
        marker(-1),
        marker(1 << 32),
        marker((1 << 32) - 1),
        marker(1_000_000),
    ] {
        let page = Page::new();
        let security = expired(&page);
        set_markers(&text);
        assert_eq!(refresh(&security).await, ("network_error", 2), "{text:.60}");
    }
}

#[wasm_bindgen_test]
async fn where_local_storage_is_blocked_a_refresh_goes_on() {
    let page = Page::new();
    block_local_storage();
    let security = expired(&page);
    assert_eq!(refresh(&security).await, ("network_error", 2));
    assert!(security.revoke().await.is_ok());
}

#[wasm_bindgen_test]
async fn a_marker_ends_with_its_grant_and_old_ones_go() {
    let page = Page::new();
    break_fetch("a TypeError");
    let security = page.security();
    assert!(local_rows("/version/").is_empty());
    security.update_token(TOKENS, None).unwrap();
    let rows = local_rows("/version/");
    let parsed: Value = serde_json::from_str(&rows[0]).unwrap();
    assert_eq!((rows.len(), &parsed["version"]), (1, &json!(0)));
    drop(security.revoke().await);
    assert!(local_rows("esi-security").is_empty());

    let month = 30 * 86_400;
    let place = |name: &str| format!("esi-security/1/version/{name}");
    for (name, text) in [
        (
            "old",
            json!({ "version": 1, "answers": 1, "written_at": now() - month - 1 }),
        ),
        (
            "new",
            json!({ "version": 1, "answers": 1, "written_at": now() - month + 60 }),
        ),
    ] {
        let storage = web_sys::window().unwrap().local_storage();
        storage
            .unwrap()
            .unwrap()
            .set_item(&place(name), &text.to_string())
            .unwrap();
    }
    security.update_token(TOKENS, None).unwrap();
    assert_eq!(
        local_rows("/version/").len(),
        2,
        "the new one, and this grant's"
    );
    assert_eq!(local_rows("/version/old").len(), 0);
}

/// Nobody shares it.
#[wasm_bindgen_test]
async fn a_session_in_memory_tells_nobody_of_it() {
    let page = Page::new();
    break_fetch("a TypeError");
    let options = Options {
        storage: Some(esi_security::client::host::Area::Memory),
        ..page.options()
    };
    count_channels();
    let security = crate::page::open(options).unwrap();
    security.update_token(EXPIRED, None).unwrap();
    assert_eq!(refresh(&security).await, ("network_error", 2));
    assert!(local_rows("esi-security").is_empty());
    assert_eq!(channels(), 0);
}

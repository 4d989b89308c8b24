//! Whatever `fetch` does, there is an error and no panic, and the tokens are still there.

use std::cell::Cell;

use esi_security::client::{AuthUriOptions, VerifyOptions};
use esi_security::session::machine::{Session, State};
use esi_security::{EsiSecurity, Options, Phase};
use serde_json::json;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::page::{
    Page, TOKENS, all, answer_on_waking, break_fetch, echo_fetch, failure_names, fetched,
    hold_fetch, hurry_timers, is_last_request_aborted, last_request, oversleep, reject_fetch,
    remove_timeouts, settle_fetch, shift_clock, tick, timeout_of, watch_timeouts,
};

#[wasm_bindgen_test]
async fn every_failure_of_fetch_is_a_network_error_and_keeps_the_tokens() {
    let page = Page::new();
    let security = page.expired();
    let row = page.row().unwrap();
    let names = failure_names();
    assert!(names.len() > 20);
    for name in names {
        break_fetch(&name);
        let error = security.refresh(&[]).await.unwrap_err();
        assert_eq!(error.code(), "network_error", "{name}: {error:?}");
        assert_eq!(error.phase(), Phase::Refresh, "{name}");
        assert!(error.retryable());
        assert!(!error.cause().unwrap().is_empty(), "{name}");
        assert_eq!(page.row().as_ref(), Some(&row), "{name}");
        assert_eq!(security.state(), State::Offline, "{name}");
        let error = security.get_access_token().await.unwrap_err();
        assert_eq!(error.code(), "network_error", "{name}: {error:?}");
        assert_eq!(fetched().len(), 2, "{name}");
    }
}

#[wasm_bindgen_test]
async fn what_the_platform_said_is_the_cause() {
    let page = Page::new();
    let security = page.expired();
    for (failure, cause) in [
        ("a string", "no network"),
        ("a TypeError", "TypeError: Failed to fetch"),
        ("an AbortError", "AbortError: gone"),
        ("it throws at once", "Error: no network"),
    ] {
        break_fetch(failure);
        let error = security.refresh(&[]).await.unwrap_err();
        assert_eq!(error.cause(), Some(cause), "{failure}");
    }
}

#[wasm_bindgen_test]
async fn no_answer_in_time_is_a_timeout() {
    let page = Page::new();
    hold_fetch();
    hurry_timers();
    let security = page.expired();
    let error = security.refresh(&[]).await.unwrap_err();
    assert_eq!((error.code(), error.phase()), ("timeout", Phase::Refresh));
    assert!(is_last_request_aborted());
    assert_eq!(security.state(), State::Offline);
    assert!(page.row().is_some());
}

#[wasm_bindgen_test]
async fn an_answer_that_came_while_the_machine_slept_is_read() {
    let page = Page::new();
    let security = page.expired();
    answer_on_waking(TOKENS);
    oversleep(30_000);
    let tokens = security.refresh(&[]).await.unwrap();
    assert_eq!(tokens.access_token.expose(), "the-access-token");
    assert_eq!(fetched(), ["https://sso.example/token"]);
}

/// Judged by whose deadline has passed, not by a name: a page's own `fetch` may have others.
#[wasm_bindgen_test]
async fn a_time_out_of_somebody_else_is_a_network_error() {
    let page = Page::new();
    for name in ["TimeoutError", "AbortError"] {
        reject_fetch(name, "too late");
        let error = page.expired().refresh(&[]).await.unwrap_err();
        assert_eq!(error.code(), "network_error");
        assert_eq!(error.cause().unwrap(), format!("{name}: too late"));
    }
}

/// A proxy may quote what it could not send.
#[wasm_bindgen_test]
async fn nothing_secret_is_in_the_cause() {
    let page = Page::new();
    echo_fetch();
    let security = page.expired();
    let error = security.refresh(&[]).await.unwrap_err();
    assert_eq!(error.cause(), Some("Error"));
    assert!(!format!("{error:?}{error}").contains("refresh%2Btoken"));
}

#[wasm_bindgen_test]
async fn a_long_cause_is_clipped() {
    let page = Page::new();
    reject_fetch("NetworkError", &"é".repeat(10_000));
    let error = page.expired().refresh(&[]).await.unwrap_err();
    assert_eq!(error.cause().unwrap().chars().count(), 500);
}

#[wasm_bindgen_test]
async fn while_the_old_token_lives_a_failed_refresh_is_no_failure() {
    let page = Page::new();
    break_fetch("a TypeError");
    let security = page.security();
    let json = r#"{"access_token":"old","expires_in":30,"refresh_token":"refresh"}"#;
    security.update_token(json, None).unwrap();
    shift_clock(20.0);
    assert_eq!(security.state(), State::Expiring);
    assert_eq!(security.get_access_token().await.unwrap(), "old");
    // Once more, since nobody knows whether the first was served.
    assert_eq!(fetched(), ["https://sso.example/token"; 2]);
    assert_eq!(security.state(), State::Offline);
}

#[wasm_bindgen_test]
async fn without_tokens_nothing_is_asked() {
    let page = Page::new();
    break_fetch("a TypeError");
    let security = page.security();
    for error in [
        security.refresh(&[]).await.unwrap_err(),
        security.get_access_token().await.unwrap_err(),
    ] {
        assert_eq!((error.code(), error.phase()), ("no_token", Phase::Refresh));
    }
    let error = security.revoke().await.unwrap_err();
    assert_eq!((error.code(), error.phase()), ("no_token", Phase::Revoke));
    let error = security
        .verify(&VerifyOptions::default())
        .await
        .unwrap_err();
    assert_eq!((error.code(), error.phase()), ("no_token", Phase::Verify));
    let error = security.refresh(&[String::new()]).await.unwrap_err();
    assert_eq!(
        (error.code(), error.phase()),
        ("invalid_argument", Phase::Refresh)
    );
    assert!(fetched().is_empty());
}

/// Nothing to refresh with, and what there is has expired.
#[wasm_bindgen_test]
async fn an_expired_token_alone_needs_a_login() {
    let page = Page::new();
    let security = page.security();
    let json = r#"{"access_token":"old","expires_in":30}"#;
    security.update_token(json, None).unwrap();
    assert_eq!(security.get_access_token().await.unwrap(), "old");
    shift_clock(31.0);
    assert_eq!(security.state(), State::NeedsLogin);
    let error = security.get_access_token().await.unwrap_err();
    assert_eq!(error.code(), "needs_login");
}

/// The tokens are gone from here, whatever became of the request.
#[wasm_bindgen_test]
async fn a_failed_revocation_forgets_the_tokens_too() {
    let page = Page::new();
    for name in [
        "a TypeError",
        "null",
        "it throws at once",
        "a body that breaks off",
    ] {
        let security = page.expired();
        break_fetch(name);
        let revocation = security.revoke().await.unwrap();
        assert_eq!(revocation.hint.as_str(), "refresh_token");
        let error = revocation.answer.unwrap_err();
        assert_eq!(
            (error.code(), error.phase()),
            ("network_error", Phase::Revoke),
            "{name}"
        );
        assert_eq!(security.state(), State::SignedOut);
        assert_eq!(page.row(), None);
        assert_eq!(fetched(), ["https://sso.example/revoke"]);
    }
}

/// Before anybody waits for it: the page may be about to leave.
#[wasm_bindgen_test]
async fn a_revocation_forgets_the_tokens_at_once() {
    let page = Page::new();
    let security = page.expired();
    break_fetch("a TypeError");
    let revoking = security.revoke();
    assert_eq!(security.state(), State::SignedOut);
    assert_eq!(page.row(), None);
    security.update_token(crate::page::TOKENS, None).unwrap();
    revoking.await.unwrap().answer.unwrap_err();
    assert_eq!(security.state(), State::Active);
    assert_eq!(fetched(), ["https://sso.example/revoke"]);
}

/// Waits until everybody has asked, and then lets the request fail.
async fn settle_after(started: &Cell<u32>, expected: u32) {
    while started.get() < expected {
        tick().await;
    }
    tick().await;
    settle_fetch();
}

#[wasm_bindgen_test]
async fn one_refresh_however_many_ask() {
    let page = Page::new();
    let (one, two) = (page.expired(), page.security());
    hold_fetch();
    let (started, failed) = (Cell::new(0), Cell::new(0));
    let ask = async |security: &EsiSecurity, number: u32| {
        started.set(started.get() + 1);
        let error = if number.is_multiple_of(2) {
            security.refresh(&[]).await.unwrap_err()
        } else {
            security.get_access_token().await.unwrap_err()
        };
        assert_eq!(error.code(), "network_error");
        failed.set(failed.get() + 1);
    };
    let watch = async || {
        while started.get() < 50 {
            tick().await;
        }
        tick().await;
        assert_eq!(one.state(), State::Refreshing);
        assert_eq!(two.state(), State::Refreshing);
        assert_eq!(failed.get(), 0);
        settle_fetch();
    };
    let mut work: Vec<std::pin::Pin<Box<dyn Future<Output = ()>>>> = Vec::new();
    for number in 0..50 {
        let security = if number < 25 { &one } else { &two };
        work.push(Box::pin(ask(security, number)));
    }
    work.push(Box::pin(watch()));
    all(work).await;
    assert_eq!(failed.get(), 50);
    // Once more, since nobody knows whether the first was served.
    assert_eq!(fetched(), ["https://sso.example/token"; 2]);
}

/// The new tokens win over an answer to the old ones' question.
#[wasm_bindgen_test]
async fn tokens_that_come_meanwhile_win() {
    let page = Page::new();
    let security = page.expired();
    hold_fetch();
    let started = Cell::new(0);
    let refresh = async || {
        started.set(started.get() + 1);
        let error = security.refresh(&[]).await.unwrap_err();
        assert_eq!(error.code(), "superseded");
    };
    let token = async || {
        started.set(started.get() + 1);
        assert_eq!(
            security.get_access_token().await.unwrap(),
            "the-access-token"
        );
    };
    let update = async || {
        settle_after(&started, 2).await;
    };
    let replace = async || {
        while started.get() < 2 {
            tick().await;
        }
        security.update_token(crate::page::TOKENS, None).unwrap();
        assert_eq!(security.state(), State::Active);
    };
    all(vec![
        Box::pin(refresh()),
        Box::pin(token()),
        Box::pin(replace()),
        Box::pin(update()),
    ])
    .await;
    assert_eq!(security.state(), State::Active);
    assert!(page.row().unwrap().contains("the-access-token"));
}

/// Whoever wants a token wants it of the session that stands now.
#[wasm_bindgen_test]
async fn a_refresh_token_that_comes_meanwhile_is_refreshed_in_its_turn() {
    let page = Page::new();
    let security = page.expired();
    hold_fetch();
    let started = Cell::new(0);
    let token = async || {
        started.set(started.get() + 1);
        let error = security.get_access_token().await.unwrap_err();
        assert_eq!(error.code(), "network_error");
    };
    let update = async || {
        while started.get() < 1 {
            tick().await;
        }
        let json = r#"{"refresh_token":"newer"}"#;
        security.update_token(json, None).unwrap();
        settle_after(&started, 1).await;
    };
    all(vec![Box::pin(token()), Box::pin(update())]).await;
    assert_eq!(fetched(), ["https://sso.example/token"; 2]);
    assert_eq!(security.state(), State::Offline);
}

/// The row in storage is looked at first, and no older one is written over it.
#[wasm_bindgen_test]
async fn tokens_that_another_frame_stored_meanwhile_win() {
    let page = Page::new();
    let security = page.expired();
    let newer = Session::restore(Some(r#"{"refresh_token":"newer"}"#)).to_row();
    let newer = newer.as_deref().unwrap();
    hold_fetch();
    let started = Cell::new(0);
    let refresh = async || {
        started.set(started.get() + 1);
        let error = security.refresh(&[]).await.unwrap_err();
        assert_eq!(error.code(), "superseded");
    };
    let store = async || {
        while started.get() < 1 {
            tick().await;
        }
        page.set_row(Some(newer));
        settle_after(&started, 1).await;
    };
    all(vec![Box::pin(refresh()), Box::pin(store())]).await;
    assert_eq!(page.row().as_deref(), Some(newer));
}

/// The answer to a refresh must not sign in again what somebody has signed out.
#[wasm_bindgen_test]
async fn a_row_that_vanishes_meanwhile_stays_away() {
    let page = Page::new();
    let security = page.expired();
    hold_fetch();
    let started = Cell::new(0);
    let refresh = async || {
        started.set(started.get() + 1);
        let error = security.refresh(&[]).await.unwrap_err();
        assert_eq!(error.code(), "superseded");
    };
    let take_away = async || {
        while started.get() < 1 {
            tick().await;
        }
        page.set_row(None);
        settle_after(&started, 1).await;
    };
    all(vec![Box::pin(refresh()), Box::pin(take_away())]).await;
    assert_eq!(security.state(), State::SignedOut);
    assert_eq!(page.row(), None);
}

/// No cookies, no referrer, nothing of the browser's cache, and no redirect with the form.
#[wasm_bindgen_test]
async fn a_request_tells_no_more_than_it_must() {
    let page = Page::new();
    break_fetch("a TypeError");
    let security = page.expired();
    security.refresh(&[]).await.unwrap_err();
    assert_eq!(
        last_request(),
        json!({
            "url": "https://sso.example/token",
            "method": "POST",
            "mode": "cors",
            "credentials": "omit",
            "cache": "no-store",
            "redirect": "error",
            "referrerPolicy": "no-referrer",
            // One that needs no preflight.
            "headers": { "content-type": "application/x-www-form-urlencoded" },
        })
    );
    let eve = crate::page::open(page.options_for_eve()).unwrap();
    eve.get_auth_uri(AuthUriOptions::default()).await.unwrap();
    let request = last_request();
    assert_eq!(request["method"], "GET");
    assert_eq!(request["credentials"], "omit");
    assert_eq!(request["cache"], "no-store");
    assert_eq!(request["referrerPolicy"], "no-referrer");
    assert_eq!(request["headers"], json!({}));
}

/// The documents need none, and may lie on another host.
#[wasm_bindgen_test]
async fn headers_for_the_server_go_with_what_is_posted_to_it() {
    let page = Page::new();
    break_fetch("a TypeError");
    let with_headers = |options: Options| {
        crate::page::open(Options {
            headers: vec![
                ("X-Key".into(), "the-value".into()),
                ("User-Agent".into(), "app".into()),
            ],
            ..options
        })
        .unwrap()
    };
    let security = with_headers(page.options());
    security.update_token(crate::page::EXPIRED, None).unwrap();
    let posted = json!({
        "content-type": "application/x-www-form-urlencoded",
        "x-key": "the-value",
    });
    security.refresh(&[]).await.unwrap_err();
    assert_eq!(last_request()["headers"], posted);
    security.revoke().await.unwrap();
    assert_eq!(last_request()["headers"], posted);

    let eve = with_headers(page.options_for_eve());
    eve.get_auth_uri(AuthUriOptions::default()).await.unwrap();
    assert_eq!(last_request()["headers"], json!({}));
}

#[wasm_bindgen_test]
async fn an_answer_is_waited_for_but_not_for_ever() {
    let page = Page::new();
    watch_timeouts();
    hold_fetch();
    let refreshing = page.expired();
    all(vec![
        Box::pin(async { drop(refreshing.refresh(&[]).await) }),
        Box::pin(async {
            timeout_of(30_000).await;
            settle_fetch();
        }),
    ])
    .await;
    // Where something else can stand in, a user who waits is worth more.
    hold_fetch();
    let eve = crate::page::open(page.options_for_eve()).unwrap();
    all(vec![
        Box::pin(async { drop(eve.get_auth_uri(AuthUriOptions::default()).await) }),
        Box::pin(async {
            timeout_of(5_000).await;
            settle_fetch();
        }),
    ])
    .await;
}

#[wasm_bindgen_test]
async fn a_browser_that_knows_no_time_outs_works_without() {
    let page = Page::new();
    break_fetch("a TypeError");
    remove_timeouts();
    let error = page.expired().refresh(&[]).await.unwrap_err();
    assert_eq!(error.code(), "network_error");
    assert_eq!(fetched().len(), 2);
}

//! Finishing a login: which callbacks are ours, and that each is used once.

use esi_security::client::{AuthUriOptions, LoginResult};
use esi_security::session::machine::State;
use esi_security::{Error, ErrorKind, EsiSecurity, Phase};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::page::{
    Page, all, break_fetch, fetched, hold_fetch, redirect_uri, server, settle_fetch, shift_clock,
    tick, warnings,
};

async fn begin(security: &EsiSecurity, state: &str, implicit: bool) {
    let options = AuthUriOptions {
        state: Some(state.into()),
        scopes: Some(vec!["publicData".into()]),
        implicit,
        ..AuthUriOptions::default()
    };
    security.get_auth_uri(options).await.unwrap();
}

async fn handle(security: &EsiSecurity, answer: &str) -> Result<Option<LoginResult>, Error> {
    let url = format!("{}{answer}", redirect_uri());
    security.handle_redirect(Some(&url)).await
}

async fn refused(security: &EsiSecurity, answer: &str) -> (&'static str, Phase) {
    let error = handle(security, answer).await.unwrap_err();
    (error.code(), error.phase())
}

#[wasm_bindgen_test]
async fn a_code_that_is_not_ours_is_left_alone() {
    let page = Page::new();
    break_fetch("a TypeError");
    let security = page.security();
    // No login is under way: some other `?code=` of the page's own.
    for answer in [
        "",
        "?code=theirs",
        "?code=1&code=2",
        "?code=1&state=a&state=b",
        "?error=1&error=2",
        "#access_token=1&access_token=2",
        "?tab=2",
        "?state=the-state",
        "?code=",
        "#code=c&state=the-state",
    ] {
        assert_eq!(handle(&security, answer).await, Ok(None), "{answer}");
    }
    begin(&security, "the-state", false).await;
    for url in [
        "https://elsewhere.example/callback?code=c&state=theirs",
        "/other?code=c&state=theirs",
        "/callback/?code=c&state=theirs",
        "?code=c&state=theirs",
        "/other?code=c",
        "/other?code=c&code=d",
    ] {
        assert_eq!(security.handle_redirect(Some(url)).await, Ok(None), "{url}");
    }
    assert!(fetched().is_empty());
    let error = security
        .handle_redirect(Some("http://["))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.phase()),
        ("invalid_argument", Phase::Redirect)
    );
}

/// Hosting may answer the redirect URI with a redirect to anywhere on its origin.
#[wasm_bindgen_test]
async fn a_login_ends_at_any_path_of_the_origin() {
    let page = Page::new();
    break_fetch("a TypeError");
    let security = page.security();
    begin(&security, "the-state", false).await;
    for path in ["/callback/", "/callback.html", "/", "/else/where"] {
        let url = format!("{path}?code=c&state=the-state");
        let error = security.handle_redirect(Some(&url)).await.unwrap_err();
        assert_eq!(
            (error.code(), error.phase()),
            ("network_error", Phase::Token),
            "{path}"
        );
    }
    assert_eq!(fetched().len(), 4);
    let elsewhere = "https://elsewhere.example/callback?code=c&state=the-state";
    let error = security.handle_redirect(Some(elsewhere)).await.unwrap_err();
    assert_eq!(
        (error.code(), error.phase()),
        ("invalid_argument", Phase::Redirect)
    );
    assert!(fetched().is_empty(), "it is not sent");
}

/// A page at `127.0.0.1` or without `www`, whose registered redirect URI sends the browser on to it; or one whose
/// browser hands it the address, as an extension's does.
#[wasm_bindgen_test]
async fn the_redirect_uri_may_be_of_another_origin_than_the_page() {
    let page = Page::new();
    break_fetch("a TypeError");
    let mut options = page.options();
    options.redirect_uri = "https://www.elsewhere.example/callback".into();
    let security = crate::page::open(options).unwrap();
    begin(&security, "the-state", false).await;
    for url in [
        "/callback?code=c&state=the-state",
        "https://www.elsewhere.example/callback?code=c&state=the-state",
        "https://www.elsewhere.example/?code=c&state=the-state",
    ] {
        let error = security.handle_redirect(Some(url)).await.unwrap_err();
        assert_eq!(
            (error.code(), error.phase()),
            ("network_error", Phase::Token),
            "{url}"
        );
    }
}

/// Any object of this page may be asked, and any of them may be asked first.
#[wasm_bindgen_test]
async fn an_ended_login_is_refused_and_says_whether_there_is_a_session() {
    let page = Page::new();
    let security = page.security();
    begin(&security, "the-state", false).await;
    let refusal = "/other?error=access_denied&state=the-state";
    let error = security.handle_redirect(Some(refusal)).await.unwrap_err();
    assert_eq!(error.code(), "access_denied");
    let reused = |logged_in| ErrorKind::StateReused {
        phase: Phase::Redirect,
        logged_in,
    };
    let late = "/other?code=c&state=the-state";
    let error = security.handle_redirect(Some(late)).await.unwrap_err();
    assert_eq!(*error, reused(false));
    security.update_token(crate::page::TOKENS, None).unwrap();
    for security in [&security, &page.security()] {
        let error = security.handle_redirect(Some(late)).await.unwrap_err();
        assert_eq!(*error, reused(true));
    }
}

#[wasm_bindgen_test]
async fn a_missing_foreign_or_expired_state_is_refused() {
    let page = Page::new();
    break_fetch("a TypeError");
    let security = page.security();
    assert_eq!(
        refused(&security, "?code=c&state=the-state").await,
        ("state_unknown", Phase::Redirect)
    );
    begin(&security, "the-state", false).await;
    assert_eq!(
        refused(&security, "?code=c").await,
        ("state_missing", Phase::Redirect)
    );
    assert_eq!(
        refused(&security, "?code=c&state=").await,
        ("state_missing", Phase::Redirect)
    );
    assert_eq!(
        refused(&security, "?code=c&code=d").await,
        ("invalid_argument", Phase::Redirect)
    );
    assert_eq!(
        refused(&security, "?code=c&state=t").await,
        ("state_unknown", Phase::Redirect)
    );
    shift_clock(600.0);
    for _ in 0..2 {
        assert_eq!(
            refused(&security, "?code=c&state=the-state").await,
            ("login_expired", Phase::Redirect)
        );
        assert!(page.logins()[0].get("verifier").is_none());
    }
    for answer in ["?code=c", "?code=c&code=d"] {
        assert_eq!(handle(&security, answer).await, Ok(None), "{answer}");
    }
    // It has ended, wherever the clock goes.
    shift_clock(-600.0);
    assert_eq!(
        refused(&security, "?code=c&state=the-state").await,
        ("state_reused", Phase::Redirect)
    );
    assert!(fetched().is_empty());
}

#[wasm_bindgen_test]
async fn another_servers_answer_is_refused() {
    let page = Page::new();
    break_fetch("a TypeError");
    let security = page.security();
    begin(&security, "the-state", false).await;
    let answer = "?code=c&state=the-state&iss=https%3A%2F%2Fevil.example";
    assert_eq!(
        refused(&security, answer).await,
        ("issuer_mismatch", Phase::Redirect)
    );
    assert!(fetched().is_empty(), "the code must not be sent");
    // The right one is still good.
    let answer = "?code=c&state=the-state&iss=https%3A%2F%2Fsso.example";
    assert_eq!(
        refused(&security, answer).await,
        ("network_error", Phase::Token)
    );
}

/// The metadata may have changed its mind about the scheme since the login began, but not about who
/// the server is.
#[wasm_bindgen_test]
async fn the_code_goes_to_the_server_that_the_login_was_begun_with() {
    let page = Page::new();
    break_fetch("a TypeError");
    let named = |issuer: &str| {
        let mut options = page.options();
        options.sso_endpoints.as_mut().unwrap().issuer = issuer.into();
        crate::page::open(options).unwrap()
    };
    begin(&named("https://sso.example"), "the-state", false).await;
    for (issuer, code) in [
        ("sso.example", "network_error"),
        ("https://sso.example/", "network_error"),
        ("https://evil.example", "issuer_mismatch"),
    ] {
        let error = named(issuer)
            .auth("c", Some("the-state"))
            .await
            .unwrap_err();
        assert_eq!(
            (error.code(), error.phase()),
            (code, Phase::Token),
            "{issuer}"
        );
        assert_eq!(fetched().len(), usize::from(code == "network_error"));
    }
}

/// React's `StrictMode` does this on purpose.
#[wasm_bindgen_test]
async fn the_same_callback_twice_gives_the_same_answer() {
    let page = Page::new();
    let security = page.security();
    begin(&security, "the-state", false).await;
    let answer = "?error=access_denied&error_description=No&state=the-state";
    for _ in 0..2 {
        let error = handle(&security, answer).await.unwrap_err();
        let description = Some("No".into());
        assert_eq!(*error, ErrorKind::AccessDenied { description });
    }
    // But another answer under this state comes too late.
    for other in [
        "?code=c&state=the-state",
        "?error=server_error&state=the-state",
    ] {
        assert_eq!(
            refused(&security, other).await,
            ("state_reused", Phase::Redirect)
        );
    }
    let error = security.auth("c", Some("the-state")).await.unwrap_err();
    assert_eq!(
        (error.code(), error.phase()),
        ("state_reused", Phase::Token)
    );
}

#[wasm_bindgen_test]
async fn another_refusal_says_what_the_server_said() {
    let page = Page::new();
    let security = page.security();
    begin(&security, "the-state", false).await;
    let error = handle(&security, "?error=invalid_scope&state=the-state")
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.phase()),
        ("authorization_failed", Phase::Redirect)
    );
    assert_eq!(error.oauth_error(), Some("invalid_scope"));
}

#[wasm_bindgen_test]
async fn the_implicit_grant_signs_in_from_the_fragment() {
    let page = Page::new();
    break_fetch("a TypeError");
    let security = page.security();
    begin(&security, "the-state", true).await;
    let answer = "#access_token=the-token&token_type=Bearer&expires_in=1200&state=the-state";
    let expected = LoginResult {
        state: "the-state".into(),
        return_to: None,
        requested_scopes: vec!["publicData".into()],
    };
    for _ in 0..2 {
        assert_eq!(handle(&security, answer).await, Ok(Some(expected.clone())));
        assert_eq!(security.state(), State::Active);
        assert_eq!(security.get_access_token().await.unwrap(), "the-token");
    }
    let other = answer.replace("the-token", "another");
    assert_eq!(
        refused(&security, &other).await,
        ("state_reused", Phase::Redirect)
    );
    assert_eq!(security.get_access_token().await.unwrap(), "the-token");
    assert!(fetched().is_empty());
    // What is kept of it cannot be used.
    assert!(!page.logins().to_string().contains("the-token"));
}

/// It may be a stolen one (RFC 9700 section 4.6).
#[wasm_bindgen_test]
async fn a_token_that_nobody_asked_for_is_refused() {
    let page = Page::new();
    let security = page.security();
    begin(&security, "the-state", false).await;
    let answer = "#access_token=the-token&token_type=Bearer&expires_in=1200&state=the-state";
    assert_eq!(
        refused(&security, answer).await,
        ("authorization_failed", Phase::Redirect)
    );
    assert_eq!(security.state(), State::SignedOut);
}

#[wasm_bindgen_test]
async fn a_code_that_nobody_asked_for_is_refused() {
    let page = Page::new();
    break_fetch("a TypeError");
    let security = page.security();
    begin(&security, "the-state", true).await;
    let answer = refused(&security, "?code=c&state=the-state").await;
    assert_eq!(answer, ("authorization_failed", Phase::Redirect));
    for state in [Some("the-state"), None] {
        let error = security.auth("c", state).await.unwrap_err();
        assert_eq!(
            (error.code(), error.phase()),
            ("authorization_failed", Phase::Token)
        );
        assert_eq!(error.oauth_error(), Some("unsupported_response_type"));
    }
    assert!(fetched().is_empty(), "it must not be sent");
}

/// Each object of a page finishes its own logins, so that no character gets another's tokens.
#[wasm_bindgen_test]
async fn a_login_ends_in_the_session_that_began_it() {
    let page = Page::new();
    break_fetch("a TypeError");
    let named = |name: &str| {
        let mut options = page.options();
        options.token_identifier = Some(name.into());
        crate::page::open(options).unwrap()
    };
    let (one, two, nobody) = (named("one"), named("two"), page.security());
    begin(&one, "the-state", true).await;
    let answer = "#access_token=the-token&token_type=Bearer&expires_in=1200&state=the-state";
    for other in [&two, &nobody] {
        assert_eq!(handle(other, answer).await, Ok(None));
        assert_eq!(other.state(), State::SignedOut);
    }
    assert!(handle(&one, answer).await.unwrap().is_some());
    assert_eq!(one.state(), State::Active);

    begin(&one, "state-of-one", false).await;
    begin(&two, "state-of-two", false).await;
    let error = two.auth("c", Some("state-of-one")).await.unwrap_err();
    assert_eq!(error.code(), "state_unknown");
    let error = nobody.auth("c", None).await.unwrap_err();
    assert_eq!(error.code(), "login_not_found");
    assert!(fetched().is_empty());
    for ours in [&one, &two] {
        let error = ours.auth("c", None).await.unwrap_err();
        assert_eq!(error.code(), "network_error");
    }
}

/// An app that takes `null` for "log in" would else go to the SSO again, for ever, in silence.
#[wasm_bindgen_test]
async fn a_login_that_no_object_of_the_page_waits_for_is_warned_about() {
    let page = Page::new();
    let named = || {
        let mut options = page.options();
        options.token_identifier = Some("one".into());
        crate::page::open(options).unwrap()
    };
    let (one, other) = (named(), page.security());
    begin(&one, "the-state", false).await;
    let answer = "?code=c&state=the-state";
    assert_eq!(handle(&other, answer).await, Ok(None));
    assert_eq!(warnings("another `tokenIdentifier`"), 0);
    drop(one);
    tick().await;
    for _ in 0..2 {
        assert_eq!(handle(&other, answer).await, Ok(None));
    }
    assert_eq!(warnings("another `tokenIdentifier`"), 1);
}

#[wasm_bindgen_test]
async fn an_implicit_answer_that_cannot_be_used_changes_nothing() {
    let page = Page::new();
    let security = page.security();
    security.update_token(crate::page::TOKENS, None).unwrap();
    let row = page.row();
    assert!(row.is_some());
    for unusable in [
        "#access_token=a%20b&state=the-state",
        "#access_token=t&token_type=mac&state=the-state",
    ] {
        begin(&security, "the-state", true).await;
        for _ in 0..2 {
            let error = handle(&security, unusable).await.unwrap_err();
            assert_eq!(error.code(), "invalid_response", "{unusable}");
            assert_eq!(error.phase(), Phase::Redirect);
            assert!(!error.retryable());
        }
        // But it has used its state up.
        let usable = "#access_token=second&expires_in=500&state=the-state";
        let late = refused(&security, usable).await;
        assert_eq!(late, ("state_reused", Phase::Redirect), "{unusable}");
        assert_eq!(page.row(), row);
    }
}

/// The code may still be good: it was perhaps never sent.
#[wasm_bindgen_test]
async fn a_failed_exchange_leaves_the_login_open() {
    let page = Page::new();
    break_fetch("a TypeError");
    let security = page.security();
    begin(&security, "the-state", false).await;
    let before = page.logins();
    for _ in 0..3 {
        let answer = refused(&security, "?code=c&state=the-state").await;
        assert_eq!(answer, ("network_error", Phase::Token));
        let error = security.auth("c", None).await.unwrap_err();
        assert_eq!(error.code(), "network_error");
    }
    assert_eq!(fetched().len(), 6);
    assert_eq!(page.logins(), before);
    assert_eq!(security.state(), State::SignedOut);
}

/// A code that is sent twice can cost the session (RFC 6749 section 4.1.2).
#[wasm_bindgen_test]
async fn a_code_is_sent_once_however_many_ask() {
    let page = Page::new();
    hold_fetch();
    let (one, two) = (page.security(), page.security());
    begin(&one, "the-state", false).await;
    let (started, ended) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    let call = async |security: &EsiSecurity| {
        started.set(started.get() + 1);
        let answer = refused(security, "?code=c&state=the-state").await;
        ended.set(ended.get() + 1);
        assert_eq!(answer, ("network_error", Phase::Token));
    };
    let direct = async || {
        let error = one.auth("c", Some("the-state")).await.unwrap_err();
        assert_eq!(error.code(), "network_error");
    };
    let settle = async || {
        while started.get() < 3 {
            tick().await;
        }
        tick().await;
        assert_eq!(ended.get(), 0);
        settle_fetch();
    };
    all(vec![
        Box::pin(call(&one)),
        Box::pin(call(&two)),
        Box::pin(call(&one)),
        Box::pin(direct()),
        Box::pin(settle()),
    ])
    .await;
    assert_eq!(fetched(), ["https://sso.example/token"]);
}

/// It answers one login; what the other gets must not be taken for its answer.
#[wasm_bindgen_test]
async fn a_code_that_is_under_way_for_one_login_is_refused_to_another() {
    let page = Page::new();
    hold_fetch();
    let security = page.security();
    let mut options = page.options();
    options.sso_endpoints = Some(server("https://other.example"));
    let elsewhere = crate::page::open(options).unwrap();
    begin(&security, "state-one", false).await;
    begin(&security, "state-two", false).await;
    begin(&elsewhere, "state-one", false).await;
    let call = async |security: &EsiSecurity| {
        let answer = refused(security, "?code=c&state=state-one").await;
        assert_eq!(answer, ("network_error", Phase::Token));
    };
    let others = async || {
        tick().await;
        let answer = refused(&security, "?code=c&state=state-two").await;
        assert_eq!(answer, ("state_reused", Phase::Redirect));
        let error = security.auth("c", Some("state-two")).await.unwrap_err();
        assert_eq!(
            (error.code(), error.phase()),
            ("state_reused", Phase::Token)
        );
        settle_fetch();
    };
    all(vec![
        Box::pin(call(&security)),
        Box::pin(call(&elsewhere)),
        Box::pin(others()),
    ])
    .await;
    assert_eq!(
        fetched(),
        ["https://sso.example/token", "https://other.example/token"]
    );
}

#[wasm_bindgen_test]
async fn a_code_needs_a_login() {
    let page = Page::new();
    break_fetch("a TypeError");
    let security = page.security();
    let refused = async |code: &str, state: Option<&str>| {
        let error = security.auth(code, state).await.unwrap_err();
        assert_eq!(error.phase(), Phase::Token);
        error.code()
    };
    assert_eq!(refused("", None).await, "invalid_argument");
    assert_eq!(refused("c", None).await, "login_not_found");
    assert_eq!(refused("c", Some("the-state")).await, "state_unknown");
    begin(&security, "the-state", false).await;
    begin(&security, "another-state", false).await;
    assert_eq!(refused("c", None).await, "state_missing");
    assert_eq!(refused("c", Some("u")).await, "state_unknown");
    assert!(fetched().is_empty());
    assert_eq!(refused("c", Some("another-state")).await, "network_error");
    shift_clock(600.0);
    assert_eq!(refused("c", None).await, "login_not_found");
    assert_eq!(refused("c", Some("the-state")).await, "login_expired");
}

/// With a fixed verifier or a secret the page may have kept the rest elsewhere.
#[wasm_bindgen_test]
async fn a_fixed_verifier_needs_no_login() {
    let page = Page::new();
    break_fetch("a TypeError");
    let mut options = page.options();
    options.code_verifier = Some(esi_security::oauth::secret::Secret::new("v".repeat(43)));
    let security = crate::page::open(options).unwrap();
    let error = security.auth("c", None).await.unwrap_err();
    assert_eq!(
        (error.code(), error.phase()),
        ("network_error", Phase::Token)
    );
    assert_eq!(fetched().len(), 1);
}

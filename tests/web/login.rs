//! The authorization request: what it stores, and what it must not do.

use esi_security::client::{AuthUriOptions, LoginOptions};
use esi_security::oauth::metadata::Metadata;
use esi_security::oauth::pkce::CodeVerifier;
use esi_security::oauth::secret::Secret;
use esi_security::{ErrorKind, Phase};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::page::{Page, break_fetch, fetched, now, parameter, redirect_uri, rows, warnings};

fn with_state(state: &str) -> AuthUriOptions {
    AuthUriOptions {
        state: Some(state.into()),
        ..AuthUriOptions::default()
    }
}

#[wasm_bindgen_test]
async fn given_endpoints_need_no_network_and_one_login_is_stored() {
    let page = Page::new();
    break_fetch("a string");
    let mut options = page.options();
    options.scopes = vec!["esi-a.read.v1".into(), "esi-b.read.v1".into()];
    let security = crate::page::open(options).unwrap();
    let uri = security.get_auth_uri(with_state("my-state")).await.unwrap();
    assert!(fetched().is_empty());
    assert!(uri.starts_with("https://sso.example/authorize?"), "{uri}");
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", page.client_id.as_str()),
        ("redirect_uri", redirect_uri().as_str()),
        ("scope", "esi-a.read.v1 esi-b.read.v1"),
        ("state", "my-state"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(parameter(&uri, name).as_deref(), Some(value), "{name}");
    }

    let logins = page.logins();
    let login = &logins[0];
    assert_eq!(logins.as_array().unwrap().len(), 1);
    assert_eq!(login["state"], "my-state");
    assert_eq!(login["redirect_uri"], redirect_uri());
    assert_eq!(login["issuer"], "https://sso.example");
    assert_eq!(
        login["scopes"],
        serde_json::json!(["esi-a.read.v1", "esi-b.read.v1"])
    );
    assert_eq!(login["began_at"], now());
    // The verifier stays here, its challenge goes.
    let verifier = login["verifier"].as_str().unwrap();
    assert!(!uri.contains(verifier));
    let verifier = CodeVerifier::from_text(verifier, Phase::Login).unwrap();
    assert_eq!(
        parameter(&uri, "code_challenge"),
        Some(verifier.challenge())
    );
    assert!(rows("/session/").is_empty());
}

#[wasm_bindgen_test]
async fn several_logins_can_be_under_way() {
    let page = Page::new();
    let security = page.security();
    for state in ["state-one", "state-two", "state-one"] {
        security.get_auth_uri(with_state(state)).await.unwrap();
    }
    let logins = page.logins();
    let states: Vec<&str> = logins
        .as_array()
        .unwrap()
        .iter()
        .map(|login| login["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["state-two", "state-one"]);
}

#[wasm_bindgen_test]
async fn scopes_of_the_call_replace_those_of_the_options() {
    let page = Page::new();
    let mut options = page.options();
    options.scopes = vec!["esi-a.read.v1".into()];
    let security = crate::page::open(options).unwrap();
    for (scopes, expected) in [
        (vec!["publicData".to_owned()], Some("publicData")),
        (Vec::new(), None),
    ] {
        let options = AuthUriOptions {
            scopes: Some(scopes),
            ..AuthUriOptions::default()
        };
        let uri = security.get_auth_uri(options).await.unwrap();
        assert_eq!(parameter(&uri, "scope").as_deref(), expected);
    }
}

#[wasm_bindgen_test]
async fn what_cannot_be_asked_is_refused_and_stores_nothing() {
    let page = Page::new();
    let security = page.security();
    let bad = [
        (with_state(""), "state"),
        (with_state("7-chars"), "state"),
        (
            AuthUriOptions {
                scopes: Some(vec![String::new()]),
                ..AuthUriOptions::default()
            },
            "scopes",
        ),
        (
            AuthUriOptions {
                scopes: Some(vec!["a b".into()]),
                ..AuthUriOptions::default()
            },
            "scopes",
        ),
        (
            AuthUriOptions {
                extra_params: vec![("state".into(), "another".into())],
                ..AuthUriOptions::default()
            },
            "extraParams.state",
        ),
    ];
    for (options, expected) in bad {
        let error = security.get_auth_uri(options).await.unwrap_err();
        assert!(
            matches!(&*error, ErrorKind::InvalidArgument { phase: Phase::Login, name, .. } if name == expected),
            "{error:?}"
        );
    }
    assert_eq!(page.logins(), serde_json::json!([]));
}

#[wasm_bindgen_test]
async fn a_fixed_verifier_is_used_for_every_login() {
    let page = Page::new();
    let verifier = "v".repeat(43);
    let mut options = page.options();
    options.code_verifier = Some(Secret::new(verifier.as_str()));
    let security = crate::page::open(options).unwrap();
    let expected = CodeVerifier::from_text(&verifier, Phase::Login).unwrap();
    for _ in 0..2 {
        let uri = security
            .get_auth_uri(AuthUriOptions::default())
            .await
            .unwrap();
        assert_eq!(
            parameter(&uri, "code_challenge"),
            Some(expected.challenge())
        );
    }
}

#[wasm_bindgen_test]
async fn a_secret_or_the_implicit_grant_needs_no_challenge() {
    let page = Page::new();
    let mut options = page.options();
    options.secret_key = Some(Secret::new("not-so-secret"));
    let confidential = crate::page::open(options).unwrap();
    let uri = confidential
        .get_auth_uri(AuthUriOptions::default())
        .await
        .unwrap();
    assert_eq!(parameter(&uri, "response_type").as_deref(), Some("code"));
    assert_eq!(parameter(&uri, "code_challenge"), None);
    assert!(!uri.contains("secret"));

    let implicit = || AuthUriOptions {
        implicit: true,
        ..AuthUriOptions::default()
    };
    let security = page.security();
    for _ in 0..2 {
        let uri = security.get_auth_uri(implicit()).await.unwrap();
        assert_eq!(parameter(&uri, "response_type").as_deref(), Some("token"));
        assert_eq!(parameter(&uri, "code_challenge"), None);
        assert_eq!(parameter(&uri, "code_challenge_method"), None);
    }
    assert_eq!(warnings("implicit grant"), 1);
    for login in page.logins().as_array().unwrap() {
        assert!(login.get("verifier").is_none());
    }
}

#[wasm_bindgen_test]
async fn a_very_long_address_is_warned_about_once() {
    let page = Page::new();
    let security = page.security();
    for _ in 0..2 {
        let options = AuthUriOptions {
            scopes: Some(vec!["x".repeat(2000)]),
            ..AuthUriOptions::default()
        };
        security.get_auth_uri(options).await.unwrap();
    }
    assert_eq!(warnings("longer than 2000 characters"), 1);
}

/// EVE's documents are built in, so that a failed request stops nobody's login.
#[wasm_bindgen_test]
async fn eves_endpoints_serve_when_theirs_cannot_be_fetched() {
    let page = Page::new();
    break_fetch("a TypeError");
    let security = crate::page::open(page.options_for_eve()).unwrap();
    for _ in 0..3 {
        let uri = security
            .get_auth_uri(AuthUriOptions::default())
            .await
            .unwrap();
        assert!(
            uri.starts_with(&Metadata::eve().authorization_endpoint),
            "{uri}"
        );
    }
    // And not asked for again for a while.
    let url = page.options_for_eve().sso_endpoints_url;
    assert_eq!(fetched(), [url]);
}

#[wasm_bindgen_test]
async fn another_servers_endpoints_must_be_fetched() {
    let page = Page::new();
    break_fetch("a TypeError");
    let mut options = page.options_for_eve();
    options.sso_endpoints_url = "https://sso.example/.well-known/openid-configuration".into();
    let security = crate::page::open(options).unwrap();
    for _ in 0..2 {
        let error = security
            .get_auth_uri(AuthUriOptions::default())
            .await
            .unwrap_err();
        assert_eq!(
            (error.code(), error.phase()),
            ("network_error", Phase::Metadata)
        );
    }
    assert_eq!(fetched().len(), 2, "nothing else stands in for them");
}

/// `login` would leave the page; a full storage keeps it here.
#[wasm_bindgen_test]
async fn a_login_that_cannot_be_remembered_does_not_leave_the_page() {
    let page = Page::new();
    crate::page::fill_storage();
    let before = crate::page::href();
    let error = page
        .security()
        .login(LoginOptions::default())
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.phase()),
        ("storage_unavailable", Phase::Login)
    );
    assert_eq!(crate::page::href(), before);
}

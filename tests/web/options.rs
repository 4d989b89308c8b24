//! What the constructor refuses, by name.

use esi_security::oauth::secret::Secret;
use esi_security::{ErrorKind, Options, Phase};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::page::{Page, fetched, server, warnings};

fn refused(options: Options) -> String {
    let error = crate::page::open(options).err().unwrap();
    match &*error {
        ErrorKind::InvalidArgument {
            phase: Phase::Create,
            name,
            ..
        } => name.to_string(),
        _ => panic!("{error:?}"),
    }
}

#[wasm_bindgen_test]
fn every_bad_option_is_refused_by_its_name() {
    type Change = fn(&mut Options);
    let page = Page::new();
    let changes: &[(&str, Change)] = &[
        ("clientId", |o| o.client_id = String::new()),
        ("clientId", |o| o.client_id = "  ".into()),
        ("secretKey", |o| o.secret_key = Some(Secret::new(""))),
        ("secretKey", |o| o.secret_key = Some(Secret::new(" "))),
        ("tokenIdentifier", |o| {
            o.token_identifier = Some(String::new());
        }),
        ("tokenIdentifier", |o| {
            o.token_identifier = Some("\t".into());
        }),
        ("securityName", |o| o.security_names = vec![String::new()]),
        ("signalTokenUpdated", |o| {
            o.signal_token_updated = String::new();
        }),
        ("audiences", |o| {
            o.audiences = Some(vec!["EVE Online".into(), String::new()]);
        }),
        ("scopes", |o| o.scopes = vec![String::new()]),
        ("scopes", |o| {
            o.scopes = vec!["fine".into(), "not fine".into()];
        }),
        ("codeVerifier", |o| {
            o.code_verifier = Some(Secret::new("short"));
        }),
        ("codeVerifier", |o| {
            o.code_verifier = Some(Secret::new("é".repeat(50)));
        }),
        ("headers.X Y", |o| {
            o.headers = vec![("X Y".into(), "z".into())];
        }),
        ("headers.", |o| {
            o.headers = vec![(String::new(), "z".into())];
        }),
        ("headers.X-Key", |o| {
            o.headers = vec![("X-Key".into(), "a\nb".into())];
        }),
        ("headers.User-Agent", |o| {
            o.headers = vec![("User-Agent".into(), "漢".into())];
        }),
        ("jwksKey", |o| o.jwks_key = Some(String::new())),
        ("jwksKey", |o| o.jwks_key = Some("null".into())),
        ("jwksKey", |o| o.jwks_key = Some(r#"{"keys":[]}"#.into())),
        ("jwksKey", |o| {
            o.jwks_key = Some(r#"{"kty":"oct","k":"AAAA"}"#.into());
        }),
        ("ssoEndpoints", |o| {
            o.sso_endpoints = Some(server("http://sso.example"));
        }),
        ("ssoEndpoints", |o| o.sso_endpoints = Some(server(""))),
        ("ssoEndpointsUrl", |o| o.sso_endpoints_url = String::new()),
        ("apiOrigins", |o| o.api_origins = vec!["*".into()]),
        ("apiOrigins", |o| o.api_origins = vec![String::new()]),
        ("apiOrigins", |o| {
            o.api_origins = vec!["http://esi.evetech.net".into()];
        }),
    ];
    for (number, (name, change)) in changes.iter().enumerate() {
        let mut options = page.options();
        change(&mut options);
        assert_eq!(refused(options), *name, "change {number}");
    }
}

#[wasm_bindgen_test]
fn an_address_is_https_or_on_this_machine() {
    let page = Page::new();
    for bad in [
        "",
        "callback",
        "/callback",
        "//app.example/callback",
        "http://app.example/callback",
        "app.example",
        "https://",
        "https://app.example@evil.example/",
        "https://app.example\\evil",
        "https://app example/",
        "https://[::1",
        "https://a:99999/",
        "javascript:alert(1)",
    ] {
        let mut options = page.options();
        options.redirect_uri = bad.into();
        assert_eq!(refused(options), "redirectUri", "{bad}");
        let mut options = page.options_for_eve();
        options.sso_endpoints_url = bad.into();
        assert_eq!(refused(options), "ssoEndpointsUrl", "{bad}");
        let mut options = page.options();
        options.api_origins = vec![bad.into()];
        assert_eq!(refused(options), "apiOrigins", "{bad}");
    }
    for good in [
        "https://app.example/callback?x=1",
        "http://localhost:8080/",
        "http://127.0.0.1/callback",
        "http://[::1]:5173/callback",
    ] {
        let mut options = page.options();
        options.redirect_uri = good.into();
        assert!(crate::page::open(options).is_ok(), "{good}");
    }
    let mut options = page.options();
    options.redirect_uri = "https://app.example/#callback".into();
    assert_eq!(refused(options), "redirectUri");
}

#[wasm_bindgen_test]
fn a_refused_address_says_what_it_should_be() {
    let page = Page::new();
    let message = |change: &dyn Fn(&mut Options)| {
        let mut options = page.options();
        change(&mut options);
        crate::page::open(options).err().unwrap().to_string()
    };
    for (address, expected) in [
        ("/callback", "absolute"),
        ("callback", "absolute"),
        ("http://app.example/callback", "`https://`"),
        ("ftp://app.example/", "`https://`"),
    ] {
        let redirect_uri = message(&|options| options.redirect_uri = address.into());
        assert!(redirect_uri.contains(expected), "{redirect_uri}");
        let other = if expected == "absolute" {
            "`https://`,"
        } else {
            "absolute"
        };
        assert!(!redirect_uri.contains(other), "{redirect_uri}");
    }
    for (address, origin) in [
        ("https://esi.evetech.net/latest", "https://esi.evetech.net"),
        ("https://API.example:443/?x", "https://api.example"),
        ("http://localhost:8080/#x", "http://localhost:8080"),
    ] {
        let refused = message(&|options| options.api_origins = vec![address.into()]);
        assert!(refused.contains(&format!("`{origin}`")), "{refused}");
        let mut options = page.options();
        options.api_origins = vec![origin.into(), format!("{origin}/")];
        assert!(crate::page::open(options).is_ok(), "{origin}");
    }
}

/// With the answer's it would stand in the callback twice.
#[wasm_bindgen_test]
fn a_redirect_uri_has_no_parameter_of_an_answer() {
    let page = Page::new();
    let with = |query: &str| {
        let mut options = page.options();
        options.redirect_uri = format!("https://app.example/callback?{query}");
        options
    };
    for name in [
        "code",
        "state",
        "iss",
        "error",
        "error_description",
        "error_uri",
    ] {
        for query in [
            format!("{name}=1"),
            format!("{name}="),
            format!("a=1&{name}"),
        ] {
            assert_eq!(refused(with(&query)), "redirectUri", "{query}");
        }
    }
    assert_eq!(refused(with("c%6Fde=1")), "redirectUri");
    for query in ["", "codec=1&states=2&a=code", "Code=1", "access_token=1"] {
        assert!(crate::page::open(with(query)).is_ok(), "{query}");
    }
}

#[wasm_bindgen_test]
fn a_constructor_asks_nothing_of_the_network() {
    let page = Page::new();
    crate::page::break_fetch("null");
    crate::page::open(page.options()).unwrap();
    crate::page::open(page.options_for_eve()).unwrap();
    assert!(fetched().is_empty());
}

#[wasm_bindgen_test]
fn what_a_developer_should_know_is_said_once() {
    let page = Page::new();
    for _ in 0..3 {
        let mut options = page.options();
        options.secret_key = Some(Secret::new("not-so-secret"));
        options.headers = vec![("X-Key".into(), "another-secret".into())];
        crate::page::open(options).unwrap();
    }
    for about in ["`secretKey`", "no `User-Agent`", "preflight"] {
        assert_eq!(warnings(about), 1, "{about}");
    }
    let secret =
        |warning: &String| warning.contains("so-secret") || warning.contains("another-secret");
    assert!(!crate::page::all_warnings().iter().any(secret));
}

//! What was probably meant by an option that does not exist.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use esi_security::suggestion;

const OPTIONS: &[&str] = &[
    "clientId",
    "redirectUri",
    "scopes",
    "secretKey",
    "codeVerifier",
    "headers",
    "tokenIdentifier",
    "securityName",
    "signalTokenUpdated",
    "ssoEndpointsUrl",
    "storage",
    "autoRefresh",
    "refreshMargin",
    "ssoEndpoints",
    "jwksKey",
    "apiOrigins",
    "issuers",
    "audiences",
    "requireAzp",
    "algorithms",
    "cacheMaxAge",
    "customFetch",
    "tokenWorker",
];

#[test]
fn esipys_spelling_means_its_twin() {
    for (esipy, ours) in [
        ("redirect_uri", "redirectUri"),
        ("client_id", "clientId"),
        ("secret_key", "secretKey"),
        ("code_verifier", "codeVerifier"),
        ("headers_", "headers"),
        ("token_identifier", "tokenIdentifier"),
        ("security_name", "securityName"),
        ("signal_token_updated", "signalTokenUpdated"),
        ("sso_endpoints_url", "ssoEndpointsUrl"),
        ("sso_endpoints", "ssoEndpoints"),
        ("jwks_key", "jwksKey"),
    ] {
        assert_eq!(suggestion(esipy, OPTIONS), Some(ours));
    }
}

#[test]
fn so_does_another_way_to_write_the_words() {
    for name in [
        "clientid",
        "clientID",
        "ClientId",
        "CLIENT_ID",
        "client-id",
        "__client__id__",
    ] {
        assert_eq!(suggestion(name, OPTIONS), Some("clientId"), "{name}");
    }
}

#[test]
fn a_slip_or_two_are_forgiven() {
    for (slip, meant) in [
        ("scope", "scopes"),
        ("scoeps", "scopes"),
        ("redirectUrl", "redirectUri"),
        ("redirectUrls", "redirectUri"),
        ("redirctUri", "redirectUri"),
        ("header", "headers"),
        ("audience", "audiences"),
        ("apiOrigin", "apiOrigins"),
        ("jwkKeys", "jwksKey"),
        ("tokenIdentifer", "tokenIdentifier"),
        ("signalTokenUpdate", "signalTokenUpdated"),
        ("ssoEndpoint", "ssoEndpoints"),
        ("ssoEndpointUrl", "ssoEndpointsUrl"),
    ] {
        assert_eq!(suggestion(slip, OPTIONS), Some(meant), "{slip}");
    }
}

/// Each kind of slip counts as one: a letter more, one less, another one.
#[test]
fn two_slips_are_the_limit() {
    let known = &["abcdefgh"];
    for near in [
        "abcdefgh",
        "abcdefg",
        "bcdefgh",
        "abcdefghi",
        "Xabcdefgh",
        "abcXefgh",
        "abcdef",
        "cdefgh",
        "abXdeXgh",
        "XXabcdefgh",
        "abXcdefXgh",
        "bcdefghX",
    ] {
        assert_eq!(suggestion(near, known), Some("abcdefgh"), "{near}");
    }
    for far in [
        "abcde",
        "defgh",
        "QQQabcdefgh",
        "aXcXeXgh",
        "hgfedcba",
        "bcdefXXh",
        "abcdefghXYZ",
    ] {
        assert_eq!(suggestion(far, known), None, "{far}");
    }
}

#[test]
fn nothing_far_fetched_is_suggested() {
    for name in [
        "",
        "_",
        "-_-",
        "x",
        "id",
        "url",
        "app",
        "cookie",
        "callback",
        "clientSecret",
        "domain",
        "timeout",
        "constructor",
        "__proto__",
        "漢字",
    ] {
        assert_eq!(suggestion(name, OPTIONS), None, "{name}");
    }
    // Two letters are not "two slips away" from every other two.
    assert_eq!(suggestion("ab", &["cd", "abcd"]), None);
    assert_eq!(suggestion("a", &["b", "ab"]), None);
    assert_eq!(suggestion("kdi", &["kid"]), Some("kid"));
}

#[test]
fn the_nearest_wins() {
    let known = &["scopes", "scope", "scoped"];
    assert_eq!(
        suggestion("scopee", &["scopes", "scopeee"]),
        Some("scopeee")
    );
    assert_eq!(suggestion("scoped_", known), Some("scoped"));
    assert_eq!(suggestion("scope", known), Some("scope"));
    assert_eq!(suggestion("clientId", &[]), None);
}

/// A name comes from the page and may be anything.
#[test]
fn a_very_long_name_means_nothing() {
    for letter in ["a", "é", "漢", "_"] {
        let name = letter.repeat(1_000_000);
        assert_eq!(suggestion(&name, OPTIONS), None);
    }
    let name = format!("clientId{}", "x".repeat(1_000_000));
    assert_eq!(suggestion(&name, OPTIONS), None);
}

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The list above is the one that is documented, and the one that the constructor knows.
#[test]
fn these_are_the_options_that_exist() {
    let types = read("bindings/types.d.ts");
    let (_, rest) = types
        .split_once("export interface EsiSecurityOptions {\n")
        .unwrap();
    let (body, _) = rest.split_once("\n}").unwrap();
    let documented: Vec<&str> = body
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split_once(':'))
        .map(|(name, _)| name.trim_end_matches('?'))
        .filter(|name| name.chars().all(char::is_alphanumeric))
        .collect();
    let sorted = |mut names: Vec<&'static str>| {
        names.sort_unstable();
        names
    };
    let mut found = documented.clone();
    found.sort_unstable();
    assert_eq!(found, sorted(OPTIONS.to_vec()));

    let constructor = read("bindings/src/security.rs");
    let (_, rest) = constructor.split_once("fn constructor_options").unwrap();
    let (_, rest) = rest.split_once("&[\n").unwrap();
    let (known, _) = rest.split_once("];").unwrap();
    let known: Vec<&str> = known.split('"').skip(1).step_by(2).collect();
    assert_eq!(known, documented);
}

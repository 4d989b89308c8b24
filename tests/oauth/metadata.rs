//! Authorization server metadata (RFC 8414), as EVE's servers have written it and as others may.

use esi_security::oauth::metadata::{EVE_URL, Metadata};
use esi_security::{Error, ErrorKind};

use crate::support::kind;
use serde_json::{Value, json};

const SSO: &str = "https://sso.example/.well-known/oauth-authorization-server";

fn refused(result: &Result<Metadata, Error>) -> &'static str {
    match kind(result) {
        Some(ErrorKind::InvalidMetadata { reason }) => reason,
        _ => panic!("{result:?}"),
    }
}

/// A small document of `https://sso.example` with these members more, or others; `null` takes one
/// away.
fn document(changes: &Value) -> String {
    let mut document = json!({
        "issuer": "https://sso.example",
        "authorization_endpoint": "https://sso.example/authorize",
        "token_endpoint": "https://sso.example/token",
    });
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            document.as_object_mut().unwrap().remove(name);
        } else {
            document[name] = value.clone();
        }
    }
    document.to_string()
}

fn issued_by(issuer: &str) -> String {
    document(&json!({ "issuer": issuer }))
}

/// EVE's document of 2026; that of 2018 had fewer members and an issuer without a scheme.
fn eve(issuer: &str) -> Value {
    let at = |path: &str| format!("https://login.eveonline.com{path}");
    let methods = [
        "client_secret_basic",
        "client_secret_post",
        "client_secret_jwt",
    ];
    json!({
        "issuer": issuer,
        "authorization_endpoint": at("/v2/oauth/authorize"),
        "token_endpoint": at("/v2/oauth/token"),
        "response_types_supported": ["code", "token"],
        "jwks_uri": at("/oauth/jwks"),
        "revocation_endpoint": at("/v2/oauth/revoke"),
        "subject_types_supported": ["public"],
        "revocation_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_methods_supported": methods,
        "id_token_signing_alg_values_supported": ["HS256"],
        "token_endpoint_auth_signing_alg_values_supported": ["HS256"],
        "code_challenge_methods_supported": ["S256"],
    })
}

#[test]
fn eves_document_is_read_in_both_its_spellings() {
    for issuer in ["https://login.eveonline.com", "login.eveonline.com"] {
        let metadata = Metadata::parse(&eve(issuer).to_string(), EVE_URL).unwrap();
        assert_eq!(metadata.issuer, issuer);
        let methods = metadata.token_endpoint_auth_methods_supported.unwrap();
        assert!(methods.iter().any(|method| method == "client_secret_post"));
        // Everything else is what is built in.
        let snapshot = Metadata::eve();
        assert_eq!(
            metadata.authorization_endpoint,
            snapshot.authorization_endpoint
        );
        assert_eq!(metadata.token_endpoint, snapshot.token_endpoint);
        assert_eq!(metadata.revocation_endpoint, snapshot.revocation_endpoint);
        assert_eq!(metadata.jwks_uri, snapshot.jwks_uri);
    }
}

#[test]
fn the_built_in_snapshot_is_eves_and_passes_its_own_check() {
    let snapshot = Metadata::eve();
    assert_eq!(snapshot.clone().check(), Ok(snapshot.clone()));
    let json = serde_json::to_string(&snapshot).unwrap();
    assert_eq!(Metadata::parse(&json, EVE_URL), Ok(snapshot));
}

#[test]
fn serenitys_document_has_the_least_members() {
    let at = |path: &str| format!("https://login.evepc.163.com{path}");
    let document = json!({
        "issuer": "login.evepc.163.com",
        "authorization_endpoint": at("/v2/oauth/authorize"),
        "token_endpoint": at("/v2/oauth/token"),
        "jwks_uri": at("/oauth/jwks"),
    });
    let source = at("/.well-known/oauth-authorization-server");
    let metadata = Metadata::parse(&document.to_string(), &source).unwrap();
    assert_eq!(metadata.issuer, "login.evepc.163.com");
    assert_eq!(metadata.revocation_endpoint, None);
    assert_eq!(metadata.token_endpoint_auth_methods_supported, None);
}

#[test]
fn openid_connects_address_will_do() {
    let source = "https://login.eveonline.com/.well-known/openid-configuration";
    let json = eve("https://login.eveonline.com").to_string();
    assert!(Metadata::parse(&json, source).is_ok());
}

/// Section 3.3: else one server could speak for another.
#[test]
fn another_issuer_than_the_addresss_is_refused() {
    for issuer in [
        "https://evil.example",
        "evil.example",
        "https://sso.example.evil.example",
        "https://sso.example:8443",
        "https://sso.example/tenant",
        "https://SSO.example",
        "xhttps://sso.example",
        "https://https://sso.example",
    ] {
        let reason = refused(&Metadata::parse(&issued_by(issuer), SSO));
        assert!(reason.contains("issuer"), "{issuer}: {reason}");
    }
    assert!(Metadata::parse(&issued_by("https://sso.example/"), SSO).is_ok());
    assert!(
        refused(&Metadata::parse(&issued_by("https://sso.example"), EVE_URL)).contains("issuer")
    );
}

/// The well-known part stands between origin and path (RFC 8414 section 3), or behind the path
/// (OpenID Connect Discovery section 4).
#[test]
fn an_issuer_with_a_path_has_two_addresses() {
    let json = issued_by("https://sso.example/tenant/a");
    for source in [
        "https://sso.example/.well-known/oauth-authorization-server/tenant/a",
        "https://sso.example/.well-known/oauth-authorization-server/tenant/a/",
        "https://sso.example/tenant/a/.well-known/openid-configuration",
    ] {
        assert!(Metadata::parse(&json, source).is_ok(), "{source}");
    }
    for source in [
        SSO,
        "https://sso.example/.well-known/oauth-authorization-server/tenant",
        "https://sso.example/.well-known/oauth-authorization-server/tenant/b",
        "https://sso.example/tenant/.well-known/openid-configuration",
        "https://sso.example/.well-known/openid-configuration",
    ] {
        assert!(
            refused(&Metadata::parse(&json, source)).contains("issuer"),
            "{source}"
        );
    }
}

/// RFC 8414 section 3.3, but for an issuer without a scheme and for OpenID Connect's trailing slash.
#[test]
fn the_issuer_has_the_scheme_of_its_address_or_none() {
    for (issuer, fits) in [
        ("https://sso.example", true),
        ("https://sso.example/", true),
        ("sso.example", true),
        ("http://sso.example", false),
        ("HTTPS://sso.example", false),
        ("https://sso.example//", false),
        ("//sso.example", false),
    ] {
        let read = Metadata::parse(&issued_by(issuer), SSO);
        assert_eq!(read.is_ok(), fits, "{issuer}");
    }
}

/// RFC 9207 section 3.
#[test]
fn a_server_may_promise_to_name_itself_in_its_answers() {
    const MEMBER: &str = "authorization_response_iss_parameter_supported";
    for (given, promised) in [
        (json!({ MEMBER: true }), true),
        (json!({ MEMBER: false }), false),
        (json!({ MEMBER: null }), false),
        (json!({}), false),
    ] {
        let metadata = Metadata::parse(&document(&given), SSO).unwrap();
        let read = metadata.authorization_response_iss_parameter_supported;
        assert_eq!(read, promised, "{given}");
    }
    assert!(!Metadata::eve().authorization_response_iss_parameter_supported);
}

#[test]
fn an_address_that_names_no_issuer_allows_any() {
    let source = "https://cdn.example/sso.json";
    assert!(Metadata::parse(&issued_by("https://sso.example"), source).is_ok());
}

#[test]
fn a_missing_issuer_is_the_token_endpoints_origin() {
    let json = document(&json!({ "issuer": null }));
    let metadata = Metadata::parse(&json, SSO).unwrap();
    assert_eq!(metadata.issuer, "https://sso.example");
    let elsewhere =
        document(&json!({ "issuer": null, "token_endpoint": "https://b.example/token" }));
    assert!(refused(&Metadata::parse(&elsewhere, SSO)).contains("issuer"));
}

#[test]
fn every_endpoint_must_be_safe_to_send_a_token_to() {
    let members = [
        "authorization_endpoint",
        "token_endpoint",
        "revocation_endpoint",
        "jwks_uri",
    ];
    for member in members {
        for bad in [
            "",
            "/token",
            "//sso.example/token",
            "http://sso.example/token",
            "http://localhost.evil.example/token",
            "https://sso.example@evil.example/token",
            "https://sso.example\\@evil.example/token",
            "https://sso.example/to ken",
            " https://sso.example/token",
            "https:/sso.example/token",
            "javascript:alert(1)",
            "data:application/json,{}",
        ] {
            let json = document(&json!({ member: bad }));
            let reason = refused(&Metadata::parse(&json, SSO));
            assert!(reason.contains("https"), "{member} {bad:?}: {reason}");
            let given = Metadata::from_json(&json).unwrap();
            assert_eq!(refused(&given.check()), reason);
        }
        for good in [
            "http://localhost:8080/x",
            "http://[::1]/x",
            "https://b.example",
        ] {
            let json = document(&json!({ member: good }));
            assert!(Metadata::parse(&json, SSO).is_ok(), "{member} {good}");
        }
    }
}

/// RFC 6749 sections 3.1 and 3.2: a query added behind it would never reach the server.
#[test]
fn no_endpoint_may_have_a_fragment() {
    for member in [
        "authorization_endpoint",
        "token_endpoint",
        "revocation_endpoint",
    ] {
        let json = document(&json!({ member: "https://sso.example/x#part" }));
        refused(&Metadata::parse(&json, SSO));
    }
}

#[test]
fn a_server_on_this_machine_may_speak_http() {
    let document = json!({
        "issuer": "http://127.0.0.1:4000",
        "authorization_endpoint": "http://127.0.0.1:4000/v2/oauth/authorize",
        "token_endpoint": "http://127.0.0.1:4000/v2/oauth/token",
    });
    let source = "http://127.0.0.1:4000/.well-known/oauth-authorization-server";
    assert!(Metadata::parse(&document.to_string(), source).is_ok());
    let other = "http://127.0.0.1:4001/.well-known/oauth-authorization-server";
    assert!(refused(&Metadata::parse(&document.to_string(), other)).contains("issuer"));
}

#[test]
fn what_is_no_metadata_is_refused() {
    let truncated = eve("https://login.eveonline.com").to_string();
    let truncated = &truncated[..truncated.len() - 1];
    let html = "<!doctype html><title>Welcome to the hotel</title>";
    for text in [
        "",
        " ",
        "null",
        "true",
        "7",
        "\"https://sso.example\"",
        "[]",
        "{}",
        "{\"issuer\":\"https://sso.example\"}",
        html,
        truncated,
        // A list of the members' values would pass for the object.
        r#"["https://sso.example","https://sso.example/a","https://sso.example/t",null,null,null]"#,
        r#" ["https://sso.example","https://sso.example/a","https://sso.example/t"]"#,
    ] {
        refused(&Metadata::parse(text, SSO));
    }
}

#[test]
fn a_member_of_the_wrong_type_is_refused() {
    for (member, wrong) in [
        ("issuer", json!(7)),
        ("authorization_endpoint", json!(["https://sso.example/a"])),
        ("token_endpoint", json!({})),
        ("revocation_endpoint", json!(false)),
        ("jwks_uri", json!(1)),
        ("token_endpoint_auth_methods_supported", json!("none")),
        ("token_endpoint_auth_methods_supported", json!([1])),
        (
            "authorization_response_iss_parameter_supported",
            json!("true"),
        ),
    ] {
        refused(&Metadata::parse(&document(&json!({ member: wrong })), SSO));
    }
    for member in ["authorization_endpoint", "token_endpoint"] {
        refused(&Metadata::parse(&document(&json!({ member: null })), SSO));
    }
}

#[test]
fn unknown_members_mean_nothing() {
    let json = document(&json!({
        "service_documentation": 7,
        "signed_metadata": "x.y.z",
        "x": [{ "y": "z" }],
    }));
    let metadata = Metadata::parse(&json, SSO).unwrap();
    assert_eq!(
        metadata,
        Metadata::parse(&document(&json!({})), SSO).unwrap()
    );
}

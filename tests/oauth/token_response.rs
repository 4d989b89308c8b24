//! The token response (RFC 6749 section 5.1): good ones, and every bad shape.

use esi_security::oauth::http::{Request, Response};
use esi_security::oauth::secret::Secret;
use esi_security::oauth::token_response::{LONGEST_LIFE, TokenResponse, parse, process};
use esi_security::{ErrorKind, Phase};
use serde_json::{Value, json};

use crate::support::answer;

/// EVE's answer with these members more, or others.
fn response(changes: &Value) -> String {
    let mut response = json!({
        "access_token": "header.claims.signature",
        "expires_in": 1199,
        "token_type": "Bearer",
        "refresh_token": "a+b/c==",
    });
    for (name, value) in changes.as_object().unwrap() {
        response[name] = value.clone();
    }
    response.to_string()
}

fn without(name: &str) -> String {
    let mut response: Value = serde_json::from_str(&response(&json!({}))).unwrap();
    response.as_object_mut().unwrap().remove(name);
    response.to_string()
}

fn read(json: &str) -> TokenResponse {
    parse(json, Phase::Token).unwrap_or_else(|error| panic!("{json}: {error:?}"))
}

fn refused(json: &str, phase: Phase) -> (&'static str, Option<String>) {
    let unusable = parse(json, phase).unwrap_err();
    match *unusable.error {
        ErrorKind::InvalidResponse { phase: at, reason } if at == phase => {
            let refresh_token = unusable.refresh_token;
            (reason, refresh_token.map(|token| token.expose().into()))
        }
        _ => panic!("{json}: {unusable:?}"),
    }
}

#[test]
fn eves_answer_is_read() {
    let tokens = read(&response(&json!({})));
    assert_eq!(tokens.access_token.expose(), "header.claims.signature");
    assert_eq!(tokens.token_type, "Bearer");
    assert_eq!(tokens.expires_in, Some(1199));
    assert_eq!(tokens.refresh_token, Some(Secret::new("a+b/c==")));
}

#[test]
fn it_is_written_with_the_same_members() {
    let tokens = read(&response(
        &json!({ "scope": "unknown members are left out" }),
    ));
    let expected: Value = serde_json::from_str(&response(&json!({}))).unwrap();
    assert_eq!(serde_json::to_value(tokens).unwrap(), expected);
    let bare = read(r#"{"access_token":"a"}"#);
    assert_eq!(
        serde_json::to_value(bare).unwrap(),
        json!({ "access_token": "a", "token_type": "Bearer", "refresh_token": null })
    );
}

/// `null` is what EVE sends for a login without a scope.
#[test]
fn a_refresh_token_may_be_null_empty_or_missing() {
    for json in [
        response(&json!({ "refresh_token": null })),
        response(&json!({ "refresh_token": "" })),
        without("refresh_token"),
    ] {
        assert_eq!(read(&json).refresh_token, None, "{json}");
    }
}

#[test]
fn the_expiry_may_be_unknown() {
    for json in [
        response(&json!({ "expires_in": null })),
        without("expires_in"),
    ] {
        assert_eq!(read(&json).expires_in, None, "{json}");
    }
}

/// The code is used up when its answer comes: servers write the number in many ways.
#[test]
fn the_expiry_may_be_written_in_many_ways() {
    for (written, life) in [
        (json!(1), 1),
        (json!(1200), 1200),
        (json!(LONGEST_LIFE), LONGEST_LIFE),
        (json!("1199"), 1199),
        (json!(" 1199\n"), 1199),
        (json!("1199.0"), 1199),
        (json!("1199.9"), 1199),
        (json!("1.2e3"), 1200),
        (json!(1199.0), 1199),
        (json!(1199.9), 1199),
        (json!(1.5), 1),
        // No more than a year is believed.
        (json!(LONGEST_LIFE + 1), LONGEST_LIFE),
        (json!(u64::from(u32::MAX) + 1), LONGEST_LIFE),
        // As a u32 this would be twenty minutes.
        (json!((1_u64 << 32) + 1200), LONGEST_LIFE),
        (json!(i64::MAX), LONGEST_LIFE),
        (json!(u64::MAX), LONGEST_LIFE),
        (json!(1e308), LONGEST_LIFE),
        (json!("1e308"), LONGEST_LIFE),
    ] {
        let tokens = read(&response(&json!({ "expires_in": written })));
        assert_eq!(tokens.expires_in, Some(life), "{written}");
    }
}

/// Then the access token counts as expired, and is refreshed before it is used.
#[test]
fn an_expiry_that_is_no_life_is_unknown() {
    for odd in [
        json!(0),
        json!(-1),
        json!(i64::MIN),
        json!(-1e308),
        json!(0.5),
        json!("0"),
        json!("-1"),
        json!(""),
        json!("soon"),
        json!("1199s"),
        json!("+1199"),
        json!("0x4AF"),
        json!("NaN"),
        json!("Infinity"),
        json!("1e999"),
        json!("\"1199\""),
        json!("[1199]"),
        json!("null"),
        json!(true),
        json!([1199]),
        json!({ "seconds": 1199 }),
    ] {
        let tokens = read(&response(&json!({ "expires_in": odd })));
        assert_eq!(tokens.expires_in, None, "{odd}");
        assert_eq!(tokens.refresh_token, Some(Secret::new("a+b/c==")), "{odd}");
    }
    // More than any number of JSON's usual readers.
    let beyond = response(&json!({})).replace("1199", "1e999");
    refused(&beyond, Phase::Token);
}

#[test]
fn the_kind_is_bearer_however_it_is_written() {
    for kind in ["Bearer", "bearer", "BEARER"] {
        let tokens = read(&response(&json!({ "token_type": kind })));
        assert_eq!(tokens.token_type, kind);
    }
    for json in [
        response(&json!({ "token_type": null })),
        without("token_type"),
    ] {
        assert_eq!(read(&json).token_type, "Bearer");
    }
    for odd in [
        json!(""),
        json!("mac"),
        json!("DPoP"),
        json!("Bearer "),
        json!(1),
        json!(["Bearer"]),
    ] {
        let (reason, salvaged) = refused(&response(&json!({ "token_type": odd })), Phase::Token);
        assert!(reason.starts_with("token_type"), "{odd}: {reason}");
        assert_eq!(salvaged.as_deref(), Some("a+b/c=="), "{odd}");
    }
}

/// It will stand in a header.
#[test]
fn an_access_token_is_printable_ascii() {
    for odd in [
        json!(null),
        json!(""),
        json!(7),
        json!(["a"]),
        json!({}),
        json!("a b"),
        json!("a\nb"),
        json!("a\r\nX-Evil: 1"),
        json!("é"),
        json!("a\u{0}b"),
    ] {
        let (reason, salvaged) =
            refused(&response(&json!({ "access_token": odd })), Phase::Refresh);
        assert!(reason.starts_with("access_token"), "{odd}: {reason}");
        assert_eq!(salvaged.as_deref(), Some("a+b/c=="), "{odd}");
    }
    let (reason, salvaged) = refused(&without("access_token"), Phase::Token);
    assert!(reason.starts_with("access_token"));
    assert_eq!(salvaged.as_deref(), Some("a+b/c=="));
}

#[test]
fn a_refresh_token_of_another_type_is_refused_and_not_salvaged() {
    for odd in [json!(7), json!(true), json!(["r"]), json!({ "token": "r" })] {
        let (reason, salvaged) = refused(&response(&json!({ "refresh_token": odd })), Phase::Token);
        assert!(reason.starts_with("refresh_token"), "{odd}: {reason}");
        assert_eq!(salvaged, None);
    }
}

#[test]
fn what_is_no_json_object_is_refused() {
    let whole = response(&json!({}));
    let html = "<html><body>Some gateway's error</body></html>";
    let list = r#"["header.claims.signature","Bearer",1199,"r"]"#;
    let mut bodies = vec!["", " ", "null", "7", "\"token\"", "[]", list, html, "{"];
    bodies.extend((1..whole.len()).map(|length| &whole[..length]));
    let trailing = format!("{whole}<!-- served by a proxy -->");
    bodies.push(&trailing);
    for body in bodies {
        let (reason, salvaged) = refused(body, Phase::Token);
        assert_eq!(reason, "it is no JSON object", "{body}");
        assert_eq!(salvaged, None);
    }
    assert!(refused("{}", Phase::Token).0.starts_with("access_token"));
}

#[test]
fn an_answer_is_judged_by_its_status_first() {
    let request = Request::post("https://sso.example/token", Vec::new());
    let good = response(&json!({}));
    for status in [200, 201, 299] {
        let tokens = process(&request, &answer(status, &good), Phase::Token).unwrap();
        assert_eq!(tokens, read(&good));
    }
    for status in [0, 199, 300, 302, 400, 500] {
        let unusable = process(&request, &answer(status, &good), Phase::Refresh).unwrap_err();
        assert_eq!(unusable.error.code(), "http_error", "{status}");
        assert_eq!(unusable.error.status(), Some(status));
        assert_eq!(unusable.error.phase(), Phase::Refresh);
        assert_eq!(unusable.refresh_token, None);
    }
    let error = r#"{"error":"invalid_grant"}"#;
    let unusable = process(&request, &answer(200, error), Phase::Refresh).unwrap_err();
    assert_eq!(unusable.error.code(), "invalid_response");
    let unusable = process(&request, &answer(400, error), Phase::Refresh).unwrap_err();
    assert_eq!(unusable.error.code(), "invalid_grant");
}

#[test]
fn an_unusable_answer_may_be_better_the_next_time() {
    let error = parse("<html>", Phase::Refresh).unwrap_err().error;
    assert!(error.retryable());
    assert_eq!(error.phase(), Phase::Refresh);
}

/// The token worker keeps an answer for tabs that come later.
#[test]
fn the_tokens_of_a_kept_answer_have_lived_since_it_came() {
    let request = Request::get("https://sso.test/token");
    let body = response(&json!({ "expires_in": 300 }));
    for (age, life) in [(0, 300), (100, 200), (299, 1), (300, 1), (4000, 1)] {
        let kept = Response {
            age,
            ..answer(200, &body)
        };
        let tokens = process(&request, &kept, Phase::Token).unwrap();
        assert_eq!(tokens.expires_in, Some(life), "{age}");
    }
}

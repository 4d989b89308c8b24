//! Error answers (RFC 6749 section 5.2), as EVE's token endpoint has been seen to give them.

use esi_security::oauth::error_response::error;
use esi_security::oauth::http::{Request, Response};
use esi_security::oauth::secret::Secret;
use esi_security::{Error, Phase};
use serde_json::{Value, json};

use crate::support::{SECRET, answer};

const GATEWAY: &str = "<html><body>502 Bad Gateway</body></html>";

fn request() -> Request {
    let fields = vec![
        ("grant_type", Secret::new("refresh_token")),
        ("refresh_token", Secret::new(SECRET)),
    ];
    Request::post("https://sso.example/token", fields)
}

fn read(status: u16, body: &str) -> Error {
    error(&request(), &answer(status, body), Phase::Refresh)
}

/// Status and body; then the code, whether it may be tried again, and whether it ends the session.
#[test]
fn each_answer_means_what_the_table_says() {
    let invalid_grant = r#"{"error":"invalid_grant","error_description":"Invalid refresh token."}"#;
    let glued = r#"{"error":"invalid_grant: Token is expired or invalid."}"#;
    let invalid_token = r#"{"error":"invalid_token"}"#;
    let invalid_client = r#"{"error":"invalid_client"}"#;
    let slow_down = r#"{"error":"slow_down"}"#;
    let server_error = r#"{"error":"server_error"}"#;
    for (status, body, code, retryable, ends) in [
        (400, invalid_grant, "invalid_grant", false, true),
        (400, glued, "invalid_grant", false, true),
        (400, invalid_token, "oauth_error", false, false),
        (400, invalid_client, "oauth_error", false, false),
        (400, GATEWAY, "http_error", false, false),
        (400, "", "http_error", false, false),
        (400, "{}", "http_error", false, false),
        // Spring's and other frameworks' own errors, and codes that nobody has registered.
        (
            400,
            r#"{"error":"Bad Request"}"#,
            "http_error",
            false,
            false,
        ),
        (
            400,
            r#"{"error":"invalid_grant_type"}"#,
            "http_error",
            false,
            false,
        ),
        // Only a 400 ends a session, whatever else it says.
        (401, invalid_grant, "oauth_error", false, false),
        (403, invalid_grant, "oauth_error", false, false),
        (500, invalid_grant, "oauth_error", true, false),
        (429, invalid_grant, "rate_limited", true, false),
        (401, invalid_client, "oauth_error", false, false),
        // An unknown client, and a malformed code.
        (401, "<html>Unauthorized</html>", "http_error", false, false),
        (500, "<html>Oops</html>", "http_error", true, false),
        (403, GATEWAY, "http_error", false, false),
        (404, GATEWAY, "http_error", false, false),
        (408, "", "http_error", true, false),
        (429, "", "rate_limited", true, false),
        (429, slow_down, "rate_limited", true, false),
        (500, server_error, "oauth_error", true, false),
        (502, GATEWAY, "http_error", true, false),
        (503, "", "http_error", true, false),
        (504, "", "http_error", true, false),
        (302, "", "http_error", false, false),
        (0, "", "http_error", false, false),
    ] {
        let error = read(status, body);
        assert_eq!(error.code(), code, "{status} {body}");
        assert_eq!(error.retryable(), retryable, "{status} {body}");
        assert_eq!(error.is_invalid_grant(), ends, "{status} {body}");
        assert_eq!(error.status(), Some(status));
        assert_eq!(error.phase(), Phase::Refresh);
    }
}

#[test]
fn an_oauth_error_keeps_what_the_server_said() {
    let error = read(
        400,
        r#"{"error":"invalid_scope","error_description":"No.","error_uri":"x"}"#,
    );
    assert_eq!(error.oauth_error(), Some("invalid_scope"));
    assert_eq!(error.oauth_description(), Some("No."));
    let error = read(400, r#"{"error":"invalid_scope","error_description":null}"#);
    assert_eq!(error.oauth_description(), None);
    let error = read(400, r#"{"error":"Bad Request","error_description":"No."}"#);
    assert_eq!(error.oauth_error(), None);
    assert_eq!(error.oauth_description(), Some("No."));
}

/// EVE glues a sentence to the code.
#[test]
fn what_is_glued_to_the_code_is_cut_off() {
    for glued in [": Token is expired or invalid.", SECRET, " ", "<br>"] {
        let error = read(
            400,
            &json!({ "error": format!("invalid_grant: {glued}") }).to_string(),
        );
        assert!(error.is_invalid_grant());
        assert_eq!(error.oauth_error(), Some("invalid_grant"));
    }
}

/// A description of another type must not hide that the session has ended.
#[test]
fn a_description_that_is_no_text_is_left_out() {
    for odd in [
        json!(7),
        json!(["No."]),
        json!({ "en": "No." }),
        json!(true),
    ] {
        let body = json!({ "error": "invalid_grant", "error_description": odd });
        let error = read(400, &body.to_string());
        assert!(error.is_invalid_grant(), "{odd}: {error:?}");
        assert_eq!(error.oauth_description(), None);
    }
}

#[test]
fn what_is_no_oauth_error_keeps_the_status_alone() {
    for body in [
        GATEWAY,
        "",
        "null",
        "{}",
        "[]",
        r#"{"error":null}"#,
        r#"{"error":7}"#,
        r#"{"error":{"code":"invalid_grant"}}"#,
        r#"{"error":"invalid_grant""#,
        // A list is not the object that it would pass for.
        r#"["invalid_grant"]"#,
        r#"["invalid_grant","No."]"#,
        r#""invalid_grant""#,
    ] {
        let error = read(400, body);
        assert_eq!(error.code(), "http_error", "{body}");
        assert_eq!(error.status(), Some(400));
        assert_eq!(error.oauth_error(), None);
        assert_eq!(error.oauth_description(), None);
        assert!(!error.is_invalid_grant());
    }
}

#[test]
fn retry_after_is_handed_on() {
    for body in ["", r#"{"error":"slow_down"}"#] {
        let response = Response {
            age: 0,
            retry_after: Some(17),
            ..answer(429, body)
        };
        let error = error(&request(), &response, Phase::Token);
        assert_eq!(error.retry_after(), Some(17));
        assert_eq!(error.code(), "rate_limited");
    }
}

/// Servers and gateways echo requests in their error pages. The description is tried in every spelling in
/// `quote.rs`.
#[test]
fn nothing_that_the_server_echoes_gets_out() {
    let encoded: String = form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    for echoed in [SECRET, &encoded] {
        for body in [
            Value::from(format!("<p>token={echoed}</p>")),
            json!({ "error": format!("no {echoed} here") }),
            json!({ "error": echoed }),
            json!({ "error": "invalid_request", "error_description": format!("{echoed} is bad") }),
            json!({ "error": "invalid_request", echoed: echoed }),
        ] {
            for body in [body.to_string(), body.as_str().unwrap_or_default().into()] {
                let error = read(400, &body);
                let everything = format!("{error} {error:?}");
                assert!(!everything.contains(&echoed[..6]), "{everything}");
            }
        }
    }
}

/// A gateway may serve a token response under another status: the tokens are live.
#[test]
fn the_tokens_of_an_answer_do_not_get_out() {
    const FRESH: &str = "a-fresh-token";
    let served = json!({ "access_token": FRESH, "expires_in": 1200, "refresh_token": FRESH });
    let text = served.to_string();
    for body in [
        text.clone(),
        json!({ "error": null, "data": { "access_token": FRESH } }).to_string(),
        json!({ "error": "server_error", "error_description": text }).to_string(),
        json!({ "error": format!("server_error: {text}") }).to_string(),
        json!({ "error": "invalid_scope", "access_token": FRESH }).to_string(),
        format!("<h1>Bad Gateway</h1><pre>{text}</pre>"),
        text[..text.len() / 2].to_owned(),
    ] {
        let error = read(502, &body);
        assert!(!format!("{error:?}{error}").contains(FRESH), "{body}");
    }
}

//! Tokens that the page brings from elsewhere: EsiPy's `update_token`.

use esi_security::oauth::secret::Secret;
use esi_security::oauth::token_response::{Update, parse_update};
use esi_security::{ErrorKind, Phase};

use crate::support::kind;
use serde_json::json;

fn read(json: &str) -> Update {
    parse_update(json).unwrap_or_else(|error| panic!("{json}: {error}"))
}

#[test]
fn a_whole_token_response_is_taken_over() {
    let json = json!({ "access_token": "a", "expires_in": 60, "refresh_token": "r", "more": 1 });
    let Update::Tokens(tokens) = read(&json.to_string()) else {
        panic!("these are tokens");
    };
    assert_eq!(tokens.access_token.expose(), "a");
    assert_eq!(tokens.expires_in, Some(60));
    assert_eq!(tokens.refresh_token, Some(Secret::new("r")));

    for (written, life) in [("\"60\"", Some(60)), ("60.9", Some(60)), ("-1", None)] {
        let json = format!(r#"{{"access_token":"a","expires_in":{written}}}"#);
        let Update::Tokens(tokens) = read(&json) else {
            panic!("these are tokens");
        };
        assert_eq!(tokens.expires_in, life, "{written}");
    }

    let Update::Tokens(tokens) = read(r#"{"access_token":"a"}"#) else {
        panic!("this is a token");
    };
    assert_eq!(tokens.refresh_token, None);
}

/// How EsiPy's users start from a refresh token that they kept.
#[test]
fn a_refresh_token_alone_is_enough() {
    for json in [
        json!({ "access_token": "", "expires_in": -1, "refresh_token": "r" }),
        json!({ "access_token": null, "refresh_token": "r" }),
        json!({ "refresh_token": "r" }),
        json!({ "refresh_token": "r", "token_type": "whatever", "expires_in": "x" }),
    ] {
        let expected = Update::RefreshToken(Secret::new("r"));
        assert_eq!(read(&json.to_string()), expected, "{json}");
    }
}

#[test]
fn whether_a_refresh_token_came_with_it_is_known() {
    for (json, expected) in [
        (r#"{"access_token":"a","refresh_token":"r"}"#, true),
        (r#"{"refresh_token":"r"}"#, true),
        (r#"{"access_token":"a"}"#, false),
        (r#"{"access_token":"a","refresh_token":""}"#, false),
    ] {
        assert_eq!(read(json).has_refresh_token(), expected, "{json}");
    }
}

#[test]
fn anything_else_is_refused() {
    for json in [
        "null",
        "[]",
        "7",
        "\"token\"",
        "{}",
        r#"{"access_token":""}"#,
        r#"{"access_token":"","refresh_token":""}"#,
        r#"{"access_token":"","refresh_token":null}"#,
        r#"{"refresh_token":7}"#,
        r#"{"access_token":7,"refresh_token":"r"}"#,
        r#"{"access_token":"a b","refresh_token":"r"}"#,
        r#"{"access_token":"a","refresh_token":7}"#,
        r#"{"access_token":"a","token_type":"mac"}"#,
        r#"["a","Bearer",60,"r"]"#,
    ] {
        let result = parse_update(json);
        assert!(
            matches!(
                kind(&result),
                Some(ErrorKind::InvalidResponse {
                    phase: Phase::Update,
                    ..
                })
            ),
            "{json}: {result:?}"
        );
    }
}

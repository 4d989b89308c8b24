//! Error answers: servers and gateways echo requests, with every kind of escape.

use esi_security::Phase;
use esi_security::oauth::client::Client;
use esi_security::oauth::error_response;
use esi_security::oauth::http::Response;
use esi_security::oauth::metadata::Metadata;
use esi_security::oauth::pkce::CodeVerifier;
use esi_security::oauth::secret::Secret;
use esi_security::oauth::token_request;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

use crate::runner::for_all;
use crate::text::assert_silent;

const CODE: &str = "QWERTY/UIOP+ASDF&GHJKL=ZXC\"VBNM<>";
const VERIFIER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789_ABCDEFG";

/// One character, as somebody might echo it.
fn escaped(character: char, how: u8) -> String {
    let number = u32::from(character);
    match how {
        0 => format!("%{number:02X}"),
        1 => format!("%{number:02x}"),
        2 => format!("\\u{number:04x}"),
        3 => format!("&#{number};"),
        4 => format!("&#x{number:x};"),
        5 if character == '&' => "&amp;".into(),
        5 if character == '<' => "&lt;".into(),
        _ => character.into(),
    }
}

/// A secret, each character in a way of its own, or all plain.
fn echo(secret: &'static str) -> impl Strategy<Value = String> {
    let ways = vec(0..10_u8, secret.len());
    prop_oneof![
        Just(secret.to_owned()),
        ways.prop_map(|ways| {
            let characters = secret.chars().zip(ways);
            characters
                .map(|(character, how)| escaped(character, how))
                .collect()
        }),
    ]
}

pub(crate) fn an_error_answer_betrays_nothing(cases: u32) {
    let client = Client {
        id: "client-id".into(),
        redirect_uri: "https://app.example/".into(),
        secret: None,
    };
    let verifier = CodeVerifier::from_text(VERIFIER, Phase::Token).unwrap();
    let code = Secret::new(CODE);
    let request = token_request::exchange(
        &Metadata::eve(),
        &client,
        &client.redirect_uri,
        &code,
        Some(&verifier),
    );
    let words = select(&["", "No", "é: ", "(漢) "][..]);
    let bodies = vec((words, prop_oneof![echo(CODE), echo(VERIFIER)]), 0..6);
    let statuses = 300..600_u16;
    for_all(cases, &(statuses, bodies), |(status, parts)| {
        let words: String = parts.iter().map(|(word, _)| *word).collect();
        let echoed: String = parts
            .iter()
            .flat_map(|(word, told)| [*word, told])
            .collect();
        let answer = |body: String| {
            let response = Response {
                age: 0,
                status,
                retry_after: None,
                body,
            };
            let error = error_response::error(&request, &response, Phase::Token);
            for secret in [CODE, VERIFIER] {
                assert_silent(&(&error, error.to_string()), secret);
            }
            error
        };
        assert_eq!(answer(echoed.clone()).oauth_error(), None);
        let describe = |text: &str| {
            let glued = format!("invalid_grant {text}");
            answer(json!({ "error": glued, "error_description": text }).to_string())
        };
        let error = describe(&echoed);
        assert_eq!(error.oauth_error(), Some("invalid_grant"));
        if parts.is_empty() {
            assert_eq!(error.oauth_description(), Some(""));
        } else {
            assert_eq!(error.oauth_description(), None);
        }
        // What holds nothing secret stays as it is.
        assert_eq!(describe(&words).oauth_description(), Some(words.as_str()));
    });
}

//! Token responses: usable, or refused; in either case nothing of them shows.

use esi_security::Phase;
use esi_security::oauth::secret::Secret;
use esi_security::oauth::token_response::{
    LONGEST_LIFE, TokenResponse, Update, parse, parse_update,
};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::json;
use crate::runner::{Reached, for_all};
use crate::text::{assert_silent, edited, text};

pub(crate) const ACCESS: &str = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl";
pub(crate) const REFRESH: &str = "gEyuYF+rf0/OeUBhdxKCwA==refresh";

const MEMBERS: &[&str] = &[
    "access_token",
    "token_type",
    "expires_in",
    "refresh_token",
    "scope",
    "error",
];

fn bodies() -> impl Strategy<Value = String> {
    let original = json!({
        "access_token": ACCESS,
        "expires_in": 1199,
        "token_type": "Bearer",
        "refresh_token": REFRESH,
    });
    let likely = [
        json!(""),
        json!(ACCESS),
        json!(REFRESH),
        json!("bearer"),
        json!("mac"),
        json!("1199"),
        json!(1),
        json!(0),
        json!(-1),
        json!(LONGEST_LIFE),
        json!(LONGEST_LIFE + 1),
        json!(null),
        json!([REFRESH]),
        json!({ "token": ACCESS }),
    ];
    let value = prop_oneof![
        select(likely.map(|value| value.to_string()).to_vec()),
        json::value(),
    ];
    let changed = json::changed(json::members(&original), MEMBERS, value.boxed());
    prop_oneof![
        4 => changed.prop_map(|members| json::object(&members)),
        2 => edited(Just(original.to_string())),
        1 => json::value(),
        1 => text(),
    ]
}

fn assert_usable(response: &TokenResponse) {
    let token = response.access_token.expose();
    assert!(!token.is_empty() && token.chars().all(|c| ('!'..='~').contains(&c)));
    assert_eq!(response.token_type.to_lowercase(), "bearer");
    assert!(
        response
            .expires_in
            .is_none_or(|life| (1..=LONGEST_LIFE).contains(&life))
    );
    assert!(
        response
            .refresh_token
            .as_ref()
            .is_none_or(|token| !token.expose().is_empty())
    );
}

pub(crate) fn a_token_response_is_usable_or_refused(cases: u32) {
    let usable = Reached::default();
    for_all(cases, &bodies(), |body| {
        let (response, update) = (parse(&body, Phase::Token), parse_update(&body));
        for secret in [ACCESS, REFRESH] {
            assert_silent(&response, secret);
            assert_silent(&update, secret);
        }
        usable.count(response.is_ok());
        // A refresh token is never lost, whatever stands around it.
        let parsed: Value = serde_json::from_str(&body).unwrap_or_default();
        let refresh_token = parsed["refresh_token"]
            .as_str()
            .filter(|token| !token.is_empty());
        let kept = match &response {
            Ok(response) => &response.refresh_token,
            Err(unusable) => &unusable.refresh_token,
        };
        assert_eq!(kept.as_ref().map(Secret::expose), refresh_token, "{body}");
        match (&response, update) {
            (Ok(response), Ok(Update::Tokens(update))) => {
                assert_usable(response);
                assert_eq!(*response, update);
            }
            (Err(_), Ok(Update::RefreshToken(token))) => {
                assert_eq!(Some(token.expose()), refresh_token);
            }
            (Err(_), Err(_)) => {}
            (response, update) => panic!("{response:?} {update:?} {body}"),
        }
    });
    usable.some_of(cases);
}

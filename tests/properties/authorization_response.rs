//! Authorization responses: whatever stands in the address that the pilot comes back to.

use esi_security::Phase;
use esi_security::oauth::authorization_response::{AuthorizationResponse, Component, Outcome};
use esi_security::oauth::token_response;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::runner::{Reached, for_all};
use crate::text::{assert_silent, edited, text};

const CODE: &str = "gEyuYF_rf0-OeUBhdxKCwA.secret~code";

/// How a page or a server could write a field's name or value.
fn encoded(text: &str, all: bool) -> String {
    let encode = |byte: u8| {
        if all || !byte.is_ascii_alphanumeric() {
            format!("%{byte:02x}")
        } else {
            char::from(byte).to_string()
        }
    };
    text.bytes().map(encode).collect()
}

fn callback() -> impl Strategy<Value = String> {
    let address = format!(
        "code={CODE}&state=xyz&iss=https%3A%2F%2Flogin.eveonline.com&error=access_denied&error_description=no"
    );
    let fragment = format!("access_token={CODE}&token_type=Bearer&expires_in=1199&state=xyz");
    prop_oneof![
        edited(Just(address)),
        edited(Just(fragment)),
        text(),
        Just(String::new())
    ]
}

/// What holds for every answer, whatever it was made from.
fn assert_sound(query: &str, fragment: &str) -> bool {
    let outcome = AuthorizationResponse::parse(query, fragment);
    if let Ok(Some(response)) = &outcome {
        match &response.outcome {
            Outcome::Code(code) => assert!(!code.expose().is_empty()),
            Outcome::Token(json) => {
                // What the token response's reader then makes of it, it makes without harm.
                let _ = token_response::parse(json.expose(), Phase::Redirect);
            }
            Outcome::Refused { error, .. } => assert!(!error.is_empty()),
        }
        assert!(response.state.as_deref() != Some(""));
        let accepted = response.check_issuer(query, true).is_ok();
        assert!(!accepted || response.issuer.is_some());
    }

    let (clean, bare) = (
        Component::Query.strip(query),
        Component::Fragment.strip(fragment),
    );
    assert_eq!(Component::Query.strip(&clean), clean);
    assert_eq!(Component::Fragment.strip(&bare), bare);
    assert_eq!(AuthorizationResponse::parse(&clean, &bare), Ok(None));
    // What is left stood there before, in this order.
    let mut before = query.split('&');
    assert!(clean.is_empty() || clean.split('&').all(|kept| before.any(|pair| pair == kept)));
    matches!(outcome, Ok(Some(_)))
}

pub(crate) fn any_callback_is_read_without_harm(cases: u32) {
    let read = Reached::default();
    for_all(cases, &(callback(), callback()), |(query, fragment)| {
        read.count(assert_sound(&query, &fragment));
    });
    read.some_of(cases);
}

pub(crate) fn an_authorization_response_has_one_outcome(cases: u32) {
    let read = Reached::default();
    let names = [
        "code",
        "state",
        "iss",
        "error",
        "error_description",
        "access_token",
        "token_type",
        "expires_in",
        "scope",
        "Code",
        "mine",
    ];
    let value = |name: &'static str| match name {
        "code" | "access_token" => {
            prop_oneof![4 => Just(CODE.to_owned()), 1 => Just(String::new())].boxed()
        }
        "expires_in" => {
            prop_oneof![(0..5000_u32).prop_map(|life| life.to_string()), text()].boxed()
        }
        // Nothing but a secret may be a secret.
        _ => text()
            .prop_filter("the code", |text| !text.contains(CODE))
            .boxed(),
    };
    let field = select(names.to_vec())
        .prop_flat_map(move |name| (Just(name), value(name), any::<bool>(), any::<bool>()));
    let fields = || vec(field.clone(), 0..5);
    let spell = |fields: &[(&str, String, bool, bool)]| {
        let spell = |(name, value, one, two): &(&str, String, bool, bool)| {
            format!("{}={}", encoded(name, *one), encoded(value, *two))
        };
        fields.iter().map(spell).collect::<Vec<_>>().join("&")
    };
    for_all(cases, &(fields(), fields()), |(query, fragment)| {
        let given = |fields: &[(&str, String, bool, bool)], name| {
            let values = fields.iter().filter(|field| field.0 == name);
            values.map(|field| field.1.clone()).collect::<Vec<_>>()
        };
        let (query_text, fragment_text) = (spell(&query), spell(&fragment));
        assert_sound(&query_text, &fragment_text);
        let response = AuthorizationResponse::parse(&query_text, &fragment_text);
        assert_silent(&response, CODE);
        read.count(matches!(response, Ok(Some(_))));
        let response = match response {
            Ok(Some(response)) => response,
            Ok(None) => return,
            Err(error) => return assert_silent(&error.to_string(), CODE),
        };
        let has = |fields: &[(&str, String, bool, bool)], name| {
            given(fields, name).iter().any(|value| !value.is_empty())
        };
        let in_query = has(&query, "code") || has(&query, "error");
        let fields = if in_query { &query } else { &fragment };
        // A refusal beside a code is a refusal, and each came alone and as it was written.
        let (outcome, given_once) = match response.outcome {
            Outcome::Refused { error, .. } => (error, given(fields, "error")),
            Outcome::Code(code) => {
                assert!(in_query && !has(fields, "error"));
                (code.expose().to_owned(), given(fields, "code"))
            }
            Outcome::Token(json) => {
                assert!(!in_query);
                assert!(json.expose().contains(CODE));
                (CODE.to_owned(), given(fields, "access_token"))
            }
        };
        assert_eq!(given_once, [outcome]);
        let state = given(fields, "state")
            .into_iter()
            .find(|state| !state.is_empty());
        assert_eq!(response.state, state);
    });
    read.some_of(cases);
}

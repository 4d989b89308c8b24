//! Claims: whatever was signed is read as it stands there, or refused as no claims.

use esi_security::ErrorKind;
use esi_security::jwt::{Claims, SignatureAlgorithm, UnverifiedClaims};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::json::{self, Members};
use crate::runner::{Reached, for_all};
use crate::signer::{KEYS, token, verify};
use crate::text::{edited, text};

pub(crate) const CLIENT: &str = "client-id";
pub(crate) const NOW: i64 = 1_700_000_000;

/// Claims as EVE's SSO makes them.
pub(crate) fn eve() -> Value {
    json!({
        "scp": ["esi-location.read_location.v1", "esi-skills.read_skills.v1"],
        "jti": "0f6b7f3c-6f2c-4d59-9b5e-0a0b0c0d0e0f",
        "kid": "JWT-Signature-Key",
        "sub": "CHARACTER:EVE:2112625428",
        "azp": CLIENT,
        "tenant": "tranquility",
        "tier": "live",
        "region": "world",
        "aud": [CLIENT, "EVE Online"],
        "name": "Some Pilot",
        "owner": "8PmzCeTKb4VFUDrHLc/AeZXDSWM=",
        "exp": NOW + 1200,
        "iat": NOW,
        "iss": "https://login.eveonline.com",
    })
}

const NAMES: &[&str] = &[
    "scp", "scope", "jti", "sub", "azp", "tenant", "tier", "region", "aud", "name", "owner", "exp",
    "nbf", "iat", "iss",
];

/// A moment within an hour of [`NOW`].
pub(crate) fn moment() -> impl Strategy<Value = i64> + Clone {
    NOW - 3600..NOW + 3600
}

/// Claims of EVE's with a few changes.
pub(crate) fn changed() -> impl Strategy<Value = Members> {
    let likely = [
        json!("login.eveonline.com"),
        json!("https://login.eveonline.com/"),
        json!(CLIENT),
        json!("EVE Online"),
        json!(["EVE Online", CLIENT, "another"]),
        json!(["EVE Online", 5]),
        json!("CHARACTER:EVE:5"),
        json!("CHARACTER:EVE:05"),
        json!("CHARACTER:EVE:9007199254740992"),
        json!("one two\tthree  "),
        json!(["one two", "", " "]),
        json!(""),
    ];
    let value = prop_oneof![
        select(likely.map(|value| value.to_string()).to_vec()),
        moment().prop_map(|moment| moment.to_string()),
        json::value(),
    ];
    json::changed(json::members(&eve()), NAMES, value.boxed())
}

/// What holds for all claims that were ever read.
fn assert_typed(claims: &Claims) {
    let moments = [claims.issued_at, claims.not_before, claims.expires_at];
    assert!(
        moments
            .iter()
            .flatten()
            .all(|moment| (0..=253_402_300_799).contains(moment)),
        "{claims:?}"
    );
    let is_scope = |scope: &String| !scope.is_empty() && !scope.contains([' ', '\t', '\n', '\r']);
    assert!(claims.scopes.iter().all(is_scope), "{claims:?}");
    if let Some(id) = claims.character_id {
        assert!((1..1 << 53).contains(&id));
        assert_eq!(claims.subject, Some(format!("CHARACTER:EVE:{id}")));
    }
}

/// A text as it stands in the token; nothing where the token has something else.
fn assert_text(claims: &Value, name: &str, read: Option<&str>) {
    assert_eq!(claims[name].as_str(), read, "{name}");
}

pub(crate) fn signed_claims_are_read_as_they_are(cases: u32) {
    let read = Reached::default();
    let object =
        changed().prop_map(|members| (Some(json::unique(&members)), json::object(&members)));
    let other = prop_oneof![edited(Just(eve().to_string())), json::value(), text()];
    let payloads = prop_oneof![3 => object, 1 => other.prop_map(|other| (None, other))];
    for_all(cases, &payloads, |(unique, payload)| {
        let token = token(SignatureAlgorithm::EdDsa, &payload);
        let outcome = verify(&token, &KEYS);
        assert_eq!(
            UnverifiedClaims::decode(&token).map(|claims| claims.0),
            outcome
        );
        read.count(outcome.is_ok());
        let parsed = serde_json::from_str::<Value>(&payload).ok();
        let readable = parsed.as_ref().is_some_and(Value::is_object);
        let claims = match outcome {
            Ok(claims) => claims,
            Err(error) => {
                assert!(
                    matches!(*error, ErrorKind::TokenMalformed { .. }),
                    "{error}"
                );
                // Nothing but a member that stands twice makes an object unreadable.
                assert!(!readable || unique != Some(true), "{payload}");
                return;
            }
        };
        assert!(readable && unique != Some(false), "{payload}");
        assert_eq!(claims.raw, payload);
        assert_typed(&claims);
        let parsed = parsed.unwrap();
        for (name, read) in [
            ("sub", &claims.subject),
            ("name", &claims.name),
            ("owner", &claims.owner),
            ("iss", &claims.issuer),
            ("azp", &claims.authorized_party),
            ("jti", &claims.jwt_id),
            ("tenant", &claims.tenant),
            ("tier", &claims.tier),
            ("region", &claims.region),
        ] {
            assert_text(&parsed, name, read.as_deref());
        }
    });
    read.some_of(cases);
}

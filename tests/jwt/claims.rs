//! Reading claims (RFC 7519 section 4): their types, and EVE's own forms.

use esi_security::Error;
use esi_security::jwt::Claims;
use serde_json::{Value, json};

use crate::support::{CLIENT, NOW, claims, token, token_of, verify};

fn read(changes: &Value) -> Claims {
    verify(&token(changes)).unwrap()
}

#[test]
fn a_token_of_eves_is_read_whole() {
    let claims = read(&json!({ "nbf": NOW - 5 }));
    assert_eq!(claims.character_id, Some(2_112_625_428));
    assert_eq!(claims.subject.as_deref(), Some("CHARACTER:EVE:2112625428"));
    assert_eq!(claims.name.as_deref(), Some("Some Pilot"));
    assert_eq!(
        claims.owner.as_deref(),
        Some("8PmzCeTKb4VFUDrHLc/AeZXDSWM=")
    );
    assert_eq!(
        claims.scopes,
        ["esi-location.read_location.v1", "esi-skills.read_skills.v1"]
    );
    assert_eq!(
        claims.issuer.as_deref(),
        Some("https://login.eveonline.com")
    );
    assert_eq!(claims.audience, [CLIENT, "EVE Online"]);
    assert_eq!(claims.authorized_party.as_deref(), Some(CLIENT));
    assert_eq!(claims.issued_at, Some(NOW));
    assert_eq!(claims.not_before, Some(NOW - 5));
    assert_eq!(claims.expires_at, Some(NOW + 1200));
    assert_eq!(claims.tenant.as_deref(), Some("tranquility"));
    assert_eq!(claims.tier.as_deref(), Some("live"));
    assert_eq!(claims.region.as_deref(), Some("world"));
    assert!(claims.verified());
}

#[test]
fn raw_is_the_text_that_was_signed() {
    let payload = "{ \"sub\" : \"x\",\n  \"big\": 123456789012345678901234567890, \"exp\": 1e3, \"__proto__\": {} }";
    let claims = verify(&token_of(payload)).unwrap();
    assert_eq!(claims.raw, payload);
    assert_eq!(claims.expires_at, Some(1000));
}

#[test]
fn an_empty_object_is_a_token_without_claims() {
    let claims = verify(&token_of("{}")).unwrap();
    assert_eq!(
        (claims.subject, claims.expires_at, claims.issuer),
        (None, None, None)
    );
    assert!(claims.audience.is_empty() && claims.scopes.is_empty());
}

#[test]
fn scopes_are_a_list_in_every_form() {
    for (scp, expected) in [
        (json!("one"), vec!["one"]),
        (json!("one two"), vec!["one", "two"]),
        (json!("  one   two "), vec!["one", "two"]),
        (json!(""), vec![]),
        (json!([]), vec![]),
        (json!(["one", "two"]), vec!["one", "two"]),
    ] {
        assert_eq!(read(&json!({ "scp": scp })).scopes, expected, "{scp}");
        // Another server's name for it, where EVE's is not there.
        assert_eq!(
            read(&json!({ "scp": null, "scope": scp })).scopes,
            expected,
            "{scp}"
        );
    }
    assert!(read(&json!({ "scp": null })).scopes.is_empty());
    assert_eq!(
        read(&json!({ "scp": "one", "scope": "two" })).scopes,
        ["one"]
    );
}

#[test]
fn one_audience_is_a_list_of_one() {
    assert_eq!(
        read(&json!({ "aud": "EVE Online" })).audience,
        ["EVE Online"]
    );
    assert!(read(&json!({ "aud": [] })).audience.is_empty());
}

#[test]
fn only_eves_form_of_subject_names_a_character() {
    for (subject, expected) in [
        ("CHARACTER:EVE:1", Some(1)),
        (
            "CHARACTER:EVE:9007199254740991",
            Some(9_007_199_254_740_991),
        ),
        ("CHARACTER:EVE:9007199254740992", None),
        ("CHARACTER:EVE:99999999999999999999999", None),
        ("CHARACTER:EVE:", None),
        ("CHARACTER:EVE:0", None),
        ("CHARACTER:EVE:007", None),
        ("CHARACTER:EVE:+5", None),
        ("CHARACTER:EVE:-5", None),
        ("CHARACTER:EVE:5 ", None),
        ("CHARACTER:EVE:5.0", None),
        ("CHARACTER:EVE:٥", None),
        ("CHARACTER:EVE:5:6", None),
        ("character:eve:5", None),
        ("CORPORATION:EVE:5", None),
        ("XCHARACTER:EVE:5", None),
        ("auth0|5", None),
        ("", None),
    ] {
        let claims = read(&json!({ "sub": subject }));
        assert_eq!(
            (claims.character_id, claims.subject.as_deref()),
            (expected, Some(subject)),
            "{subject}"
        );
    }
}

#[test]
fn moments_are_whole_seconds_from_1970_to_9999() {
    for claim in ["exp", "nbf", "iat"] {
        let moment = |value: &str| {
            let mut rest = claims(&json!({ claim: null })).to_string();
            rest.truncate(rest.len() - 1);
            let claims = verify(&token_of(&format!("{rest},\"{claim}\":{value}}}")))?;
            Ok(match claim {
                "exp" => claims.expires_at,
                "nbf" => claims.not_before,
                _ => claims.issued_at,
            })
        };
        for (value, expected) in [
            ("0", 0),
            ("1", 1),
            ("1700000000.9", 1_700_000_000),
            ("1.7e9", 1_700_000_000),
            ("0.5", 0),
            ("253402300799", 253_402_300_799),
        ] {
            assert_eq!(moment(value), Ok(Some(expected)), "{claim} {value}");
        }
        for value in [
            "253402300800",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551616",
            "1e300",
            "-1",
            "-0.5",
            "-1e300",
            "-9223372036854775808",
            "null",
            "true",
            "[]",
            "{}",
            r#""1700000000""#,
            r#""""#,
        ] {
            assert_eq!(
                moment(value),
                Err(Error::ClaimInvalid { claim }),
                "{claim} {value}"
            );
        }
    }
}

#[test]
fn claims_of_the_wrong_type_are_refused() {
    // `Value::Null` in `changes` takes a claim away, so null is written by hand.
    let set = |claim: &str, value: &Value| {
        let mut claims = claims(&json!({}));
        claims[claim] = value.clone();
        verify(&token_of(&claims.to_string()))
    };
    for claim in [
        "sub", "name", "owner", "iss", "azp", "tenant", "tier", "region",
    ] {
        for value in [json!(5), json!(true), json!(["text"]), json!({})] {
            assert_eq!(
                set(claim, &value),
                Err(Error::ClaimInvalid { claim }),
                "{claim} {value}"
            );
        }
    }
    for claim in ["aud", "scp"] {
        for value in [
            json!(5),
            json!(true),
            json!({}),
            json!([5]),
            json!(["text", null]),
        ] {
            assert_eq!(
                set(claim, &value),
                Err(Error::ClaimInvalid { claim }),
                "{claim} {value}"
            );
        }
    }
    // What a rule looks at must not be null; what only describes or grants is then simply not
    // there.
    for claim in ["sub", "iss", "azp", "aud"] {
        assert_eq!(set(claim, &json!(null)), Err(Error::ClaimInvalid { claim }));
    }
    for claim in ["name", "owner", "tenant", "tier", "region", "scp"] {
        assert!(set(claim, &json!(null)).is_ok(), "{claim}");
    }
    let mut foreign = claims(&json!({ "scp": null }));
    foreign["scope"] = json!(5);
    assert_eq!(
        verify(&token_of(&foreign.to_string())),
        Err(Error::ClaimInvalid { claim: "scope" })
    );
}

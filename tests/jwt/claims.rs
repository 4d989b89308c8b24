//! Reading claims (RFC 7519 section 4): their types, and EVE's own forms.

use esi_security::jwt::{Check, Checks, Claims, Rules};
use esi_security::{Error, ErrorKind};
use serde_json::{Value, json};

use crate::support::{CLIENT, NOW, claims, token, token_of, verify};

fn read(changes: &Value) -> Claims {
    verify(&token(changes)).unwrap()
}

/// The claims, if each has its type.
fn typed(token: &str) -> Result<Claims, Error> {
    let claims = verify(token)?;
    let rules = Rules::eve(CLIENT, "https://login.eveonline.com");
    match rules.check(&claims, &Checks::default(), NOW) {
        Err(error) if matches!(*error, ErrorKind::ClaimInvalid { .. }) => Err(error),
        _ => Ok(claims),
    }
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
    assert_eq!(
        claims.jwt_id.as_deref(),
        Some("0f6b7f3c-6f2c-4d59-9b5e-0a0b0c0d0e0f")
    );
    assert_eq!(claims.tenant.as_deref(), Some("tranquility"));
    assert_eq!(claims.tier.as_deref(), Some("live"));
    assert_eq!(claims.region.as_deref(), Some("world"));
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
        let moment = |value: &str| -> Result<_, Error> {
            let mut rest = claims(&json!({ claim: null })).to_string();
            rest.truncate(rest.len() - 1);
            let claims = typed(&token_of(&format!("{rest},\"{claim}\":{value}}}")))?;
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
                Err(ErrorKind::ClaimInvalid { claim }.into()),
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
        typed(&token_of(&claims.to_string()))
    };
    for claim in [
        "sub", "name", "owner", "iss", "azp", "jti", "tenant", "tier", "region",
    ] {
        for value in [json!(5), json!(true), json!(["text"]), json!({})] {
            assert_eq!(
                set(claim, &value),
                Err(ErrorKind::ClaimInvalid { claim }.into()),
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
                Err(ErrorKind::ClaimInvalid { claim }.into()),
                "{claim} {value}"
            );
        }
    }
    // What a rule looks at must not be null; what only describes or grants is then simply not
    // there.
    for claim in ["sub", "iss", "azp", "aud", "jti"] {
        assert_eq!(
            set(claim, &json!(null)),
            Err(ErrorKind::ClaimInvalid { claim }.into())
        );
    }
    for claim in ["name", "owner", "tenant", "tier", "region", "scp"] {
        assert!(set(claim, &json!(null)).is_ok(), "{claim}");
    }
    let mut foreign = claims(&json!({ "scp": null }));
    foreign["scope"] = json!(5);
    assert_eq!(
        typed(&token_of(&foreign.to_string())),
        Err(ErrorKind::ClaimInvalid { claim: "scope" }.into())
    );
}

#[test]
fn a_wrong_type_reads_as_missing_and_passes_where_the_check_is_off() {
    let rules = Rules::eve(CLIENT, "https://login.eveonline.com");
    let all = Checks::default();
    let off = Check::Off;
    for (claim, checks) in [
        ("iss", Checks { issuer: off, ..all }),
        (
            "aud",
            Checks {
                audience: off,
                ..all
            },
        ),
        (
            "azp",
            Checks {
                audience: off,
                ..all
            },
        ),
        ("exp", Checks { expiry: off, ..all }),
        (
            "nbf",
            Checks {
                not_before: off,
                ..all
            },
        ),
        (
            "iat",
            Checks {
                issued_at: off,
                ..all
            },
        ),
        (
            "sub",
            Checks {
                subject: off,
                ..all
            },
        ),
        ("jti", Checks { jwt_id: off, ..all }),
    ] {
        let claims = read(&json!({ claim: { "a": "wrong type" } }));
        let missing = read(&json!({ claim: null }));
        let judge = |checks| rules.check(&claims, checks, NOW);
        assert_eq!(judge(&all), Err(ErrorKind::ClaimInvalid { claim }.into()));
        assert_eq!(judge(&checks), Ok(()), "{claim}");
        assert_eq!(
            (&claims.issuer, &claims.audience, &claims.authorized_party),
            (
                &missing.issuer,
                &missing.audience,
                &missing.authorized_party
            )
        );
        assert_eq!(
            (claims.expires_at, claims.not_before, claims.issued_at),
            (missing.expires_at, missing.not_before, missing.issued_at)
        );
        assert_eq!(
            (&claims.subject, claims.character_id, &claims.jwt_id),
            (&missing.subject, missing.character_id, &missing.jwt_id)
        );
    }
    // No check is about these, and none takes them away.
    let off = Checks {
        issuer: off,
        audience: off,
        expiry: off,
        not_before: off,
        issued_at: off,
        subject: off,
        jwt_id: off,
        ..all
    };
    for claim in ["name", "owner", "scp", "tenant", "tier", "region"] {
        let claims = read(&json!({ claim: 5 }));
        let error = Err(ErrorKind::ClaimInvalid { claim }.into());
        assert_eq!(rules.check(&claims, &off, NOW), error);
    }
}

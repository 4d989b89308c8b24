//! The rules for claims (RFC 7519 section 4.1, RFC 8725 sections 3.8 to 3.10), each both ways, and
//! each switch.

use esi_security::Error;
use esi_security::jwt::{Checks, Claims, Rules};
use serde_json::{Value, json};

use crate::support::{CLIENT, NOW, token};

const ISSUER: &str = "https://login.eveonline.com";
const LEEWAY: i64 = 10;

fn rules() -> Rules {
    Rules::eve(CLIENT, ISSUER)
}

fn read(changes: &Value) -> Claims {
    Claims::decode_unverified(&token(changes)).unwrap()
}

fn check(changes: &Value) -> Result<(), Error> {
    rules().check(&read(changes), &Checks::default(), NOW)
}

const MISSING: fn(&'static str) -> Result<(), Error> = |claim| Err(Error::ClaimMissing { claim });
const INVALID: fn(&'static str) -> Result<(), Error> = |claim| Err(Error::ClaimInvalid { claim });

#[test]
fn eves_token_keeps_eves_rules() {
    assert_eq!(check(&json!({})), Ok(()));
}

#[test]
fn all_checks_are_on_by_default() {
    let Checks {
        signature,
        issuer,
        audience,
        expiry,
        not_before,
        issued_at,
        subject,
    } = Checks::default();
    assert!(signature && issuer && audience && expiry && not_before && issued_at && subject);
}

#[test]
fn the_issuer_may_leave_out_its_scheme() {
    assert_eq!(check(&json!({ "iss": "login.eveonline.com" })), Ok(()));
    for issuer in [
        "",
        "http://login.eveonline.com",
        "https://login.eveonline.com/",
        "https://LOGIN.eveonline.com",
        "https://login.eveonline.com.attacker.example",
        "https://sisilogin.testeveonline.com",
        "logineveonline.com",
    ] {
        assert_eq!(check(&json!({ "iss": issuer })), INVALID("iss"), "{issuer}");
    }
    assert_eq!(check(&json!({ "iss": null })), MISSING("iss"));

    let serenity = Rules::eve(CLIENT, "login.evepc.163.com");
    for issuer in ["login.evepc.163.com", "https://login.evepc.163.com"] {
        assert_eq!(
            serenity.check(&read(&json!({ "iss": issuer })), &Checks::default(), NOW),
            Ok(())
        );
    }
    let local = Rules::eve(CLIENT, "http://localhost:4000");
    assert_eq!(local.issuers, ["http://localhost:4000", "localhost:4000"]);
    let nobody = Rules {
        issuers: vec![],
        ..rules()
    };
    assert_eq!(
        nobody.check(&read(&json!({})), &Checks::default(), NOW),
        INVALID("iss")
    );
}

#[test]
fn both_audiences_are_needed() {
    for audience in [
        json!([CLIENT, "EVE Online"]),
        json!(["EVE Online", "another", CLIENT]),
    ] {
        assert_eq!(check(&json!({ "aud": audience })), Ok(()), "{audience}");
    }
    for audience in [
        json!(CLIENT),
        json!("EVE Online"),
        json!([CLIENT]),
        json!(["EVE Online"]),
        json!(["another-app", "EVE Online"]),
        json!([CLIENT, "eve online"]),
        json!("client-id EVE Online"),
    ] {
        assert_eq!(
            check(&json!({ "aud": audience })),
            INVALID("aud"),
            "{audience}"
        );
    }
    assert_eq!(check(&json!({ "aud": null })), MISSING("aud"));
    assert_eq!(check(&json!({ "aud": [] })), MISSING("aud"));
}

#[test]
fn without_audiences_in_the_rules_the_token_must_have_none() {
    let rules = Rules {
        audiences: vec![],
        ..rules()
    };
    assert_eq!(
        rules.check(&read(&json!({ "aud": null })), &Checks::default(), NOW),
        Ok(())
    );
    assert_eq!(
        rules.check(&read(&json!({})), &Checks::default(), NOW),
        INVALID("aud")
    );
}

#[test]
fn a_foreign_authorized_party_is_refused() {
    assert_eq!(check(&json!({ "azp": "another-app" })), INVALID("azp"));
    assert_eq!(check(&json!({ "azp": "" })), INVALID("azp"));
    assert_eq!(check(&json!({ "azp": null })), Ok(()));
    let anybody = Rules {
        authorized_party: None,
        ..rules()
    };
    assert_eq!(
        anybody.check(
            &read(&json!({ "azp": "another-app" })),
            &Checks::default(),
            NOW
        ),
        Ok(())
    );
}

#[test]
fn a_token_expires_to_the_second() {
    assert_eq!(check(&json!({ "exp": NOW - LEEWAY + 1 })), Ok(()));
    assert_eq!(
        check(&json!({ "exp": NOW - LEEWAY })),
        Err(Error::TokenExpired)
    );
    assert_eq!(check(&json!({ "exp": 0 })), Err(Error::TokenExpired));
    assert_eq!(check(&json!({ "exp": 253_402_300_799_i64 })), Ok(()));
    assert_eq!(check(&json!({ "exp": null })), MISSING("exp"));

    let strict = Rules {
        leeway: 0,
        ..rules()
    };
    let at = |exp: i64| strict.check(&read(&json!({ "exp": exp })), &Checks::default(), NOW);
    assert_eq!((at(NOW + 1), at(NOW)), (Ok(()), Err(Error::TokenExpired)));
}

#[test]
fn a_token_begins_to_the_second() {
    for claim in ["nbf", "iat"] {
        assert_eq!(check(&json!({ claim: NOW + LEEWAY })), Ok(()));
        let error = Err(Error::TokenNotYetValid { claim });
        assert_eq!(check(&json!({ claim: NOW + LEEWAY + 1 })), error);
        // Tokens of 2019 had neither.
        assert_eq!(check(&json!({ claim: null })), Ok(()));
    }
}

#[test]
fn clocks_at_the_end_of_time_do_no_harm() {
    let claims = read(&json!({}));
    let checks = Checks::default();
    assert_eq!(
        rules().check(&claims, &checks, i64::MAX),
        Err(Error::TokenExpired)
    );
    let early = rules().check(&claims, &checks, i64::MIN);
    assert_eq!(early, Err(Error::TokenNotYetValid { claim: "iat" }));
    let endless = Rules {
        leeway: i64::MAX,
        ..rules()
    };
    assert_eq!(endless.check(&claims, &checks, NOW), Ok(()));
}

#[test]
fn a_token_is_about_somebody() {
    assert_eq!(check(&json!({ "sub": null })), MISSING("sub"));
    assert_eq!(check(&json!({ "sub": "" })), INVALID("sub"));
    assert_eq!(check(&json!({ "sub": "auth0|5" })), Ok(()));
}

#[test]
fn each_check_has_its_switch() {
    let all = Checks::default();
    let no_issuer = Checks {
        issuer: false,
        ..all
    };
    let no_audience = Checks {
        audience: false,
        ..all
    };
    let no_expiry = Checks {
        expiry: false,
        ..all
    };
    let no_not_before = Checks {
        not_before: false,
        ..all
    };
    let no_issued_at = Checks {
        issued_at: false,
        ..all
    };
    let no_subject = Checks {
        subject: false,
        ..all
    };
    for (changes, off) in [
        (json!({ "iss": "other" }), no_issuer),
        (json!({ "iss": null }), no_issuer),
        (json!({ "aud": "other" }), no_audience),
        (json!({ "aud": null }), no_audience),
        (json!({ "azp": "other" }), no_audience),
        (json!({ "exp": 1 }), no_expiry),
        (json!({ "exp": null }), no_expiry),
        (json!({ "nbf": NOW + 60 }), no_not_before),
        (json!({ "iat": NOW + 60 }), no_issued_at),
        (json!({ "sub": null }), no_subject),
        (json!({ "sub": "" }), no_subject),
    ] {
        assert!(check(&changes).is_err(), "{changes}");
        assert_eq!(
            rules().check(&read(&changes), &off, NOW),
            Ok(()),
            "{changes}"
        );
    }
}

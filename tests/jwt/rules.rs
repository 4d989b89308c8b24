//! The rules for claims (RFC 7519 section 4.1, RFC 8725 sections 3.8 to 3.10), each both ways, and
//! each switch.

use esi_security::jwt::{
    Check, Checks, Claims, EVE_AUDIENCE, Rules, SignatureAlgorithm, UnverifiedClaims,
};
use esi_security::{Error, ErrorKind};
use serde_json::{Value, json};

use crate::support::{CLIENT, NOW, token};

const ISSUER: &str = "https://login.eveonline.com";
const LEEWAY: i64 = 10;

fn rules() -> Rules {
    Rules::eve(CLIENT, ISSUER)
}

fn read(changes: &Value) -> Claims {
    UnverifiedClaims::decode(&token(changes)).unwrap().0
}

fn check(changes: &Value) -> Result<(), Error> {
    rules().check(&read(changes), &Checks::default(), NOW)
}

const MISSING: fn(&'static str) -> Result<(), Error> =
    |claim| Err(ErrorKind::ClaimMissing { claim }.into());
const INVALID: fn(&'static str) -> Result<(), Error> =
    |claim| Err(ErrorKind::ClaimInvalid { claim }.into());

#[test]
fn eves_token_keeps_eves_rules() {
    assert_eq!(check(&json!({})), Ok(()));
}

#[test]
fn no_check_is_off_by_default() {
    let Checks {
        issuer,
        audience,
        expiry,
        not_before,
        issued_at,
        subject,
        jwt_id,
        leeway,
    } = Checks::default();
    assert_eq!(
        [issuer, audience, expiry, subject],
        [Check::Required; 4],
        "what every access token of EVE's has"
    );
    assert_eq!([not_before, issued_at, jwt_id], [Check::IfPresent; 3]);
    assert_eq!(leeway, LEEWAY);
}

#[test]
fn eves_preset_is_this() {
    assert_eq!(
        rules(),
        Rules {
            algorithms: vec![SignatureAlgorithm::Rs256, SignatureAlgorithm::Es256],
            issuers: vec![ISSUER.into(), "login.eveonline.com".into()],
            audiences: vec![CLIENT.into(), EVE_AUDIENCE.into()],
            authorized_party: CLIENT.into(),
            require_authorized_party: false,
            require_character: true,
        }
    );
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
    let strict = Rules {
        require_authorized_party: true,
        ..rules()
    };
    let check = |changes: &Value, checks| strict.check(&read(changes), checks, NOW);
    let checks = Checks::default();
    assert_eq!(check(&json!({}), &checks), Ok(()));
    assert_eq!(check(&json!({ "azp": null }), &checks), MISSING("azp"));
    // It belongs to the audience's check, whatever that requires of `aud`.
    let lax = Checks {
        audience: Check::IfPresent,
        ..checks
    };
    assert_eq!(check(&json!({ "azp": null }), &lax), MISSING("azp"));
    let off = Checks {
        audience: Check::Off,
        ..checks
    };
    assert_eq!(check(&json!({ "azp": null }), &off), Ok(()));
}

#[test]
fn a_token_expires_to_the_second() {
    assert_eq!(check(&json!({ "exp": NOW - LEEWAY + 1 })), Ok(()));
    assert_eq!(
        check(&json!({ "exp": NOW - LEEWAY })),
        Err(ErrorKind::TokenExpired.into())
    );
    assert_eq!(
        check(&json!({ "exp": 0 })),
        Err(ErrorKind::TokenExpired.into())
    );
    assert_eq!(check(&json!({ "exp": 253_402_300_799_i64 })), Ok(()));
    assert_eq!(check(&json!({ "exp": null })), MISSING("exp"));

    let strict = Checks {
        leeway: 0,
        ..Checks::default()
    };
    let at = |exp: i64| rules().check(&read(&json!({ "exp": exp })), &strict, NOW);
    assert_eq!(
        (at(NOW + 1), at(NOW)),
        (Ok(()), Err(ErrorKind::TokenExpired.into()))
    );
}

#[test]
fn a_token_begins_to_the_second() {
    for claim in ["nbf", "iat"] {
        assert_eq!(check(&json!({ claim: NOW + LEEWAY })), Ok(()));
        let error = Err(ErrorKind::TokenNotYetValid { claim }.into());
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
        Err(ErrorKind::TokenExpired.into())
    );
    let early = rules().check(&claims, &checks, i64::MIN);
    assert_eq!(
        early,
        Err(ErrorKind::TokenNotYetValid { claim: "iat" }.into())
    );
    let endless = Checks {
        leeway: i64::MAX,
        ..checks
    };
    assert_eq!(rules().check(&claims, &endless, NOW), Ok(()));
}

#[test]
fn a_token_is_about_somebody() {
    assert_eq!(check(&json!({ "sub": null })), MISSING("sub"));
    assert_eq!(check(&json!({ "sub": "" })), INVALID("sub"));
}

#[test]
fn eves_tokens_are_characters_and_other_servers_need_not_be() {
    let others = Rules {
        require_character: false,
        ..rules()
    };
    for subject in [
        "auth0|5",
        "CHARACTER:EVE:",
        "CHARACTER:EVE:0",
        "CHARACTER:EVE:007",
        "CHARACTER:EVE:9007199254740992",
        "CHARACTER:EVE:1 ",
        "character:eve:1",
        "CHARACTER:SERENITY:1",
    ] {
        let claims = read(&json!({ "sub": subject }));
        let judge = |check| rules().check(&claims, &turned("sub", check), NOW);
        assert_eq!(judge(Check::Required), INVALID("sub"), "{subject}");
        assert_eq!(judge(Check::IfPresent), INVALID("sub"), "{subject}");
        assert_eq!(judge(Check::Off), Ok(()), "{subject}");
        let checks = Checks::default();
        assert_eq!(others.check(&claims, &checks, NOW), Ok(()), "{subject}");
    }
    let empty = read(&json!({ "sub": "" }));
    let judged = others.check(&empty, &Checks::default(), NOW);
    assert_eq!(judged, INVALID("sub"));
}

/// Each check by the claim it is about, turned to `check`.
fn turned(claim: &str, check: Check) -> Checks {
    let mut checks = Checks::default();
    *match claim {
        "iss" => &mut checks.issuer,
        "aud" | "azp" => &mut checks.audience,
        "exp" => &mut checks.expiry,
        "nbf" => &mut checks.not_before,
        "iat" => &mut checks.issued_at,
        "sub" => &mut checks.subject,
        _ => &mut checks.jwt_id,
    } = check;
    checks
}

#[test]
fn each_check_has_its_switch() {
    for (claim, wrong) in [
        ("iss", json!("other")),
        ("aud", json!("other")),
        ("azp", json!("other")),
        ("exp", json!(1)),
        ("nbf", json!(NOW + 60)),
        ("iat", json!(NOW + 60)),
        ("sub", json!("")),
        ("jti", json!(5)),
    ] {
        let wrong = read(&json!({ claim: wrong }));
        let missing = read(&json!({ claim: null }));
        let judge = |claims, check| rules().check(claims, &turned(claim, check), NOW);
        assert_eq!(judge(&wrong, Check::Off), Ok(()), "{claim}");
        assert_eq!(judge(&missing, Check::Off), Ok(()), "{claim}");
        assert!(judge(&wrong, Check::IfPresent).is_err(), "{claim}");
        assert_eq!(judge(&missing, Check::IfPresent), Ok(()), "{claim}");
        assert!(judge(&wrong, Check::Required).is_err(), "{claim}");
        let required = judge(&missing, Check::Required);
        if claim == "azp" {
            assert_eq!(required, Ok(()), "the rules say whether it is");
        } else {
            assert_eq!(required, MISSING(claim));
        }
        // No other switch lets it pass.
        for other in ["iss", "aud", "exp", "nbf", "iat", "sub", "jti"] {
            if other != claim && !(other == "aud" && claim == "azp") {
                let judged = rules().check(&wrong, &turned(other, Check::Off), NOW);
                assert!(judged.is_err(), "{claim} with {other} off");
            }
        }
    }
}

//! The difference between this machine's clock and the server's, measured when tokens come.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use esi_security::jwt::{Checks, Rules, UnverifiedClaims};
use esi_security::oauth::token_response::{self, TokenResponse, parse_update};
use esi_security::session::machine::Session;
use esi_security::session::skew::{LARGEST, measure};
use esi_security::{ErrorKind, Phase};
use serde_json::{Value, json};

use crate::helpers;

const NOW: i64 = 1_700_000_000;

/// A response whose access token has these claims.
fn response(claims: &Value, expires_in: Option<i64>) -> TokenResponse {
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let token = format!("{}.{}.c2ln", part(&json!({ "alg": "RS256" })), part(claims));
    opaque(&token, expires_in)
}

fn opaque(token: &str, expires_in: Option<i64>) -> TokenResponse {
    let mut json = json!({
        "access_token": token,
        "token_type": "Bearer",
        "refresh_token": "refresh",
    });
    if let Some(seconds) = expires_in {
        json["expires_in"] = seconds.into();
    }
    token_response::parse(&json.to_string(), Phase::Token).unwrap()
}

/// What the server says at the moment `there` of its own clock.
fn said(there: i64) -> TokenResponse {
    let claims = json!({ "iat": there, "exp": there + 1200 });
    response(&claims, Some(1200))
}

#[test]
fn it_is_what_the_servers_clock_is_ahead() {
    for skew in [0, 1, -1, 600, -600, 86_400] {
        assert_eq!(measure(&said(NOW + skew), NOW), Some(skew));
    }
}

/// A server that hands out a token again says when it ends, and that is what counts.
#[test]
fn the_end_tells_more_than_the_beginning() {
    let claims = json!({ "iat": NOW - 1000, "exp": NOW + 200 });
    assert_eq!(measure(&response(&claims, Some(200)), NOW), Some(0));
}

#[test]
fn a_life_may_be_rounded() {
    for (life, skew) in [(1199, 1), (1200, 0), (1205, -5)] {
        let claims = json!({ "iat": NOW, "exp": NOW + 1200 });
        assert_eq!(measure(&response(&claims, Some(life)), NOW), Some(skew));
    }
}

/// One wrong claim must not make the clock wrong, and by it the others.
#[test]
fn what_does_not_fit_together_is_not_believed() {
    for claims in [
        json!({ "iat": NOW, "exp": 1 }),
        json!({ "iat": NOW, "exp": NOW + 1194 }),
        json!({ "iat": NOW + 600, "exp": NOW + 1200 }),
        json!({ "iat": 4_102_444_800_i64, "exp": NOW + 1200 }),
    ] {
        assert_eq!(
            measure(&response(&claims, Some(1200)), NOW),
            None,
            "{claims}"
        );
    }
}

#[test]
fn without_all_three_there_is_nothing_to_measure() {
    assert_eq!(measure(&opaque("opaque", Some(1200)), NOW), None);
    let whole = json!({ "iat": NOW, "exp": NOW + 1200 });
    assert_eq!(measure(&response(&whole, None), NOW), None);
    for claims in [
        json!({}),
        json!({ "iat": NOW }),
        json!({ "exp": NOW + 1200 }),
        json!({ "iat": NOW, "exp": "soon" }),
    ] {
        assert_eq!(
            measure(&response(&claims, Some(1200)), NOW),
            None,
            "{claims}"
        );
    }
}

#[test]
fn a_day_is_believed_and_no_more() {
    assert_eq!(LARGEST, 86_400);
    for skew in [LARGEST, -LARGEST] {
        assert_eq!(measure(&said(NOW + skew), NOW), Some(skew));
        let more = skew + skew.signum();
        assert_eq!(measure(&said(NOW + more), NOW), None, "{more}");
    }
    for now in [i64::MIN, 0, i64::MAX] {
        assert_eq!(measure(&said(NOW), now), None, "{now}");
    }
}

/// Its times fit together, and its signature is good: only its age betrays it.
#[test]
fn an_old_token_that_is_handed_out_as_fresh_has_expired() {
    let rules = Rules::eve("client", "https://sso.example");
    let checks = Checks::default();
    for (age, expected) in [
        (0, Ok(())),
        (LARGEST + 1, Err(ErrorKind::TokenExpired.into())),
        (366 * 86_400, Err(ErrorKind::TokenExpired.into())),
    ] {
        let issued_at = NOW - age;
        let claims = json!({
            "iss": "https://sso.example",
            "sub": "CHARACTER:EVE:2119000101",
            "aud": ["client", "EVE Online"],
            "iat": issued_at,
            "exp": issued_at + 1200,
        });
        let response = response(&claims, Some(1200));
        let token = response.access_token.clone();
        let UnverifiedClaims(claims) = UnverifiedClaims::decode(token.expose()).unwrap();
        let mut session = Session::default();
        session.sign_in(response.clone(), NOW);
        let judged = |session: &Session| rules.check(&claims, &checks, NOW + session.clock_skew());
        assert_eq!(judged(&session), expected, "{age}");
        // A refresh that brings it measures nothing either.
        session.sign_in(said(NOW), NOW);
        refresh(&mut session, response, NOW);
        assert_eq!(judged(&session), expected, "{age}, refreshed");
    }
}

fn refresh(session: &mut Session, response: TokenResponse, now: i64) {
    helpers::refresh(session, &Ok(response), now).0.unwrap();
}

#[test]
fn a_session_measures_it_whenever_the_server_gives_tokens() {
    let mut session = Session::default();
    assert_eq!(session.clock_skew(), 0);
    session.sign_in(said(NOW + 600), NOW);
    assert_eq!(session.clock_skew(), 600);
    refresh(&mut session, said(NOW - 300), NOW);
    assert_eq!(session.clock_skew(), -300);
    // An opaque token tells nothing new.
    refresh(&mut session, opaque("opaque", Some(1200)), NOW);
    assert_eq!(session.clock_skew(), -300);
    // Another login is another server's answer.
    session.sign_in(opaque("opaque", Some(1200)), NOW);
    assert_eq!(session.clock_skew(), 0);
}

/// Who knows when they were given out: an old token would make every clock slow.
#[test]
fn tokens_from_elsewhere_measure_nothing() {
    let mut session = Session::default();
    session.sign_in(said(NOW + 600), NOW);
    let old = said(NOW - 5000);
    let json = json!({ "access_token": old.access_token.expose(), "expires_in": 1200 });
    session.update(parse_update(&json.to_string()).unwrap(), NOW);
    assert_eq!(session.clock_skew(), 600);
}

#[test]
fn it_is_stored_with_the_tokens() {
    let mut session = Session::default();
    session.sign_in(said(NOW + 600), NOW);
    let row = session.to_row().unwrap();
    assert!(row.contains(r#""clock_skew":600"#));
    assert_eq!(Session::restore(Some(&row)).clock_skew(), 600);
    // A row of an earlier version has none.
    let older = row.replace(r#","clock_skew":600"#, "");
    assert_ne!(older, row);
    let older = Session::restore(Some(&older));
    assert_eq!((older.clock_skew(), older.tokens().is_some()), (0, true));
}

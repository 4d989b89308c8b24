//! The rules' judgement: what passes keeps every rule, and for one stretch of time.

use esi_security::jwt::{Checks, Claims, Rules, UnverifiedClaims};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::claims::{CLIENT, NOW, changed, eve, moment};
use crate::json;
use crate::runner::{Reached, for_all};
use crate::signer::base64url;

fn rules() -> Rules {
    Rules::eve(CLIENT, "https://login.eveonline.com")
}

/// Claims out of a token that nobody signed: the rules do not know.
fn read(payload: &str) -> Option<Claims> {
    let header = r#"{"alg":"RS256"}"#;
    let token = format!("{}.{}.", base64url(header), base64url(payload));
    UnverifiedClaims::decode(&token).ok().map(|claims| claims.0)
}

/// Near the token's own moments, and at the ends of time.
fn now() -> impl Strategy<Value = i64> + Clone {
    prop_oneof![
        8 => moment().boxed(),
        1 => any::<i64>().boxed(),
        1 => select(&[i64::MIN, -1, 0, 253_402_300_799, i64::MAX][..]).boxed(),
    ]
    .boxed()
}

fn leeway() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => 0..60_i64,
        1 => any::<i64>(),
        1 => select(&[i64::MIN, i64::MAX][..]),
    ]
}

pub(crate) fn claims_that_pass_keep_every_rule(cases: u32) {
    let passed = Reached::default();
    let payloads = changed().prop_map(|members| json::object(&members));
    for_all(
        cases,
        &(payloads, now(), leeway()),
        |(payload, now, leeway)| {
            let checks = Checks {
                leeway,
                ..Checks::default()
            };
            let outcome = read(&payload).map(|claims| rules().check(&claims, &checks, now));
            passed.count(outcome == Some(Ok(())));
            if outcome != Some(Ok(())) {
                return;
            }
            let claims: Value = serde_json::from_str(&payload).unwrap();
            let eve = ["https://login.eveonline.com", "login.eveonline.com"];
            assert!(eve.contains(&claims["iss"].as_str().unwrap()), "{payload}");
            let audience = claims["aud"].as_array().unwrap();
            assert!(audience.contains(&json!(CLIENT)), "{payload}");
            assert!(audience.contains(&json!("EVE Online")), "{payload}");
            assert!(
                claims.get("azp").is_none_or(|azp| azp == CLIENT),
                "{payload}"
            );
            let id = claims["sub"]
                .as_str()
                .unwrap()
                .strip_prefix("CHARACTER:EVE:");
            assert!(id.unwrap().parse::<u64>().unwrap() > 0, "{payload}");
            assert!(claims.get("jti").is_none_or(Value::is_string), "{payload}");
            // In 128 bits no sum of two numbers of 64 runs over; a fraction of a second is dropped.
            #[allow(clippy::cast_possible_truncation)]
            let second = |moment: &Value| moment.as_f64().unwrap().floor() as i128;
            let (now, leeway) = (i128::from(now), i128::from(leeway));
            let ends = |moment: i128| moment.clamp(i64::MIN.into(), i64::MAX.into());
            assert!(second(&claims["exp"]) > ends(now - leeway), "{payload}");
            for begin in ["nbf", "iat"].map(|name| claims.get(name)) {
                assert!(
                    begin.is_none_or(|begin| second(begin) <= ends(now + leeway)),
                    "{payload}"
                );
            }
        },
    );
    passed.some_of(cases);
}

pub(crate) fn a_token_is_valid_without_a_gap(cases: u32) {
    let passed = Reached::default();
    // So few seconds that it matters to the second.
    let second = || NOW - 20..NOW + 20;
    let near = || prop_oneof![2 => second().prop_map(Some), 1 => Just(None)];
    let claims = (near(), near(), near()).prop_map(|(expires, begins, issued)| {
        let mut claims = eve();
        for (name, moment) in [("exp", expires), ("nbf", begins), ("iat", issued)] {
            if let Some(moment) = moment {
                claims[name] = moment.into();
            }
        }
        claims.to_string()
    });
    let now = || prop_oneof![4 => second(), 1 => now()];
    let moments = [now(), now(), now()].prop_map(|mut moments| {
        moments.sort_unstable();
        moments
    });
    for_all(
        cases,
        &(claims, moments, leeway()),
        |(payload, moments, leeway)| {
            let claims = read(&payload).unwrap();
            let checks = Checks {
                leeway,
                ..Checks::default()
            };
            let [before, between, after] =
                moments.map(|now| rules().check(&claims, &checks, now).is_ok());
            passed.count(before && after);
            assert!(between || !(before && after), "{payload} {moments:?}");
        },
    );
    passed.some_of(cases);
    assert!(
        rules()
            .check(&read(&eve().to_string()).unwrap(), &Checks::default(), NOW)
            .is_ok()
    );
}

//! What is read back from storage, where anybody in the page may have written: no row does harm, and
//! what was understood of one is written and read again the same.

use esi_security::Phase;
use esi_security::oauth::secret::Secret;
use esi_security::oauth::token_response::TokenResponse;
use esi_security::session::login::{Login, Logins};
use esi_security::session::machine::Session;
use esi_security::session::refresh::{Others, Refresh};
use esi_security::session::skew;
use esi_security::session::token_set::MARGIN;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

use crate::claims::{changed, moment};
use crate::json;
use crate::runner::{Reached, for_all};
use crate::signer::base64url;
use crate::text::{assert_silent, edited, text};
use crate::token_response::{ACCESS, REFRESH};

const VERIFIER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789_ABCDEFG";

fn now() -> impl Strategy<Value = i64> {
    prop_oneof![
        2 => moment(),
        1 => any::<i64>(),
        1 => select(&[i64::MIN, -1, 0, i64::MAX][..]),
    ]
}

/// Rows that are nearly what is stored; `whole` takes an object to the row. With each, whether its
/// secrets still stand where they belong: an edit may have made one of them another member's text.
fn rows(
    original: &serde_json::Value,
    names: &'static [&'static str],
    whole: fn(String) -> String,
) -> impl Strategy<Value = (String, bool)> + use<> {
    let original = json::members(original);
    let value = prop_oneof![
        1 => now().prop_map(|moment| moment.to_string()),
        1 => json::value(),
    ];
    let row = whole(json::object(&original));
    let changed = json::changed(original, names, value.boxed());
    let changed = changed.prop_map(move |members| whole(json::object(&members)));
    let other = prop_oneof![2 => edited(Just(row)), 1 => json::value(), 1 => text()];
    prop_oneof![
        changed.prop_map(|row| (row, true)),
        other.prop_map(|row| (row, false)),
    ]
}

fn session_rows() -> impl Strategy<Value = (String, bool)> {
    let access = json!({
        "token": ACCESS,
        "token_type": "Bearer",
        "received_at": 1_700_000_000,
        "expires_at": 1_700_001_200,
        "clock_skew": 3,
    });
    let names = &[
        "token",
        "token_type",
        "received_at",
        "expires_at",
        "clock_skew",
    ];
    let inner = rows(&access, names, |access| {
        format!(r#"{{"access":{access},"refresh_token":"{REFRESH}"}}"#)
    });
    let lineage = json!({ "grant": "digest", "rotation": 7 });
    let place = rows(&lineage, &["grant", "rotation"], |lineage| {
        format!(r#"{{"refresh_token":"{REFRESH}","lineage":{lineage}}}"#)
    });
    let outer = json!({ "access": access, "refresh_token": REFRESH, "lineage": lineage });
    let outer = rows(&outer, &["access", "refresh_token", "lineage"], |row| row);
    prop_oneof![2 => inner, 1 => place, 2 => outer]
}

pub(crate) fn any_row_is_restored_without_harm(cases: u32) {
    let read = Reached::default();
    let inputs = (
        session_rows(),
        session_rows(),
        now(),
        any::<i64>(),
        0..=i64::MAX,
    );
    for_all(
        cases,
        &inputs,
        |((row, intact), (other, _), now, offset, margin)| {
            let mut session = Session::restore(Some(&row));
            read.count(session.tokens().is_some());
            if intact {
                assert_silent(&session, ACCESS);
                assert_silent(&session, REFRESH);
            }
            if let Some(stored) = session.to_row() {
                let again = Session::restore(Some(&stored));
                assert_eq!(again.tokens(), session.tokens());
                assert_eq!(again.to_row(), Some(stored));
            }
            session.reload(Some(&other));
            for _ in 0..2 {
                let _ = (
                    session.state(now, margin),
                    session.wakes_at(now, margin),
                    session.put_off(now, true),
                    session.usable(now, offset),
                    session.clock_skew(),
                );
                if session.comfortable(now, margin).is_some() {
                    assert!(session.usable(now, 0).is_some());
                }
                session.reconnect(now);
                if let Ok(mut refresh) = Refresh::begin(&mut session, false) {
                    refresh.start(&mut session, Others::Behind, now);
                    // Nobody answers, and so it fails.
                    refresh.asked(&mut session, now, 0);
                }
            }
            let _ = session.sign_out();
            assert!(session.tokens().is_none() && session.to_row().is_none());
        },
    );
    read.some_of(cases);
}

fn login_rows() -> impl Strategy<Value = (String, bool)> {
    let login = json!({
        "state": "xyz",
        "verifier": VERIFIER,
        "implicit": false,
        "token_identifier": "pilot",
        "redirect_uri": "https://app.example/callback",
        "issuer": "https://login.eveonline.com",
        "scopes": ["one"],
        "return_to": "/",
        "began_at": 1_700_000_000,
        "answer": "digest",
    });
    let names = &[
        "state",
        "verifier",
        "implicit",
        "token_identifier",
        "redirect_uri",
        "issuer",
        "requires_iss",
        "scopes",
        "return_to",
        "began_at",
        "answer",
    ];
    rows(&login, names, |login| format!("[{login},{login}]"))
}

pub(crate) fn any_logins_are_restored_without_harm(cases: u32) {
    let read = Reached::default();
    for_all(
        cases,
        &(login_rows(), now(), text()),
        |((row, intact), now, state)| {
            let mut logins = Logins::restore(Some(&row));
            read.count(logins.to_row().is_some());
            if intact {
                assert_silent(&logins, VERIFIER);
            }
            if let Some(stored) = logins.to_row() {
                assert_eq!(Logins::restore(Some(&stored)).to_row(), Some(stored));
            }
            for state in ["xyz", &state] {
                let phase = Phase::Redirect;
                let found = (
                    logins.find(state, now, phase),
                    logins.only(Some(state), now, phase),
                );
                let any = (logins.any_open(now), logins.any_answered(state));
                assert!(any.0 || !matches!(found.1, Ok(Some(_))));
            }
            logins.begin(Login {
                state: state.clone(),
                verifier: None,
                implicit: false,
                token_identifier: None,
                redirect_uri: String::new(),
                issuer: String::new(),
                requires_iss: false,
                scopes: Vec::new(),
                return_to: None,
                began_at: now,
                answer: None,
            });
            assert!(logins.find(&state, now, Phase::Redirect).is_ok());
            logins.finish(&state, "digest".into());
            assert!(logins.any_answered("digest"));
            logins.finish(&state, String::new());
            let ended = logins.find(&state, now, Phase::Redirect).unwrap();
            assert_eq!(ended.answer.as_deref(), Some(""));
        },
    );
    read.some_of(cases);
}

pub(crate) fn clocks_are_measured_without_harm(cases: u32) {
    let measured = Reached::default();
    let token = || {
        changed().prop_map(|members| {
            let header = r#"{"alg":"RS256"}"#;
            format!(
                "{}.{}.",
                base64url(header),
                base64url(json::object(&members))
            )
        })
    };
    let tokens = prop_oneof![4 => token(), 1 => edited(token()), 1 => text()];
    let lives = prop_oneof![4 => (0..4000_u32).prop_map(Some), 1 => any::<Option<u32>>()];
    for_all(
        cases,
        &(tokens, lives, now()),
        |(token, expires_in, now)| {
            let response = TokenResponse {
                access_token: Secret::new(token),
                token_type: "Bearer".into(),
                expires_in,
                refresh_token: None,
            };
            let skew = skew::measure(&response, now);
            measured.count(skew.is_some());
            let mut session = Session::default();
            session.sign_in(response, now);
            assert_eq!(session.clock_skew(), skew.unwrap_or_default());
            let _ = session.state(now, MARGIN);
        },
    );
    measured.some_of(cases);
}

//! The stored row of a session: what goes in comes out, and what is no row counts as none.

use esi_security::oauth::secret::Secret;
use esi_security::oauth::token_response::{Update, parse_update};
use esi_security::session::lineage::Lineage;
use esi_security::session::machine::{Session, State};
use esi_security::session::refresh::Refresh;
use esi_security::session::token_set::MARGIN;

use crate::helpers::{NOW, invalid_grant, refresh, renew, update};

fn holding(json: &str) -> Session {
    let mut session = Session::default();
    update(&mut session, json);
    session
}

#[test]
fn every_session_survives_a_reload() {
    for update in [
        r#"{"access_token":"a","expires_in":1200,"token_type":"bearer","refresh_token":"r+/="}"#,
        r#"{"access_token":"a","expires_in":1200}"#,
        r#"{"access_token":"a"}"#,
        r#"{"access_token":"a","refresh_token":"r"}"#,
        r#"{"access_token":"","expires_in":-1,"refresh_token":"r\u0000\"漢"}"#,
    ] {
        let session = holding(update);
        let row = session.to_row().unwrap();
        let restored = Session::restore(Some(&row));
        assert_eq!(restored.tokens(), session.tokens(), "{row}");
        assert!(restored.tokens().is_some());
        assert_eq!(
            restored.state(NOW, MARGIN),
            session.state(NOW, MARGIN),
            "{row}"
        );
        assert_eq!(restored.to_row(), Some(row));
    }
}

#[test]
fn no_tokens_are_no_row() {
    assert_eq!(Session::default().to_row(), None);
    let mut session = holding(r#"{"access_token":"a","refresh_token":"r"}"#);
    session.sign_out().unwrap();
    assert_eq!(session.to_row(), None);
}

#[test]
fn a_session_that_the_server_ended_is_remembered_as_such() {
    let mut session = holding(r#"{"refresh_token":"r"}"#);
    refresh(&mut session, &Err(invalid_grant()), NOW)
        .0
        .unwrap_err();
    assert_eq!(session.state(NOW, MARGIN), State::NeedsLogin);
    let row = session.to_row().unwrap();
    let restored = Session::restore(Some(&row));
    assert_eq!(restored.state(NOW, MARGIN), State::NeedsLogin);
}

#[test]
fn what_is_no_row_counts_as_none() {
    let whole = holding(r#"{"access_token":"a","expires_in":9,"refresh_token":"r"}"#);
    let whole = whole.to_row().unwrap();
    let mut rows: Vec<&str> = (0..whole.len()).map(|length| &whole[..length]).collect();
    rows.extend([
        "null",
        "true",
        "7",
        "\"r\"",
        "undefined",
        "[object Object]",
        // A list of the members' values would pass for the object.
        "[]",
        "[null,\"r\"]",
        r#"[["a","Bearer",9],"r"]"#,
        // Somebody else's.
        r#"{"token":"a"}"#,
        r#"{"accessToken":"a","refreshToken":"r"}"#,
        r#"{"access":"a"}"#,
        r#"{"access":{}}"#,
        r#"{"access":{"token":7,"token_type":"Bearer"}}"#,
        r#"{"access":{"token":"a"},"refresh_token":"r"}"#,
        r#"{"access":{"token":"a","token_type":"Bearer","expires_at":"9"}}"#,
        r#"{"access":{"token":"a","token_type":"Bearer","expires_at":1e300}}"#,
        r#"{"refresh_token":7}"#,
        r#"{"refresh_token":["r"]}"#,
    ]);
    for row in rows {
        let session = Session::restore(Some(row));
        assert_eq!(session.tokens(), None, "{row}");
        assert_eq!(session.state(NOW, MARGIN), State::SignedOut, "{row}");
    }
    assert_eq!(Session::restore(None).state(NOW, MARGIN), State::SignedOut);
}

/// A refresh that was under way when the page went is not under way any more.
#[test]
fn a_reload_forgets_what_was_under_way() {
    let mut session = holding(r#"{"refresh_token":"r"}"#);
    Refresh::begin(&mut session, false).unwrap();
    assert_eq!(session.state(NOW, MARGIN), State::Refreshing);
    let restored = Session::restore(session.to_row().as_deref());
    assert_eq!(restored.state(NOW, MARGIN), State::Expiring);
}

#[test]
fn a_row_is_what_an_update_holds() {
    let Ok(Update::Tokens(tokens)) = parse_update(r#"{"access_token":"a","expires_in":9}"#) else {
        panic!("these are tokens");
    };
    let mut session = Session::default();
    session.sign_in(tokens, NOW);
    let row: serde_json::Value = serde_json::from_str(&session.to_row().unwrap()).unwrap();
    assert_eq!(
        row,
        serde_json::json!({ "access": { "token": "a", "token_type": "Bearer", "received_at": NOW, "expires_at": NOW + 9 } })
    );
}

/// A session lives on across reloads, and so does its place among the tabs of its grant.
#[test]
fn a_row_keeps_the_grant_and_how_often_it_was_renewed() {
    let mut session = holding(r#"{"refresh_token":"r"}"#);
    for rotation in 1..4 {
        renew(&mut session, "a", Some("another"));
        session = Session::restore(session.to_row().as_deref());
        assert_eq!(session.lineage().unwrap().rotation, rotation);
    }
    let first = Lineage::begin(holding(r#"{"refresh_token":"r"}"#).refresh_token().unwrap());
    assert_eq!(session.lineage().unwrap().grant, first.grant);
}

/// Else it would refresh without regard for other tabs.
#[test]
fn a_row_that_names_no_grant_begins_one() {
    let session = holding(r#"{"access_token":"a","expires_in":9,"refresh_token":"r"}"#);
    let row = session.to_row().unwrap();
    let mut older: serde_json::Value = serde_json::from_str(&row).unwrap();
    older.as_object_mut().unwrap().remove("lineage").unwrap();
    let restored = Session::restore(Some(&older.to_string()));
    assert_eq!(restored.tokens(), session.tokens());
    // Where there is nothing to refresh with there is no grant either.
    let alone = holding(r#"{"access_token":"a"}"#);
    let alone = Session::restore(alone.to_row().as_deref());
    assert_eq!((alone.tokens().is_some(), alone.lineage()), (true, None));
}

/// A row that comes late is as if it had come before what was brought meanwhile.
#[test]
fn a_row_that_comes_late_gives_way_to_newer_tokens() {
    let row = r#"{"access":{"token":"old","token_type":"Bearer","received_at":1,"expires_at":9},"refresh_token":"old"}"#;
    let late = |session: &mut Session, row: Option<&str>| {
        session.catch_up(Session::restore(row));
        session.to_row()
    };
    let in_time = Session::restore(Some(row)).to_row();
    assert!(in_time.is_some());
    assert_eq!(late(&mut Session::default(), Some(row)), in_time);
    assert_eq!(late(&mut Session::default(), None), None);

    let mut newer = holding(r#"{"access_token":"a","expires_in":9,"refresh_token":"r"}"#);
    let before = newer.to_row();
    assert_eq!(late(&mut newer, Some(row)), before);
    assert_eq!(late(&mut newer, None), before);

    let mut without = holding(r#"{"access_token":"a","expires_in":9}"#);
    assert_eq!(late(&mut without, Some(row)), {
        let mut in_time = Session::restore(Some(row));
        let update = parse_update(r#"{"access_token":"a","expires_in":9}"#).unwrap();
        in_time.update(update, NOW);
        in_time.to_row()
    });
    assert_eq!(without.refresh_token().map(Secret::expose), Some("old"));
}

/// What cannot be replaced in storage is better taken away, but only if it has seen its day.
#[test]
fn a_row_is_outgrown_once_its_refresh_token_is_used_up() {
    let mut session = holding(r#"{"access_token":"a","refresh_token":"r"}"#);
    let first = session.to_row().unwrap();
    let behind = Session::restore(Some(&first));
    assert!(!session.has_outgrown(&first));
    renew(&mut session, "b", Some("s"));
    let second = session.to_row().unwrap();
    assert!(session.has_outgrown(&first));
    assert!(!session.has_outgrown(&second));
    // Another page of the storage was faster.
    assert!(!behind.has_outgrown(&second));
    assert!(behind.is_behind(&second));
    for row in [&first, &second] {
        assert!(!session.is_behind(row), "{row}");
    }
    let stranger = holding(r#"{"access_token":"c","refresh_token":"t"}"#);
    assert!(stranger.has_outgrown(&second));
    assert!(!stranger.is_behind(&second));
    assert!(session.has_outgrown("{"));
}

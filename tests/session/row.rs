//! The stored row of a session: what goes in comes out, and what is no row counts as none.

use std::cmp::Ordering;

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

/// A record that cannot be replaced is removed if its refresh token is used up, but not if another page has stored newer
/// tokens.
#[test]
fn a_stored_record_is_compared_with_the_tokens_that_are_held() {
    let mut session = holding(r#"{"access_token":"a","refresh_token":"r"}"#);
    let first = session.to_row().unwrap();
    let behind = Session::restore(Some(&first));
    assert_eq!(session.compare_record(&first), Ordering::Equal);
    let newer_access = holding(r#"{"access_token":"b","refresh_token":"r"}"#);
    assert_eq!(newer_access.compare_record(&first), Ordering::Equal);
    renew(&mut session, "b", Some("s"));
    let second = session.to_row().unwrap();
    assert_eq!(session.compare_record(&first), Ordering::Less);
    assert_eq!(session.compare_record(&second), Ordering::Equal);
    assert_eq!(behind.compare_record(&second), Ordering::Greater);
    let stranger = holding(r#"{"access_token":"c","refresh_token":"t"}"#);
    assert_eq!(stranger.compare_record(&second), Ordering::Less);
    let without = holding(r#"{"access_token":"c"}"#);
    assert_eq!(
        without.compare_record(&without.to_row().unwrap()),
        Ordering::Less
    );
    for unreadable in ["", "{"] {
        assert_eq!(session.compare_record(unreadable), Ordering::Less);
    }
    // Nothing was to be written in its place.
    assert_eq!(Session::default().compare_record(&first), Ordering::Equal);
}

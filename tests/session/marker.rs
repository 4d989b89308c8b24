//! The version marker: what a tab reads in it of the others, and when it is written.

use esi_security::oauth::secret::Secret;
use esi_security::session::lineage::{LARGEST_STEP, Lineage};
use esi_security::session::marker::{self, LIFETIME};
use esi_security::session::refresh::Others;
use serde_json::json;

use crate::helpers::{NOW, garbled, invalid_grant, refresh, renew, signed_in};

fn ours(rotation: u32) -> Lineage {
    Lineage {
        rotation,
        ..Lineage::begin(&Secret::new("refresh"))
    }
}

fn stored(version: u32) -> String {
    json!({ "version": version, "written_at": NOW }).to_string()
}

#[test]
fn a_marker_says_whether_newer_tokens_exist() {
    for (version, others) in [
        (0, Others::Behind),
        (5, Others::Behind),
        (6, Others::Ahead(6)),
        (5 + LARGEST_STEP, Others::Ahead(5 + LARGEST_STEP)),
    ] {
        assert_eq!(marker::others(&ours(5), Some(&stored(version))), others);
    }
}

/// Every page of the origin may write there.
const FOREIGN: [&str; 10] = [
    "",
    "NaN",
    "null",
    "7",
    "[]",
    "{}",
    r#"{"version":7}"#,
    r#"{"version":-1,"written_at":0}"#,
    r#"{"version":4294967296,"written_at":0}"#,
    r#"{"version":1e400,"written_at":0}"#,
];

#[test]
fn what_cannot_be_says_nothing_and_is_replaced() {
    let absurd = [stored(5 + LARGEST_STEP + 1), stored(u32::MAX)];
    let foreign = FOREIGN.into_iter().chain(absurd.iter().map(String::as_str));
    for text in foreign.map(Some).chain([None]) {
        assert_eq!(marker::others(&ours(5), text), Others::Unknown, "{text:?}");
        for replaced in [true, false] {
            let written = marker::update(&ours(5), text, replaced, NOW);
            assert_eq!(written, Some(stored(5)), "{text:?}");
        }
    }
}

#[test]
fn a_marker_goes_forward_alone() {
    for (version, written) in [(4, true), (5, false), (6, false)] {
        let before = stored(version);
        let after = marker::update(&ours(5), Some(&before), true, NOW);
        assert_eq!(after.is_some(), written, "{version}");
    }
}

/// Where the server does not rotate, every tab holds the same refresh token, and none is used up.
#[test]
fn a_refresh_token_that_stays_leaves_the_marker_where_it_was() {
    assert_eq!(marker::update(&ours(5), Some(&stored(0)), false, NOW), None);
    let mut session = signed_in();
    assert!(!session.take_replaced());
    renew(&mut session, "a", None);
    assert!(!session.take_replaced());
    renew(&mut session, "a", Some("refresh"));
    assert!(!session.take_replaced());
    renew(&mut session, "a", Some("rotated"));
    assert!(session.take_replaced() && !session.take_replaced());
    let answer = Err(garbled(Some("salvaged")));
    refresh(&mut session, &answer, NOW).0.unwrap_err();
    assert!(session.take_replaced());
    refresh(&mut session, &Err(invalid_grant()), NOW)
        .0
        .unwrap_err();
    assert!(!session.take_replaced());
}

#[test]
fn an_old_marker_is_removed_in_time() {
    let written = stored(7);
    for (now, old) in [
        (NOW, false),
        (NOW + LIFETIME - 1, false),
        (NOW + LIFETIME, true),
        (NOW - 60, false),
        // A clock was wrong by more than that.
        (NOW - LIFETIME - 1, true),
    ] {
        assert_eq!(marker::is_old(&written, now), old, "{now}");
    }
    for text in FOREIGN {
        assert!(marker::is_old(text, NOW), "{text}");
    }
}

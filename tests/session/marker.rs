//! The version marker: what a tab reads in it of the others, and when it is written.

use esi_security::oauth::secret::Secret;
use esi_security::session::handover::Message;
use esi_security::session::lineage::Lineage;
use esi_security::session::machine::Session;
use esi_security::session::marker::{self, LARGEST_MARKER_STEP, LIFETIME};
use esi_security::session::refresh::{Others, Refresh, Step};

use crate::helpers::{
    JITTER, NOW, copy, garbled, invalid_grant, refresh, refresh_token, renew, response, signed_in,
};

fn ours(rotation: u32) -> Lineage {
    Lineage {
        rotation,
        ..Lineage::begin(&Secret::new("refresh"))
    }
}

fn stored(version: u32, answers: u32) -> String {
    format!(r#"{{"version":{version},"answers":{answers},"written_at":{NOW}}}"#)
}

#[test]
fn a_marker_says_whether_newer_tokens_exist() {
    let farthest = 5 + LARGEST_MARKER_STEP;
    for (version, answers, others) in [
        (5, 5, Others::Behind),
        (0, 5, Others::Behind),
        (0, 9, Others::Behind),
        (6, 6, Others::Ahead(6)),
        (6, 9, Others::Ahead(6)),
        (farthest, farthest, Others::Ahead(farthest)),
        // It does not know of the answer that this tab has had.
        (4, 4, Others::Unknown),
        (0, 0, Others::Unknown),
    ] {
        let stored = stored(version, answers);
        assert_eq!(marker::others(&ours(5), Some(&stored)), others, "{stored}");
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
    r#"{"version":7,"written_at":0}"#,
    r#"{"version":-1,"answers":0,"written_at":0}"#,
    r#"{"version":4294967296,"answers":0,"written_at":0}"#,
    r#"{"version":1e400,"answers":0,"written_at":0}"#,
];

#[test]
fn what_cannot_be_says_nothing_and_is_replaced() {
    let absurd = 5 + LARGEST_MARKER_STEP + 1;
    let absurd = [
        stored(absurd, absurd),
        stored(0, absurd),
        stored(u32::MAX, 0),
    ];
    let foreign = FOREIGN.into_iter().chain(absurd.iter().map(String::as_str));
    for text in foreign.map(Some).chain([None]) {
        assert_eq!(marker::others(&ours(5), text), Others::Unknown, "{text:?}");
        assert_eq!(marker::answers(&ours(5), text), 0, "{text:?}");
        for replaced in [true, false] {
            let written = marker::update(&ours(5), text, replaced, NOW);
            assert_eq!(written, Some(stored(5, 5)), "{text:?}");
        }
    }
}

#[test]
fn a_marker_goes_forward_alone() {
    for (before, replaced, after) in [
        ((4, 4), true, Some((5, 5))),
        ((4, 4), false, Some((4, 5))),
        ((5, 5), true, None),
        ((0, 5), false, None),
        ((0, 5), true, Some((5, 5))),
        ((6, 7), true, None),
    ] {
        let written = marker::update(&ours(5), Some(&stored(before.0, before.1)), replaced, NOW);
        let expected = after.map(|(version, answers)| stored(version, answers));
        assert_eq!(written, expected, "{before:?}, {replaced}");
    }
}

#[test]
fn a_session_tells_what_the_server_has_given() {
    let mut session = signed_in();
    assert_eq!(session.take_renewed(), Some(true));
    assert_eq!(session.take_renewed(), None);
    renew(&mut session, "a", None);
    assert_eq!(session.take_renewed(), Some(false));
    renew(&mut session, "a", Some("refresh"));
    assert_eq!(session.take_renewed(), Some(false));
    renew(&mut session, "a", Some("rotated"));
    renew(&mut session, "a", Some("rotated"));
    assert_eq!(session.take_renewed(), Some(true));
    let answer = Err(garbled(Some("salvaged")));
    refresh(&mut session, &answer, NOW).0.unwrap_err();
    assert_eq!(session.take_renewed(), Some(true));
    refresh(&mut session, &Err(invalid_grant()), NOW)
        .0
        .unwrap_err();
    assert_eq!(session.take_renewed(), None);
    // What comes from storage, or from another tab, is nothing of the server's.
    let mut other = copy(&signed_in());
    assert_eq!(other.take_renewed(), None);
    let mut first = signed_in();
    renew(&mut first, "b", Some("newer"));
    other.receive(Message::Tokens(first.tokens().unwrap().clone()));
    assert_eq!(other.take_renewed(), None);
}

/// The tabs of one browser, and the marker that they share.
struct Browser {
    marker: Option<String>,
}

impl Browser {
    fn others(&self, session: &Session) -> Others {
        marker::others(session.lineage().unwrap(), self.marker.as_deref())
    }

    fn mark(&mut self, session: &mut Session) {
        let lineage = session.lineage().unwrap().clone();
        if let Some(replaced) = session.take_renewed() {
            let written = marker::update(&lineage, self.marker.as_deref(), replaced, NOW);
            self.marker = written.or(self.marker.take());
        }
    }

    /// A refresh while all other tabs are silent, tried again until it gets through.
    fn refresh(&mut self, session: &mut Session, rotated: &str, is_replay: bool) {
        loop {
            let mut refresh = Refresh::begin(session, false).unwrap();
            let mut step = refresh.start(session, self.others(session), NOW);
            let done = loop {
                step = match step {
                    Step::Ask(_) => refresh.asked(session, NOW, JITTER),
                    Step::Send(_) => {
                        let lineage = session.lineage().unwrap();
                        refresh.note_answers(marker::answers(lineage, self.marker.as_deref()));
                        if is_replay {
                            refresh.note_replay();
                        }
                        let answer = Ok(response("new", Some(rotated)));
                        refresh.answered(session, answer, NOW, JITTER)
                    }
                    Step::Done(result) => break result.is_ok(),
                }
            };
            if done {
                return self.mark(session);
            }
        }
    }
}

#[test]
fn a_server_that_replaces_the_refresh_token_now_and_then_costs_no_session() {
    let mut browser = Browser { marker: None };
    let mut a = signed_in();
    browser.mark(&mut a);
    let mut b = copy(&a);
    // The first tab is in the bfcache, and receives nothing.
    for _ in 0..2 {
        browser.refresh(&mut b, "refresh", false);
    }
    browser.refresh(&mut a, "rotated", false);
    b.receive(a.take_message().unwrap());
    assert_eq!(refresh_token(&b), Some("rotated"));
    // And where the second one has received nothing either:
    let mut c = copy(&signed_in());
    assert!(matches!(browser.others(&c), Others::Ahead(_)));
    c.receive(Message::Tokens(a.tokens().unwrap().clone()));
    assert_eq!(refresh_token(&c), Some("rotated"));
}

#[test]
fn a_marker_that_somebody_wrote_splits_no_grant() {
    let farthest = LARGEST_MARKER_STEP;
    let mut browser = Browser {
        marker: Some(stored(farthest, farthest)),
    };
    let mut a = copy(&signed_in());
    let mut b = copy(&a);
    browser.refresh(&mut a, "rotated", false);
    b.receive(a.take_message().unwrap());
    assert_eq!(refresh_token(&b), Some("rotated"));
}

/// The token worker gives an answer that it has kept to a tab that was asleep.
#[test]
fn a_kept_answer_replaces_no_newer_tokens() {
    let mut browser = Browser { marker: None };
    let mut a = signed_in();
    browser.mark(&mut a);
    let mut b = copy(&a);
    browser.refresh(&mut a, "first", false);
    browser.refresh(&mut a, "second", false);
    browser.refresh(&mut b, "first", true);
    a.receive(b.take_message().unwrap());
    assert_eq!(refresh_token(&a), Some("second"));
    b.receive(Message::Tokens(a.tokens().unwrap().clone()));
    assert_eq!(refresh_token(&b), Some("second"));
}

/// After localStorage was cleared, tabs that are loaded with old tokens say nothing of them.
#[test]
fn an_old_tab_writes_no_marker() {
    let mut browser = Browser { marker: None };
    let mut a = copy(&signed_in());
    browser.mark(&mut a);
    assert_eq!(browser.marker, None);
    assert_eq!(browser.others(&a), Others::Unknown);
}

#[test]
fn an_old_marker_is_removed_in_time() {
    let written = stored(7, 7);
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

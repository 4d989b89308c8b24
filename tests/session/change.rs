//! What the page is told has become of the session since it was looked at last.

use esi_security::session::machine::{Change, Reason, Session, State};
use esi_security::session::refresh::{Others, Refresh};
use esi_security::session::token_set::MARGIN;

use crate::helpers::{
    JITTER, LIFE, NOW, copy, http, invalid_grant, oauth, refresh, renew, response, sent, signed_in,
};

const EXPIRING: i64 = NOW + LIFE - MARGIN;

fn change(from: State, to: State, reason: Reason) -> Change {
    Change { from, to, reason }
}

/// A session that was looked at when it was signed in.
fn noticed() -> Session {
    let mut session = signed_in();
    let first = session.notice(NOW, MARGIN);
    assert_eq!(
        first,
        Some(change(State::SignedOut, State::Active, Reason::Login))
    );
    session
}

#[test]
fn nothing_is_told_twice() {
    let mut session = noticed();
    assert_eq!(session.notice(NOW, MARGIN), None);
    assert_eq!(session.notice(EXPIRING - 1, MARGIN), None);
    assert_eq!(
        session.standing(NOW, MARGIN),
        (State::Active, Reason::Login)
    );
    assert_eq!(Session::default().notice(NOW, MARGIN), None);
}

#[test]
fn looking_does_not_notice() {
    let mut session = noticed();
    for _ in 0..2 {
        let expiring = (State::Expiring, Reason::Time);
        assert_eq!(session.standing(EXPIRING, MARGIN), expiring);
    }
    assert_eq!(
        session.notice(EXPIRING, MARGIN),
        Some(change(State::Active, State::Expiring, Reason::Time))
    );
}

#[test]
fn what_time_has_done_stays_so_until_something_happens() {
    let mut session = noticed();
    session.notice(EXPIRING, MARGIN);
    let expiring = (State::Expiring, Reason::Time);
    assert_eq!(session.standing(EXPIRING + 9, MARGIN), expiring);
    let begun = Refresh::begin(&mut session, false);
    assert!(begun.is_ok());
    assert_eq!(
        session.notice(EXPIRING, MARGIN),
        Some(change(State::Expiring, State::Refreshing, Reason::Refresh))
    );
}

#[test]
fn what_happened_goes_before_the_clock() {
    let mut session = noticed();
    let failed = refresh(&mut session, &Err(http(503)), EXPIRING).0;
    assert!(failed.is_err());
    assert_eq!(
        session.notice(EXPIRING, MARGIN),
        Some(change(State::Active, State::Offline, Reason::Failure))
    );
}

#[test]
fn what_came_and_went_between_two_looks_is_not_told() {
    let mut session = noticed();
    renew(&mut session, "new", None);
    assert_eq!(session.notice(NOW, MARGIN), None);
    // The clock does not explain it either.
    assert_eq!(
        session.standing(NOW, MARGIN),
        (State::Active, Reason::Refresh)
    );
}

#[test]
fn another_login_is_a_change_although_the_state_is_the_same() {
    let mut session = noticed();
    session.sign_in(response("another", Some("another")), NOW);
    assert_eq!(
        session.notice(NOW, MARGIN),
        Some(change(State::Active, State::Active, Reason::Login))
    );
}

/// Storage that tabs share: the row that another page has written.
#[test]
fn newer_tokens_out_of_storage_are_the_same_login() {
    let mut session = noticed();
    let mut theirs = copy(&session);
    let epoch = session.epoch();
    renew(&mut theirs, "new", Some("new"));
    session.reload(theirs.to_row().as_deref());
    assert_eq!(session.epoch(), epoch);
    assert_eq!(session.notice(NOW, MARGIN), None);

    let mut other = Session::default();
    other.sign_in(response("other", Some("other")), NOW);
    session.reload(other.to_row().as_deref());
    assert_ne!(session.epoch(), epoch);
    assert_eq!(
        session.notice(NOW, MARGIN),
        Some(change(State::Active, State::Active, Reason::Storage))
    );
}

#[test]
fn a_refresh_that_is_refused_for_its_scopes_leaves_its_state_again() {
    let mut session = noticed();
    let mut narrowed = Refresh::begin(&mut session, true).unwrap();
    session.notice(NOW, MARGIN);
    narrowed.start(&mut session, Others::Behind, NOW);
    let refused = Err(oauth(400, "invalid_scope"));
    drop(narrowed.answered(&mut session, refused, NOW, JITTER));
    assert_eq!(
        session.notice(NOW, MARGIN),
        Some(change(State::Refreshing, State::Active, Reason::Failure))
    );
}

#[test]
fn only_time_makes_a_token_expire() {
    let mut session = noticed();
    let expiring = session.notice(EXPIRING, MARGIN).unwrap();
    assert!(expiring.is_expiring());

    // What failed in time, and was hidden by a token that was still good.
    let mut session = noticed();
    assert!(refresh(&mut session, &Err(http(503)), NOW).0.is_err());
    assert_eq!(session.notice(NOW, MARGIN), None);
    let offline = session.notice(EXPIRING, MARGIN);
    assert_eq!(
        offline,
        Some(change(State::Active, State::Offline, Reason::Time))
    );
    assert!(offline.unwrap().is_expiring());

    let mut session = noticed();
    let refusal = Err(invalid_grant());
    assert!(refresh(&mut session, &refusal, EXPIRING).0.is_err());
    let ended = session.notice(NOW + LIFE, MARGIN).unwrap();
    assert_eq!(ended.to, State::NeedsLogin);
    assert!(!ended.is_expiring());

    let mut session = noticed();
    drop(sent(&mut session));
    let refreshing = session.notice(EXPIRING, MARGIN).unwrap();
    assert!(!refreshing.is_expiring());
}

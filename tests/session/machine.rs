//! The session as a state machine: every state, and what every event does in it.

use std::collections::BTreeSet;

use esi_security::oauth::revocation::TokenTypeHint;
use esi_security::session::machine::{EMPTY, Reason, Session, State};
use esi_security::session::refresh::{Others, Refresh, Step};
use esi_security::session::token_set::MARGIN;
use esi_security::{ErrorKind, Phase};

use crate::helpers::{
    Answer, JITTER, LIFE, NOW, PHASE, access, garbled, invalid_grant, network, refresh,
    refresh_token, renew, response, send, sent, signed_in, superseded, update, without_expiry,
};

#[test]
fn each_state_has_the_name_that_javascript_sees() {
    for (state, name) in [
        (State::SignedOut, "signed-out"),
        (State::Active, "active"),
        (State::Expiring, "expiring"),
        (State::Refreshing, "refreshing"),
        (State::Offline, "offline"),
        (State::NeedsLogin, "needs-login"),
    ] {
        assert_eq!(state.as_str(), name);
    }
}

#[test]
fn a_new_session_is_signed_out() {
    let mut session = Session::default();
    assert_eq!(session.state(NOW, MARGIN), State::SignedOut);
    assert_eq!(session.tokens(), None);
    assert_eq!(session.access(), None);
    assert_eq!(session.usable(NOW, 0), None);
    assert_eq!(session.lineage(), None);
    let phase = Phase::Refresh;
    assert_eq!(
        *Refresh::begin(&mut session, false).unwrap_err(),
        ErrorKind::NoToken { phase }
    );
    let phase = Phase::Revoke;
    assert_eq!(session.sign_out(), Err(ErrorKind::NoToken { phase }.into()));
    assert_eq!(session.state(NOW, MARGIN), State::SignedOut);
    assert_eq!(session.take_message(), None);
}

#[test]
fn every_state_and_reason_has_a_name_of_its_own() {
    let states: BTreeSet<&str> = State::ALL.iter().map(|state| state.as_str()).collect();
    assert_eq!(states.len(), 6);
    let reasons = [
        (Reason::Storage, "storage"),
        (Reason::Login, "login"),
        (Reason::Update, "update"),
        (Reason::Refresh, "refresh"),
        (Reason::HandOver, "hand-over"),
        (Reason::Failure, "failure"),
        (Reason::Ended, "ended"),
        (Reason::Revoked, "revoked"),
        (Reason::Time, "time"),
    ];
    for (reason, name) in reasons {
        assert_eq!(reason.as_str(), name);
    }
}

/// The margin is the page's choice, but never more than half of a token's life.
#[test]
fn a_wider_margin_makes_it_expiring_sooner() {
    let session = signed_in();
    for (margin, left, state) in [
        (300, 301, State::Active),
        (300, 300, State::Expiring),
        (0, 1, State::Active),
        (0, 0, State::Expiring),
        (10_000, LIFE / 2 + 1, State::Active),
        (10_000, LIFE / 2, State::Expiring),
    ] {
        let now = NOW + LIFE - left;
        assert_eq!(session.state(now, margin), state, "{margin} {left}");
        let comfortable = session.comfortable(now, margin).is_some();
        assert_eq!(comfortable, state == State::Active, "{margin} {left}");
    }
}

#[test]
fn time_alone_leads_from_active_to_expiring() {
    let session = signed_in();
    let end = NOW + LIFE;
    for (now, state) in [
        (NOW, State::Active),
        (end - MARGIN - 1, State::Active),
        (end - MARGIN, State::Expiring),
        (end, State::Expiring),
        (end + 1_000_000, State::Expiring),
        (i64::MAX, State::Expiring),
        // The clock was set back.
        (i64::MIN, State::Expiring),
    ] {
        assert_eq!(
            session.state(now, MARGIN),
            state,
            "{}",
            now.saturating_sub(end)
        );
    }
}

/// A login without a scope: nothing to refresh with.
#[test]
fn without_a_refresh_token_it_leads_to_needs_login() {
    let mut session = Session::default();
    session.sign_in(response("access", None), NOW);
    let end = NOW + LIFE;
    for (now, state) in [
        (NOW, State::Active),
        (end - MARGIN, State::Expiring),
        (end - 1, State::Expiring),
        (end, State::NeedsLogin),
    ] {
        assert_eq!(session.state(now, MARGIN), state, "{}", now - end);
    }
    let phase = Phase::Refresh;
    assert_eq!(
        *Refresh::begin(&mut session, false).unwrap_err(),
        ErrorKind::NeedsLogin { phase }
    );
    assert_eq!(session.state(NOW, MARGIN), State::Active);
}

#[test]
fn a_refresh_token_alone_is_enough_to_start() {
    let mut session = Session::default();
    update(
        &mut session,
        r#"{"access_token":"","expires_in":-1,"refresh_token":"kept"}"#,
    );
    assert_eq!(session.state(NOW, MARGIN), State::Expiring);
    assert_eq!(session.access(), None);
    let mut refresh = Refresh::begin(&mut session, false).unwrap();
    let step = refresh.start(&mut session, Others::Behind, NOW);
    assert_eq!(step, send("kept"));
}

#[test]
fn a_token_of_unknown_life_is_refreshed_where_it_can_be() {
    let mut session = Session::default();
    session.sign_in(without_expiry("access", Some("refresh")), NOW);
    assert_eq!(session.state(NOW, MARGIN), State::Expiring);
    assert_eq!(session.usable(NOW, 0), None);

    // Else it is all there is.
    session.sign_in(without_expiry("access", None), NOW);
    assert_eq!(session.state(NOW, MARGIN), State::Active);
    assert_eq!(session.state(i64::MAX, MARGIN), State::Active);
    let usable = session.usable(NOW, MARGIN).unwrap();
    assert_eq!(usable.token.expose(), "access");
}

#[test]
fn a_token_is_usable_until_the_offset_before_its_end() {
    let session = signed_in();
    let end = NOW + LIFE;
    for (now, offset, usable) in [
        (NOW, 0, true),
        (end - 1, 0, true),
        (end, 0, false),
        (end - MARGIN - 1, MARGIN, true),
        (end - MARGIN, MARGIN, false),
        (end + 5, -6, true),
    ] {
        let found = session.usable(now, offset).is_some();
        assert_eq!(found, usable, "{} {offset}", now - end);
    }
}

#[test]
fn the_old_refresh_token_stays_where_none_is_returned() {
    let mut session = signed_in();
    renew(&mut session, "access-2", None);
    assert_eq!(access(&session), Some("access-2"));
    assert_eq!(refresh_token(&session), Some("refresh"));

    update(
        &mut session,
        r#"{"access_token":"access-3","refresh_token":null}"#,
    );
    assert_eq!(access(&session), Some("access-3"));
    assert_eq!(refresh_token(&session), Some("refresh"));
}

/// It may be another character's.
#[test]
fn a_login_never_inherits_the_refresh_token_from_before() {
    let mut session = signed_in();
    session.sign_in(response("access-2", None), NOW);
    assert_eq!(access(&session), Some("access-2"));
    assert_eq!(refresh_token(&session), None);
    assert!(!session.to_row().unwrap().contains("refresh"));
}

#[test]
fn signing_out_hands_over_the_refresh_token_first() {
    let mut session = signed_in();
    let (token, hint) = session.sign_out().unwrap();
    assert_eq!(
        (token.expose(), hint),
        ("refresh", TokenTypeHint::RefreshToken)
    );
    assert_eq!(session.state(NOW, MARGIN), State::SignedOut);
    assert_eq!(session.tokens(), None);

    session.sign_in(response("access", None), NOW);
    let (token, hint) = session.sign_out().unwrap();
    assert_eq!(
        (token.expose(), hint),
        ("access", TokenTypeHint::AccessToken)
    );
    assert_eq!(session.tokens(), None);
}

#[test]
fn a_session_that_the_server_ended_leaves_nothing_to_revoke() {
    let mut session = Session::default();
    update(&mut session, r#"{"refresh_token":"refresh"}"#);
    refresh(&mut session, &Err(invalid_grant()), NOW)
        .0
        .unwrap_err();
    assert_eq!(session.state(NOW, MARGIN), State::NeedsLogin);
    let phase = Phase::Revoke;
    assert_eq!(session.sign_out(), Err(ErrorKind::NoToken { phase }.into()));
    assert_eq!(session.state(NOW, MARGIN), State::SignedOut);
}

#[test]
fn an_update_replaces_what_was_there() {
    let mut session = signed_in();
    update(
        &mut session,
        r#"{"access_token":"new","expires_in":300,"refresh_token":"new-refresh"}"#,
    );
    assert_eq!(access(&session), Some("new"));
    assert_eq!(refresh_token(&session), Some("new-refresh"));
    assert_eq!(session.access().unwrap().expires_at, Some(NOW + 300));
    update(&mut session, r#"{"refresh_token":"newer"}"#);
    assert_eq!(access(&session), None);
    assert_eq!(refresh_token(&session), Some("newer"));
}

#[test]
fn nothing_secret_is_printed() {
    let mut session = signed_in();
    let refresh = sent(&mut session);
    let printed = format!("{session:?} {refresh:?} {:?}", send("refresh"));
    assert!(
        !printed.contains("\"access\"") && !printed.contains("\"refresh\""),
        "{printed}"
    );
    assert!(printed.contains("[redacted]"));
}

#[test]
fn a_row_of_another_page_is_taken_over() {
    let mut other = signed_in();
    renew(&mut other, "access-2", Some("refresh-2"));

    let mut session = signed_in();
    let before = session.to_row();
    let mut stale = sent(&mut session);
    session.reload(other.to_row().as_deref());
    assert_eq!(session.to_row(), other.to_row());
    assert_eq!(session.reason(), Reason::HandOver);
    // The answer to the question with the older token is no news.
    let step = stale.answered(&mut session, Err(invalid_grant()), NOW, JITTER);
    assert_eq!(
        step,
        Step::Done(Ok(response("access-2", Some("refresh-2"))))
    );
    assert_eq!(session.to_row(), other.to_row());

    let before = before.unwrap();
    for useless in [EMPTY, "[]", "null", "{", r#"{"access":5}"#, &before] {
        session.reload(Some(useless));
        assert_eq!(session.to_row(), other.to_row(), "{useless}");
    }
}

#[test]
fn a_row_that_says_the_same_is_no_news() {
    let mut session = signed_in();
    let (row, generation, epoch) = (session.to_row(), session.generation(), session.epoch());
    let mut under_way = sent(&mut session);
    session.reload(row.as_deref());
    assert_eq!((session.generation(), session.epoch()), (generation, epoch));
    assert_eq!(session.state(NOW, MARGIN), State::Refreshing);
    let answer = Ok(response("access-2", Some("refresh-2")));
    let step = under_way.answered(&mut session, answer, NOW, JITTER);
    assert!(matches!(step, Step::Done(Ok(_))), "{step:?}");
    assert_eq!(refresh_token(&session), Some("refresh-2"));
}

/// How often another grant was renewed says nothing about this one.
#[test]
fn a_row_of_another_grant_is_taken_over_however_new() {
    let mut session = signed_in();
    renew(&mut session, "access-2", Some("refresh-2"));
    let mut other = Session::default();
    other.sign_in(response("theirs", Some("another")), NOW);
    session.reload(other.to_row().as_deref());
    assert_eq!(session.to_row(), other.to_row());
    assert_eq!(session.reason(), Reason::Storage);
}

#[test]
fn a_row_that_another_page_has_taken_away_signs_out() {
    let answers: [Answer; 3] = [
        Ok(response("access-2", Some("refresh-2"))),
        Err(garbled(Some("refresh-2"))),
        Err(network(PHASE)),
    ];
    for answer in answers {
        let mut session = signed_in();
        let mut refresh = sent(&mut session);
        session.reload(None);
        assert_eq!(session.state(NOW, MARGIN), State::SignedOut);
        let step = refresh.answered(&mut session, answer, NOW, JITTER);
        assert_eq!(step, superseded());
        assert_eq!(session.tokens(), None);
    }
}

#[test]
fn only_a_refresh_of_ours_leaves_the_tokens_those_of_the_same_login() {
    let mut session = signed_in();
    let before = session.epoch();
    for answer in [
        Ok(response("newer", Some("rotated"))),
        Err(network(PHASE)),
        Err(garbled(Some("rotated again"))),
        Err(invalid_grant()),
    ] {
        let (given, _) = refresh(&mut session, &answer, NOW);
        assert_eq!(given.is_ok(), answer.is_ok());
    }
    assert_eq!(session.epoch(), before);
    let row = session.to_row().unwrap();
    let changes: [&dyn Fn(&mut Session); 5] = [
        &|session| session.sign_in(response("another", None), NOW),
        &|session| update(session, r#"{"access_token":"x","expires_in":1}"#),
        &|session| session.reload(Some(&row)),
        &|session| session.reload(None),
        &|session| {
            session.sign_in(response("another", None), NOW);
            session.sign_out().unwrap();
        },
    ];
    for change in changes {
        let before = session.epoch();
        change(&mut session);
        assert_ne!(session.epoch(), before);
    }
}

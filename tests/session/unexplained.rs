//! A refresh token that is refused without a reason: a 400 with an empty body, or with a page in place of an
//! OAuth error. Some servers answer so when it is dead, and so may a gateway that has a bad moment.

use esi_security::oauth::token_response::Unusable;
use esi_security::session::handover::Message;
use esi_security::session::machine::{Reason, Session, State};
use esi_security::session::refresh::{Others, Refresh, Step};
use esi_security::session::token_set::MARGIN;
use esi_security::{Error, ErrorKind, Phase};

use crate::helpers::{
    JITTER, LIFE, NOW, PHASE, busy, copy, garbled, http, network, oauth, refresh, refresh_token,
    renew, response, sent, signed_in, superseded, timeout, update,
};

const EXPIRED: i64 = NOW + LIFE;

/// Refused at `now`; when it is tried again.
fn refuse(session: &mut Session, now: i64) -> Option<i64> {
    let refused = refresh(session, &Err(http(400)), now).0;
    assert_eq!(refused, Err(http(400).error));
    session.wakes_at(now, MARGIN)
}

/// Refused so often, each time when the pause after the last one is over; and when that was.
fn refused(session: &mut Session, times: u32) -> i64 {
    let (mut now, mut next) = (EXPIRED, Some(EXPIRED));
    for _ in 0..times {
        now = next.unwrap();
        next = refuse(session, now);
    }
    now
}

fn needs_login() -> Error {
    ErrorKind::NeedsLogin { phase: PHASE }.into()
}

#[test]
fn three_in_a_row_with_a_pause_between_ask_for_a_login_and_keep_the_record() {
    let mut session = signed_in();
    let record = session.to_row();
    assert_eq!(refuse(&mut session, EXPIRED), Some(EXPIRED + 2));
    assert_eq!(session.state(EXPIRED, MARGIN), State::Offline);
    assert_eq!(refuse(&mut session, EXPIRED + 2), Some(EXPIRED + 6));
    assert_eq!(session.state(EXPIRED + 2, MARGIN), State::Offline);
    assert_eq!(session.put_off(EXPIRED + 6, true), None);
    assert!(session.is_renewable());
    // It is not tried again by itself.
    assert_eq!(refuse(&mut session, EXPIRED + 6), None);
    let now = EXPIRED + 6;
    assert_eq!(
        session.standing(now, MARGIN),
        (State::NeedsLogin, Reason::Ended)
    );
    assert_eq!(session.to_row(), record);
    assert!(!session.is_renewable());
    // Nor by whoever only wants a token.
    for later in [now, now + 9999] {
        assert_eq!(session.put_off(later, true), Some(needs_login()));
        assert_eq!(session.put_off(later, false), None);
    }
}

/// Another tab may hold newer tokens, and this one's be dead for that.
#[test]
fn the_other_tabs_are_asked_before_the_last_one_is_believed() {
    let mut session = signed_in();
    let now = refused(&mut session, 2) + 4;
    let mut other = copy(&session);
    renew(&mut other, "theirs", Some("rotated"));

    let mut refresh = sent(&mut session);
    let step = refresh.answered(&mut session, Err(http(400)), now, JITTER);
    assert_eq!(step, Step::Ask(Others::Unknown));
    assert_eq!(session.state(now, MARGIN), State::Refreshing);
    let tokens = other.tokens().unwrap().clone();
    session.receive(Message::Tokens(tokens));
    let step = refresh.asked(&mut session, NOW, JITTER);
    assert_eq!(step, Step::Done(Ok(response("theirs", Some("rotated")))));
    assert_eq!(session.state(NOW, MARGIN), State::Active);
}

/// Three calls in a moment may meet one short trouble.
#[test]
fn one_that_comes_before_the_pause_is_over_does_not_count() {
    let mut session = signed_in();
    for _ in 0..10 {
        refuse(&mut session, EXPIRED);
        assert_eq!(session.state(EXPIRED, MARGIN), State::Offline);
    }
    let now = session.wakes_at(EXPIRED, MARGIN).unwrap();
    let now = refuse(&mut session, now).unwrap();
    assert_eq!(session.state(now, MARGIN), State::Offline);
    assert_eq!(refuse(&mut session, now), None);
    // A network that is back ends the pause.
    let mut session = signed_in();
    for state in [State::Offline, State::Offline, State::NeedsLogin] {
        refuse(&mut session, EXPIRED);
        assert_eq!(session.state(EXPIRED, MARGIN), state);
        session.reconnect(EXPIRED);
    }
}

#[test]
fn any_other_answer_in_between_begins_the_count_anew() {
    for answer in [
        http(500),
        http(401),
        busy(429, None),
        oauth(400, "invalid_request"),
        oauth(400, "invalid_token"),
        garbled(None),
        garbled(Some("rotated")),
    ] {
        let mut session = signed_in();
        let mut now = refused(&mut session, 2) + 400;
        // One that is in doubt is followed by a second, of another kind.
        let mut between = Refresh::begin(&mut session, false).unwrap();
        between.start(&mut session, Others::Behind, now);
        let step = between.answered(&mut session, Err(answer.clone()), now, JITTER);
        if matches!(step, Step::Ask(_)) {
            between.asked(&mut session, now, JITTER);
            between.answered(&mut session, Err(http(500)), now, JITTER);
        }
        for state in [State::Offline, State::Offline, State::NeedsLogin] {
            now += 400;
            refuse(&mut session, now);
            assert_eq!(session.state(now, MARGIN), state, "{answer:?}");
        }
    }
    let mut session = signed_in();
    refused(&mut session, 2);
    renew(&mut session, "newer", None);
    refuse(&mut session, EXPIRED);
    assert_eq!(session.state(EXPIRED, MARGIN), State::Offline);
}

/// What got no answer, or another endpoint's, says nothing about the refresh token.
#[test]
fn what_is_no_answer_changes_nothing() {
    let of_metadata = |status| {
        let phase = Phase::Metadata;
        let error = ErrorKind::Http {
            phase,
            status,
            is_oauth: false,
            error: None,
            description: None,
            retry_after: None,
        };
        Unusable::from(Error::from(error))
    };
    for failure in [
        network(PHASE),
        timeout(PHASE),
        of_metadata(400),
        of_metadata(500),
    ] {
        let mut session = signed_in();
        let now = refused(&mut session, 2) + 400;
        refresh(&mut session, &Err(failure.clone()), now)
            .0
            .unwrap_err();
        assert_eq!(session.state(now, MARGIN), State::Offline, "{failure:?}");
        refuse(&mut session, now + 400);
        assert_eq!(
            session.state(now + 400, MARGIN),
            State::NeedsLogin,
            "{failure:?}"
        );
    }
    let mut session = signed_in();
    for time in 0..9 {
        let now = EXPIRED + 400 * time;
        refresh(&mut session, &Err(of_metadata(400)), now)
            .0
            .unwrap_err();
        assert_eq!(session.state(now, MARGIN), State::Offline);
    }
}

/// The page that asks for fewer scopes may be refused for that.
#[test]
fn a_refresh_for_fewer_scopes_does_not_count() {
    let mut session = signed_in();
    for time in 0..9 {
        let now = EXPIRED + 400 * time;
        let mut narrowed = Refresh::begin(&mut session, true).unwrap();
        narrowed.start(&mut session, Others::Behind, now);
        let step = narrowed.answered(&mut session, Err(http(400)), now, JITTER);
        assert_eq!(step, Step::Done(Err(http(400).error)));
        assert_eq!(session.state(now, MARGIN), State::Expiring);
    }
}

/// The access token stays good until it expires.
#[test]
fn while_the_access_token_lives_nobody_is_asked_to_log_in() {
    let mut session = signed_in();
    let early = EXPIRED - 30;
    for now in [early, early + 2, early + 6] {
        refuse(&mut session, now);
    }
    assert_eq!(session.state(early + 6, MARGIN), State::Expiring);
    assert_eq!(session.wakes_at(early + 6, MARGIN), Some(EXPIRED));
    assert!(session.usable(early + 6, 0).is_some());
    assert_eq!(session.state(EXPIRED, MARGIN), State::NeedsLogin);
}

#[test]
fn a_call_to_refresh_tries_once_more_and_what_it_brings_ends_the_trouble() {
    let mut session = signed_in();
    let now = refused(&mut session, 3);
    assert_eq!(refuse(&mut session, now + 60), None);
    assert_eq!(session.state(now + 60, MARGIN), State::NeedsLogin);
    refresh(&mut session, &Err(network(PHASE)), now + 60)
        .0
        .unwrap_err();
    assert_eq!(session.state(now + 60, MARGIN), State::NeedsLogin);
    // A server that says something else is in other trouble.
    refresh(&mut session, &Err(http(503)), now + 60)
        .0
        .unwrap_err();
    assert_eq!(session.state(now + 60, MARGIN), State::Offline);

    let mut session = signed_in();
    let now = refused(&mut session, 3);
    let answer = Ok(response("newer", None));
    refresh(&mut session, &answer, now).0.unwrap();
    assert_eq!(session.state(now, MARGIN), State::Active);
    assert_eq!(refresh_token(&session), Some("refresh"));
}

/// The count is not stored: a page that is loaded anew tries again.
#[test]
fn a_reload_begins_the_count_anew() {
    let mut session = signed_in();
    let now = refused(&mut session, 3);
    let mut reloaded = copy(&session);
    assert_eq!(reloaded.state(now, MARGIN), State::Expiring);
    assert_eq!(reloaded.wakes_at(now, MARGIN), Some(now));
    assert!(refuse(&mut reloaded, now).is_some());
    // So do tokens that the page brings.
    update(&mut session, r#"{"refresh_token":"refresh"}"#);
    assert_eq!(session.state(now, MARGIN), State::Expiring);
}

/// Each tab counts what the others met with, so that ten of them do not send thirty requests; but the last one is to be
/// its own, so that no message can end a session.
#[test]
fn the_other_tabs_count_too_but_believe_only_their_own() {
    let (mut one, mut two) = (signed_in(), signed_in());
    let mut now = EXPIRED;
    for _ in 0..3 {
        now = refuse(&mut one, now).unwrap_or(now);
        let message = one.take_message().unwrap();
        let json = message.to_json();
        assert_eq!(Message::parse(&json), Some(message.clone()));
        two.receive(message);
        assert_eq!(two.state(now, MARGIN), State::Offline);
    }
    assert_eq!(one.state(now, MARGIN), State::NeedsLogin);
    let wakes_at = two.wakes_at(now, MARGIN).unwrap();
    assert_eq!(refuse(&mut two, wakes_at), None);
    assert_eq!(two.state(wakes_at, MARGIN), State::NeedsLogin);
    // However many messages come.
    let mut three = signed_in();
    refuse(&mut one, now);
    let message = one.take_message().unwrap();
    for _ in 0..99 {
        three.receive(message.clone());
        assert_eq!(three.state(now, MARGIN), State::Offline);
    }
    // What does not count in one tab does not in another.
    let (mut one, mut two) = (signed_in(), signed_in());
    for _ in 0..9 {
        refuse(&mut one, EXPIRED);
        two.receive(one.take_message().unwrap());
    }
    let now = two.wakes_at(EXPIRED, MARGIN).unwrap();
    let now = refuse(&mut two, now).unwrap();
    assert_eq!(two.state(now, MARGIN), State::Offline);
}

/// The tokens were replaced while the last one was under way.
#[test]
fn a_refusal_of_what_is_not_held_any_more_does_not_count() {
    let mut session = signed_in();
    let now = refused(&mut session, 2) + 400;
    let mut late = sent(&mut session);
    session.sign_in(response("another", Some("another-refresh")), now);
    let step = late.answered(&mut session, Err(http(400)), now, JITTER);
    assert_eq!(step, superseded());
    assert_eq!(session.state(now, MARGIN), State::Active);
    assert!(session.is_renewable());
}

/// Each tab makes its own third refusal, and tells the others of it.
#[test]
fn another_tabs_failure_does_not_take_the_end_of_the_access_token_away() {
    let mut session = signed_in();
    let mut now = EXPIRED - MARGIN;
    for _ in 0..3 {
        refuse(&mut session, now);
        now += 8;
    }
    assert_eq!(session.wakes_at(now, MARGIN), Some(EXPIRED));
    let mut other = copy(&session);
    for _ in 0..3 {
        refuse(&mut other, now);
        now += 8;
    }
    session.receive(other.take_message().unwrap());
    assert_eq!(session.wakes_at(now, MARGIN), Some(EXPIRED));
    assert_eq!(
        session.standing(EXPIRED, MARGIN),
        (State::NeedsLogin, Reason::Ended)
    );
}

#[test]
fn another_tabs_other_answer_begins_the_count_anew() {
    let mut session = signed_in();
    let mut now = refused(&mut session, 2) + 400;
    let mut other = copy(&session);
    refresh(&mut other, &Err(http(503)), now).0.unwrap_err();
    session.receive(other.take_message().unwrap());
    for state in [State::Offline, State::Offline, State::NeedsLogin] {
        now += 400;
        refuse(&mut session, now);
        assert_eq!(session.state(now, MARGIN), state);
    }
}

/// A refresh for fewer scopes that is refused says nothing of the session, and cuts no pause short.
#[test]
fn a_refused_subset_of_the_scopes_cuts_no_pause_short() {
    let mut session = signed_in();
    for _ in 0..5 {
        refuse(&mut session, EXPIRED);
        let mut narrowed = Refresh::begin(&mut session, true).unwrap();
        narrowed.start(&mut session, Others::Behind, EXPIRED);
        narrowed.answered(&mut session, Err(http(400)), EXPIRED, JITTER);
        assert_eq!(session.state(EXPIRED, MARGIN), State::Offline);
    }
}

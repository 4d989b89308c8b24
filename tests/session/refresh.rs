//! One refresh, step by step: what it does after everything that may come of the step before.

use esi_security::oauth::secret::Secret;
use esi_security::oauth::token_response::Unusable;
use esi_security::session::handover::Message;
use esi_security::session::machine::{Reason, Session, State};
use esi_security::session::refresh::{MOST_FAILURES, Others, Refresh, Step};
use esi_security::session::token_set::{MARGIN, TokenSet};
use esi_security::{Error, ErrorKind, Phase};

use crate::helpers::{
    Answer, JITTER, LIFE, NOW, PHASE, access, busy, copy, garbled, http, invalid_grant,
    invalid_token, network, oauth, refresh, refresh_token, renew, response, send, sent, signed_in,
    superseded, timeout, update,
};

/// What a tab that has refreshed `session` so often hands over.
fn handed_over(session: &Session, rotations: u32) -> Message {
    let mut other = copy(session);
    for rotation in 1..=rotations {
        let (access, token) = (format!("theirs-{rotation}"), format!("rotated-{rotation}"));
        renew(&mut other, &access, Some(&token));
    }
    Message::Tokens(other.tokens().unwrap().clone())
}

fn done(access: &str, refresh: Option<&str>) -> Step {
    Step::Done(Ok(response(access, refresh)))
}

fn failed(unusable: &Unusable) -> Step {
    Step::Done(Err(unusable.error.clone()))
}

fn row_of(session: &Session) -> Option<String> {
    session.to_row()
}

#[test]
fn a_refresh_brings_new_tokens() {
    let mut session = signed_in();
    let later = NOW + LIFE;
    assert_eq!(session.state(later, MARGIN), State::Expiring);
    let mut refresh = Refresh::begin(&mut session, false).unwrap();
    assert_eq!(session.state(later, MARGIN), State::Refreshing);
    assert_eq!(session.reason(), Reason::Refresh);
    let step = refresh.start(&mut session, Others::Behind, later);
    assert_eq!(step, send("refresh"));
    // The old tokens are still there.
    assert_eq!(access(&session), Some("access"));

    let answer = response("access-2", Some("refresh-2"));
    let step = refresh.answered(&mut session, Ok(answer.clone()), later, JITTER);
    assert_eq!(step, Step::Done(Ok(answer)));
    assert_eq!(session.state(later, MARGIN), State::Active);
    assert_eq!(access(&session), Some("access-2"));
    assert_eq!(refresh_token(&session), Some("refresh-2"));
    assert_eq!(session.access().unwrap().expires_at, Some(later + LIFE));
    // The other tabs get all of it, once.
    let handed_over = Message::Tokens(session.tokens().unwrap().clone());
    assert_eq!(session.take_message(), Some(handed_over));
    assert_eq!(session.take_message(), None);
}

#[test]
fn the_others_are_asked_first_unless_nobody_can_know_more() {
    let mut session = signed_in();
    let mut refresh = Refresh::begin(&mut session, false).unwrap();
    let step = refresh.start(&mut session, Others::Unknown, NOW);
    assert_eq!(step, Step::Ask(Others::Unknown));
    assert_eq!(session.state(NOW, MARGIN), State::Refreshing);
    let step = refresh.asked(&mut session, NOW, JITTER);
    assert_eq!(step, send("refresh"));
}

/// The tab that holds newer tokens may hang. What this one holds is used up, and would end the grant.
#[test]
fn what_is_known_to_be_used_up_is_not_sent() {
    let later = NOW + LIFE;
    let mut session = signed_in();
    let mut refresh = Refresh::begin(&mut session, false).unwrap();
    let step = refresh.start(&mut session, Others::Ahead(9), later);
    assert_eq!(step, Step::Ask(Others::Ahead(9)));
    let step = refresh.asked(&mut session, later, JITTER);
    assert_eq!(step, failed(&timeout(PHASE)));
    assert_eq!(session.state(later, MARGIN), State::Offline);
    assert_eq!(refresh_token(&session), Some("refresh"));
    // It is tried again, and if the marker is gone by then, this one's are the newest.
    assert_eq!(session.wakes_at(later, MARGIN), Some(later + 2));
    let mut refresh = Refresh::begin(&mut session, false).unwrap();
    let step = refresh.start(&mut session, Others::Behind, later + 2);
    assert_eq!(step, send("refresh"));
}

/// The tab that held the newer tokens may be closed, or the marker be somebody's mischief: the session must not be offline
/// for ever, and the server is to judge.
#[test]
fn newer_tokens_that_nobody_sends_are_waited_for_a_few_times() {
    for (answer, state) in [
        (Ok(response("new", Some("rotated"))), State::Active),
        (Err(invalid_grant()), State::NeedsLogin),
    ] {
        let later = NOW + LIFE;
        let mut session = signed_in();
        for failures in 1..=MOST_FAILURES {
            let mut refresh = Refresh::begin(&mut session, false).unwrap();
            refresh.start(&mut session, Others::Ahead(9), later);
            let step = refresh.asked(&mut session, later, JITTER);
            assert_eq!(step, failed(&timeout(PHASE)));
            assert_eq!(session.failures(), failures);
        }
        let mut refresh = Refresh::begin(&mut session, false).unwrap();
        let step = refresh.start(&mut session, Others::Ahead(9), later);
        assert_eq!(step, Step::Ask(Others::Ahead(9)), "once more");
        let step = refresh.asked(&mut session, later, JITTER);
        assert_eq!(step, send("refresh"));
        if matches!(
            refresh.answered(&mut session, answer, later, JITTER),
            Step::Ask(_)
        ) {
            refresh.asked(&mut session, later, JITTER);
        }
        assert_eq!(session.state(later, MARGIN), state);
        // What the server has given is newer than what any other tab may hold.
        let version = session.lineage().unwrap().rotation;
        assert_eq!(version, if state == State::Active { 10 } else { 0 });
    }
}

/// Who waits for the lock is handed the tokens of the one who holds it.
#[test]
fn tokens_of_another_tab_are_as_good_as_an_answer() {
    for others in [Others::Behind, Others::Unknown, Others::Ahead(9)] {
        let mut session = signed_in();
        let mut refresh = Refresh::begin(&mut session, false).unwrap();
        session.receive(handed_over(&session, 1));
        let step = refresh.start(&mut session, others, NOW);
        assert_eq!(step, done("theirs-1", Some("rotated-1")));
        assert_eq!(session.state(NOW, MARGIN), State::Active);
        assert_eq!(session.reason(), Reason::HandOver);

        let mut session = signed_in();
        let mut refresh = Refresh::begin(&mut session, false).unwrap();
        refresh.start(&mut session, Others::Unknown, NOW);
        session.receive(handed_over(&session, 1));
        let step = refresh.asked(&mut session, NOW + 100, JITTER);
        let Step::Done(Ok(held)) = step else {
            panic!("{step:?}")
        };
        // As the server would send it now.
        assert_eq!(held.expires_in, Some(1100));
        assert_eq!(held.access_token.expose(), "theirs-1");
    }
}

/// All tabs may have slept for hours, and what the last one has is as useless as what this one had.
#[test]
fn tokens_of_another_tab_that_have_ended_are_refreshed_in_their_turn() {
    let mut salvaged = signed_in();
    let later = NOW + LIFE;
    refresh(&mut salvaged, &Err(garbled(Some("rotated-1"))), NOW)
        .0
        .unwrap_err();
    let mut alone = Session::default();
    update(&mut alone, r#"{"refresh_token":"refresh"}"#);
    refresh(&mut alone, &Err(garbled(Some("rotated-1"))), NOW)
        .0
        .unwrap_err();
    for message in [
        handed_over(&signed_in(), 1),
        salvaged.take_message().unwrap(),
        alone.take_message().unwrap(),
    ] {
        let mut session = signed_in();
        let mut refresh = Refresh::begin(&mut session, false).unwrap();
        refresh.start(&mut session, Others::Ahead(9), later);
        session.receive(message);
        // Somebody may have newer ones still.
        let step = refresh.asked(&mut session, later, JITTER);
        assert_eq!(step, Step::Ask(Others::Unknown));
        assert_eq!(session.state(later, MARGIN), State::Refreshing);
        let step = refresh.asked(&mut session, later, JITTER);
        assert_eq!(step, send("rotated-1"));
        let answer = Ok(response("mine", Some("rotated-2")));
        let step = refresh.answered(&mut session, answer, later, JITTER);
        assert_eq!(step, done("mine", Some("rotated-2")));
        assert_eq!(session.lineage().unwrap().rotation, 2);
    }
}

/// Theirs have all scopes.
#[test]
fn a_narrowed_refresh_begins_anew_with_the_tokens_of_another_tab() {
    let mut session = signed_in();
    let mut refresh = Refresh::begin(&mut session, true).unwrap();
    session.receive(handed_over(&session, 1));
    let step = refresh.start(&mut session, Others::Behind, NOW);
    assert_eq!(step, Step::Ask(Others::Unknown));
    // What comes late is not the newest, and every time is a new beginning.
    session.receive(handed_over(&session, 1));
    let step = refresh.asked(&mut session, NOW, JITTER);
    assert_eq!(step, Step::Ask(Others::Unknown));
    assert_eq!(session.state(NOW, MARGIN), State::Refreshing);
    let lineage = session.lineage().unwrap().clone();
    assert_eq!(lineage.rotation, 2);
    let step = refresh.asked(&mut session, NOW, JITTER);
    assert_eq!(step, send("rotated-1"));
    let answer = Ok(response("narrow", Some("rotated-2")));
    let step = refresh.answered(&mut session, answer, NOW, JITTER);
    assert_eq!(step, done("narrow", Some("rotated-2")));
    assert!(session.lineage().unwrap().is_ahead_of(&lineage));
}

/// It has ended there, and so here.
#[test]
fn a_grant_that_ended_in_another_tab_leaves_nothing_to_begin_anew_with() {
    let mut other = signed_in();
    renew(&mut other, "theirs", Some("rotated"));
    refresh(&mut other, &Err(invalid_grant()), NOW)
        .0
        .unwrap_err();
    let ended = Message::Tokens(other.tokens().unwrap().clone());
    let phase = PHASE;
    for (narrowed, now) in [(true, NOW), (false, NOW + LIFE)] {
        let mut session = signed_in();
        let mut refresh = Refresh::begin(&mut session, narrowed).unwrap();
        session.receive(ended.clone());
        let step = refresh.start(&mut session, Others::Behind, now);
        assert_eq!(
            step,
            Step::Done(Err(ErrorKind::NeedsLogin { phase }.into()))
        );
        assert_ne!(session.state(now, MARGIN), State::Refreshing);
    }
}

/// It was frozen, say, and another tab has taken the lock away.
#[test]
fn a_turn_that_is_over_before_the_token_has_left_begins_again() {
    let mut session = signed_in();
    let mut refresh = sent(&mut session);
    let step = refresh.start(&mut session, Others::Unknown, NOW);
    assert_eq!(step, Step::Ask(Others::Unknown));
    assert_eq!(session.state(NOW, MARGIN), State::Refreshing);
    assert_eq!(refresh.asked(&mut session, NOW, JITTER), send("refresh"));
    session.receive(handed_over(&session, 1));
    let step = refresh.start(&mut session, Others::Behind, NOW);
    assert_eq!(step, done("theirs-1", Some("rotated-1")));

    // What was sent once before is still sent but once more.
    for others in [Others::Behind, Others::Unknown] {
        let mut session = signed_in();
        let mut refresh = sent(&mut session);
        refresh.answered(&mut session, Err(timeout(PHASE)), NOW, JITTER);
        assert_eq!(refresh.asked(&mut session, NOW, JITTER), send("refresh"));
        let mut step = refresh.start(&mut session, others, NOW);
        if others != Others::Behind {
            assert_eq!(step, Step::Ask(others));
            step = refresh.asked(&mut session, NOW, JITTER);
        }
        assert_eq!(step, send("refresh"));
        let step = refresh.answered(&mut session, Err(timeout(PHASE)), NOW, JITTER);
        assert_eq!(step, failed(&timeout(PHASE)));
    }
}

/// A frame of this storage that took this one for dead was refused what had been used here.
#[test]
fn an_answer_outdoes_the_refusal_of_another_page() {
    let answer = response("mine", Some("rotated"));
    for answer in [Ok(answer), Err(garbled(Some("rotated")))] {
        let mut session = signed_in();
        let mut refresh = sent(&mut session);
        let mut frame = copy(&session);
        self::refresh(&mut frame, &Err(invalid_grant()), NOW)
            .0
            .unwrap_err();
        session.reload(frame.to_row().as_deref());
        assert_eq!(refresh_token(&session), None);
        refresh.answered(&mut session, answer, NOW, JITTER);
        assert_eq!(refresh_token(&session), Some("rotated"));
        assert_eq!(session.lineage().unwrap().rotation, 1);
    }
    // Not a sign-out.
    let mut session = signed_in();
    let mut refresh = sent(&mut session);
    session.reload(None);
    let answer = Ok(response("mine", Some("rotated")));
    assert_eq!(
        refresh.answered(&mut session, answer, NOW, JITTER),
        superseded()
    );
    assert_eq!(refresh_token(&session), None);
}

/// Refused, and nobody has anything newer.
#[test]
fn a_400_with_invalid_grant_ends_the_session_once_the_others_were_asked() {
    let refusal = invalid_grant();
    let mut session = signed_in();
    let mut refresh = sent(&mut session);
    let before = row_of(&session);
    let step = refresh.answered(&mut session, Err(refusal.clone()), NOW, JITTER);
    assert_eq!(step, Step::Ask(Others::Unknown));
    assert_eq!(session.state(NOW, MARGIN), State::Refreshing);
    assert_eq!(row_of(&session), before);
    let step = refresh.asked(&mut session, NOW, JITTER);
    assert_eq!(step, failed(&refusal));

    assert_eq!(session.reason(), Reason::Ended);
    assert_eq!(refresh_token(&session), None);
    // The access token is good until it expires.
    assert_eq!(access(&session), Some("access"));
    assert_eq!(session.state(NOW, MARGIN), State::Active);
    assert_eq!(session.state(NOW + LIFE, MARGIN), State::NeedsLogin);
    let phase = PHASE;
    assert_eq!(
        *Refresh::begin(&mut session, false).unwrap_err(),
        ErrorKind::NeedsLogin { phase }
    );
}

/// Another tab has used the refresh token, and has its successor.
#[test]
fn a_refusal_is_not_believed_if_another_tab_has_newer_tokens() {
    for refusals in [
        vec![invalid_grant()],
        vec![invalid_token()],
        vec![invalid_token(), invalid_token()],
        vec![network(PHASE), invalid_grant()],
    ] {
        let mut session = signed_in();
        let mut refresh = sent(&mut session);
        let (last, first) = refusals.split_last().unwrap();
        for refusal in first {
            refresh.answered(&mut session, Err(refusal.clone()), NOW, JITTER);
            let step = refresh.asked(&mut session, NOW, JITTER);
            assert_eq!(step, send("refresh"));
        }
        let step = refresh.answered(&mut session, Err(last.clone()), NOW, JITTER);
        assert_eq!(step, Step::Ask(Others::Unknown));
        session.receive(handed_over(&session, 1));
        let step = refresh.asked(&mut session, NOW, JITTER);
        assert_eq!(step, done("theirs-1", Some("rotated-1")), "{refusals:?}");
        assert_eq!(session.state(NOW, MARGIN), State::Active);
    }
}

#[test]
fn invalid_token_ends_the_session_if_a_second_try_confirms_it() {
    let mut session = signed_in();
    let mut refresh = sent(&mut session);
    let step = refresh.answered(&mut session, Err(invalid_token()), NOW, JITTER);
    assert_eq!(step, Step::Ask(Others::Unknown));
    let step = refresh.asked(&mut session, NOW, JITTER);
    assert_eq!(step, send("refresh"));
    assert_eq!(session.state(NOW, MARGIN), State::Refreshing);
    let step = refresh.answered(&mut session, Err(invalid_token()), NOW, JITTER);
    assert_eq!(step, Step::Ask(Others::Unknown));
    assert_eq!(refresh_token(&session), Some("refresh"));
    let step = refresh.asked(&mut session, NOW, JITTER);
    assert_eq!(step, failed(&invalid_token()));
    assert_eq!(refresh_token(&session), None);
    assert_eq!(session.reason(), Reason::Ended);
}

/// Twice in a row, within one refresh.
#[test]
fn invalid_token_once_ends_nothing() {
    let expired = NOW + LIFE;
    for (first, second) in [
        (invalid_token(), network(PHASE)),
        (invalid_token(), http(500)),
        (invalid_token(), oauth(401, "invalid_token")),
        (network(PHASE), invalid_token()),
        (timeout(PHASE), invalid_token()),
    ] {
        let mut session = signed_in();
        for _ in 0..3 {
            let mut refresh = sent(&mut session);
            refresh.answered(&mut session, Err(first.clone()), expired, JITTER);
            let step = refresh.asked(&mut session, expired, JITTER);
            assert_eq!(step, send("refresh"));
            let step = refresh.answered(&mut session, Err(second.clone()), expired, JITTER);
            assert_eq!(step, failed(&second));
            assert_eq!(session.state(expired, MARGIN), State::Offline);
            assert_eq!(refresh_token(&session), Some("refresh"));
        }
    }
}

/// The first one may have been served, and its answer lost.
#[test]
fn an_ambiguous_failure_is_followed_by_one_second_try_and_never_more() {
    let expired = NOW + LIFE;
    for (first, second) in [
        (network(PHASE), network(PHASE)),
        (network(PHASE), timeout(PHASE)),
        (timeout(PHASE), network(PHASE)),
        (timeout(PHASE), http(503)),
        (timeout(PHASE), garbled(None)),
    ] {
        let mut session = signed_in();
        let before = row_of(&session);
        let mut refresh = sent(&mut session);
        let step = refresh.answered(&mut session, Err(first.clone()), expired, JITTER);
        assert_eq!(step, Step::Ask(Others::Unknown));
        assert_eq!(session.state(expired, MARGIN), State::Refreshing);
        let step = refresh.asked(&mut session, expired, JITTER);
        assert_eq!(step, send("refresh"));
        let step = refresh.answered(&mut session, Err(second.clone()), expired, JITTER);
        assert_eq!(step, failed(&second));
        assert_eq!(session.state(expired, MARGIN), State::Offline);
        assert_eq!(row_of(&session), before);
    }

    let mut session = signed_in();
    let mut refresh = sent(&mut session);
    refresh.answered(&mut session, Err(network(PHASE)), NOW, JITTER);
    refresh.asked(&mut session, NOW, JITTER);
    let answer = Ok(response("access-2", Some("refresh-2")));
    let step = refresh.answered(&mut session, answer, NOW, JITTER);
    assert_eq!(step, done("access-2", Some("refresh-2")));
    assert_eq!(refresh_token(&session), Some("refresh-2"));
}

#[test]
fn every_other_failure_leads_to_offline_at_once_and_leaves_the_tokens_alone() {
    let expired = NOW + LIFE;
    for failure in [
        // It never came so far that anything was sent.
        network(Phase::Metadata),
        timeout(Phase::Metadata),
        network(Phase::Keys),
        timeout(Phase::Keys),
        Error::from(ErrorKind::InvalidMetadata { reason: "" }).into(),
        http(500),
        http(502),
        http(503),
        http(429),
        busy(429, Some(30)),
        http(408),
        garbled(None),
        oauth(500, "invalid_grant"),
        oauth(429, "invalid_grant"),
        http(400),
        http(401),
        http(403),
        http(404),
        oauth(400, "invalid_client"),
        oauth(400, "invalid_scope"),
        oauth(400, "unauthorized_client"),
        oauth(401, "invalid_client"),
        oauth(401, "invalid_grant"),
        oauth(403, "invalid_grant"),
        oauth(401, "invalid_token"),
        oauth(500, "invalid_token"),
    ] {
        let mut session = signed_in();
        let before = row_of(&session);
        let text = format!("{failure:?}");
        let (result, sent) = refresh(&mut session, &Err(failure.clone()), expired);
        assert_eq!((result, sent), (Err(failure.error.clone()), 1), "{text}");
        assert_eq!(row_of(&session), before, "{text}");
        assert_eq!(session.state(expired, MARGIN), State::Offline, "{text}");
        assert_eq!(session.reason(), Reason::Failure, "{text}");
        let until = session.wakes_at(expired, MARGIN).unwrap();
        assert!(until > expired, "{text}");
        let wait = session.put_off(expired, true);
        assert_eq!(wait, Some(failure.error), "{text}");
        // Whatever failed, a living access token is one.
        assert_eq!(session.state(NOW, MARGIN), State::Active, "{text}");
        let (result, _) = refresh(&mut session, &Ok(response("a", None)), expired);
        assert!(result.is_ok(), "{text}");
        assert_eq!(session.state(expired, MARGIN), State::Active, "{text}");
    }
}

#[test]
fn offline_ends_with_the_next_tokens() {
    let expired = NOW + LIFE;
    for event in [
        |session: &mut Session| renew(session, "access-2", None),
        |session: &mut Session| update(session, r#"{"refresh_token":"r"}"#),
        |session: &mut Session| session.sign_in(response("a", None), NOW),
        |session: &mut Session| drop(session.sign_out()),
        |session: &mut Session| session.reload(None),
        |session: &mut Session| session.receive(handed_over(session, 1)),
    ] {
        let mut session = signed_in();
        refresh(&mut session, &Err(http(500)), expired)
            .0
            .unwrap_err();
        assert_eq!(session.state(expired, MARGIN), State::Offline);
        event(&mut session);
        assert_ne!(session.state(expired, MARGIN), State::Offline);
        assert_eq!(session.put_off(expired, true), None);
    }
}

/// The server has used up the one that was sent; this is the one that works from now on, here and in the
/// other tabs.
#[test]
fn a_rotated_refresh_token_is_salvaged_from_an_unusable_answer() {
    let mut session = signed_in();
    let failure = garbled(Some("rotated"));
    let (result, sent) = refresh(&mut session, &Err(failure.clone()), NOW);
    assert_eq!((result, sent), (Err(failure.error), 1));
    assert_eq!(refresh_token(&session), Some("rotated"));
    assert_eq!(access(&session), Some("access"));
    assert!(row_of(&session).unwrap().contains("rotated"));
    assert_eq!(session.state(NOW + LIFE, MARGIN), State::Offline);
    assert_eq!(session.lineage().unwrap().rotation, 1);
    let handed_over = Message::Tokens(session.tokens().unwrap().clone());
    assert_eq!(session.take_message(), Some(handed_over));
    let mut again = Refresh::begin(&mut session, false).unwrap();
    let step = again.start(&mut session, Others::Behind, NOW);
    assert_eq!(step, send("rotated"));
}

/// Every step finds out, whatever it was to do.
#[test]
fn tokens_that_came_or_went_meanwhile_win_over_any_answer() {
    type Event = fn(&mut Session);
    let events: [(&str, Event); 7] = [
        ("login", |session| {
            session.sign_in(response("mine", Some("m")), NOW);
        }),
        ("update", |session| {
            update(session, r#"{"access_token":"mine","refresh_token":"m"}"#);
        }),
        ("refresh token", |session| {
            update(session, r#"{"refresh_token":"m"}"#);
        }),
        ("sign-out", |session| drop(session.sign_out())),
        ("sign-out and login", |session| {
            drop(session.sign_out());
            session.sign_in(response("access", Some("another")), NOW);
        }),
        ("a row that is gone", |session| session.reload(None)),
        ("revoked elsewhere", |session| {
            let lineage = session.lineage().unwrap().clone();
            session.receive(Message::Revoked(lineage));
        }),
    ];
    let answers: [fn() -> Answer; 6] = [
        || Ok(response("late", Some("late"))),
        || Err(invalid_grant()),
        || Err(invalid_token()),
        || Err(network(PHASE)),
        || Err(http(401)),
        || Err(garbled(Some("late"))),
    ];
    for (name, event) in events {
        for answer in answers {
            let mut session = signed_in();
            let mut refresh = sent(&mut session);
            event(&mut session);
            let (row, state) = (row_of(&session), session.state(NOW, MARGIN));
            assert_ne!(state, State::Refreshing, "{name}");
            let answer = answer();
            let text = format!("{name}: {answer:?}");
            let step = refresh.answered(&mut session, answer, NOW, JITTER);
            assert_eq!(step, superseded(), "{text}");
            assert_eq!(row_of(&session), row, "{text}");
            assert_eq!(session.state(NOW, MARGIN), state, "{text}");
        }
        for narrowed in [false, true] {
            let mut session = signed_in();
            let mut refresh = Refresh::begin(&mut session, narrowed).unwrap();
            event(&mut session);
            let step = refresh.start(&mut session, Others::Behind, NOW);
            assert_eq!(step, superseded(), "{name}");

            let mut session = signed_in();
            let mut refresh = Refresh::begin(&mut session, narrowed).unwrap();
            refresh.start(&mut session, Others::Behind, NOW);
            refresh.answered(&mut session, Err(invalid_grant()), NOW, JITTER);
            event(&mut session);
            let row = row_of(&session);
            let step = refresh.asked(&mut session, NOW, JITTER);
            assert_eq!(step, superseded(), "{name}");
            assert_eq!(row_of(&session), row, "{name}");
        }
    }
}

/// The server has answered twice, in whatever order: what came straight from it is the newest.
#[test]
fn an_answer_is_newer_than_what_another_tab_has_handed_over_meanwhile() {
    let mut session = signed_in();
    let mut refresh = sent(&mut session);
    session.receive(handed_over(&session, 3));
    let answer = Ok(response("mine", Some("mine-too")));
    let step = refresh.answered(&mut session, answer, NOW, JITTER);
    assert_eq!(step, done("mine", Some("mine-too")));
    assert_eq!(access(&session), Some("mine"));
    assert_eq!(refresh_token(&session), Some("mine-too"));
    assert_eq!(session.lineage().unwrap().rotation, 4);
    let handed_over_in_turn = Message::Tokens(session.tokens().unwrap().clone());
    assert_eq!(session.take_message(), Some(handed_over_in_turn));

    // Even if only the refresh token can be read.
    let mut session = signed_in();
    let mut refresh = sent(&mut session);
    session.receive(handed_over(&session, 1));
    let answer = Err(garbled(Some("mine-too")));
    let step = refresh.answered(&mut session, answer, NOW, JITTER);
    assert_eq!(step, done("theirs-1", Some("mine-too")));
    assert_eq!(refresh_token(&session), Some("mine-too"));
    assert!(matches!(session.take_message(), Some(Message::Tokens(_))));
}

/// A server that replaces refresh tokens only now and then may have served this request first, and the other tab's then.
#[test]
fn an_answer_that_names_the_sent_refresh_token_again_keeps_a_newer_one() {
    let answers: [(Answer, &str); 2] = [
        (Ok(response("mine", Some("refresh"))), "mine"),
        (Err(garbled(Some("refresh"))), "theirs-1"),
    ];
    for (answer, held) in answers {
        let mut session = signed_in();
        let mut refresh = sent(&mut session);
        session.receive(handed_over(&session, 1));
        refresh.answered(&mut session, answer, NOW, JITTER);
        assert_eq!(access(&session), Some(held));
        assert_eq!(refresh_token(&session), Some("rotated-1"));
    }
}

/// The token worker has kept it, or this page was frozen: the other tabs have gone on from there.
#[test]
fn an_old_answer_is_no_news_for_who_was_handed_newer_tokens() {
    let answers: [Answer; 2] = [
        Ok(response("old", Some("rotated-1"))),
        Err(garbled(Some("rotated-1"))),
    ];
    for answer in answers {
        let mut session = signed_in();
        let mut refresh = sent(&mut session);
        session.receive(handed_over(&session, 2));
        let row = row_of(&session);
        refresh.note_replay();
        let step = refresh.answered(&mut session, answer, NOW, JITTER);
        assert_eq!(step, done("theirs-2", Some("rotated-2")));
        assert_eq!(row_of(&session), row);
        assert_eq!(session.take_message(), None);
    }
}

#[test]
fn a_failure_is_nothing_if_another_tab_has_handed_over_tokens_meanwhile() {
    for failure in [
        invalid_grant(),
        invalid_token(),
        network(PHASE),
        http(500),
        garbled(None),
    ] {
        let mut session = signed_in();
        let mut refresh = sent(&mut session);
        session.receive(handed_over(&session, 1));
        let row = row_of(&session);
        let step = refresh.answered(&mut session, Err(failure), NOW, JITTER);
        assert_eq!(step, done("theirs-1", Some("rotated-1")));
        assert_eq!(row_of(&session), row);
        assert_eq!(session.state(NOW, MARGIN), State::Active);
        assert_eq!(session.put_off(NOW, true), None);
    }
}

/// An update without a refresh token keeps the one that a refresh has just sent; its answer then brings
/// the one that has replaced it. Callers get what is held.
#[test]
fn a_superseded_answer_still_rotates_the_token_that_was_sent() {
    let answers: [Answer; 2] = [
        Ok(response("access-3", Some("rotated"))),
        Err(garbled(Some("rotated"))),
    ];
    for answer in answers {
        let mut session = signed_in();
        let mut refresh = sent(&mut session);
        update(
            &mut session,
            r#"{"access_token":"access-2","expires_in":1200}"#,
        );
        let step = refresh.answered(&mut session, answer, NOW, JITTER);
        assert_eq!(step, done("access-2", Some("rotated")));
        assert_eq!(access(&session), Some("access-2"));
        assert_eq!(refresh_token(&session), Some("rotated"));
        assert!(matches!(session.take_message(), Some(Message::Tokens(_))));
    }
    let answers: [Answer; 2] = [Ok(response("access-3", None)), Err(invalid_grant())];
    for answer in answers {
        let mut session = signed_in();
        let mut refresh = sent(&mut session);
        update(&mut session, r#"{"access_token":"access-2"}"#);
        let row = row_of(&session);
        let step = refresh.answered(&mut session, answer, NOW, JITTER);
        assert_eq!(step, superseded());
        assert_eq!(row_of(&session), row);
    }
}

#[test]
fn a_late_answer_does_not_end_a_newer_refresh() {
    let mut session = signed_in();
    let mut older = sent(&mut session);
    session.sign_in(response("access-2", Some("refresh-2")), NOW);
    let mut newer = sent(&mut session);
    let late = older.answered(&mut session, Err(network(PHASE)), NOW, JITTER);
    assert_eq!(late, superseded());
    assert_eq!(session.state(NOW, MARGIN), State::Refreshing);
    let answer = Ok(response("access-3", Some("refresh-3")));
    let step = newer.answered(&mut session, answer, NOW, JITTER);
    assert_eq!(step, done("access-3", Some("refresh-3")));
    assert_eq!(refresh_token(&session), Some("refresh-3"));
}

/// One answer to one question: one that comes again, or before anything was sent, is none.
#[test]
fn a_refresh_ends_once() {
    let answers: [Answer; 3] = [
        Ok(response("access-2", Some("refresh-2"))),
        Err(invalid_grant()),
        Err(garbled(Some("rotated"))),
    ];
    for answer in answers {
        let mut session = signed_in();
        let mut refresh = Refresh::begin(&mut session, false).unwrap();
        let row = row_of(&session);
        let step = refresh.answered(&mut session, answer.clone(), NOW, JITTER);
        assert_eq!(step, superseded());
        assert_eq!(row_of(&session), row);

        refresh.start(&mut session, Others::Behind, NOW);
        let step = refresh.answered(&mut session, answer.clone(), NOW, JITTER);
        if matches!(step, Step::Ask(_)) {
            refresh.asked(&mut session, NOW, JITTER);
        }
        let row = row_of(&session);
        let again = refresh.answered(&mut session, answer, NOW, JITTER);
        assert_eq!(again, superseded());
        assert_eq!(row_of(&session), row);
    }
}

/// Whoever drives it so has lost the answer.
#[test]
fn an_answer_that_is_not_waited_for_is_a_failure() {
    let mut session = signed_in();
    let mut refresh = sent(&mut session);
    let step = refresh.asked(&mut session, NOW + LIFE, JITTER);
    assert_eq!(step, superseded());
    assert_eq!(session.state(NOW + LIFE, MARGIN), State::Offline);
    assert_eq!(refresh_token(&session), Some("refresh"));
}

/// Where the server does not rotate, and the grant of one tab is as good as that of another.
#[test]
fn a_refresh_token_that_stays_is_handed_over_with_the_new_access_token() {
    let mut session = signed_in();
    let mut other = copy(&session);
    renew(&mut other, "theirs", None);
    session.receive(other.take_message().unwrap());
    assert_eq!(session.tokens(), other.tokens());
    assert_eq!(refresh_token(&session), Some("refresh"));
    let begun = TokenSet::begin(Secret::new("refresh"));
    assert!(session.tokens().unwrap().is_ahead_of(&begun));
}

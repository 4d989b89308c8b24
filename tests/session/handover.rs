//! What the tabs of one grant tell each other, and what each makes of it.

use esi_security::oauth::secret::Secret;
use esi_security::oauth::token_response::Unusable;
use esi_security::session::backoff::{CALLERS_WAIT, LONGEST, LONGEST_DEMAND};
use esi_security::session::handover::{Failure, Message};
use esi_security::session::lineage::{LARGEST_STEP, Lineage};
use esi_security::session::machine::{Reason, Session, State};
use esi_security::session::refresh::{Others, Refresh, Step};
use esi_security::session::token_set::{AccessToken, MARGIN, TokenSet};

use crate::helpers::{
    JITTER, LIFE, NOW, PHASE, busy, copy, garbled, http, invalid_grant, network, oauth, refresh,
    refresh_token, renew, response, send, sent, signed_in, timeout, update,
};

fn tokens(session: &Session) -> Message {
    Message::Tokens(session.tokens().unwrap().clone())
}

fn lineage(session: &Session) -> Lineage {
    session.lineage().unwrap().clone()
}

/// `session` after so many refreshes elsewhere.
fn ahead(session: &Session, rotations: u32) -> Session {
    let mut other = copy(session);
    for rotation in 1..=rotations {
        renew(&mut other, "theirs", Some(&format!("rotated-{rotation}")));
    }
    other
}

/// What a tab with these tokens tells of a refresh that failed so.
fn failure(session: &Session, failure: &Unusable) -> Message {
    let mut session = copy(session);
    refresh(&mut session, &Err(failure.clone()), NOW)
        .0
        .unwrap_err();
    session.take_message().unwrap()
}

fn another() -> Session {
    let mut session = Session::default();
    session.sign_in(response("another", Some("another-refresh")), NOW);
    session
}

#[test]
fn a_message_arrives_as_it_was_sent() {
    let session = ahead(&signed_in(), 2);
    let mut odd = Session::default();
    update(&mut odd, r#"{"refresh_token":"r+/=\"\u0000漢"}"#);
    for message in [
        Message::Ask(lineage(&session)),
        Message::Revoked(lineage(&session)),
        failure(&session, &http(503)),
        failure(&session, &busy(429, Some(30))),
        failure(&session, &network(PHASE)),
        tokens(&session),
        tokens(&odd),
        Message::Tokens(TokenSet::default()),
    ] {
        let json = message.to_json();
        assert_eq!(Message::parse(&json), Some(message), "{json}");
    }
}

/// Tabs with an older or newer version of this library read it too.
#[test]
fn every_message_is_written_as_it_always_was() {
    let lineage = || Lineage {
        grant: "g".into(),
        rotation: 7,
    };
    let failure = |status, retry_after| Failure {
        lineage: lineage(),
        status,
        retry_after,
        is_unexplained: false,
        since: NOW,
        until: NOW + 1,
    };
    let access = AccessToken {
        token: Secret::new("a"),
        token_type: "Bearer".into(),
        received_at: 1,
        expires_at: Some(2),
        clock_skew: -3,
    };
    let tokens = TokenSet {
        access: Some(access),
        refresh_token: Some(Secret::new("r")),
        lineage: Some(lineage()),
    };
    let of = r#"{"grant":"g","rotation":7}"#;
    let times = format!(r#""since":{NOW},"until":{}"#, NOW + 1);
    for (message, json) in [
        (Message::Ask(lineage()), format!(r#"{{"ask":{of}}}"#)),
        (
            Message::Revoked(lineage()),
            format!(r#"{{"revoked":{of}}}"#),
        ),
        (
            Message::Failed(failure(Some(503), Some(4))),
            format!(r#"{{"failed":{{"lineage":{of},"status":503,"retry_after":4,{times}}}}}"#),
        ),
        (
            Message::Failed(failure(None, None)),
            format!(r#"{{"failed":{{"lineage":{of},{times}}}}}"#),
        ),
        (
            Message::Tokens(TokenSet::default()),
            r#"{"tokens":{}}"#.into(),
        ),
        (
            Message::Tokens(tokens),
            format!(
                r#"{{"tokens":{{"access":{{"token":"a","token_type":"Bearer","received_at":1,"expires_at":2,"clock_skew":-3}},"refresh_token":"r","lineage":{of}}}}}"#
            ),
        ),
    ] {
        assert_eq!(message.to_json(), json);
        assert_eq!(Message::parse(&json), Some(message), "{json}");
    }
}

/// Older and newer pages of the same origin, and anything else on that channel.
#[test]
fn damaged_text_is_no_message() {
    let message = tokens(&signed_in()).to_json();
    let mut texts: Vec<&str> = (0..message.len())
        .map(|length| &message[..length])
        .collect();
    texts.extend([
        "null",
        "7",
        "\"tokens\"",
        "{}",
        "[]",
        "[object Object]",
        r#"{"hello":{}}"#,
        r#"{"ask":{}}"#,
        r#"{"ask":{"grant":"g"}}"#,
        r#"{"ask":{"grant":"g","rotation":-1}}"#,
        r#"{"ask":{"grant":"g","rotation":4294967296}}"#,
        r#"{"ask":{"grant":7,"rotation":1}}"#,
        r#"{"revoked":null}"#,
        r#"{"tokens":{"access":{}}}"#,
        r#"{"tokens":{"refresh_token":"r","more":1}}"#,
        r#"{"tokens":{},"ask":{"grant":"g","rotation":1}}"#,
    ]);
    for text in texts {
        assert_eq!(Message::parse(text), None, "{text}");
    }
}

/// Its name says nothing of the refresh token either: it is a digest.
#[test]
fn nothing_secret_is_printed_and_only_tokens_are_sent() {
    let session = signed_in();
    for message in [
        Message::Ask(lineage(&session)),
        Message::Revoked(lineage(&session)),
        tokens(&session),
    ] {
        let printed = format!("{message:?}");
        let secret = printed.contains("\"access\"") || printed.contains("\"refresh\"");
        assert!(!secret, "{printed}");
        let json = message.to_json();
        let secret = json.contains("\"refresh\"") || json.contains("\"access\":\"");
        assert_eq!(secret, matches!(message, Message::Tokens(_)), "{json}");
    }
}

#[test]
fn a_question_is_answered_by_whoever_has_newer_tokens() {
    let asking = ahead(&signed_in(), 1);
    let question = Message::Ask(lineage(&asking));
    for (mut session, answers) in [
        (signed_in(), false),
        (ahead(&signed_in(), 1), false),
        (ahead(&signed_in(), 2), true),
        (ahead(&signed_in(), 5), true),
        (ahead(&another(), 5), false),
        (Session::default(), false),
    ] {
        session.take_message();
        let (row, generation) = (session.to_row(), session.generation());
        session.receive(question.clone());
        if answers {
            assert_eq!(session.take_message(), Some(tokens(&session)));
        } else {
            let told = session.take_message();
            assert!(!matches!(told, Some(Message::Tokens(_))), "{told:?}");
        }
        assert_eq!((session.to_row(), session.generation()), (row, generation));
    }
}

/// It has missed a hand-over, and whoever asks may be the only one that has its tokens.
#[test]
fn a_question_is_asked_back_by_whoever_is_behind() {
    let mut asking = ahead(&signed_in(), 2);
    let mut session = signed_in();
    session.receive(Message::Ask(lineage(&asking)));
    let back = session.take_message().unwrap();
    assert_eq!(back, Message::Ask(lineage(&session)));
    asking.take_message();
    asking.receive(back);
    let answer = asking.take_message().unwrap();
    session.receive(answer);
    assert_eq!(session.tokens(), asking.tokens());
    // And that is the end of it.
    assert_eq!(session.take_message(), None);
    let mut other = ahead(&another(), 1);
    other.take_message();
    other.receive(Message::Ask(lineage(&asking)));
    assert_eq!(other.take_message(), None);
}

#[test]
fn newer_tokens_of_the_same_grant_are_taken_over() {
    let mut session = signed_in();
    let other = ahead(&session, 2);
    session.receive(tokens(&other));
    assert_eq!(session.tokens(), other.tokens());
    assert_eq!(session.reason(), Reason::HandOver);
    assert_eq!(session.state(NOW, MARGIN), State::Active);
    // It is no news any more, and nobody is told again.
    assert_eq!(session.take_message(), None);
}

/// Messages come in any order, and another copy of this library, or mischief, may send anything.
#[test]
fn no_other_tokens_are() {
    let before = signed_in();
    let newest = ahead(&before, 3).tokens().unwrap().clone();
    let empty = TokenSet {
        access: None,
        refresh_token: None,
        ..newest.clone()
    };
    let absurd = |rotation| TokenSet {
        lineage: Some(Lineage {
            rotation,
            ..lineage(&before)
        }),
        ..newest.clone()
    };
    let mut altered = ahead(&before, 2).tokens().unwrap().clone();
    altered.refresh_token = Some(Secret::new("altered"));
    let nameless = TokenSet {
        lineage: None,
        ..altered.clone()
    };
    for message in [
        tokens(&before),
        tokens(&ahead(&before, 1)),
        Message::Tokens(altered),
        Message::Tokens(nameless),
        Message::Tokens(empty),
        Message::Tokens(absurd(2 + LARGEST_STEP + 1)),
        Message::Tokens(absurd(u32::MAX)),
        tokens(&ahead(&another(), 9)),
    ] {
        let mut session = ahead(&before, 2);
        session.take_message();
        let (row, generation) = (session.to_row(), session.generation());
        session.receive(message.clone());
        assert_eq!(session.to_row(), row, "{message:?}");
        assert_eq!(session.generation(), generation, "{message:?}");

        let mut nobody = Session::default();
        nobody.receive(message);
        assert_eq!(nobody.tokens(), None);
    }
}

/// It had sent an older refresh token, say, while the tab with the newer one was asleep.
#[test]
fn a_session_that_has_ended_lives_again_with_newer_tokens() {
    let mut session = signed_in();
    let other = ahead(&session, 1);
    refresh(&mut session, &Err(invalid_grant()), NOW)
        .0
        .unwrap_err();
    assert_eq!(refresh_token(&session), None);
    session.receive(tokens(&other));
    assert_eq!(session.tokens(), other.tokens());
}

#[test]
fn signing_out_is_told_to_the_tabs_of_the_same_grant() {
    let mut session = ahead(&signed_in(), 3);
    let mut behind = signed_in();
    let mut other = another();
    let grant = lineage(&session);
    session.sign_out().unwrap();
    let message = session.take_message().unwrap();
    assert_eq!(message, Message::Revoked(grant));

    behind.receive(message.clone());
    assert_eq!(behind.state(NOW, MARGIN), State::SignedOut);
    assert_eq!(behind.reason(), Reason::Revoked);
    assert_eq!(behind.take_message(), None);

    let row = other.to_row();
    other.receive(message);
    assert_eq!(other.to_row(), row);
}

/// There is no grant, and nobody to tell.
#[test]
fn signing_out_without_a_refresh_token_tells_nobody() {
    let mut session = Session::default();
    session.sign_in(response("access", None), NOW);
    session.sign_out().unwrap();
    assert_eq!(session.take_message(), None);
}

/// The token worker gives the same answer to each page that has the same code, and one of them may be frozen.
#[test]
fn a_login_that_another_page_has_refreshed_since_changes_nothing() {
    let mut session = ahead(&signed_in(), 1);
    let row = session.to_row();
    session.sign_in(response("access", Some("refresh")), NOW);
    assert_eq!(session.to_row(), row);

    // A server that keeps refresh tokens names the same one at each login.
    let mut session = signed_in();
    renew(&mut session, "renewed", None);
    session.sign_in(response("again", Some("refresh")), NOW);
    assert_eq!(session.access().unwrap().token.expose(), "again");
}

/// A login or an update is this tab's own affair: the others may be another character's by now.
#[test]
fn only_the_answer_to_a_refresh_is_handed_over() {
    let mut session = signed_in();
    assert_eq!(session.take_message(), None);
    update(&mut session, r#"{"access_token":"a"}"#);
    assert_eq!(session.take_message(), None);
    let row = ahead(&session, 1).to_row();
    session.reload(row.as_deref());
    assert_eq!(session.take_message(), None);
    renew(&mut session, "a", None);
    let handed_over = tokens(&session);
    assert_eq!(session.take_message(), Some(handed_over));
}

/// What was to be told of tokens that are gone is not told.
#[test]
fn a_message_is_about_the_tokens_that_are_held() {
    let mut session = signed_in();
    renew(&mut session, "a", Some("r"));
    session.sign_in(response("another", Some("another-refresh")), NOW);
    assert_eq!(session.take_message(), None);
}

/// A server in trouble is not asked by one tab after the other.
#[test]
fn a_failure_in_one_tab_puts_off_the_others_that_wait_for_their_turn() {
    let told = failure(&signed_in(), &http(503));
    for others in [Others::Behind, Others::Unknown, Others::Ahead(9)] {
        for early in [true, false] {
            let mut session = signed_in();
            let mut waiting = Refresh::begin(&mut session, false).unwrap();
            if early {
                session.receive(told.clone());
            }
            let mut step = waiting.start(&mut session, others, NOW);
            if !early {
                if others == Others::Behind {
                    continue;
                }
                assert_eq!(step, Step::Ask(others));
                session.receive(told.clone());
                step = waiting.asked(&mut session, NOW, JITTER);
            }
            assert_eq!(step, Step::Done(Err(http(503).error)));
            let expired = NOW + LIFE;
            assert_eq!(session.state(expired, MARGIN), State::Offline);
            assert_eq!(session.reason(), Reason::Failure);
            assert_eq!(session.take_message(), None);
        }
    }
}

#[test]
fn who_asks_after_a_failure_in_another_tab_may_try() {
    let mut session = signed_in();
    session.receive(failure(&signed_in(), &http(503)));
    assert_eq!(session.put_off(NOW, true), Some(http(503).error));
    assert_eq!(session.put_off(NOW, false), None);
    let (result, sent) = refresh(&mut session, &Ok(response("a", None)), NOW);
    assert_eq!((result.is_ok(), sent), (true, 1));
    assert_eq!(session.put_off(NOW, true), None);
}

/// What was sent is waited for, whatever another tab has met with.
#[test]
fn a_failure_in_another_tab_does_not_end_what_was_sent() {
    let mut session = signed_in();
    let mut under_way = sent(&mut session);
    session.receive(failure(&signed_in(), &http(503)));
    assert_eq!(session.state(NOW, MARGIN), State::Refreshing);
    let answer = Err(timeout(PHASE));
    let step = under_way.answered(&mut session, answer, NOW, JITTER);
    assert_eq!(step, Step::Ask(Others::Unknown));
    assert_eq!(under_way.asked(&mut session, NOW, JITTER), send("refresh"));
    let answer = Ok(response("new", Some("rotated")));
    let step = under_way.answered(&mut session, answer, NOW, JITTER);
    assert!(matches!(step, Step::Done(Ok(_))), "{step:?}");
    assert_eq!(refresh_token(&session), Some("rotated"));
}

#[test]
fn what_the_server_demands_of_one_tab_binds_all() {
    let demanded = busy(429, Some(30));
    let mut session = signed_in();
    session.receive(failure(&signed_in(), &demanded));
    for patient in [true, false] {
        let put_off = session.put_off(NOW + 29, patient);
        assert_eq!(put_off, Some(demanded.error.clone()));
        assert_eq!(session.put_off(NOW + 30, patient), None);
    }
}

#[test]
fn a_tab_that_was_told_of_a_failure_says_what_it_was() {
    let mut session = signed_in();
    session.receive(failure(
        &signed_in(),
        &oauth(503, "temporarily_unavailable"),
    ));
    assert_eq!(session.put_off(NOW, true), Some(http(503).error));
    let mut session = signed_in();
    session.receive(failure(&signed_in(), &network(PHASE)));
    let error = session.put_off(NOW, true).unwrap();
    assert_eq!(
        (error.code(), error.phase(), error.retryable()),
        ("network_error", PHASE, true)
    );
}

/// Each failure makes the next wait longer, in whichever tab it was.
#[test]
fn failures_of_all_tabs_count() {
    let mut session = signed_in();
    session.receive(failure(&signed_in(), &http(503)));
    refresh(&mut session, &Err(http(503)), NOW).0.unwrap_err();
    let expired = NOW + LIFE;
    assert_eq!(session.wakes_at(expired, MARGIN), Some(NOW + 4));
}

#[test]
fn a_failure_of_older_tokens_is_answered_and_of_newer_ones_asked_about() {
    let old = failure(&signed_in(), &http(503));
    let mut session = ahead(&signed_in(), 1);
    session.receive(old);
    assert_eq!(session.take_message(), Some(tokens(&session)));
    assert_eq!(session.put_off(NOW, true), None);

    let new = failure(&ahead(&signed_in(), 1), &http(503));
    let mut session = signed_in();
    session.receive(new);
    let question = Message::Ask(lineage(&session));
    assert_eq!(session.take_message(), Some(question));
    assert_eq!(session.put_off(NOW, true), Some(http(503).error));
}

#[test]
fn a_failure_of_another_grant_is_no_news() {
    for mut session in [another(), Session::default()] {
        let reason = session.reason();
        session.receive(failure(&signed_in(), &http(503)));
        assert_eq!(session.put_off(NOW, true), None);
        assert_eq!(session.reason(), reason);
    }
}

/// They matter more than the news of a failure, which came in the same answer.
#[test]
fn tokens_are_handed_over_although_the_answer_was_a_failure() {
    let mut session = signed_in();
    let answer = Err(garbled(Some("rotated")));
    refresh(&mut session, &answer, NOW).0.unwrap_err();
    assert_eq!(session.take_message(), Some(tokens(&session)));
}

/// What has failed there may be that tab's own trouble, which must not keep the others from trying.
#[test]
fn a_tab_that_was_told_of_a_failure_tries_before_the_one_that_has_failed() {
    let expired = NOW + LIFE;
    let (mut failed, mut told) = (signed_in(), signed_in());
    for wait in [2, 4, 8, 16, 32, 64, 128, 256] {
        refresh(&mut failed, &Err(network(PHASE)), NOW)
            .0
            .unwrap_err();
        told.receive(failed.take_message().unwrap());
        assert_eq!(failed.wakes_at(expired, MARGIN), Some(NOW + wait));
        assert_eq!(told.wakes_at(expired, MARGIN), Some(NOW + wait / 2));
        for patient in [true, false] {
            let soon = NOW + CALLERS_WAIT / 2;
            assert_eq!(told.put_off(soon, patient), None);
        }
        assert!(failed.put_off(NOW + 1, true).is_some());
    }
}

/// It is from another tab, and that may be of any mind.
#[test]
fn no_tab_can_put_off_another_for_longer_than_it_would_wait_itself() {
    let expired = NOW + LIFE;
    let lineage = lineage(&signed_in());
    for (retry_after, until, latest) in [
        (None, i64::MAX, LONGEST / 2),
        (None, i64::MIN, 0),
        (Some(u32::MAX), i64::MAX, LONGEST_DEMAND),
        (Some(30), NOW + 30, 30),
    ] {
        let mut session = signed_in();
        session.receive(Message::Failed(Failure {
            lineage: lineage.clone(),
            status: Some(503),
            retry_after,
            is_unexplained: false,
            since: NOW,
            until,
        }));
        let wakes_at = session.wakes_at(expired, MARGIN);
        assert_eq!(wakes_at, Some(NOW + latest), "{retry_after:?} {until}");
    }
}

/// Two tabs, and a server whose answers are of no use but for the refresh token in them.
#[test]
fn tokens_that_are_no_better_are_no_end_of_an_outage_in_any_tab() {
    let expired = NOW + LIFE;
    let (mut one, mut two) = (signed_in(), signed_in());
    for wait in [2, 4, 8, 16] {
        let answer = Err(garbled(Some(&format!("rotated-{wait}"))));
        refresh(&mut one, &answer, expired).0.unwrap_err();
        assert_eq!(one.wakes_at(expired, MARGIN), Some(expired + wait));
        two.receive(one.take_message().unwrap());
        assert_eq!(refresh_token(&two), refresh_token(&one));
        refresh(&mut two, &Err(http(503)), expired).0.unwrap_err();
        assert_eq!(two.wakes_at(expired, MARGIN), Some(expired + wait));
    }
}

/// It is asked whose tokens are the newest, and not told of another tab's failure, once it has sent.
#[test]
fn a_failure_in_another_tab_does_not_keep_from_a_second_try() {
    for told_early in [true, false] {
        let mut session = signed_in();
        let mut under_way = sent(&mut session);
        let answer = Err(timeout(PHASE));
        let step = under_way.answered(&mut session, answer, NOW, JITTER);
        assert_eq!(step, Step::Ask(Others::Unknown));
        if told_early {
            session.receive(failure(&signed_in(), &http(503)));
        }
        assert_eq!(under_way.asked(&mut session, NOW, JITTER), send("refresh"));
        // Its turn was over before the token had left.
        session.receive(failure(&signed_in(), &http(503)));
        let step = under_way.start(&mut session, Others::Behind, NOW);
        assert_eq!(step, send("refresh"));
    }
}

/// It is the same grant's still, and the other tabs know it by that name.
#[test]
fn a_refresh_token_that_is_brought_again_keeps_its_grant() {
    let mut session = ahead(&signed_in(), 2);
    let before = lineage(&session);
    update(&mut session, r#"{"refresh_token":"rotated-2"}"#);
    assert_eq!(lineage(&session), before);
    assert_eq!(session.access(), None);
    update(&mut session, r#"{"refresh_token":"another"}"#);
    assert_ne!(lineage(&session).grant, before.grant);
}

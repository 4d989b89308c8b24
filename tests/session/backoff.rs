//! How long a session is left alone after a refresh that did not get through, and who may ask sooner.

use esi_security::oauth::token_response::Unusable;
use esi_security::session::backoff::{CALLERS_WAIT, LONGEST, LONGEST_DEMAND, delay};
use esi_security::session::handover::{Failure, Message};
use esi_security::session::lineage::Lineage;
use esi_security::session::machine::{Session, State};
use esi_security::session::refresh::Refresh;
use esi_security::session::token_set::MARGIN;

use crate::helpers::{
    LIFE, NOW, busy, garbled, http, oauth, refresh, response, sent, signed_in, update,
    without_expiry,
};

const EXPIRED: i64 = NOW + LIFE;

/// Offline since the access token has expired.
fn offline(failure: Unusable) -> Session {
    let mut session = signed_in();
    refresh(&mut session, &Err(failure), EXPIRED).0.unwrap_err();
    session
}

#[test]
fn the_wait_doubles_up_to_the_longest() {
    for (failures, wait) in [
        (0, 2),
        (1, 2),
        (2, 4),
        (3, 8),
        (8, 256),
        (9, LONGEST),
        (31, LONGEST),
        (32, LONGEST),
        (61, LONGEST),
        (62, LONGEST),
        (63, LONGEST),
        (64, LONGEST),
        (u32::MAX, LONGEST),
    ] {
        assert_eq!(delay(failures, 0), wait, "{failures}");
    }
}

#[test]
fn jitter_takes_up_to_half_of_it_away() {
    for failures in [1, 2, 5, 9, 64] {
        let whole = delay(failures, 0);
        let waits: Vec<i64> = (0..=u8::MAX)
            .map(|jitter| delay(failures, jitter))
            .collect();
        assert!(waits.is_sorted_by(|sooner, later| sooner >= later));
        assert_eq!((waits[0], waits[255]), (whole, whole / 2), "{failures}");
    }
}

#[test]
fn it_wakes_when_the_wait_is_over_which_grows() {
    let mut session = signed_in();
    for wait in [2, 4, 8, 16, 32, 64, 128, 256, LONGEST, LONGEST] {
        refresh(&mut session, &Err(http(503)), EXPIRED)
            .0
            .unwrap_err();
        assert_eq!(session.wakes_at(EXPIRED, MARGIN), Some(EXPIRED + wait));
    }
    // Tokens end it, and the next outage is another one.
    refresh(&mut session, &Ok(response("a", None)), NOW)
        .0
        .unwrap();
    refresh(&mut session, &Err(http(503)), EXPIRED)
        .0
        .unwrap_err();
    assert_eq!(session.wakes_at(EXPIRED, MARGIN), Some(EXPIRED + 2));
}

/// It rotates the refresh token each time, which is no progress.
#[test]
fn a_server_that_garbles_every_answer_is_asked_less_and_less_often() {
    let mut session = signed_in();
    for wait in [2, 4, 8, 16] {
        let answer = Err(garbled(Some("rotated")));
        refresh(&mut session, &answer, EXPIRED).0.unwrap_err();
        assert_eq!(session.wakes_at(EXPIRED, MARGIN), Some(EXPIRED + wait));
    }
}

#[test]
fn retry_after_puts_the_next_try_off() {
    for (demanded, wait) in [
        (0, 2),
        (1, 2),
        (30, 30),
        (3600, LONGEST_DEMAND),
        (86_400, LONGEST_DEMAND),
        (u32::MAX, LONGEST_DEMAND),
    ] {
        let session = offline(busy(429, Some(demanded)));
        assert_eq!(session.wakes_at(EXPIRED, MARGIN), Some(EXPIRED + wait));
        let error = session.put_off(EXPIRED + wait - 1, false);
        let obeyed = demanded >= 30;
        assert_eq!(error.is_some(), obeyed, "{demanded}");
        assert_eq!(session.put_off(EXPIRED + wait, false), None, "{demanded}");
    }
}

/// A failure in another tab halves the wait, but not this one.
#[test]
fn retry_after_outlasts_the_failures_of_other_tabs() {
    let mut session = offline(busy(429, Some(30)));
    let told = |lineage: &Lineage| {
        Message::Failed(Failure {
            lineage: lineage.clone(),
            status: None,
            retry_after: None,
            is_unexplained: false,
            since: EXPIRED + 1,
            until: EXPIRED + 9,
        })
    };
    let failure = told(session.lineage().unwrap());
    session.receive(failure);
    assert_eq!(session.wakes_at(EXPIRED, MARGIN), Some(EXPIRED + 30));
    assert!(session.put_off(EXPIRED + 29, false).is_some());
    assert_eq!(session.put_off(EXPIRED + 30, false), None);
}

/// Those who ask for a refresh as well as those who only want a token.
#[test]
fn retry_after_puts_everybody_off() {
    let failure = busy(429, Some(30));
    let session = offline(failure.clone());
    for patient in [false, true] {
        for (waited, put_off) in [(0, true), (1, true), (29, true), (30, false), (9999, false)] {
            let expected = put_off.then(|| failure.error.clone());
            let found = session.put_off(EXPIRED + waited, patient);
            assert_eq!(found, expected, "{patient} {waited}");
        }
    }
}

/// Else every call for a token would be a request, as long as the server cannot be reached.
#[test]
fn the_own_wait_puts_off_only_who_wants_a_token_and_not_for_long() {
    for (failures, wait) in [(1, 2), (2, 4), (3, CALLERS_WAIT), (9, CALLERS_WAIT)] {
        let mut session = signed_in();
        let failure = oauth(400, "invalid_client");
        for _ in 0..failures {
            refresh(&mut session, &Err(failure.clone()), EXPIRED)
                .0
                .unwrap_err();
        }
        let last = EXPIRED + wait - 1;
        assert_eq!(session.put_off(EXPIRED, true), Some(failure.error.clone()));
        assert_eq!(session.put_off(last, true), Some(failure.error));
        assert_eq!(session.put_off(EXPIRED + wait, true), None);
        assert_eq!(session.put_off(EXPIRED, false), None);
    }
}

#[test]
fn who_is_not_offline_is_not_put_off() {
    let mut session = signed_in();
    assert_eq!(session.put_off(EXPIRED, true), None);
    assert_eq!(Session::default().put_off(EXPIRED, true), None);
    let mut offline = offline(busy(429, Some(30)));
    Refresh::begin(&mut offline, false).unwrap();
    assert_eq!(offline.put_off(EXPIRED, false), None);
    Refresh::begin(&mut session, false).unwrap();
    assert_eq!(session.put_off(EXPIRED, true), None);
}

#[test]
fn a_clock_that_was_set_back_puts_nobody_off_for_ever() {
    for failure in [http(500), busy(429, Some(30))] {
        let session = offline(failure);
        for now in [EXPIRED - 1, EXPIRED - 86_400, 0, i64::MIN] {
            assert_eq!(session.put_off(now, true), None, "{now}");
            assert_eq!(session.put_off(now, false), None, "{now}");
        }
        let yesterday = EXPIRED - 86_400;
        assert_eq!(session.state(yesterday, MARGIN), State::Offline);
        assert_eq!(session.wakes_at(yesterday, MARGIN), Some(yesterday));
    }
}

#[test]
fn a_network_that_is_back_is_tried_at_once() {
    for now in [EXPIRED, EXPIRED + 1, EXPIRED + 100] {
        let mut session = offline(http(500));
        session.reconnect(now);
        assert_eq!(session.put_off(now, true), None);
        assert_eq!(session.wakes_at(now, MARGIN), Some(now));
    }
    // The server's own wish holds all the same.
    let mut session = offline(busy(429, Some(30)));
    session.reconnect(EXPIRED + 1);
    assert!(session.put_off(EXPIRED + 1, false).is_some());
    assert_eq!(session.wakes_at(EXPIRED + 1, MARGIN), Some(EXPIRED + 30));

    let mut session = signed_in();
    session.reconnect(NOW);
    assert_eq!(session.state(NOW, MARGIN), State::Active);
    let mut session = offline(http(500));
    session.reconnect(EXPIRED - 86_400);
    assert_eq!(session.put_off(EXPIRED - 86_400, true), None);
}

/// `None` where only a call, or nothing at all, leads on.
#[test]
fn a_session_wakes_when_it_is_to_be_refreshed_or_time_changes_it() {
    let end = NOW + LIFE;
    let session = signed_in();
    assert_eq!(session.wakes_at(NOW, MARGIN), Some(end - MARGIN));
    assert_eq!(session.wakes_at(NOW, 300), Some(end - 300));
    assert_eq!(session.wakes_at(NOW, 10_000), Some(end - LIFE / 2));
    for now in [end - MARGIN, end, end + 9999] {
        assert_eq!(session.wakes_at(now, MARGIN), Some(now));
    }
    assert_eq!(Session::default().wakes_at(NOW, MARGIN), None);

    let mut refreshing = signed_in();
    drop(sent(&mut refreshing));
    assert_eq!(refreshing.wakes_at(end, MARGIN), None);

    let mut failed = signed_in();
    assert!(refresh(&mut failed, &Err(http(500)), NOW).0.is_err());
    // It failed while the access token was good, and is tried again when that is expiring.
    assert_eq!(failed.wakes_at(NOW, MARGIN), Some(end - MARGIN));

    // Nothing to refresh it with: it wakes for its states alone.
    let mut alone = Session::default();
    alone.sign_in(response("access", None), NOW);
    assert_eq!(alone.wakes_at(NOW, MARGIN), Some(end - MARGIN));
    assert_eq!(alone.wakes_at(end - MARGIN, MARGIN), Some(end));
    assert_eq!(alone.wakes_at(end, MARGIN), None);

    let mut unknown = Session::default();
    unknown.sign_in(without_expiry("access", Some("refresh")), NOW);
    assert_eq!(unknown.wakes_at(NOW, MARGIN), None);
    // But what was asked for, and did not get through, is asked for again.
    let failed = refresh(&mut unknown, &Err(http(503)), NOW).0;
    assert!(failed.is_err());
    assert_eq!(unknown.wakes_at(NOW, MARGIN), Some(NOW + 2));

    // A refresh token alone has been waiting for a refresh from the beginning.
    update(&mut unknown, r#"{"refresh_token":"r"}"#);
    assert_eq!(unknown.wakes_at(NOW, MARGIN), Some(NOW));
}

//! The session as a state machine: every state, and what every event does in it.

use esi_security::oauth::revocation::TokenTypeHint;
use esi_security::oauth::secret::Secret;
use esi_security::oauth::token_response::{self, TokenResponse, Unusable, parse_update};
use esi_security::session::machine::{Refresh, Session, State};
use esi_security::session::token_set::MARGIN;
use esi_security::{Error, Phase};

const NOW: i64 = 1_700_000_000;
const LIFE: i64 = 1200;

fn response(access: &str, refresh: Option<&str>) -> TokenResponse {
    let json = serde_json::json!({
        "access_token": access,
        "expires_in": LIFE,
        "token_type": "Bearer",
        "refresh_token": refresh,
    });
    token_response::parse(&json.to_string(), Phase::Token).unwrap()
}

fn without_expiry(access: &str, refresh: Option<&str>) -> TokenResponse {
    TokenResponse {
        expires_in: None,
        ..response(access, refresh)
    }
}

fn signed_in() -> Session {
    let mut session = Session::default();
    session.sign_in(response("access", Some("refresh")), NOW);
    session
}

fn update(session: &mut Session, json: &str) {
    session.update(parse_update(json).unwrap(), NOW);
}

fn unusable(error: Error) -> Unusable {
    error.into()
}

fn oauth(status: u16, error: &str) -> Unusable {
    unusable(Error::OAuth {
        phase: Phase::Refresh,
        status,
        error: error.into(),
        description: None,
        retry_after: None,
    })
}

pub(crate) fn invalid_grant() -> Unusable {
    oauth(400, "invalid_grant")
}

fn http(status: u16) -> Unusable {
    unusable(Error::Http {
        phase: Phase::Refresh,
        status,
        body: String::new(),
        retry_after: None,
    })
}

fn offline() -> Unusable {
    unusable(Error::Network {
        phase: Phase::Refresh,
        cause: String::new(),
    })
}

/// The answer that no reader understands, but for the refresh token in it.
fn garbled(refresh: Option<&str>) -> Unusable {
    Unusable {
        error: Error::InvalidResponse {
            phase: Phase::Refresh,
            reason: "",
        },
        refresh_token: refresh.map(Secret::new),
    }
}

/// Begins a refresh and ends it so; tells whether the row changed.
fn refresh(session: &mut Session, answer: Result<TokenResponse, Unusable>, now: i64) -> bool {
    let refresh = session.begin_refresh().unwrap();
    let expected = answer.clone().map_err(|unusable| unusable.error);
    let (changed, result) = session.end_refresh(&refresh, answer, now);
    assert_eq!(result, expected);
    changed
}

fn access(session: &Session) -> Option<&str> {
    session.access().map(|access| access.token.expose())
}

fn refresh_token(session: &Session) -> Option<&str> {
    session.tokens()?.refresh_token.as_ref().map(Secret::expose)
}

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
    assert_eq!(session.state(NOW), State::SignedOut);
    assert_eq!(session.tokens(), None);
    assert_eq!(session.access(), None);
    assert_eq!(session.usable(NOW, 0), None);
    let phase = Phase::Refresh;
    assert_eq!(
        session.begin_refresh().unwrap_err(),
        Error::NoToken { phase }
    );
    let phase = Phase::Revoke;
    assert_eq!(session.sign_out(), Err(Error::NoToken { phase }));
    assert_eq!(session.state(NOW), State::SignedOut);
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
        assert_eq!(session.state(now), state, "{}", now.saturating_sub(end));
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
        assert_eq!(session.state(now), state, "{}", now - end);
    }
    let phase = Phase::Refresh;
    assert_eq!(
        session.begin_refresh().unwrap_err(),
        Error::NeedsLogin { phase }
    );
    assert_eq!(session.state(NOW), State::Active);
}

#[test]
fn a_refresh_token_alone_is_enough_to_start() {
    let mut session = Session::default();
    update(
        &mut session,
        r#"{"access_token":"","expires_in":-1,"refresh_token":"kept"}"#,
    );
    assert_eq!(session.state(NOW), State::Expiring);
    assert_eq!(session.access(), None);
    assert_eq!(
        session.begin_refresh().unwrap().refresh_token.expose(),
        "kept"
    );
}

#[test]
fn a_token_of_unknown_life_is_refreshed_where_it_can_be() {
    let mut session = Session::default();
    session.sign_in(without_expiry("access", Some("refresh")), NOW);
    assert_eq!(session.state(NOW), State::Expiring);
    assert_eq!(session.usable(NOW, 0), None);

    // Else it is all there is.
    session.sign_in(without_expiry("access", None), NOW);
    assert_eq!(session.state(NOW), State::Active);
    assert_eq!(session.state(i64::MAX), State::Active);
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
fn a_refresh_brings_new_tokens() {
    let mut session = signed_in();
    let later = NOW + LIFE;
    assert_eq!(session.state(later), State::Expiring);
    let refresh = session.begin_refresh().unwrap();
    assert_eq!(refresh.refresh_token.expose(), "refresh");
    assert_eq!(session.state(later), State::Refreshing);
    // The old tokens are still there.
    assert_eq!(access(&session), Some("access"));

    let answer = response("access-2", Some("refresh-2"));
    let ended = session.end_refresh(&refresh, Ok(answer.clone()), later);
    assert_eq!(ended, (true, Ok(answer)));
    assert_eq!(session.state(later), State::Active);
    assert_eq!(access(&session), Some("access-2"));
    assert_eq!(refresh_token(&session), Some("refresh-2"));
    assert_eq!(session.access().unwrap().expires_at, Some(later + LIFE));
}

#[test]
fn the_old_refresh_token_stays_where_none_is_returned() {
    let mut session = signed_in();
    assert!(refresh(&mut session, Ok(response("access-2", None)), NOW));
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
fn only_a_400_with_invalid_grant_ends_the_session() {
    for error in [
        "invalid_grant",
        "invalid_grant: Token is expired or invalid.",
    ] {
        let mut session = signed_in();
        assert!(refresh(&mut session, Err(oauth(400, error)), NOW));
        assert_eq!(refresh_token(&session), None, "{error}");
        // The access token is good until it expires.
        assert_eq!(access(&session), Some("access"));
        assert_eq!(session.state(NOW), State::Active);
        assert_eq!(session.state(NOW + LIFE), State::NeedsLogin);
        let phase = Phase::Refresh;
        assert_eq!(
            session.begin_refresh().unwrap_err(),
            Error::NeedsLogin { phase }
        );
    }
}

#[test]
fn every_other_failure_leaves_the_tokens_alone() {
    let expired = NOW + LIFE;
    for (failure, state) in [
        (offline(), State::Offline),
        (
            unusable(Error::Timeout {
                phase: Phase::Refresh,
            }),
            State::Offline,
        ),
        (http(500), State::Offline),
        (http(502), State::Offline),
        (http(503), State::Offline),
        (http(429), State::Offline),
        (http(408), State::Offline),
        (garbled(None), State::Offline),
        (oauth(500, "invalid_grant"), State::Offline),
        (oauth(429, "invalid_grant"), State::Offline),
        (
            unusable(Error::InvalidMetadata { reason: "" }),
            State::Offline,
        ),
        // To ask again would be of no use, but the tokens may be.
        (http(400), State::Expiring),
        (http(401), State::Expiring),
        (http(403), State::Expiring),
        (http(404), State::Expiring),
        (oauth(400, "invalid_token"), State::Expiring),
        (oauth(400, "invalid_client"), State::Expiring),
        (oauth(400, "invalid_scope"), State::Expiring),
        (oauth(401, "invalid_grant"), State::Expiring),
        (oauth(403, "invalid_grant"), State::Expiring),
    ] {
        let mut session = signed_in();
        let before = session.to_row();
        let text = format!("{failure:?}");
        assert!(!refresh(&mut session, Err(failure), expired), "{text}");
        assert_eq!(session.to_row(), before, "{text}");
        assert_eq!(session.state(expired), state, "{text}");
        // Whatever failed, a living access token is one.
        assert_eq!(session.state(NOW), State::Active, "{text}");
        let again = session.begin_refresh().unwrap();
        assert_eq!(again.refresh_token.expose(), "refresh", "{text}");
    }
}

#[test]
fn offline_ends_with_the_next_answer() {
    let expired = NOW + LIFE;
    let mut session = signed_in();
    refresh(&mut session, Err(offline()), expired);
    assert_eq!(session.state(expired), State::Offline);
    let again = session.begin_refresh().unwrap();
    assert_eq!(session.state(expired), State::Refreshing);
    let answer = response("access-2", Some("refresh-2"));
    session.end_refresh(&again, Ok(answer), expired).1.unwrap();
    assert_eq!(session.state(expired), State::Active);

    for event in [
        |session: &mut Session| update(session, r#"{"refresh_token":"r"}"#),
        |session: &mut Session| session.sign_in(response("a", None), NOW),
        |session: &mut Session| drop(session.sign_out()),
    ] {
        let mut session = signed_in();
        refresh(&mut session, Err(offline()), expired);
        event(&mut session);
        assert_ne!(session.state(expired), State::Offline);
    }
}

/// The server has used up the one that was sent; this is the one that works from now on.
#[test]
fn a_rotated_refresh_token_is_salvaged_from_an_unusable_answer() {
    let mut session = signed_in();
    assert!(refresh(&mut session, Err(garbled(Some("rotated"))), NOW));
    assert_eq!(refresh_token(&session), Some("rotated"));
    assert_eq!(access(&session), Some("access"));
    assert!(session.to_row().unwrap().contains("rotated"));
    assert_eq!(session.state(NOW + LIFE), State::Offline);
    let again = session.begin_refresh().unwrap();
    assert_eq!(again.refresh_token.expose(), "rotated");
}

#[test]
fn signing_out_hands_over_the_refresh_token_first() {
    let mut session = signed_in();
    let (token, hint) = session.sign_out().unwrap();
    assert_eq!(
        (token.expose(), hint),
        ("refresh", TokenTypeHint::RefreshToken)
    );
    assert_eq!(session.state(NOW), State::SignedOut);
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
    refresh(&mut session, Err(invalid_grant()), NOW);
    assert_eq!(session.state(NOW), State::NeedsLogin);
    let phase = Phase::Revoke;
    assert_eq!(session.sign_out(), Err(Error::NoToken { phase }));
    assert_eq!(session.state(NOW), State::SignedOut);
}

/// Tokens that came, or went, while a refresh was under way win over its answer, whatever it is.
#[test]
fn an_answer_to_an_older_question_is_dropped() {
    type Event = fn(&mut Session);
    let events: [(&str, Event); 5] = [
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
    ];
    let answers: [fn() -> Result<TokenResponse, Unusable>; 5] = [
        || Ok(response("late", Some("late"))),
        || Err(invalid_grant()),
        || Err(offline()),
        || Err(http(401)),
        || Err(garbled(Some("late"))),
    ];
    for (name, event) in events {
        for answer in answers {
            let mut session = signed_in();
            let refresh = session.begin_refresh().unwrap();
            event(&mut session);
            let (row, state) = (session.to_row(), session.state(NOW));
            assert_ne!(state, State::Refreshing, "{name}");
            let answer = answer();
            let text = format!("{name}: {answer:?}");
            let phase = Phase::Refresh;
            let ended = session.end_refresh(&refresh, answer, NOW);
            assert_eq!(ended, (false, Err(Error::Superseded { phase })), "{text}");
            assert_eq!(session.to_row(), row, "{text}");
            assert_eq!(session.state(NOW), state, "{text}");
        }
    }
}

#[test]
fn a_late_answer_does_not_end_a_newer_refresh() {
    let mut session = signed_in();
    let older = session.begin_refresh().unwrap();
    session.sign_in(response("access-2", Some("refresh-2")), NOW);
    let newer = session.begin_refresh().unwrap();
    let late = session.end_refresh(&older, Err(offline()), NOW);
    assert!(!late.0);
    assert_eq!(session.state(NOW), State::Refreshing);
    let answer = response("access-3", Some("refresh-3"));
    let (changed, result) = session.end_refresh(&newer, Ok(answer), NOW);
    assert!(changed && result.is_ok());
    assert_eq!(refresh_token(&session), Some("refresh-3"));
}

/// One answer to one question: the same answer a second time is an older question's.
#[test]
fn a_refresh_ends_once() {
    for answer in [
        Ok(response("access-2", Some("refresh-2"))),
        Err(invalid_grant()),
        Err(garbled(Some("rotated"))),
    ] {
        let mut session = signed_in();
        let refresh: Refresh = session.begin_refresh().unwrap();
        assert!(session.end_refresh(&refresh, answer.clone(), NOW).0);
        let row = session.to_row();
        let phase = Phase::Refresh;
        let again = session.end_refresh(&refresh, answer, NOW);
        assert_eq!(again, (false, Err(Error::Superseded { phase })));
        assert_eq!(session.to_row(), row);
    }
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
    let refresh = session.begin_refresh().unwrap();
    let printed = format!("{session:?} {refresh:?}");
    assert!(
        !printed.contains("\"access\"") && !printed.contains("\"refresh\""),
        "{printed}"
    );
    assert!(printed.contains("[redacted]"));
}

/// Another page's row counts from the moment it is seen; one that nobody can read changes nothing.
#[test]
fn a_row_of_another_page_is_taken_over() {
    let mut other = signed_in();
    let refresh = other.begin_refresh().unwrap();
    other
        .end_refresh(&refresh, Ok(response("access-2", Some("refresh-2"))), NOW)
        .1
        .unwrap();

    let mut session = signed_in();
    let stale = session.begin_refresh().unwrap();
    session.reload(other.to_row().as_deref());
    assert_eq!(session.to_row(), other.to_row());
    // The answer to the question with the older token is no news.
    let phase = Phase::Refresh;
    let ended = session.end_refresh(&stale, Err(invalid_grant()), NOW);
    assert_eq!(ended, (false, Err(Error::Superseded { phase })));
    assert_eq!(session.to_row(), other.to_row());

    for damaged in ["", "[]", "null", "{", r#"{"access":5}"#] {
        session.reload(Some(damaged));
        assert_eq!(session.to_row(), other.to_row(), "{damaged}");
    }
}

/// Whoever took it away wants the tokens gone, those that are on their way too.
#[test]
fn a_row_that_another_page_has_taken_away_signs_out() {
    for answer in [
        Ok(response("access-2", Some("refresh-2"))),
        Err(garbled(Some("refresh-2"))),
        Err(offline()),
    ] {
        let mut session = signed_in();
        let refresh = session.begin_refresh().unwrap();
        session.reload(None);
        assert_eq!(session.state(NOW), State::SignedOut);
        let phase = Phase::Refresh;
        let ended = session.end_refresh(&refresh, answer, NOW);
        assert_eq!(ended, (false, Err(Error::Superseded { phase })));
        assert_eq!(session.tokens(), None);
    }
}

/// An update without a refresh token keeps the one that a refresh has just sent; its answer then brings
/// the one that has replaced it.
#[test]
fn a_superseded_answer_still_rotates_the_token_that_was_sent() {
    for answer in [
        Ok(response("access-3", Some("rotated"))),
        Err(garbled(Some("rotated"))),
    ] {
        let mut session = signed_in();
        let refresh = session.begin_refresh().unwrap();
        update(
            &mut session,
            r#"{"access_token":"access-2","expires_in":1200}"#,
        );
        let phase = Phase::Refresh;
        let ended = session.end_refresh(&refresh, answer, NOW);
        assert_eq!(ended, (true, Err(Error::Superseded { phase })));
        assert_eq!(session.access().unwrap().token.expose(), "access-2");
        assert_eq!(
            session.begin_refresh().unwrap().refresh_token.expose(),
            "rotated"
        );
    }
}

#[test]
fn only_a_refresh_of_ours_leaves_the_tokens_those_of_the_same_login() {
    let mut session = signed_in();
    let before = session.epoch();
    refresh(&mut session, Ok(response("newer", Some("rotated"))), NOW);
    refresh(&mut session, Err(offline()), NOW);
    refresh(&mut session, Err(garbled(Some("rotated again"))), NOW);
    refresh(&mut session, Err(invalid_grant()), NOW);
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

//! The table of the state machine in docs/internals.md: every row of it is tried.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use esi_security::oauth::secret::Secret;
use esi_security::oauth::token_response::TokenResponse;
use esi_security::session::handover::{Failure, Message};
use esi_security::session::lineage::Lineage;
use esi_security::session::machine::{Change, Reason, Session, State};
use esi_security::session::refresh::{Refresh, Step};
use esi_security::session::token_set::{MARGIN, TokenSet};

use crate::helpers::{
    Answer, JITTER, LIFE, NOW, garbled, http, invalid_grant, refresh, response, sent, signed_in,
    update,
};

/// When the access token of `signed_in` has expired.
const EXPIRED: i64 = NOW + LIFE;

/// One (state, event) of the table.
#[derive(Debug)]
struct Row {
    event: String,
    state: State,
    then: State,
    stored: String,
    told: String,
    reason: String,
}

/// The states that a cell names; `any other` than those that rows before have named.
fn states(cell: &str, named: &BTreeSet<&str>) -> Vec<State> {
    let all = State::ALL.into_iter();
    match cell {
        "any" => all.collect(),
        "any other" => all
            .filter(|state| !named.contains(state.as_str()))
            .collect(),
        _ => cell.split(", ").map(state).collect(),
    }
}

fn state(cell: &str) -> State {
    let name = cell.trim_matches('`');
    let found = State::ALL.into_iter().find(|state| state.as_str() == name);
    found.unwrap_or_else(|| panic!("{cell} is no state"))
}

fn table() -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/internals.md");
    let text = fs::read_to_string(path).unwrap();
    let (_, rest) = text.split_once("\n## The session\n").unwrap();
    let (_, rest) = rest.split_once("\n| Event | In | Then | ").unwrap();
    let lines = rest
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let mut rows: Vec<Row> = Vec::new();
    for line in lines {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [event, from, then, stored, told, reason] = cells[..] else {
            panic!("{line}")
        };
        let before = rows.iter().filter(|row| row.event == event);
        let named = before.map(|row| row.state.as_str()).collect();
        for from in states(from, &named) {
            rows.push(Row {
                event: event.into(),
                state: from,
                then: if then == "the same" {
                    from
                } else {
                    state(then)
                },
                stored: stored.into(),
                told: told.into(),
                reason: reason.into(),
            });
        }
    }
    rows
}

/// A session in that state at `now`, and a refresh: the one under way, or else one that was overtaken.
fn in_state(state: State) -> (Session, Refresh, i64) {
    let mut session = Session::default();
    session.sign_in(response("older", Some("older")), NOW);
    let mut overtaken = sent(&mut session);
    session.sign_in(response("access", Some("refresh")), NOW);
    let now = match state {
        State::Active => NOW,
        State::SignedOut => {
            session.sign_out().unwrap();
            NOW
        }
        State::Expiring => EXPIRED,
        State::Refreshing => {
            overtaken = sent(&mut session);
            EXPIRED
        }
        State::Offline => {
            let failure = Err(http(503));
            refresh(&mut session, &failure, EXPIRED).0.unwrap_err();
            EXPIRED
        }
        State::NeedsLogin => {
            let refusal = Err(invalid_grant());
            refresh(&mut session, &refusal, EXPIRED).0.unwrap_err();
            EXPIRED
        }
    };
    session.take_message();
    assert_eq!(session.state(now, MARGIN), state);
    (session, overtaken, now)
}

fn new() -> TokenResponse {
    response("new-access", Some("new-refresh"))
}

fn answer(session: &mut Session, refresh: &mut Refresh, answer: Answer, now: i64) {
    let step = refresh.answered(session, answer, now, JITTER);
    if matches!(step, Step::Ask(_)) {
        refresh.asked(session, now, JITTER);
    }
}

/// Lets it happen; the moment after which the state is looked at.
fn happen(event: &str, session: &mut Session, refresh: &mut Refresh, now: i64) -> i64 {
    let theirs = signed_in().lineage().unwrap().next();
    match event {
        "login" => session.sign_in(new(), now),
        "`updateToken`" => update_at(session, now),
        "`updateToken`, a refresh token alone" => {
            update(session, r#"{"refresh_token":"new-refresh"}"#);
        }
        "refresh begins" => drop(Refresh::begin(session, false)),
        "answer" => answer(session, refresh, Ok(new()), now),
        "failure" => answer(session, refresh, Err(http(503)), now),
        "failure, with a refresh token in it" => {
            answer(session, refresh, Err(garbled(Some("new-refresh"))), now);
        }
        "refusal, once the other tabs were asked" => {
            answer(session, refresh, Err(invalid_grant()), now);
        }
        "failure in another tab" => {
            session.receive(failed(503, false, now));
        }
        "refusal without a reason, the third in a row" => {
            if session.state(now, MARGIN) == State::Refreshing {
                session.receive(failed(400, true, now - 9));
                session.receive(failed(400, true, now - 9));
            }
            answer(session, refresh, Err(http(400)), now);
        }
        "question of a tab that is ahead" => session.receive(Message::Ask(theirs)),
        "newer row of another page" => {
            let mut other = signed_in();
            other.receive(Message::Tokens(handed_over(theirs, now)));
            session.reload(other.to_row().as_deref());
        }
        "row of another login" => {
            let mut other = Session::default();
            other.sign_in(new(), now);
            session.reload(other.to_row().as_deref());
        }
        "row taken away by another page" => session.reload(None),
        "network is back" => session.reconnect(now),
        "hand-over" => session.receive(Message::Tokens(handed_over(theirs, now))),
        "revoked in another tab" => session.receive(Message::Revoked(theirs)),
        "`revoke`" => drop(session.sign_out()),
        "time" => return now.max(EXPIRED) + 1,
        _ => panic!("{event} is no event"),
    }
    now
}

/// What another tab tells of a refresh that failed at `now`.
fn failed(status: u16, is_unexplained: bool, now: i64) -> Message {
    Message::Failed(Failure {
        lineage: signed_in().lineage().unwrap().clone(),
        status: Some(status),
        retry_after: None,
        is_unexplained,
        since: now,
        until: now + 4,
    })
}

fn update_at(session: &mut Session, now: i64) {
    let json = serde_json::to_string(&new()).unwrap();
    let update = esi_security::oauth::token_response::parse_update(&json).unwrap();
    session.update(update, now);
}

fn handed_over(lineage: Lineage, now: i64) -> TokenSet {
    TokenSet {
        lineage: Some(lineage),
        ..TokenSet::from_response(new(), 0, now)
    }
}

/// The access token and the refresh token of what is stored.
fn stored(session: &Session) -> Option<(Option<String>, Option<String>)> {
    let row = session.to_row()?;
    let restored = Session::restore(Some(&row));
    let text = |secret: &Secret| String::from(secret.expose());
    let access = restored.access().map(|access| text(&access.token));
    Some((access, restored.refresh_token().map(text)))
}

fn check(row: &Row) {
    let (mut session, mut refresh, now) = in_state(row.state);
    session.notice(now, MARGIN);
    let (before, why) = (session.to_row(), session.standing(now, MARGIN).1);
    let now = happen(&row.event, &mut session, &mut refresh, now);
    assert_eq!(session.state(now, MARGIN), row.then, "{row:?}");

    let some = |text: &str| Some(String::from(text));
    let expected = match row.stored.as_str() {
        "the new tokens" => Some((some("new-access"), some("new-refresh"))),
        "the new refresh token alone" => Some((None, some("new-refresh"))),
        "the new refresh token" => Some((some("access"), some("new-refresh"))),
        "no refresh token" => Some((some("access"), None)),
        "none" => None,
        "as before" => {
            assert_eq!(session.to_row(), before, "{row:?}");
            stored(&session)
        }
        other => panic!("{other}: what row is that?"),
    };
    assert_eq!(stored(&session), expected, "{row:?}");

    let tokens = session.tokens().cloned();
    let told = match (row.told.as_str(), session.take_message()) {
        ("nothing", None) | ("the revocation", Some(Message::Revoked(_))) => true,
        ("the tokens", Some(Message::Tokens(told))) => Some(told) == tokens,
        ("a question", Some(Message::Ask(told))) => Some(&told) == session.lineage(),
        ("the failure", Some(Message::Failed(told))) => {
            let errors = [http(503).error, http(400).error];
            Some(&told.lineage) == session.lineage() && errors.contains(&told.error())
        }
        _ => false,
    };
    assert!(told, "{row:?}");

    let reason = match row.reason.as_str() {
        "as before" => why,
        name => reason(name.trim_matches('`')),
    };
    assert_eq!(session.standing(now, MARGIN).1, reason, "{row:?}");
    let change = session.notice(now, MARGIN);
    let (from, to) = (row.state, row.then);
    // One login that takes the place of another is a change too.
    let is_login = ["login", "row of another login"].contains(&row.event.as_str());
    let replaced = is_login || row.event.starts_with("`updateToken`");
    let expected = (from != to || replaced).then_some(Change { from, to, reason });
    assert_eq!(change, expected, "{row:?}");
}

fn reason(name: &str) -> Reason {
    let reasons = [
        Reason::Storage,
        Reason::Login,
        Reason::Update,
        Reason::Refresh,
        Reason::HandOver,
        Reason::Failure,
        Reason::Ended,
        Reason::Revoked,
        Reason::Time,
    ];
    let found = reasons.into_iter().find(|reason| reason.as_str() == name);
    found.unwrap_or_else(|| panic!("{name} is no reason"))
}

#[test]
fn every_row_is_as_the_code_does_it() {
    for row in table() {
        check(&row);
    }
}

#[test]
fn every_event_has_one_row_for_each_state() {
    let rows = table();
    let events: BTreeSet<&str> = rows.iter().map(|row| row.event.as_str()).collect();
    assert_eq!(events.len(), 19);
    for event in events {
        let states = rows.iter().filter(|row| row.event == event);
        let mut states: Vec<&str> = states.map(|row| row.state.as_str()).collect();
        states.sort_unstable();
        let mut all: Vec<&str> = State::ALL.iter().map(|state| state.as_str()).collect();
        all.sort_unstable();
        assert_eq!(states, all, "{event}");
    }
}

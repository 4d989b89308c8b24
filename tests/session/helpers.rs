//! What the tests of a session share: tokens, failures, and a way through a refresh.

use esi_security::oauth::secret::Secret;
use esi_security::oauth::token_response::{self, TokenResponse, Unusable, parse_update};
use esi_security::session::machine::Session;
use esi_security::session::refresh::{Others, Refresh, Step};
use esi_security::{Error, ErrorKind, Phase};

pub(crate) const NOW: i64 = 1_700_000_000;
pub(crate) const LIFE: i64 = 1200;
pub(crate) const PHASE: Phase = Phase::Refresh;

/// No jitter: the whole wait.
pub(crate) const JITTER: u8 = 0;

pub(crate) type Answer = Result<TokenResponse, Unusable>;

pub(crate) fn response(access: &str, refresh: Option<&str>) -> TokenResponse {
    let json = serde_json::json!({
        "access_token": access,
        "expires_in": LIFE,
        "token_type": "Bearer",
        "refresh_token": refresh,
    });
    token_response::parse(&json.to_string(), Phase::Token).unwrap()
}

pub(crate) fn without_expiry(access: &str, refresh: Option<&str>) -> TokenResponse {
    TokenResponse {
        expires_in: None,
        ..response(access, refresh)
    }
}

pub(crate) fn signed_in() -> Session {
    let mut session = Session::default();
    session.sign_in(response("access", Some("refresh")), NOW);
    session
}

/// A tab whose storage was copied.
pub(crate) fn copy(session: &Session) -> Session {
    Session::restore(session.to_row().as_deref())
}

pub(crate) fn update(session: &mut Session, json: &str) {
    session.update(parse_update(json).unwrap(), NOW);
}

pub(crate) fn oauth(status: u16, error: &'static str) -> Unusable {
    let error = ErrorKind::Http {
        phase: PHASE,
        status,
        is_oauth: true,
        error: Some(error),
        description: None,
        retry_after: None,
    };
    Error::from(error).into()
}

pub(crate) fn invalid_grant() -> Unusable {
    oauth(400, "invalid_grant")
}

pub(crate) fn invalid_token() -> Unusable {
    oauth(400, "invalid_token")
}

pub(crate) fn http(status: u16) -> Unusable {
    busy(status, None)
}

pub(crate) fn busy(status: u16, retry_after: Option<u32>) -> Unusable {
    let error = ErrorKind::Http {
        phase: PHASE,
        status,
        is_oauth: false,
        error: None,
        description: None,
        retry_after,
    };
    Error::from(error).into()
}

pub(crate) fn network(phase: Phase) -> Unusable {
    let cause = String::new();
    Error::from(ErrorKind::Network { phase, cause }).into()
}

pub(crate) fn timeout(phase: Phase) -> Unusable {
    Error::from(ErrorKind::Timeout { phase }).into()
}

/// An answer that no reader understands, but for the refresh token in it.
pub(crate) fn garbled(refresh: Option<&str>) -> Unusable {
    Unusable {
        error: ErrorKind::InvalidResponse {
            phase: PHASE,
            reason: "",
        }
        .into(),
        refresh_token: refresh.map(Secret::new),
    }
}

pub(crate) fn superseded() -> Step {
    Step::Done(Err(ErrorKind::Superseded { phase: PHASE }.into()))
}

pub(crate) fn send(token: &str) -> Step {
    Step::Send(Secret::new(token))
}

/// Begins a refresh, which is sent at once.
pub(crate) fn sent(session: &mut Session) -> Refresh {
    let mut refresh = Refresh::begin(session, false).unwrap();
    let step = refresh.start(session, Others::Behind, NOW);
    assert!(matches!(step, Step::Send(_)), "{step:?}");
    refresh
}

/// A whole refresh: whenever it is sent the server answers so, and no tab ever says anything. What
/// callers get, and how often it was sent.
pub(crate) fn refresh(
    session: &mut Session,
    answer: &Answer,
    now: i64,
) -> (Result<TokenResponse, Error>, u32) {
    let mut refresh = Refresh::begin(session, false).unwrap();
    let mut step = refresh.start(session, Others::Behind, now);
    let mut sent = 0;
    loop {
        step = match step {
            Step::Ask(_) => refresh.asked(session, now, JITTER),
            Step::Send(_) => {
                sent += 1;
                refresh.answered(session, answer.clone(), now, JITTER)
            }
            Step::Done(result) => return (result, sent),
        }
    }
}

/// A refresh that brings these tokens.
pub(crate) fn renew(session: &mut Session, access: &str, refresh_token: Option<&str>) {
    let answer = Ok(response(access, refresh_token));
    refresh(session, &answer, NOW).0.unwrap();
}

pub(crate) fn access(session: &Session) -> Option<&str> {
    session.access().map(|access| access.token.expose())
}

pub(crate) fn refresh_token(session: &Session) -> Option<&str> {
    session.refresh_token().map(Secret::expose)
}

//! Refreshing (RFC 6749 section 6): once, however many ask at the same moment, in however many tabs.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

use super::clock;
use super::document::Answer;
use super::flight::Flight;
use super::http::TIMEOUT_MS;
use super::random;
use super::row::{Refreshed, Refreshing};
use super::security::{EsiSecurity, Who};
use super::timer::within;
use crate::oauth::metadata::Metadata;
use crate::oauth::scope;
use crate::oauth::secret::Secret;
use crate::oauth::token_request;
use crate::oauth::token_response::{self, TokenResponse, Unusable};
use crate::session::refresh::{Refresh, Step};
use crate::session::token_set::AccessToken;
use crate::{Error, ErrorKind, Phase};

/// For how many milliseconds a refresh is waited for by a caller for whom the old access token would do.
const LITTLE_PATIENCE: u32 = 5_000;

/// How often a refresh acquires its lock anew that it has lost before it could send. Then it sends without: another
/// page of the origin must not keep this one from refreshing by stealing the lock for ever.
const MOST_LOSSES: u32 = 3;

impl EsiSecurity {
    /// New tokens for the refresh token; `scopes` a subset of the granted ones, or empty for all.
    pub async fn refresh(&self, scopes: &[String]) -> Result<TokenResponse, Error> {
        scope::check(scopes, Phase::Refresh)?;
        loop {
            let (who, now) = (self.who(), clock::now());
            let flying = who.row.refreshing.borrow().clone();
            let Some(other) = flying else {
                return self.begin_refresh(who, scopes, now)?.await.result;
            };
            let same = other.scopes == scopes && who.row.holds_grant_of(&other.tokens);
            let ended = other.flight.await;
            if same {
                return ended.result;
            }
            // One that asked for other scopes, or with a token that is no longer held, had to end first: the
            // refresh token may rotate. How it ended is not this caller's concern.
        }
    }

    fn begin_refresh(
        &self,
        who: Who,
        scopes: &[String],
        now: i64,
    ) -> Result<Flight<Refreshed>, Error> {
        let mut session = who.row.session.borrow_mut();
        if let Some(error) = session.put_off(now, false) {
            return Err(error);
        }
        let refresh = Refresh::begin(&mut session, !scopes.is_empty())?;
        let tokens = session.tokens().cloned().unwrap_or_default();
        drop(session);
        let row = Rc::clone(&who.row);
        let scopes = scopes.to_vec();
        let flight = Flight::launch(self.clone().perform(who, refresh, scopes.clone()));
        row.refreshing.replace(Some(Refreshing {
            scopes,
            tokens,
            flight: flight.clone(),
        }));
        Ok(flight)
    }

    async fn perform(self, who: Who, mut refresh: Refresh, scopes: Vec<String>) -> Refreshed {
        let row = &who.row;
        let (mut rotated, mut metadata) = (None, None);
        let (mut lock, mut step, mut losses) = (None, None, 0);
        let result = loop {
            row.settle();
            row.storage.written().await;
            step = Some(match step {
                None => {
                    drop(lock);
                    let others;
                    (lock, others) = row.acquire_refresh_lock().await;
                    row.reload().await;
                    let now = clock::now();
                    refresh.start(&mut row.session.borrow_mut(), others, now)
                }
                Some(Step::Ask(others)) => {
                    row.query(others).await;
                    row.sync();
                    let (now, jitter) = (clock::now(), random::jitter());
                    refresh.asked(&mut row.session.borrow_mut(), now, jitter)
                }
                Some(Step::Send(refresh_token)) => {
                    // Once for each refresh: where it is slow, the lock might be lost every time.
                    let known = match &metadata {
                        Some(known) => Ok(Rc::clone(known)),
                        None => self.metadata().await,
                    };
                    metadata = known.clone().ok();
                    if known.is_ok() {
                        let may_send = row.may_send(lock.as_ref(), &refresh).await;
                        row.sync();
                        let lost = !may_send && losses < MOST_LOSSES;
                        if lost || !refresh.is_current(&row.session.borrow()) {
                            losses += 1;
                            step = None;
                            continue;
                        }
                    }
                    refresh.note_answers(row.answers());
                    let (answer, is_replay) = self.ask(known, &refresh_token, &scopes).await;
                    if is_replay {
                        refresh.note_replay();
                    }
                    rotated = token_response::refresh_token(&answer).cloned().or(rotated);
                    // A frame or an earlier page of this tab may have refreshed meanwhile.
                    row.sync();
                    let (now, jitter) = (clock::now(), random::jitter());
                    refresh.answered(&mut row.session.borrow_mut(), answer, now, jitter)
                }
                Some(Step::Done(result)) => break result,
            });
        };
        row.refreshing.replace(None);
        row.release_refresh_lock(lock);
        row.tell();
        Refreshed { result, rotated }
    }

    /// The server's answer, and whether it is one that the token worker has kept.
    async fn ask(
        &self,
        metadata: Answer<Metadata>,
        refresh_token: &Secret,
        scopes: &[String],
    ) -> (Result<TokenResponse, Unusable>, bool) {
        let phase = Phase::Refresh;
        let metadata = match metadata {
            Ok(metadata) => metadata,
            Err(error) => return (Err(error.into()), false),
        };
        let request =
            token_request::refresh(&metadata, &self.inner().client, refresh_token, scopes);
        let request = self.inner().headers.dress(request);
        let sender = &self.inner().sender;
        match sender.send(&request, phase, TIMEOUT_MS).await {
            Ok(response) => {
                let answer = token_response::process(&request, &response, phase);
                (answer, response.age > 0)
            }
            Err(error) => (Err(error.into()), false),
        }
    }

    /// An access token that is good for the margin at least where the server allows. While the old one
    /// lives, a refresh that does not get through is no reason to fail.
    pub async fn get_access_token(&self) -> Result<String, Error> {
        let text = |access: &AccessToken| String::from(access.token.expose());
        let held = || self.who().row.session.borrow().access().map(text);
        let usable = || {
            let (row, now) = (self.who().row, clock::now());
            let session = row.session.borrow();
            session.usable(now, 0).map(text)
        };
        let comfortable = || {
            let (row, now) = (self.who().row, clock::now());
            let session = row.session.borrow();
            session.comfortable(now, row.margin()).map(text)
        };
        self.written().await;
        loop {
            if let Some(token) = comfortable() {
                return Ok(token);
            }
            let (row, now) = (self.who().row, clock::now());
            let put_off = row.session.borrow().put_off(now, true);
            if let Some(error) = put_off {
                return usable().ok_or(error);
            }
            // One that asked for other scopes may bring a token that is good enough.
            let flying = row.refreshing.borrow().clone();
            if let Some(other) = flying.filter(|flying| !flying.scopes.is_empty()) {
                if usable().is_none() {
                    drop(other.flight.await);
                } else if within(LITTLE_PATIENCE, other.flight).await.is_none()
                    && let Some(token) = usable()
                {
                    return Ok(token);
                }
                continue;
            }
            let refresh = self.refresh(&[]);
            let refreshed = if usable().is_some() {
                // It is carried to its end without this caller, too.
                let Some(refreshed) = within(LITTLE_PATIENCE, refresh).await else {
                    if let Some(token) = usable() {
                        return Ok(token);
                    }
                    continue;
                };
                refreshed
            } else {
                refresh.await
            };
            return match refreshed {
                // There is no newer one, even if nobody knows how long it lives. Not the response's: the
                // session may have been replaced since.
                Ok(_) => held().ok_or_else(|| {
                    let phase = Phase::Refresh;
                    ErrorKind::NoToken { phase }.into()
                }),
                // What has replaced the session may have to be refreshed in its turn.
                Err(error) if matches!(*error, ErrorKind::Superseded { .. }) => continue,
                Err(error) => usable().ok_or(error),
            };
        }
    }
}

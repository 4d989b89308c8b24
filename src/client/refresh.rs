//! Refreshing (RFC 6749 section 6): once, however many ask at the same moment, in however many tabs.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

use super::document::Fetched;
use super::open_session::{OpenSession, RefreshInFlight, RefreshOutcome};
use super::security::EsiSecurity;
use super::sender::RESPONSE_TIMEOUT_MS;
use super::shared::Shared;
use crate::oauth::metadata::Metadata;
use crate::oauth::scope;
use crate::oauth::secret::Secret;
use crate::oauth::token_request;
use crate::oauth::token_response::{self, TokenResponse, Unusable};
use crate::session::refresh::{Refresh, Step};
use crate::session::token_set::AccessToken;
use crate::{Error, ErrorKind, Phase};

/// For how many milliseconds a refresh is waited for by a caller for whom the old access token would do.
const SPARE_TIMEOUT_MS: u32 = 5_000;

/// How often a refresh acquires its lock anew that it has lost before it could send. Then it sends without: another
/// page of the origin must not keep this one from refreshing by stealing the lock for ever.
const MOST_LOSSES: u32 = 3;

impl EsiSecurity {
    /// New tokens for the refresh token; `scopes` a subset of the granted ones, or empty for all.
    pub async fn refresh(&self, scopes: &[String]) -> Result<TokenResponse, Error> {
        scope::check(scopes, Phase::Refresh)?;
        loop {
            let (open, now) = (self.session(), self.environment().now());
            let in_flight = open.refresh.borrow().clone();
            let Some(other) = in_flight else {
                return self.begin_refresh(&open, scopes, now)?.await.result;
            };
            let is_same = other.scopes == scopes && open.has_grant_of(&other.tokens);
            let ended = other.outcome.await;
            if is_same {
                return ended.result;
            }
            // One that asked for other scopes, or with a token that is no longer held, had to end first: the refresh token
            // may rotate. Its result is not this caller's.
        }
    }

    fn begin_refresh(
        &self,
        open: &Rc<OpenSession>,
        scopes: &[String],
        now: i64,
    ) -> Result<Shared<RefreshOutcome>, Error> {
        let mut session = open.session.borrow_mut();
        if let Some(error) = session.put_off(now, false) {
            return Err(error);
        }
        let refresh = Refresh::begin(&mut session, !scopes.is_empty())?;
        let tokens = session.tokens().cloned().unwrap_or_default();
        drop(session);
        let scopes = scopes.to_vec();
        let work = self
            .clone()
            .perform(Rc::clone(open), refresh, scopes.clone());
        let outcome = Shared::spawn(self.environment(), work);
        open.refresh.replace(Some(RefreshInFlight {
            scopes,
            tokens,
            outcome: outcome.clone(),
        }));
        Ok(outcome)
    }

    async fn perform(
        self,
        open: Rc<OpenSession>,
        mut refresh: Refresh,
        scopes: Vec<String>,
    ) -> RefreshOutcome {
        let environment = self.environment();
        let (mut rotated, mut metadata) = (None, None);
        let (mut lock, mut step, mut losses) = (None, None, 0);
        let mut has_worker = true;
        let result = loop {
            open.settle();
            open.stored().await;
            step = Some(match step {
                None => {
                    drop(lock);
                    let others;
                    (lock, others) = open.acquire_refresh_lock().await;
                    open.reload_from_host().await;
                    let now = environment.now();
                    refresh.start(&mut open.session.borrow_mut(), others, now)
                }
                Some(Step::Ask(others)) => {
                    open.query(others).await;
                    open.reload();
                    let (now, jitter) = (environment.now(), environment.jitter());
                    refresh.asked(&mut open.session.borrow_mut(), now, jitter)
                }
                Some(Step::Send(refresh_token)) => {
                    // Once for each refresh: where it is slow, the lock might be lost every time.
                    let known = match &metadata {
                        Some(known) => Ok(Rc::clone(known)),
                        None => self.metadata().await,
                    };
                    metadata = known.clone().ok();
                    if known.is_ok() {
                        let may_send = open.may_send(lock.as_deref(), &refresh).await;
                        open.reload();
                        let is_lost = !may_send && losses < MOST_LOSSES;
                        if is_lost || !refresh.is_current(&open.session.borrow()) {
                            losses += 1;
                            step = None;
                            continue;
                        }
                    }
                    refresh.note_answers(open.answers());
                    let sent = self.send(known, &refresh_token, &scopes, has_worker).await;
                    let Some((answer, is_replay)) = sent else {
                        // Seconds may have passed: everything is checked again before the page sends.
                        has_worker = false;
                        step = Some(Step::Send(refresh_token));
                        continue;
                    };
                    if is_replay {
                        refresh.note_replay();
                    }
                    rotated = token_response::refresh_token(&answer).cloned().or(rotated);
                    // A frame or an earlier page of this tab may have refreshed meanwhile.
                    open.reload();
                    let (now, jitter) = (environment.now(), environment.jitter());
                    refresh.answered(&mut open.session.borrow_mut(), answer, now, jitter)
                }
                Some(Step::Done(result)) => break result,
            });
        };
        open.refresh.replace(None);
        open.release_refresh_lock(lock);
        open.announce();
        RefreshOutcome { result, rotated }
    }

    /// The server's answer, and whether it is one that the token worker has kept. `None` if the worker has not sent the
    /// request.
    async fn send(
        &self,
        metadata: Fetched<Metadata>,
        refresh_token: &Secret,
        scopes: &[String],
        has_worker: bool,
    ) -> Option<(Result<TokenResponse, Unusable>, bool)> {
        let phase = Phase::Refresh;
        let metadata = match metadata {
            Ok(metadata) => metadata,
            Err(error) => return Some((Err(error.into()), false)),
        };
        let request =
            token_request::refresh(&metadata, &self.inner().client, refresh_token, scopes);
        let request = self.inner().headers.add_to(request);
        let sender = &self.inner().sender;
        let response = if has_worker {
            let sent = sender.try_worker(&request, phase, RESPONSE_TIMEOUT_MS);
            sent.await?
        } else {
            let sent = sender.send_from_page(&request, phase, RESPONSE_TIMEOUT_MS);
            sent.await
        };
        Some(match response {
            Ok(response) => {
                let answer = token_response::process(&request, &response, phase);
                (answer, response.age > 0)
            }
            Err(error) => (Err(error.into()), false),
        })
    }

    /// An access token that is good for the margin at least where the server allows. While the old one
    /// lives, a refresh that does not get through is no reason to fail.
    pub async fn get_access_token(&self) -> Result<String, Error> {
        let environment = self.environment();
        let text = |access: &AccessToken| String::from(access.token.expose());
        let held = || self.session().session.borrow().access().map(text);
        let usable = || {
            let (open, now) = (self.session(), self.environment().now());
            let session = open.session.borrow();
            session.usable(now, 0).map(text)
        };
        let comfortable = || {
            let (open, now) = (self.session(), self.environment().now());
            let session = open.session.borrow();
            session.comfortable(now, open.margin()).map(text)
        };
        self.session().stored().await;
        loop {
            if let Some(token) = comfortable() {
                return Ok(token);
            }
            let (open, now) = (self.session(), self.environment().now());
            let put_off = open.session.borrow().put_off(now, true);
            if let Some(error) = put_off {
                return usable().ok_or(error);
            }
            // One that asked for other scopes may bring a token that is good enough.
            let in_flight = open.refresh.borrow().clone();
            if let Some(other) = in_flight.filter(|refresh| !refresh.scopes.is_empty()) {
                if usable().is_none() {
                    drop(other.outcome.await);
                } else if environment
                    .within(SPARE_TIMEOUT_MS, other.outcome)
                    .await
                    .is_none()
                    && let Some(token) = usable()
                {
                    return Ok(token);
                }
                continue;
            }
            let refresh = self.refresh(&[]);
            let refreshed = if usable().is_some() {
                // It is carried to its end without this caller, too.
                let Some(refreshed) = environment.within(SPARE_TIMEOUT_MS, refresh).await else {
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

//! Refreshes the session (RFC 6749 section 6). Concurrent callers in all tabs share one refresh.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

use super::document::Fetched;
use super::open_session::{OpenSession, RefreshInFlight, RefreshOutcome};
use super::refresh_lock;
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

/// How long `get_access_token` waits for a refresh while the old access token is still valid, in milliseconds.
const SPARE_TIMEOUT_MS: u32 = 5_000;

/// How often a refresh starts again if, right before it sends, its lock was stolen or the marker names newer tokens.
/// After that it sends anyway: a page that keeps stealing the lock must not block this one.
const MOST_LOSSES: u32 = 3;

impl EsiSecurity {
    /// Refreshes the session, and returns the new tokens. `scopes` is a subset of the granted scopes; empty means all
    /// of them.
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
            // That refresh was for other scopes or for another grant, so its result is not for this caller. It had to
            // end first, because it may rotate the refresh token.
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
        let mut wait = refresh_lock::lock_wait();
        let mut has_worker = true;
        let result = loop {
            open.settle();
            open.stored().await;
            step = Some(match step {
                None => {
                    drop(lock);
                    let others;
                    (lock, others) = open.acquire_refresh_lock(&mut wait).await;
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
                    // Fetched once for each refresh. If each attempt fetched it from a slow server, each could lose the
                    // lock.
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
                        open.note_sent();
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

    /// Sends the token request. Returns the outcome, and whether the token worker has replayed a response that it kept.
    /// `None` if the worker has not sent the request.
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

    /// Returns a valid access token. Refreshes first if it expires within the refresh margin. If that refresh fails
    /// while the old token is still valid, returns the old token.
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
            // A refresh in flight for narrower scopes may bring a token that is good enough.
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
                // After the timeout the refresh continues without this caller.
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
                // Returns the held token: it is the newest one, even if its lifetime is unknown. Not the token of the
                // response, because the session may have been replaced since.
                Ok(_) => held().ok_or_else(|| {
                    let phase = Phase::Refresh;
                    ErrorKind::NoToken { phase }.into()
                }),
                // The session that has replaced this one may need a refresh too.
                Err(error) if matches!(*error, ErrorKind::Superseded { .. }) => continue,
                Err(error) => usable().ok_or(error),
            };
        }
    }
}

//! Refreshing (RFC 6749 section 6): once, however many ask at the same moment.

use alloc::string::String;
use alloc::vec::Vec;

use super::clock;
use super::flight::Flight;
use super::http::{self, PATIENCE};
use super::row::{Refreshed, Refreshing};
use super::security::{EsiSecurity, Who};
use crate::oauth::scope;
use crate::oauth::secret::Secret;
use crate::oauth::token_request;
use crate::oauth::token_response::{self, TokenResponse, Unusable};
use crate::session::machine::Refresh;
use crate::session::token_set::AccessToken;
use crate::{Error, Phase};

impl EsiSecurity {
    /// New tokens for the refresh token; `scopes` a subset of the granted ones, or empty for all.
    pub async fn refresh(&self, scopes: &[String]) -> Result<TokenResponse, Error> {
        scope::check(scopes, Phase::Refresh)?;
        self.restored().await;
        loop {
            let who = self.who();
            let flying = who.row.refreshing.borrow().clone();
            match flying {
                Some(same) if same.scopes == scopes => return same.flight.await.result,
                // One that asked for other scopes must end first: the refresh token may rotate. How it
                // ends is not this caller's concern.
                Some(other) => drop(other.flight.await),
                None => {
                    let refresh = who.row.session.borrow_mut().begin_refresh()?;
                    let sent = refresh.refresh_token.clone();
                    let work = self.clone().perform(who.clone(), refresh, scopes.to_vec());
                    let flight = Flight::launch(work);
                    who.row.refreshing.replace(Some(Refreshing {
                        scopes: scopes.to_vec(),
                        sent,
                        flight: flight.clone(),
                    }));
                    return flight.await.result;
                }
            }
        }
    }

    async fn perform(self, who: Who, refresh: Refresh, scopes: Vec<String>) -> Refreshed {
        let answer = self.ask(&refresh.refresh_token, &scopes).await;
        let rotated = token_response::refresh_token(&answer).cloned();
        let now = clock::now();
        // A frame or an earlier page of this tab may have refreshed meanwhile.
        who.row.sync();
        let (changed, result) = who
            .row
            .session
            .borrow_mut()
            .end_refresh(&refresh, answer, now);
        if changed {
            who.row.write().await;
        }
        who.row.refreshing.replace(None);
        if result.is_ok() {
            self.tell(&who);
        }
        Refreshed { result, rotated }
    }

    async fn ask(
        &self,
        refresh_token: &Secret,
        scopes: &[String],
    ) -> Result<TokenResponse, Unusable> {
        let phase = Phase::Refresh;
        let metadata = self.metadata().await?;
        let request =
            token_request::refresh(&metadata, &self.inner().client, refresh_token, scopes);
        let request = self.inner().headers.dress(request);
        let response = http::send(&request, phase, PATIENCE).await?;
        token_response::process(&request, &response, phase)
    }

    /// An access token that is good for a minute at least where the server allows. While the old one
    /// lives, a refresh that does not get through is no reason to fail.
    pub async fn get_access_token(&self) -> Result<String, Error> {
        let text = |access: &AccessToken| String::from(access.token.expose());
        let held = || self.who().row.session.borrow().access().map(text);
        let usable = || {
            let row = self.who().row;
            let session = row.session.borrow();
            session.usable(clock::now(), 0).map(text)
        };
        let comfortable = || {
            let row = self.who().row;
            let session = row.session.borrow();
            session.comfortable(clock::now()).map(text)
        };
        self.restored().await;
        loop {
            if let Some(token) = comfortable() {
                return Ok(token);
            }
            // One that asked for other scopes may bring a token that is good enough.
            let flying = self.who().row.refreshing.borrow().clone();
            if let Some(other) = flying.filter(|flying| !flying.scopes.is_empty()) {
                drop(other.flight.await);
                continue;
            }
            return match self.refresh(&[]).await {
                // There is no newer one, even if nobody knows how long it lives. Not the response's: the
                // session may have been replaced since.
                Ok(_) => held().ok_or(Error::NoToken {
                    phase: Phase::Refresh,
                }),
                // What has replaced the session may have to be refreshed in its turn.
                Err(Error::Superseded { .. }) => continue,
                Err(error) => usable().ok_or(error),
            };
        }
    }
}

//! Logging in: the authorization request (RFC 6749 section 4.1.1), the redirect back, and the exchange of the code.
//! Received tokens are stored even if no caller waits for them any more.

use alloc::borrow::ToOwned;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::future::{self, Future};

use super::address;
use super::exchanges::{Exchange, ExchangeKey};
use super::open_session::OpenSession;
use super::security::EsiSecurity;
use super::sender::RESPONSE_TIMEOUT_MS;
use super::shared::Shared;
use super::warning::Warning;
use crate::oauth::authorization_request::{self, Grant};
use crate::oauth::authorization_response::{self, AuthorizationResponse, Outcome};
use crate::oauth::pkce::CodeVerifier;
use crate::oauth::secret::Secret;
use crate::oauth::token_response::{self, TokenResponse};
use crate::oauth::{scope, token_request, url};
use crate::session::login::{Login, Logins, is_final};
use crate::session::machine::State;
use crate::text::joined;
use crate::{Error, ErrorKind, Phase};

/// The longest login URL without a warning, in characters. EVE's SSO has answered longer ones with 404.
const LONG_ADDRESS: usize = 2000;

/// The shortest `state` parameter that is accepted. A shorter one could be guessed (RFC 6749 section 10.10).
const SHORTEST_STATE: usize = 8;

/// The options of an authorization request.
#[derive(Default)]
pub struct AuthUriOptions {
    /// The `state` parameter, at least 8 characters; `None`: a random one.
    pub state: Option<String>,
    /// The scopes to request; `None`: those that the object was created with.
    pub scopes: Option<Vec<String>>,
    /// The implicit grant, deprecated.
    pub implicit: bool,
    /// Further parameters, such as `prompt` or `resource`; none that this library sets itself.
    pub extra_params: Vec<(String, String)>,
}

/// The options of a login.
#[derive(Default)]
pub struct LoginOptions {
    /// The authorization request.
    pub uri: AuthUriOptions,
    /// The URL to return to after the login. It must have the page's origin.
    pub return_to: Option<String>,
}

/// The result of a successful login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginResult {
    /// The `state` parameter of the login.
    pub state: String,
    /// The path, query and fragment to return to.
    pub return_to: Option<String>,
    /// The scopes that were requested.
    pub requested_scopes: Vec<String>,
}

impl EsiSecurity {
    /// Stores a login record, and returns the login URL to which the page must send the user.
    pub async fn get_auth_uri(&self, options: AuthUriOptions) -> Result<String, Error> {
        self.begin(LoginOptions {
            uri: options,
            return_to: None,
        })
        .await
    }

    /// Navigates to the login URL. Returns only if that fails.
    pub async fn login(&self, options: LoginOptions) -> Result<(), Error> {
        let uri = self.begin(options).await?;
        let page = self.environment().host.page();
        if page.is_some_and(|page| page.navigate(&uri)) {
            future::pending::<()>().await;
        }
        Err(Error::argument(
            Phase::Login,
            "login",
            "needs a window that may leave its page",
        ))
    }

    async fn begin(&self, options: LoginOptions) -> Result<String, Error> {
        let phase = Phase::Login;
        let (inner, environment) = (self.inner(), self.environment());
        let host = &*environment.host;
        // The page is about to navigate, so the session must be stored before.
        self.session().stored().await;
        let LoginOptions { uri, return_to } = options;
        let scopes = uri.scopes.unwrap_or_else(|| inner.scopes.clone());
        scope::check(&scopes, phase)?;
        authorization_request::check_extra(&uri.extra_params)?;
        let return_to = return_to
            .map(|address| address::return_to(host, &address))
            .transpose()?;
        let state = match uri.state {
            Some(state) if state.len() < SHORTEST_STATE => {
                return Err(Error::argument(
                    phase,
                    "state",
                    "must have at least 8 characters",
                ));
            }
            Some(state) => state,
            None => environment.state()?,
        };
        let verifier = if uri.implicit || inner.client.secret.is_some() {
            None
        } else {
            Some(match &inner.fixed_verifier {
                Some(text) => CodeVerifier::from_text(text.expose(), phase)?,
                None => environment.code_verifier(32)?,
            })
        };
        let grant = match &verifier {
            Some(verifier) => Grant::CodeWithPkce(verifier),
            None if uri.implicit => Grant::Implicit,
            None => Grant::Code,
        };
        let metadata = self.metadata().await?;
        let client = &inner.client;
        let extra = &uri.extra_params;
        let address =
            authorization_request::address(&metadata, client, grant, &scopes, &state, extra);
        if uri.implicit {
            environment.warn(Warning::ImplicitGrant);
        }
        if address.len() > LONG_ADDRESS {
            environment.warn(Warning::LongAddress);
        }
        let mut logins = self.logins();
        logins.begin(Login {
            state,
            verifier,
            implicit: uri.implicit,
            token_identifier: self.token_identifier(),
            redirect_uri: inner.client.redirect_uri.clone(),
            issuer: metadata.issuer.clone(),
            requires_iss: metadata.authorization_response_iss_parameter_supported,
            scopes,
            return_to,
            began_at: environment.now(),
            answer: None,
        });
        if self.keep_logins(&logins) {
            Ok(address)
        } else {
            Err(ErrorKind::StorageUnavailable { phase }.into())
        }
    }

    /// Completes a login from the authorization response in `url`, or in the page's URL. Returns `None` if there is no
    /// response for this object. Reads the page's URL before the first await, so that two calls in a row read the same
    /// one.
    pub fn handle_redirect(
        &self,
        url: Option<&str>,
    ) -> impl Future<Output = Result<Option<LoginResult>, Error>> + use<> {
        let here = || self.environment().host.page()?.address();
        let url = url.map(String::from).or_else(here);
        let this = self.clone();
        async move {
            match url {
                Some(url) => this.read_redirect(&url).await,
                None => Ok(None),
            }
        }
    }

    async fn read_redirect(&self, url: &str) -> Result<Option<LoginResult>, Error> {
        let phase = Phase::Redirect;
        let environment = self.environment();
        let host = &*environment.host;
        let url = address::parse(host, url)
            .ok_or_else(|| Error::argument(phase, "url", "must be an address"))?;
        let site = address::site(host, &url, &self.inner().client.redirect_uri);
        let (logins, now) = (self.logins(), environment.now());
        let response = logins.response_in(&url.query, &url.fragment, site, now)?;
        let Some((state, response)) = response else {
            return Ok(None);
        };
        if let Ok(login) = logins.find(&state, now, phase)
            && login.token_identifier != self.token_identifier()
        {
            // Another object of the page completes this login. If there is none, only the warning explains why the
            // login never ends.
            let identifier = login.token_identifier.as_deref();
            let key = self.inner().place.session(identifier);
            if !self.inner().page.has_session(&key) {
                environment.warn(Warning::LoginOfNobody);
            }
            return Ok(None);
        }
        let finished = self.finish(&state, &response).await;
        // After an error that may pass, the response stays in the URL, so that a reload can retry. A foreign response
        // stays too.
        if finished.as_ref().err().is_none_or(|error| is_final(error)) {
            address::clean(host, &response);
        }
        finished.map(Some)
    }

    async fn finish(
        &self,
        state: &str,
        response: &AuthorizationResponse,
    ) -> Result<LoginResult, Error> {
        let phase = Phase::Redirect;
        let logins = self.logins();
        let login = logins.find(state, self.environment().now(), phase)?;
        let digest = response.outcome.digest();
        let reused = match &login.answer {
            Some(answer) => *answer != digest,
            // A code belongs to one login. A refusal or a token may be the same in two logins.
            None => matches!(response.outcome, Outcome::Code(_)) && logins.any_answered(&digest),
        };
        if reused {
            return Err(self.reused(phase));
        }
        response.check_issuer(&login.issuer, login.requires_iss)?;
        let result = LoginResult {
            state: state.to_owned(),
            return_to: login.return_to.clone(),
            requested_scopes: login.scopes.clone(),
        };
        let answered = login.answer.is_some();
        match &response.outcome {
            Outcome::Refused { error, description } => {
                self.end_login(state, digest);
                let description = description.as_deref();
                return Err(authorization_response::refusal(error, description, state));
            }
            // A token or code that this login did not request may be injected (RFC 9700 section 4.6).
            outcome if login.implicit != matches!(outcome, Outcome::Token(_)) => {
                return Err(authorization_response::unasked(phase));
            }
            Outcome::Code(_) if answered => {}
            Outcome::Code(code) => {
                self.exchange(code, Some(state), phase).await?;
            }
            Outcome::Token(json) => match token_response::parse(json.expose(), phase) {
                Ok(_) if answered => {}
                Ok(tokens) => {
                    self.sign_in(&self.session(), tokens, Some((state, digest)))
                        .await;
                }
                // The response is unusable, but it has used up the `state` parameter.
                Err(unusable) => {
                    self.end_login(state, digest);
                    return Err(unusable.error);
                }
            },
        }
        Ok(result)
    }

    /// Exchanges a code that the page itself took from the redirect. `state` identifies the login. It may be omitted if
    /// only one login is pending.
    pub async fn auth(&self, code: &str, state: Option<&str>) -> Result<TokenResponse, Error> {
        let phase = Phase::Token;
        if code.is_empty() {
            return Err(Error::argument(phase, "code", "must not be empty"));
        }
        let now = self.environment().now();
        let logins = self.logins();
        let login = match state {
            Some(state) => Some(logins.find(state, now, phase)?),
            None => logins.only(self.token_identifier().as_deref(), now, phase)?,
        };
        let code = Secret::new(code);
        let used = logins.any_answered(&Outcome::Code(code.clone()).digest());
        if used || login.is_some_and(|login| login.answer.is_some()) {
            return Err(self.reused(phase));
        }
        if login.is_some_and(|login| login.token_identifier != self.token_identifier()) {
            return Err(ErrorKind::StateUnknown { phase }.into());
        }
        // An implicit login has no code verifier, so nothing proves that the code belongs to it.
        if login.is_some_and(|login| login.implicit) {
            return Err(authorization_response::unasked(phase));
        }
        let inner = self.inner();
        if login.is_none() && inner.fixed_verifier.is_none() && inner.client.secret.is_none() {
            return Err(ErrorKind::LoginNotFound.into());
        }
        self.exchange(&code, login.map(|login| login.state.as_str()), phase)
            .await
    }

    /// Exchanges a code once for all callers. A code that is sent twice can end the session (RFC 6749 section 4.1.2).
    /// So another login with the same code is refused while the exchange is in flight.
    async fn exchange(
        &self,
        code: &Secret,
        state: Option<&str>,
        phase: Phase,
    ) -> Result<TokenResponse, Error> {
        let exchanges = self.inner().page.exchanges();
        let key = ExchangeKey {
            logins: self.inner().place.logins(),
            code: code.clone(),
        };
        if let Some(exchange) = exchanges.get(&key) {
            if exchange.state.as_deref() != state {
                return Err(self.reused(phase));
            }
            return exchange.outcome.await;
        }
        let state = state.map(String::from);
        let (this, open) = (self.clone(), self.session());
        let (done, login) = (key.clone(), state.clone());
        let outcome = Shared::spawn(self.environment(), async move {
            let result = this
                .perform_exchange(&open, &done.code, login.as_deref())
                .await;
            this.inner().page.exchanges().remove(&done);
            result
        });
        let exchange = Exchange {
            state,
            outcome: outcome.clone(),
        };
        exchanges.insert(key, exchange);
        outcome.await
    }

    async fn perform_exchange(
        &self,
        open: &Rc<OpenSession>,
        code: &Secret,
        state: Option<&str>,
    ) -> Result<TokenResponse, Error> {
        self.inner().sender.connect();
        let answer = self.ask_for_tokens(code, state).await;
        match (&answer, state) {
            (Ok(tokens), _) => {
                let digest = || Outcome::Code(code.clone()).digest();
                let ended = state.map(|state| (state, digest()));
                self.sign_in(open, tokens.clone(), ended).await;
            }
            (Err(error), Some(state)) if is_final(error) => {
                self.end_login(state, String::new());
            }
            // The code may still be good: the login stays open for another try.
            (Err(_), _) => {}
        }
        answer
    }

    async fn ask_for_tokens(
        &self,
        code: &Secret,
        state: Option<&str>,
    ) -> Result<TokenResponse, Error> {
        let phase = Phase::Token;
        let inner = self.inner();
        let metadata = self.metadata().await?;
        let logins = self.logins();
        let login = state
            .map(|state| logins.find(state, self.environment().now(), phase))
            .transpose()?;
        let issuer = url::without_scheme(&metadata.issuer);
        if login.is_some_and(|login| url::without_scheme(&login.issuer) != issuer) {
            return Err(ErrorKind::IssuerMismatch { phase }.into());
        }
        let fixed = match (login, &inner.fixed_verifier) {
            (None, Some(text)) => Some(CodeVerifier::from_text(text.expose(), phase)?),
            _ => None,
        };
        let verifier = login
            .and_then(|login| login.verifier.as_ref())
            .or(fixed.as_ref());
        let client = &inner.client;
        let redirect_uri = login.map_or(&client.redirect_uri, |login| &login.redirect_uri);
        let request = token_request::exchange(&metadata, client, redirect_uri, code, verifier);
        let request = inner.headers.add_to(request);
        let digest = Outcome::Code(code.clone()).digest();
        let lock = joined(&[&inner.place.logins(), "/", &digest]);
        let response = inner
            .sender
            .send_once(&request, &lock, phase, RESPONSE_TIMEOUT_MS);
        let response = response.await?;
        // Another tab of the same login has sent this code. Sending it twice would end the grant.
        let response = response.ok_or_else(|| self.reused(phase))?;
        token_response::process(&request, &response, phase).map_err(|unusable| unusable.error)
    }

    /// Stores the tokens before it dispatches events, because a listener may navigate.
    async fn sign_in(
        &self,
        open: &Rc<OpenSession>,
        tokens: TokenResponse,
        ended: Option<(&str, String)>,
    ) {
        // Another page with the same code may have refreshed these tokens since.
        open.reload();
        let now = self.environment().now();
        open.session.borrow_mut().sign_in(tokens, now);
        open.settle();
        if let Some((state, digest)) = ended {
            self.end_login(state, digest);
        }
        open.stored().await;
        open.announce();
    }

    fn end_login(&self, state: &str, digest: String) {
        let mut logins = self.logins();
        logins.finish(state, digest);
        self.keep_logins(&logins);
    }

    fn reused(&self, phase: Phase) -> Error {
        let logged_in = !matches!(self.state(), State::SignedOut | State::NeedsLogin);
        ErrorKind::StateReused { phase, logged_in }.into()
    }

    /// Reads the login records. Ends the expired ones in storage too, and deletes their verifiers.
    fn logins(&self) -> Logins {
        let record = self.inner().page.read_item(&self.inner().place.logins());
        let mut logins = Logins::restore(record.as_deref());
        if logins.expire(self.environment().now()) {
            self.keep_logins(&logins);
        }
        logins
    }

    fn keep_logins(&self, logins: &Logins) -> bool {
        let (key, record) = (self.inner().place.logins(), logins.to_row());
        self.inner().page.write_item(&key, record.as_deref())
    }
}

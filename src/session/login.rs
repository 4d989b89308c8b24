//! Logins under way: one record for each `state` (RFC 6749 section 10.12), kept across the redirect,
//! for ten minutes, used once.

use alloc::string::String;
use alloc::vec::Vec;

use super::token_set::CLOCK_STEP;
use crate::json::Json;
use crate::oauth::authorization_response::{AuthorizationResponse, Component, has_state};
use crate::oauth::pkce::CodeVerifier;
use crate::record::{self, FromRecord, Members, Record, ToRecord};
use crate::{Error, ErrorKind, Phase};

/// For how many seconds a login can be finished.
pub const LIFETIME: i64 = 600;

/// How many logins are remembered.
const CAPACITY: usize = 8;

/// One login.
#[derive(Debug, PartialEq, Eq)]
pub struct Login {
    /// The `state` that names it.
    pub state: String,
    /// Its code verifier; `None` with a client secret, in the implicit grant, and once it was used.
    pub verifier: Option<CodeVerifier>,
    /// True if the token itself was asked for, and not a code.
    pub implicit: bool,
    /// Whose session it is to become.
    pub token_identifier: Option<String>,
    /// Where the answer was asked to go, which the exchange must repeat (RFC 6749 section 4.1.3).
    pub redirect_uri: String,
    /// Who must answer (RFC 9700 section 4.4.2).
    pub issuer: String,
    /// True if the answer must say so in `iss` (RFC 9207).
    pub requires_iss: bool,
    /// The scopes that were asked for.
    pub scopes: Vec<String>,
    /// Where the page wants to be afterwards.
    pub return_to: Option<String>,
    /// When it began, seconds since 1970.
    pub began_at: i64,
    /// Set when it has ended: a digest of the answer that ended it, so that the same answer again is
    /// known from another one under the same `state`; empty where no answer is to be taken again, as
    /// after ten minutes.
    pub answer: Option<String>,
}

/// Where an address is that may carry an authorization response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Site {
    /// At the redirect URI.
    RedirectUri,
    /// Elsewhere on the origin of the page, or of the redirect URI: hosting may answer the redirect URI
    /// with a redirect of its own, such as from `/callback` to `/callback/`.
    SameOrigin,
    /// At another origin.
    OtherOrigin,
}

impl FromRecord for Login {
    fn from_record(record: Record<'_>) -> Option<Self> {
        Some(Self {
            state: record.required("state", record::text)?,
            verifier: record.optional("verifier", |text| {
                record::text(text).map(CodeVerifier::restored)
            })?,
            implicit: record.or_default("implicit", record::flag)?,
            token_identifier: record.optional("token_identifier", record::text)?,
            redirect_uri: record.required("redirect_uri", record::text)?,
            issuer: record.required("issuer", record::text)?,
            requires_iss: record.or_default("requires_iss", record::flag)?,
            scopes: record.required("scopes", record::texts)?,
            return_to: record.optional("return_to", record::text)?,
            began_at: record.required("began_at", record::whole)?,
            answer: record.optional("answer", record::text)?,
        })
    }
}

impl ToRecord for Login {
    fn to_record(&self, members: &mut Members) {
        members.text("state", &self.state);
        if let Some(verifier) = &self.verifier {
            members.text("verifier", verifier.secret().expose());
        }
        if self.implicit {
            members.json("implicit", "true");
        }
        if let Some(token_identifier) = &self.token_identifier {
            members.text("token_identifier", token_identifier);
        }
        members.text("redirect_uri", &self.redirect_uri);
        members.text("issuer", &self.issuer);
        if self.requires_iss {
            members.json("requires_iss", "true");
        }
        members.texts("scopes", &self.scopes);
        if let Some(return_to) = &self.return_to {
            members.text("return_to", return_to);
        }
        members.number("began_at", self.began_at);
        if let Some(answer) = &self.answer {
            members.text("answer", answer);
        }
    }
}

/// The logins of one client at one server.
#[derive(Debug, Default)]
pub struct Logins(Vec<Login>);

impl Logins {
    /// Reads the stored row; one that cannot be read counts as none.
    pub fn restore(row: Option<&str>) -> Self {
        let row = row.and_then(|row| Json::parse(row.as_bytes()));
        let logins = row.and_then(|row| record::objects(&row));
        logins.map(Self).unwrap_or_default()
    }

    /// The row to store; `None` if there is nothing to remember.
    pub fn to_row(&self) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        Some(record::to_list(&self.0))
    }

    /// Adds a login; one with the same `state` is replaced.
    pub fn begin(&mut self, login: Login) {
        // One that has ended is still known: its answer may come again, as from the history.
        self.expire(login.began_at);
        self.0.retain(|other| other.state != login.state);
        self.0.push(login);
        while self.0.len() > CAPACITY {
            // The oldest; but one that has ended is missed less than one that can still be finished.
            let ended = self.0.iter().position(|login| login.answer.is_some());
            self.0.remove(ended.unwrap_or(0));
        }
    }

    /// The authorization response in an address, given as its query and fragment without their `?` and `#`.
    /// `None` where there is none, or where it is not for this page: outside the redirect URI only a `state`
    /// of these logins makes it so, and without a `state`, or in a fragment, only a login under way. With its `state`.
    pub fn response_in(
        &self,
        query: &str,
        fragment: &str,
        site: Site,
        now: i64,
    ) -> Result<Option<(String, AuthorizationResponse)>, Error> {
        let phase = Phase::Redirect;
        let here = site == Site::RedirectUri;
        let awaited = here && self.any_open(now);
        let known = |is_it: &dyn Fn(&str) -> bool| self.0.iter().any(|login| is_it(&login.state));
        let parsed = AuthorizationResponse::parse(query, fragment).and_then(|found| match found {
            Some(response) => Ok(Some(response)),
            // A `state` of ours is an answer, whatever hosting or a router has made of the rest.
            None => [(Component::Query, query), (Component::Fragment, fragment)]
                .into_iter()
                .find(|(_, encoded)| known(&|ours| has_state(encoded, ours)))
                .map(|(component, encoded)| AuthorizationResponse::undecided(encoded, component))
                .transpose(),
        });
        let (ours, response) = match parsed {
            Ok(None) => return Ok(None),
            Ok(Some(response)) => match response.state.clone() {
                Some(state) => {
                    // A page may have an `#error=…&state=…` of its own.
                    let refused = match response.component {
                        Component::Query => here,
                        Component::Fragment => awaited,
                    };
                    let ours = refused || known(&|ours| ours == state);
                    (ours, Ok((state, response)))
                }
                None => (awaited, Err(ErrorKind::StateMissing { phase }.into())),
            },
            Err(error) => {
                let stands = |state: &str| has_state(query, state) || has_state(fragment, state);
                (awaited || known(&stands), Err(error))
            }
        };
        if !ours {
            return Ok(None);
        }
        if site == Site::OtherOrigin {
            const REASON: &str = "must have the origin of this page or of `redirectUri`";
            return Err(Error::argument(phase, "url", REASON));
        }
        response.map(Some)
    }

    /// The login that `state` names. An answered one is given back too: `answer` tells.
    pub fn find(&self, state: &str, now: i64, phase: Phase) -> Result<&Login, Error> {
        let login = self
            .0
            .iter()
            .find(|login| login.state == state)
            .ok_or(ErrorKind::StateUnknown { phase })?;
        let is_answered = login
            .answer
            .as_ref()
            .is_some_and(|answer| !answer.is_empty());
        if is_expired(login, now) && !is_answered {
            return Err(ErrorKind::LoginExpired { phase }.into());
        }
        Ok(login)
    }

    /// The only login for this identifier that has not ended yet; `None` if there is none.
    pub fn only(
        &self,
        token_identifier: Option<&str>,
        now: i64,
        phase: Phase,
    ) -> Result<Option<&Login>, Error> {
        let ours = |login: &&Login| login.token_identifier.as_deref() == token_identifier;
        let mut open = self.open(now).filter(ours);
        let first = open.next();
        if open.next().is_some() {
            return Err(ErrorKind::StateMissing { phase }.into());
        }
        Ok(first)
    }

    /// True if some login has ended with this answer already.
    pub fn any_answered(&self, answer: &str) -> bool {
        self.0
            .iter()
            .any(|login| login.answer.as_deref() == Some(answer))
    }

    /// True if a login is under way.
    pub fn any_open(&self, now: i64) -> bool {
        self.open(now).next().is_some()
    }

    fn open(&self, now: i64) -> impl Iterator<Item = &Login> {
        self.0
            .iter()
            .filter(move |login| login.answer.is_none() && !is_expired(login, now))
    }

    /// The login has ended, and its verifier has done its work.
    pub fn finish(&mut self, state: &str, answer: String) {
        if let Some(login) = self.0.iter_mut().find(|login| login.state == state) {
            login.verifier = None;
            login.answer = Some(answer);
        }
    }

    /// Ends what has expired, so that no verifier outlives its login. True if there was any.
    pub fn expire(&mut self, now: i64) -> bool {
        let mut any = false;
        for login in &mut self.0 {
            if login.answer.is_none() && is_expired(login, now) {
                login.verifier = None;
                login.answer = Some(String::new());
                any = true;
            }
        }
        any
    }
}

/// A clock that was set back makes a login old, not eternal; but a small step back costs nobody a login.
fn is_expired(login: &Login, now: i64) -> bool {
    !(-CLOCK_STEP..LIFETIME).contains(&now.saturating_sub(login.began_at))
}

/// True if trying the same answer again is of no use after this error, so that it leaves the address. Not
/// so where the code may never have been judged (a failure on the way, a gateway's page, a document that
/// could not be read), nor where the answer may be somebody else's.
pub fn is_final(error: &ErrorKind) -> bool {
    match error {
        // An `error` judges the code, also one that is not registered.
        ErrorKind::Http {
            phase, is_oauth, ..
        } => *phase == Phase::Token && *is_oauth && !error.retryable(),
        // A token that came in the address itself, and cannot be used, gets no better.
        ErrorKind::InvalidResponse { phase, .. } => *phase == Phase::Redirect,
        ErrorKind::AccessDenied { .. }
        | ErrorKind::AuthorizationFailed { .. }
        | ErrorKind::LoginExpired { .. }
        | ErrorKind::StateReused { .. } => true,
        _ => false,
    }
}

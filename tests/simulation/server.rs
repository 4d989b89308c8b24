//! The authorization server: it issues grants, replaces refresh tokens, notices used ones, and is at times in trouble.

use std::cell::RefCell;

use esi_security::oauth::http::{Request, Response};
use esi_security::oauth::pkce::CodeVerifier;
use esi_security::{Members, Phase};

use crate::grant::{End, Grant, Token};
use crate::settings::{Reuse, Rotation};
use crate::url;
use crate::world::World;

pub(crate) const METADATA_URL: &str = "https://sso.example/.well-known/oauth-authorization-server";

/// What is found there.
pub(crate) const METADATA: &str = r#"{
  "issuer": "https://sso.example",
  "authorization_endpoint": "https://sso.example/authorize",
  "token_endpoint": "https://sso.example/token",
  "revocation_endpoint": "https://sso.example/revoke",
  "jwks_uri": "https://sso.example/keys"
}"#;

/// What a request meets with instead of with a served answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    RequestLost,
    AnswerLost,
    Slow,
    Unavailable,
    Busy,
    /// A refusal without a reason.
    Unexplained,
    /// For once in place of whatever it would be; a second time the server means it.
    InvalidToken,
    Garbled,
    /// All but the refresh token, that is.
    HalfGarbled,
}

/// An answer, and how it travels.
pub(crate) struct Answer {
    /// `None` if it is lost on its way.
    pub(crate) response: Option<Response>,
    /// The refresh token in it, if it can be read.
    pub(crate) brings: Option<Token>,
    pub(crate) delay: u64,
}

/// A code that was issued, and what became of it.
struct Code {
    grant: usize,
    challenge: String,
    is_used: bool,
}

#[derive(Default)]
pub(crate) struct Server {
    pub(crate) grants: RefCell<Vec<Grant>>,
    codes: RefCell<Vec<Code>>,
}

impl Server {
    /// A new grant. Returns its index.
    pub(crate) fn new_grant(&self) -> usize {
        let mut grants = self.grants.borrow_mut();
        grants.push(Grant::default());
        grants.len() - 1
    }

    /// Works with a grant. The work must not call the world.
    pub(crate) fn with<T>(&self, grant: usize, work: impl FnOnce(&mut Grant) -> T) -> T {
        work(&mut self.grants.borrow_mut()[grant])
    }

    /// The newest refresh token of a grant.
    pub(crate) fn newest(&self, grant: usize) -> Token {
        let serial = self.with(grant, |grant| grant.serial);
        Token { grant, serial }
    }

    pub(crate) fn has_ended(&self, grant: usize) -> bool {
        self.with(grant, |grant| grant.end.is_some())
    }

    pub(crate) fn is_alive(&self, grant: usize) -> bool {
        self.with(grant, |grant| grant.is_alive())
    }

    /// From now on nobody need keep the tokens of that grant.
    pub(crate) fn excuse(&self, grant: usize, reason: &str) {
        self.with(grant, |grant| {
            grant.excuse.get_or_insert_with(|| reason.to_owned());
        });
    }

    pub(crate) fn is_excused(&self, grant: usize) -> bool {
        self.with(grant, |grant| grant.excuse.is_some())
    }

    pub(crate) fn end(&self, grant: usize, end: End) {
        self.with(grant, |grant| {
            grant.end.get_or_insert(end);
        });
    }
}

impl World {
    /// The user logs in, and is sent back to this address.
    pub(crate) fn authorize(&self, address: &str) -> String {
        let query = address.split_once('?').map_or("", |(_, query)| query);
        let parameter = |name| url::parameter(query, name).unwrap_or_default();
        let grant = self.server.new_grant();
        let mut codes = self.server.codes.borrow_mut();
        codes.push(Code {
            grant,
            challenge: parameter("code_challenge"),
            is_used: false,
        });
        let (redirect, state) = (parameter("redirect_uri"), parameter("state"));
        format!("{redirect}?code=code-{}&state={state}", codes.len() - 1)
    }

    /// A request arrives.
    pub(crate) fn serve(&self, request: &Request) -> Answer {
        let fault = self.draw_fault(request);
        if let Some(fault) = fault {
            self.note(|| format!("  the server: {fault:?}"));
        }
        let delay = match fault {
            Some(Fault::Slow) => self.random.between(1_000, 45_000),
            _ => self.random.weighted(&[(6, 40), (3, 400), (1, 4000)]),
        };
        let delay = self.random.between(1, delay);
        let (status, retry_after, body) = match fault {
            Some(Fault::RequestLost) => {
                return Answer {
                    response: None,
                    brings: None,
                    delay,
                };
            }
            Some(Fault::Unavailable) => (503, None, "<html>".to_owned()),
            Some(Fault::Busy) => (
                429,
                Some(u32::try_from(self.random.between(1, 90)).unwrap()),
                String::new(),
            ),
            Some(Fault::Unexplained) => (400, None, String::new()),
            Some(Fault::InvalidToken) => self.doubt(request),
            _ => self.judge(request),
        };
        let brings = url::parameter_of_json(&body, "refresh_token")
            .as_deref()
            .and_then(Token::parse);
        let body = match fault {
            Some(Fault::Garbled) => body.chars().take(body.len() / 2).collect(),
            Some(Fault::HalfGarbled) => body.replace("\"access_token\":\"", "\"access_token\":\" "),
            _ => body,
        };
        self.note(|| format!("  the server answers {status} {body}"));
        let is_lost = fault == Some(Fault::AnswerLost);
        if let Some(token) = brings
            && (is_lost || fault == Some(Fault::Garbled))
        {
            self.act(|| format!("the answer with {token:?} is lost"));
        }
        let is_read = !is_lost && fault != Some(Fault::Garbled);
        let response = Response {
            status,
            retry_after,
            body,
            age: 0,
        };
        Answer {
            response: Some(response).filter(|_| !is_lost),
            brings: brings.filter(|_| is_read),
            delay,
        }
    }

    fn draw_fault(&self, request: &Request) -> Option<Fault> {
        if !self.random.chance(self.faults.get()) {
            return None;
        }
        let fault = self.random.weighted(&[
            (2, Fault::RequestLost),
            (3, Fault::AnswerLost),
            (3, Fault::Slow),
            (2, Fault::Unavailable),
            (2, Fault::Busy),
            (2, Fault::Unexplained),
            (2, Fault::InvalidToken),
            (1, Fault::Garbled),
            (2, Fault::HalfGarbled),
        ]);
        // These are faults of a refresh.
        let is_of_refresh = matches!(fault, Fault::InvalidToken | Fault::HalfGarbled);
        let is_fitting = !is_of_refresh || refresh_token(request).is_some();
        Some(fault).filter(|_| is_fitting)
    }

    /// Calls a refresh token invalid.
    fn doubt(&self, request: &Request) -> (u16, Option<u32>, String) {
        if let Some(token) = refresh_token(request) {
            self.server.with(token.grant, |grant| {
                if grant.end.is_none() && grant.doubted == Some(token.serial) {
                    grant.end = Some(End::Invalid);
                }
                grant.doubted = Some(token.serial);
            });
        }
        refusal("invalid_token")
    }

    fn judge(&self, request: &Request) -> (u16, Option<u32>, String) {
        if request.form.is_none() {
            return (200, None, METADATA.to_owned());
        }
        let revoked = field(request, "token");
        if let Some(token) = revoked.as_deref().and_then(Token::parse) {
            // A used one says nothing about the grant any more.
            if token == self.server.newest(token.grant) {
                self.server.end(token.grant, End::Revoked);
            }
            return (200, None, String::new());
        }
        match (refresh_token(request), field(request, "code")) {
            (Some(token), _) => self.refresh(token),
            (None, Some(code)) => self.exchange(request, &code),
            // An access token is revoked, which says nothing about the grant.
            (None, None) => (200, None, String::new()),
        }
    }

    fn refresh(&self, token: Token) -> (u16, Option<u32>, String) {
        let newest = self.server.newest(token.grant);
        if self.server.has_ended(token.grant) {
            return refusal("invalid_grant");
        }
        if newest.is_newer_than(token) {
            self.note(|| format!("  {token:?} was replaced by {newest:?} already"));
            self.counts.reuses.add();
            if self.settings.reuse == Reuse::EndsGrant {
                self.server.end(token.grant, End::Reuse);
            }
            return refusal("invalid_grant");
        }
        let is_replaced = match self.settings.rotation {
            Rotation::Always => true,
            Rotation::Sometimes => self.random.chance(50),
            Rotation::Never => false,
        };
        self.server.with(token.grant, |grant| {
            if is_replaced {
                grant.serial += 1;
                (grant.lost, grant.was_kept, grant.doubted) = (None, false, None);
            }
        });
        let names_it = is_replaced || self.random.chance(50);
        (200, None, self.issue(token.grant, names_it))
    }

    fn exchange(&self, request: &Request, code: &str) -> (u16, Option<u32>, String) {
        let index = code
            .strip_prefix("code-")
            .and_then(|index| index.parse::<usize>().ok());
        let mut codes = self.server.codes.borrow_mut();
        let Some(code) = index.and_then(|index| codes.get_mut(index)) else {
            return refusal("invalid_grant");
        };
        let verifier = field(request, "code_verifier").unwrap_or_default();
        let verifier = CodeVerifier::from_text(&verifier, Phase::Token);
        let is_owner = verifier.is_ok_and(|verifier| verifier.challenge() == code.challenge);
        self.require(is_owner, || {
            "a code is sent without its verifier".to_owned()
        });
        if code.is_used {
            self.counts.code_reuses.add();
            self.server.end(code.grant, End::CodeReuse);
            return refusal("invalid_grant");
        }
        code.is_used = true;
        (200, None, self.issue(code.grant, true))
    }

    /// A token response.
    pub(crate) fn issue(&self, grant: usize, names_refresh_token: bool) -> String {
        let number = self.server.with(grant, |grant| {
            grant.issued.push(self.now());
            grant.issued.len()
        });
        let mut members = Members::new();
        members.text("access_token", &format!("access-{grant}-{number}"));
        members.text("token_type", "Bearer");
        members.number("expires_in", self.settings.life.into());
        if names_refresh_token {
            members.text("refresh_token", &self.server.newest(grant).to_string());
        }
        members.finish()
    }
}

/// When an access token was issued.
pub(crate) fn issued_at(server: &Server, access_token: &str) -> Option<u64> {
    let (grant, number) = access_token.strip_prefix("access-")?.split_once('-')?;
    let (grant, number): (usize, usize) = (grant.parse().ok()?, number.parse().ok()?);
    server.with(grant, |grant| grant.issued.get(number - 1).copied())
}

fn refusal(error: &str) -> (u16, Option<u32>, String) {
    (400, None, format!("{{\"error\":\"{error}\"}}"))
}

/// A field of a form.
pub(crate) fn field(request: &Request, name: &str) -> Option<String> {
    let mut fields = request.form.as_ref()?.iter();
    let found = fields.find(|(key, _)| *key == name);
    found.map(|(_, value)| value.expose().to_owned())
}

/// The refresh token in an answer.
pub(crate) fn refresh_token_in(response: &Response) -> Option<Token> {
    let text = url::parameter_of_json(&response.body, "refresh_token");
    text.as_deref().and_then(Token::parse)
}

/// The refresh token that is sent to be renewed.
pub(crate) fn refresh_token(request: &Request) -> Option<Token> {
    field(request, "refresh_token")
        .as_deref()
        .and_then(Token::parse)
}

//! The token response (RFC 6749 section 5.1). What arrives is untrusted until it has this shape.

use alloc::string::String;
use serde::Serialize;

use super::error_response;
use super::http::{Request, Response};
use super::secret::Secret;
use crate::json::{Json, Object};
use crate::{Error, ErrorKind, Phase};

/// The longest life that is believed, in seconds: a year. EVE's tokens live twenty minutes.
pub const LONGEST_LIFE: u32 = 366 * 24 * 60 * 60;

/// A well-formed token response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenResponse {
    /// The access token.
    pub access_token: Secret,
    /// `Bearer`.
    pub token_type: String,
    /// Seconds from now; `None` where the server does not say, or says nothing that is above zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u32>,
    /// `None` where the server sent null, an empty string or nothing: the one before stays.
    pub refresh_token: Option<Secret>,
}

/// A token response that cannot be used, and what must not be lost of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// Why.
    pub error: Error,
    /// A refresh token that stood in it all the same. Where the server rotates, it has replaced the
    /// one that was sent, which is dead from now on.
    pub refresh_token: Option<Secret>,
}

/// The refresh token in an answer, which has replaced the one that was sent.
pub fn refresh_token(answer: &Result<TokenResponse, Unusable>) -> Option<&Secret> {
    match answer {
        Ok(response) => response.refresh_token.as_ref(),
        Err(unusable) => unusable.refresh_token.as_ref(),
    }
}

impl From<Error> for Unusable {
    fn from(error: Error) -> Self {
        Self {
            error,
            refresh_token: None,
        }
    }
}

/// What the token endpoint's answer means.
pub fn process(
    request: &Request,
    response: &Response,
    phase: Phase,
) -> Result<TokenResponse, Unusable> {
    if response.ok() {
        let mut tokens = parse(&response.body, phase)?;
        // A token that has outlived its life is an expired one, not one of unknown life.
        tokens.expires_in = tokens
            .expires_in
            .map(|life| life.saturating_sub(response.age).max(1));
        Ok(tokens)
    } else {
        Err(error_response::error(request, response, phase).into())
    }
}

/// Reads a token response.
pub fn parse(json: &str, phase: Phase) -> Result<TokenResponse, Unusable> {
    let invalid = |reason| Error::from(ErrorKind::InvalidResponse { phase, reason });
    let body = Body::parse(json).map_err(invalid)?;
    body.read().map_err(|reason| Unusable {
        error: invalid(reason),
        refresh_token: body.refresh_token(),
    })
}

/// Tokens that the page brings from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Update {
    /// A whole token response.
    Tokens(TokenResponse),
    /// A refresh token that was kept elsewhere, without an access token.
    RefreshToken(Secret),
}

impl Update {
    /// True if a refresh token is among it.
    pub fn has_refresh_token(&self) -> bool {
        match self {
            Self::Tokens(response) => response.refresh_token.is_some(),
            Self::RefreshToken(_) => true,
        }
    }
}

/// Reads what the page brings: a token response, or one whose access token is missing or empty, as
/// EsiPy's users write it to start from a stored refresh token. Its life is then of no interest.
pub fn parse_update(json: &str) -> Result<Update, Error> {
    let phase = Phase::Update;
    let unusable = |reason| Error::from(ErrorKind::InvalidResponse { phase, reason });
    let body = Body::parse(json).map_err(unusable)?;
    match (body.member("access_token"), body.refresh_token()) {
        (Json::Null, Some(token)) => Ok(Update::RefreshToken(token)),
        (Json::Text(access), Some(token)) if access.is_empty() => Ok(Update::RefreshToken(token)),
        _ => body.read().map(Update::Tokens).map_err(unusable),
    }
}

/// The members as whatever they are, so that one of the wrong type does not hide the others.
struct Body<'a>(Object<'a>);

impl<'a> Body<'a> {
    fn parse(json: &'a str) -> Result<Self, &'static str> {
        match Json::parse(json.as_bytes()) {
            Some(Json::Object(members)) => Ok(Self(members)),
            _ => Err("it is no JSON object"),
        }
    }

    fn member(&self, name: &str) -> &Json<'a> {
        self.0.get(name).unwrap_or(&Json::Null)
    }

    fn refresh_token(&self) -> Option<Secret> {
        match self.member("refresh_token") {
            Json::Text(token) if !token.is_empty() => Some(Secret::new(token.as_ref())),
            _ => None,
        }
    }

    fn read(&self) -> Result<TokenResponse, &'static str> {
        let graphic = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_graphic());
        let access_token = match self.member("access_token") {
            Json::Text(token) if graphic(token) => Secret::new(token.as_ref()),
            _ => return Err("access_token must be a string of printable ASCII"),
        };
        let token_type = match self.member("token_type") {
            Json::Null => String::from("Bearer"),
            Json::Text(kind) if kind.eq_ignore_ascii_case("bearer") => kind.as_ref().into(),
            _ => return Err("token_type must be Bearer"),
        };
        if !matches!(self.member("refresh_token"), Json::Null | Json::Text(_)) {
            return Err("refresh_token must be a string or null");
        }
        Ok(TokenResponse {
            access_token,
            token_type,
            expires_in: life(self.member("expires_in")),
            refresh_token: self.refresh_token(),
        })
    }
}

/// The life in whole seconds, a year at most. Servers send a float or a string too, and the code or refresh token is
/// used up when the answer comes. So what is no life counts as unknown.
fn life(value: &Json<'_>) -> Option<u32> {
    let of_text = value.as_text();
    let of_text = of_text.and_then(|text| Json::parse(text.as_bytes()));
    let seconds = match of_text.as_ref().unwrap_or(value) {
        Json::Whole(seconds) => *seconds,
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the fraction is left out, and what is too large is cut below"
        )]
        Json::Number(seconds) => *seconds as i64,
        _ => return None,
    };
    let seconds = u32::try_from(seconds.min(LONGEST_LIFE.into())).ok();
    seconds.filter(|seconds| *seconds > 0)
}

//! A signed token in its compact form (RFC 7515 section 7.1), taken apart by jwt-compact and
//! believed in nothing yet.

use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt_compact::{ParseError, UntrustedToken};
use serde::{Deserialize, Deserializer};

use crate::json::{Json, Object};
use crate::{Error, ErrorKind};

/// Real tokens have a few thousand characters; beyond this no work is done at all.
const MAX_LENGTH: usize = 1 << 20;

/// A token's parts. Without `Debug`, since jwt-compact's own would print the token.
pub(super) struct CompactToken<'a> {
    signing_input: &'a str,
    untrusted: UntrustedToken<'a, Unread>,
}

impl<'a> CompactToken<'a> {
    pub(super) fn parse(token: &'a str) -> Result<Self, Error> {
        if token.len() > MAX_LENGTH {
            return Err(malformed("it is longer than 1 MiB"));
        }
        let untrusted = UntrustedToken::<Unread>::try_from(token).map_err(|error| {
            malformed(match error {
                ParseError::InvalidTokenStructure => "it has not three parts",
                ParseError::InvalidBase64Encoding => "a part is not base64url",
                _ => "its header cannot be used",
            })
        })?;

        let unusable = malformed("its header cannot be used");
        let header = token.split_once('.').and_then(|(header, _)| decode(header));
        let header = header.as_deref().and_then(unique_members).ok_or(unusable)?;
        // An extension that must be understood, and none is (RFC 7515 section 4.1.11).
        if header.get("crit").is_some() {
            return Err(malformed("its header has crit"));
        }
        // Another kind of JWT must not pass for an access token (RFC 8725 section 3.11).
        if !untrusted
            .header()
            .token_type
            .as_deref()
            .is_none_or(is_access_token_type)
        {
            return Err(malformed("its typ is not an access token's"));
        }

        let end = token.bytes().rposition(|byte| byte == b'.');
        let signing_input = end
            .and_then(|end| token.get(..end))
            .ok_or(malformed("it has not three parts"))?;
        Ok(Self {
            signing_input,
            untrusted,
        })
    }

    pub(super) fn untrusted(&self) -> &UntrustedToken<'a, Unread> {
        &self.untrusted
    }

    /// Header and claims as they were signed (RFC 7515 section 5.1).
    pub(super) fn signing_input(&self) -> &[u8] {
        self.signing_input.as_bytes()
    }

    /// The claims' JSON, from the very text that was signed.
    pub(super) fn payload(&self) -> Result<String, Error> {
        let payload = self.signing_input.split_once('.');
        payload
            .and_then(|(_, payload)| decode(payload))
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or(malformed("its claims are no text"))
    }
}

fn decode(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}

/// The members of an object in which none stands twice.
pub(super) fn unique_members(json: &[u8]) -> Option<Object<'_>> {
    match Json::parse(json)? {
        Json::Object(object) if object.is_unique() => Some(object),
        _ => None,
    }
}

/// What jwt-compact need not read, beyond what it judges itself: here it is read from the same text, by members
/// that stand there once, and with the exact error where one is wrong.
#[derive(Clone)]
pub(super) struct Unread;

impl<'de> Deserialize<'de> for Unread {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Ok(Self)
    }
}

/// `JWT` is EVE's, `at+jwt` that of RFC 9068 section 2.1; media types know no case and may leave
/// out the first half (RFC 7515 section 4.1.9).
fn is_access_token_type(name: &str) -> bool {
    ["jwt", "at+jwt", "application/jwt", "application/at+jwt"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

pub(super) fn malformed(reason: &'static str) -> Error {
    ErrorKind::TokenMalformed { reason }.into()
}

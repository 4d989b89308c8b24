//! The claims of an access token (RFC 7519 section 4, and EVE's own), typed. A claim that is there
//! must have its type; which ones must be there, and with what value, is for
//! [`Rules`](super::Rules) to say.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::RangeInclusive;

use serde_json::Value;

use super::object::Object;
use super::token::{CompactToken, malformed};
use crate::Error;

/// 1970 to 9999, in seconds: a `NumericDate` outside it is a mistake or an attack.
const MOMENTS: RangeInclusive<i64> = 0..=253_402_300_799;
/// The largest whole number that JavaScript holds exactly.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// A token's claims. Moments are seconds since 1970-01-01T00:00Z, fractions dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    verified: bool,
    /// From `sub`, where it has EVE's form `CHARACTER:EVE:<id>`.
    pub character_id: Option<u64>,
    /// `sub`.
    pub subject: Option<String>,
    /// `name`: the character's.
    pub name: Option<String>,
    /// `owner`: changes when the character moves to another account.
    pub owner: Option<String>,
    /// The granted scopes: `scp`, else `scope` (RFC 9068 section 2.2.3).
    pub scopes: Vec<String>,
    /// `iss`.
    pub issuer: Option<String>,
    /// `aud`; empty where it is missing.
    pub audience: Vec<String>,
    /// `azp`: the client that the token was issued to.
    pub authorized_party: Option<String>,
    /// `iat`.
    pub issued_at: Option<i64>,
    /// `nbf`.
    pub not_before: Option<i64>,
    /// `exp`.
    pub expires_at: Option<i64>,
    /// `tenant`: the server, such as `tranquility`.
    pub tenant: Option<String>,
    /// `tier`: such as `live`.
    pub tier: Option<String>,
    /// `region`: such as `world`.
    pub region: Option<String>,
    /// All claims as they stand in the token: a JSON object, in which no member stands twice.
    pub raw: String,
}

impl Claims {
    /// Reads a token without checking its signature. Nothing is known about who wrote the claims.
    pub fn decode_unverified(token: &str) -> Result<Self, Error> {
        Self::read(CompactToken::parse(token)?.payload()?, false)
    }

    /// True if the signature was checked; then they are what the issuer wrote.
    pub fn verified(&self) -> bool {
        self.verified
    }

    pub(super) fn read(raw: String, verified: bool) -> Result<Self, Error> {
        let claims = Reader(
            serde_json::from_str(&raw)
                .map_err(|_| malformed("its claims are no JSON object with unique members"))?,
        );
        let subject = claims.text("sub")?;
        Ok(Self {
            verified,
            character_id: subject.as_deref().and_then(character_id),
            subject,
            name: claims.description("name")?,
            owner: claims.description("owner")?,
            scopes: claims.scopes(if claims.has("scp") { "scp" } else { "scope" })?,
            issuer: claims.text("iss")?,
            audience: claims.texts("aud")?,
            authorized_party: claims.text("azp")?,
            issued_at: claims.moment("iat")?,
            not_before: claims.moment("nbf")?,
            expires_at: claims.moment("exp")?,
            tenant: claims.description("tenant")?,
            tier: claims.description("tier")?,
            region: claims.description("region")?,
            raw,
        })
    }
}

/// Reads claims by name. `null` where a claim only describes or grants reads as missing; where a
/// rule looks at it, it is a wrong type.
struct Reader(Object);

impl Reader {
    fn text(&self, claim: &'static str) -> Result<Option<String>, Error> {
        match self.0.get(claim) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(Error::ClaimInvalid { claim }),
        }
    }

    /// One text or a list of texts (RFC 7519 section 4.1.3).
    fn texts(&self, claim: &'static str) -> Result<Vec<String>, Error> {
        match self.0.get(claim) {
            None => Ok(Vec::new()),
            Some(Value::String(text)) => Ok(vec![text.clone()]),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| item.as_str().map(ToOwned::to_owned))
                .collect::<Option<_>>()
                .ok_or(Error::ClaimInvalid { claim }),
            Some(_) => Err(Error::ClaimInvalid { claim }),
        }
    }

    /// A `NumericDate` (RFC 7519 section 2).
    fn moment(&self, claim: &'static str) -> Result<Option<i64>, Error> {
        let Some(value) = self.0.get(claim) else {
            return Ok(None);
        };
        value
            .as_i64()
            .or_else(|| value.as_f64().and_then(whole))
            .filter(|moment| MOMENTS.contains(moment))
            .map(Some)
            .ok_or(Error::ClaimInvalid { claim })
    }

    fn has(&self, claim: &str) -> bool {
        self.0.get(claim).is_some_and(|value| !value.is_null())
    }

    fn description(&self, claim: &'static str) -> Result<Option<String>, Error> {
        if self.has(claim) {
            self.text(claim)
        } else {
            Ok(None)
        }
    }

    /// EVE's SSO writes one scope as text and several as a list; other servers write all as one
    /// text.
    fn scopes(&self, claim: &'static str) -> Result<Vec<String>, Error> {
        if !self.has(claim) {
            return Ok(Vec::new());
        }
        let texts = self.texts(claim)?;
        Ok(texts
            .iter()
            .flat_map(|text| text.split_ascii_whitespace())
            .map(ToOwned::to_owned)
            .collect())
    }
}

/// The seconds before the fraction; none for a negative number, where they would not be the earlier
/// ones.
fn whole(seconds: f64) -> Option<i64> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the cast drops the fraction and saturates"
    )]
    (seconds >= 0.0).then_some(seconds as i64)
}

fn character_id(subject: &str) -> Option<u64> {
    let digits = subject.strip_prefix("CHARACTER:EVE:")?;
    let canonical = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    canonical
        .then(|| digits.parse().ok())
        .flatten()
        .filter(|id| *id <= MAX_SAFE_INTEGER)
}

//! The claims of an access token (RFC 7519 section 4, and EVE's own), typed. Which ones must be
//! there, of their type and with what value, is for [`Rules`](super::Rules) to say.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::RangeInclusive;

use super::token::{CompactToken, malformed, unique_members};
use crate::Error;
use crate::json::{Json, Object};

/// 1970 to 9999, in seconds: a `NumericDate` outside it is a mistake or an attack.
const MOMENTS: RangeInclusive<i64> = 0..=253_402_300_799;
/// The largest whole number that JavaScript holds exactly.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// A token's claims. Moments are seconds since 1970-01-01T00:00Z, fractions dropped. One of the
/// wrong type reads as missing, and [`Rules::check`](super::Rules::check) refuses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The claims that are there with a wrong type.
    pub(super) mistyped: Vec<&'static str>,
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
    /// `jti`.
    pub jwt_id: Option<String>,
    /// `tenant`: the server, such as `tranquility`.
    pub tenant: Option<String>,
    /// `tier`: such as `live`.
    pub tier: Option<String>,
    /// `region`: such as `world`.
    pub region: Option<String>,
    /// All claims as they stand in the token: a JSON object, in which no member stands twice.
    pub raw: String,
}

/// What stands in a token whose signature nobody has checked: nothing is known about who wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnverifiedClaims(pub Claims);

impl UnverifiedClaims {
    /// Reads a token, asking for no key and no algorithm.
    pub fn decode(token: &str) -> Result<Self, Error> {
        Claims::read(CompactToken::parse(token)?.payload()?).map(Self)
    }
}

impl Claims {
    pub(super) fn read(raw: String) -> Result<Self, Error> {
        let members = unique_members(raw.as_bytes())
            .ok_or_else(|| malformed("its claims are no JSON object with unique members"))?;
        let mut reader = Reader {
            members,
            mistyped: Vec::new(),
        };
        let subject = reader.text("sub");
        let mut claims = Self {
            character_id: subject.as_deref().and_then(character_id),
            subject,
            name: reader.description("name"),
            owner: reader.description("owner"),
            scopes: reader.scopes(),
            issuer: reader.text("iss"),
            audience: reader.texts("aud").unwrap_or_default(),
            authorized_party: reader.text("azp"),
            issued_at: reader.moment("iat"),
            not_before: reader.moment("nbf"),
            expires_at: reader.moment("exp"),
            jwt_id: reader.text("jti"),
            tenant: reader.description("tenant"),
            tier: reader.description("tier"),
            region: reader.description("region"),
            mistyped: reader.mistyped,
            raw: String::new(),
        };
        claims.raw = raw;
        Ok(claims)
    }
}

/// Reads claims by name. `null` where a claim only describes or grants reads as missing; where a
/// rule looks at it, it is a wrong type.
struct Reader<'a> {
    members: Object<'a>,
    mistyped: Vec<&'static str>,
}

impl Reader<'_> {
    fn read<T>(
        &mut self,
        claim: &'static str,
        convert: impl FnOnce(&Json<'_>) -> Option<T>,
    ) -> Option<T> {
        let value = self.members.get(claim)?;
        let converted = convert(value);
        if converted.is_none() {
            self.mistyped.push(claim);
        }
        converted
    }

    fn text(&mut self, claim: &'static str) -> Option<String> {
        self.read(claim, |value| value.as_text().map(ToOwned::to_owned))
    }

    /// One text or a list of texts (RFC 7519 section 4.1.3).
    fn texts(&mut self, claim: &'static str) -> Option<Vec<String>> {
        self.read(claim, |value| match value {
            Json::Text(text) => Some(vec![text.as_ref().to_owned()]),
            list => list.to_texts(),
        })
    }

    /// A `NumericDate` (RFC 7519 section 2).
    fn moment(&mut self, claim: &'static str) -> Option<i64> {
        self.read(claim, |value| {
            let moment = match value {
                Json::Whole(seconds) => Some(*seconds),
                Json::Number(seconds) => whole(*seconds),
                _ => None,
            };
            moment.filter(|moment| MOMENTS.contains(moment))
        })
    }

    fn has(&self, claim: &str) -> bool {
        self.members
            .get(claim)
            .is_some_and(|value| !value.is_null())
    }

    fn description(&mut self, claim: &'static str) -> Option<String> {
        self.has(claim).then(|| self.text(claim)).flatten()
    }

    /// EVE's SSO writes one scope as text and several as a list; other servers write all as one
    /// text.
    fn scopes(&mut self) -> Vec<String> {
        let claim = if self.has("scp") { "scp" } else { "scope" };
        let texts = self.has(claim).then(|| self.texts(claim)).flatten();
        let mut scopes = Vec::new();
        for text in texts.unwrap_or_default() {
            scopes.extend(text.split_ascii_whitespace().map(ToOwned::to_owned));
        }
        scopes
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

//! What an access token and its claims must be (RFC 7519 section 4.1, RFC 8725 sections 3.1 and 3.8
//! to 3.10). The rules are data: EVE's are a preset, another server's can be written down.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::algorithm::SignatureAlgorithm;
use super::checks::{Check, Checks};
use super::claims::Claims;
use crate::text::joined;
use crate::{Error, ErrorKind};

/// Every token of EVE's SSO names it as an audience, beside the client.
pub const EVE_AUDIENCE: &str = "EVE Online";

/// What a server's tokens must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The algorithms that a token may be signed with.
    pub algorithms: Vec<SignatureAlgorithm>,
    /// `iss` must be one of them.
    pub issuers: Vec<String>,
    /// `aud` must hold all of them. None at all: the token must not be meant for anybody in
    /// particular.
    pub audiences: Vec<String>,
    /// `azp` must be this, where the token has one.
    pub authorized_party: String,
    /// Whether a token must have `azp`.
    pub require_authorized_party: bool,
    /// Whether `sub`, where it is looked at, must have EVE's form `CHARACTER:EVE:<id>`.
    pub require_character: bool,
}

impl Rules {
    /// EVE's rules, Tranquility's as well as Serenity's: signed with one of the two kinds of keys
    /// that the SSO has, the issuer with or without its scheme, both audiences, nobody else's
    /// token, and a character's.
    pub fn eve(client_id: &str, issuer: &str) -> Self {
        Self {
            algorithms: vec![SignatureAlgorithm::Rs256, SignatureAlgorithm::Es256],
            issuers: Self::spellings(issuer),
            audiences: vec![client_id.to_owned(), EVE_AUDIENCE.to_owned()],
            authorized_party: client_id.to_owned(),
            require_authorized_party: false,
            require_character: true,
        }
    }

    /// An issuer with and without its scheme: EVE's SSO has named itself both ways.
    pub fn spellings(issuer: &str) -> Vec<String> {
        let scheme = issuer.split_once(':');
        let other = match scheme.and_then(|(_, rest)| rest.strip_prefix("//")) {
            Some(bare) => bare.to_owned(),
            None => joined(&["https://", issuer]),
        };
        vec![issuer.to_owned(), other]
    }

    /// Judges claims at the moment `now`, in seconds since 1970 by the server's clock, and tells the
    /// first rule that is broken.
    pub fn check(&self, claims: &Claims, checks: &Checks, now: i64) -> Result<(), Error> {
        self.check_for(&self.issuers, claims, checks, now)
    }

    /// The same for other issuers than those that stand here.
    pub fn check_for(
        &self,
        issuers: &[String],
        claims: &Claims,
        checks: &Checks,
        now: i64,
    ) -> Result<(), Error> {
        if let Some(&claim) = claims.mistyped.iter().find(|claim| checks.look_at(claim)) {
            return Err(invalid(claim).into());
        }

        let issuer = claims.issuer.as_ref();
        checks
            .issuer
            .judge("iss", issuer, invalid("iss"), |issuer| {
                issuers.contains(issuer)
            })?;

        let audience = Some(&claims.audience).filter(|audience| !audience.is_empty());
        let check = match checks.audience {
            // A token that is meant for nobody in particular has none.
            Check::Required if self.audiences.is_empty() => Check::IfPresent,
            check => check,
        };
        check.judge("aud", audience, invalid("aud"), |audience| {
            self.is_for_us(audience)
        })?;
        let party = claims.authorized_party.as_ref();
        checks
            .audience
            .required_if(self.require_authorized_party)
            .judge("azp", party, invalid("azp"), |party| {
                *party == self.authorized_party
            })?;

        let (earliest, latest) = (
            now.saturating_sub(checks.leeway),
            now.saturating_add(checks.leeway),
        );
        let early = |claim| ErrorKind::TokenNotYetValid { claim };
        checks.expiry.judge(
            "exp",
            claims.expires_at,
            ErrorKind::TokenExpired,
            |moment| moment > earliest,
        )?;
        checks
            .not_before
            .judge("nbf", claims.not_before, early("nbf"), |moment| {
                moment <= latest
            })?;
        checks
            .issued_at
            .judge("iat", claims.issued_at, early("iat"), |moment| {
                moment <= latest
            })?;

        let subject = claims.subject.as_ref();
        checks
            .subject
            .judge("sub", subject, invalid("sub"), |subject| {
                !subject.is_empty() && (!self.require_character || claims.character_id.is_some())
            })?;
        let jwt_id = claims.jwt_id.as_ref();
        checks.jwt_id.judge("jti", jwt_id, invalid("jti"), |_| true)
    }

    /// All audiences, not any: any would let in every other application's token for the same API.
    fn is_for_us(&self, actual: &[String]) -> bool {
        let mut expected = self.audiences.iter();
        !self.audiences.is_empty() && expected.all(|audience| actual.contains(audience))
    }
}

fn invalid(claim: &'static str) -> ErrorKind {
    ErrorKind::ClaimInvalid { claim }
}

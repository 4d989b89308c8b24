//! What an access token's claims must say (RFC 7519 section 4.1, RFC 8725 sections 3.8 to 3.10).
//! The rules are data: EVE's are a preset, another server's can be written down.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::claims::Claims;
use crate::Error;

/// Every token of EVE's SSO names it as an audience, beside the client.
pub const EVE_AUDIENCE: &str = "EVE Online";

/// What the claims must say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// `iss` must be one of them.
    pub issuers: Vec<String>,
    /// `aud` must hold all of them. None at all: the token must not be meant for anybody in
    /// particular.
    pub audiences: Vec<String>,
    /// `azp` must be this, where the token has one.
    pub authorized_party: Option<String>,
    /// Seconds by which the clocks may differ.
    pub leeway: i64,
}

impl Rules {
    /// EVE's rules: the issuer with or without its scheme, both audiences, and nobody else's token.
    pub fn eve(client_id: &str, issuer: &str) -> Self {
        Self {
            issuers: spellings(issuer),
            audiences: vec![client_id.to_string(), EVE_AUDIENCE.to_string()],
            authorized_party: Some(client_id.to_string()),
            leeway: 10,
        }
    }

    /// Judges claims at the moment `now`, in seconds since 1970, and tells the first rule that is
    /// broken.
    pub fn check(&self, claims: &Claims, checks: &Checks, now: i64) -> Result<(), Error> {
        if checks.issuer {
            self.check_issuer(claims)?;
        }
        if checks.audience {
            self.check_audience(claims)?;
        }
        if checks.expiry {
            let expires_at = claims
                .expires_at
                .ok_or(Error::ClaimMissing { claim: "exp" })?;
            if expires_at <= now.saturating_sub(self.leeway) {
                return Err(Error::TokenExpired);
            }
        }
        if checks.not_before {
            self.check_not_after("nbf", claims.not_before, now)?;
        }
        if checks.issued_at {
            self.check_not_after("iat", claims.issued_at, now)?;
        }
        if checks.subject {
            match claims.subject.as_deref() {
                None => return Err(Error::ClaimMissing { claim: "sub" }),
                Some("") => return Err(Error::ClaimInvalid { claim: "sub" }),
                Some(_) => {}
            }
        }
        Ok(())
    }

    fn check_issuer(&self, claims: &Claims) -> Result<(), Error> {
        let issuer = claims
            .issuer
            .as_ref()
            .ok_or(Error::ClaimMissing { claim: "iss" })?;
        if self.issuers.contains(issuer) {
            Ok(())
        } else {
            Err(Error::ClaimInvalid { claim: "iss" })
        }
    }

    /// All audiences, not any: any would let in every other application's token for the same API.
    fn check_audience(&self, claims: &Claims) -> Result<(), Error> {
        let (expected, actual) = (&self.audiences, &claims.audience);
        if actual.is_empty() && !expected.is_empty() {
            return Err(Error::ClaimMissing { claim: "aud" });
        }
        let meant_for_us = if expected.is_empty() {
            actual.is_empty()
        } else {
            expected.iter().all(|audience| actual.contains(audience))
        };
        if !meant_for_us {
            return Err(Error::ClaimInvalid { claim: "aud" });
        }
        match (&self.authorized_party, &claims.authorized_party) {
            (Some(expected), Some(actual)) if expected != actual => {
                Err(Error::ClaimInvalid { claim: "azp" })
            }
            _ => Ok(()),
        }
    }

    fn check_not_after(
        &self,
        claim: &'static str,
        moment: Option<i64>,
        now: i64,
    ) -> Result<(), Error> {
        if moment.is_some_and(|moment| moment > now.saturating_add(self.leeway)) {
            return Err(Error::TokenNotYetValid { claim });
        }
        Ok(())
    }
}

/// EVE's SSO has named itself with and without a scheme.
fn spellings(issuer: &str) -> Vec<String> {
    let other = match issuer.split_once("://") {
        Some((_, bare)) => bare.to_string(),
        None => format!("https://{issuer}"),
    };
    vec![issuer.to_string(), other]
}

/// Which checks are made; all, unless somebody says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one option, by its own name"
)]
pub struct Checks {
    /// The signature; not [`Rules`]' own: without it the claims come from
    /// [`Claims::decode_unverified`].
    pub signature: bool,
    /// `iss`.
    pub issuer: bool,
    /// `aud` and `azp`: whom the token was issued for.
    pub audience: bool,
    /// `exp`.
    pub expiry: bool,
    /// `nbf`.
    pub not_before: bool,
    /// `iat`.
    pub issued_at: bool,
    /// `sub`.
    pub subject: bool,
}

impl Default for Checks {
    fn default() -> Self {
        Self {
            signature: true,
            issuer: true,
            audience: true,
            expiry: true,
            not_before: true,
            issued_at: true,
            subject: true,
        }
    }
}

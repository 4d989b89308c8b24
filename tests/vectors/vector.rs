//! One row of the table.

use esi_security::Error;
use esi_security::jwt::{Checks, SignatureAlgorithm};
use serde_json::Value;

use crate::token::{NOW, eve_keys, key_set};

/// Makes some rows of the table.
pub(crate) type Part = fn() -> Vec<Vector>;

/// A token, all that its verification depends on, and what must come of it.
pub(crate) struct Vector {
    pub(crate) name: String,
    pub(crate) token: String,
    /// The key set, as JSON.
    pub(crate) keys: String,
    /// `None`: EVE's.
    pub(crate) algorithms: Option<Vec<SignatureAlgorithm>>,
    /// The key where the header names none; `None`: EVE's.
    pub(crate) kid: Option<&'static str>,
    /// `None`: the client and EVE's.
    pub(crate) audiences: Option<Vec<String>>,
    /// `None`: EVE's.
    pub(crate) issuers: Option<Vec<String>>,
    pub(crate) require_azp: bool,
    pub(crate) checks: Checks,
    /// Seconds since 1970.
    pub(crate) now: i64,
    pub(crate) outcome: Outcome,
}

/// What comes of a verification.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It succeeds, and gives the very claims that were signed.
    Verified,
    /// It fails with this code, and about this claim.
    Refused(&'static str, Option<&'static str>),
}

impl From<&Error> for Outcome {
    fn from(error: &Error) -> Self {
        Self::Refused(error.code(), error.claim())
    }
}

impl Vector {
    fn new(name: impl Into<String>, token: impl Into<String>, outcome: Outcome) -> Self {
        Self {
            name: name.into(),
            token: token.into(),
            keys: eve_keys(),
            algorithms: None,
            kid: None,
            audiences: None,
            issuers: None,
            require_azp: false,
            checks: Checks::default(),
            now: NOW,
            outcome,
        }
    }

    /// A token that must verify.
    pub(crate) fn good(name: impl Into<String>, token: impl Into<String>) -> Self {
        Self::new(name, token, Outcome::Verified)
    }

    /// A token that must be refused with this code.
    pub(crate) fn bad(
        code: &'static str,
        name: impl Into<String>,
        token: impl Into<String>,
    ) -> Self {
        let claim = (code == "token_expired").then_some("exp");
        Self::new(name, token, Outcome::Refused(code, claim))
    }

    /// A token that must be refused with this code, for this claim.
    pub(crate) fn bad_claim(
        code: &'static str,
        claim: &'static str,
        name: impl Into<String>,
        token: impl Into<String>,
    ) -> Self {
        Self::new(name, token, Outcome::Refused(code, Some(claim)))
    }

    pub(crate) fn keys(mut self, keys: &[Value]) -> Self {
        self.keys = key_set(keys);
        self
    }

    pub(crate) fn algorithms(mut self, names: &[&str]) -> Self {
        let algorithm = |name: &&str| SignatureAlgorithm::from_name(name).unwrap();
        self.algorithms = Some(names.iter().map(algorithm).collect());
        self
    }

    pub(crate) fn kid(mut self, kid: &'static str) -> Self {
        self.kid = Some(kid);
        self
    }

    pub(crate) fn audiences(mut self, audiences: &[&str]) -> Self {
        self.audiences = Some(audiences.iter().map(ToString::to_string).collect());
        self
    }

    pub(crate) fn issuers(mut self, issuers: &[&str]) -> Self {
        self.issuers = Some(issuers.iter().map(ToString::to_string).collect());
        self
    }

    pub(crate) fn require_azp(mut self) -> Self {
        self.require_azp = true;
        self
    }

    pub(crate) fn checks(mut self, checks: Checks) -> Self {
        self.checks = checks;
        self
    }

    pub(crate) fn at(mut self, now: i64) -> Self {
        self.now = now;
        self
    }
}

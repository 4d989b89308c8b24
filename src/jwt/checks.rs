//! Which checks are made, by name, as python-jose's options say it; the signature's is not among
//! them, since without it there are no [`Claims`](super::Claims) but
//! [`UnverifiedClaims`](super::UnverifiedClaims).

use crate::{Error, ErrorKind};

/// How a claim is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Not at all: it may be missing, wrong, or of a wrong type.
    Off,
    /// Where it is there.
    IfPresent,
    /// It must be there.
    Required,
}

/// How each claim is checked. Nothing is off by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checks {
    /// `iss`.
    pub issuer: Check,
    /// `aud` and `azp`: whom the token was issued for. `Required` speaks of `aud`; for `azp`,
    /// [`Rules`](super::Rules) say it.
    pub audience: Check,
    /// `exp`.
    pub expiry: Check,
    /// `nbf`.
    pub not_before: Check,
    /// `iat`.
    pub issued_at: Check,
    /// `sub`.
    pub subject: Check,
    /// `jti`, of which only the type can be wrong.
    pub jwt_id: Check,
    /// Seconds by which the clocks may differ.
    pub leeway: i64,
}

impl Default for Checks {
    fn default() -> Self {
        Self {
            issuer: Check::Required,
            audience: Check::Required,
            expiry: Check::Required,
            not_before: Check::IfPresent,
            issued_at: Check::IfPresent,
            subject: Check::Required,
            jwt_id: Check::IfPresent,
            leeway: 10,
        }
    }
}

impl Checks {
    /// False for a claim whose check is off; the others are always looked at.
    pub(super) fn look_at(&self, claim: &str) -> bool {
        let check = match claim {
            "iss" => self.issuer,
            "aud" | "azp" => self.audience,
            "exp" => self.expiry,
            "nbf" => self.not_before,
            "iat" => self.issued_at,
            "sub" => self.subject,
            "jti" => self.jwt_id,
            _ => return true,
        };
        check != Check::Off
    }
}

impl Check {
    /// Required, or only if present; off stays off.
    pub(super) fn required_if(self, required: bool) -> Self {
        match (self, required) {
            (Self::Off, _) => Self::Off,
            (_, true) => Self::Required,
            (_, false) => Self::IfPresent,
        }
    }

    /// `broken`, if the claim is there and not `good`.
    pub(super) fn judge<T>(
        self,
        claim: &'static str,
        value: Option<T>,
        broken: ErrorKind,
        good: impl FnOnce(T) -> bool,
    ) -> Result<(), Error> {
        match (self, value) {
            (Self::Required, None) => Err(ErrorKind::ClaimMissing { claim }.into()),
            (Self::Off, _) | (Self::IfPresent, None) => Ok(()),
            (_, Some(value)) => good(value).then_some(()).ok_or_else(|| broken.into()),
        }
    }
}

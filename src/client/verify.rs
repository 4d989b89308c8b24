//! Verifies the access token. The key set comes from the server, the browser checks the signature, and `src/jwt` checks
//! the claims.

use alloc::borrow::ToOwned;
use alloc::rc::Rc;
use alloc::string::String;
use core::future::Future;
use core::ops::RangeInclusive;

use super::open_session::OpenSession;
use super::security::EsiSecurity;
use super::verified_token::VerifiedToken;
use crate::jwt::{
    Check, Checks, Claims, DEFAULT_KID, KeySet, Rules, SignatureCheck, UnverifiedClaims,
};
use crate::oauth::secret::Secret;
use crate::session::skew::LARGEST;
use crate::{Error, ErrorKind, Phase};

/// The range of the leeway, in seconds. A larger one would disable the checks of times.
const LEEWAY: RangeInclusive<i64> = 0..=300;

/// The options of a verification.
#[derive(Clone, Debug, Default)]
pub struct VerifyOptions {
    /// The key id for a token without `kid`; `None`: that of EVE's key.
    pub kid: Option<String>,
    /// How each claim is checked; the leeway is 0 to 300 seconds.
    pub checks: Checks,
}

/// The access token that was held when the call began.
struct HeldToken {
    token: Secret,
    skew: i64,
    open: Rc<OpenSession>,
    epoch: u32,
}

impl HeldToken {
    /// True if the session still holds this token: no other login, and no refresh.
    fn is_newest(&self) -> bool {
        let session = self.open.session.borrow();
        let newest = session.access().map(|access| &access.token);
        session.epoch() == self.epoch && newest == Some(&self.token)
    }
}

impl EsiSecurity {
    /// Returns the claims of the access token that was held at the call, after all checks. Fails with `Superseded` if
    /// the session was revoked or replaced meanwhile; a refresh is allowed.
    pub fn verify(
        &self,
        options: &VerifyOptions,
    ) -> impl Future<Output = Result<Rc<Claims>, Error>> + use<> {
        let held = self.held_token(options.checks.leeway);
        let kid = options.kid.clone();
        let (this, checks) = (self.clone(), options.checks);
        async move {
            let held = held?;
            let kid = kid.as_deref().unwrap_or(DEFAULT_KID);
            let answer = this.perform_verification(&held, kid, &checks).await;
            this.unless_superseded(&held, answer)
        }
    }

    /// Checks the claims without the signature: anyone may have written them.
    pub fn verify_without_signature(
        &self,
        options: &VerifyOptions,
    ) -> impl Future<Output = Result<UnverifiedClaims, Error>> + use<> {
        let held = self.held_token(options.checks.leeway);
        let (this, checks) = (self.clone(), options.checks);
        async move {
            let held = held?;
            let claims = UnverifiedClaims::decode(held.token.expose())?;
            let valid = this.validate(&claims.0, &checks, held.skew).await;
            this.unless_superseded(&held, valid.map(|()| claims))
        }
    }

    fn held_token(&self, leeway: i64) -> Result<HeldToken, Error> {
        let phase = Phase::Verify;
        if !LEEWAY.contains(&leeway) {
            return Err(Error::argument(phase, "leeway", "must be 0 to 300 seconds"));
        }
        let open = self.session();
        let session = open.session.borrow();
        let access = session.access().ok_or(ErrorKind::NoToken { phase })?;
        Ok(HeldToken {
            token: access.token.clone(),
            // Any script of the origin can have written the record.
            skew: access.clock_skew.clamp(-LARGEST, LARGEST),
            epoch: session.epoch(),
            open: Rc::clone(&open),
        })
    }

    /// Fails if the session was revoked or replaced: a caller expects the claims of the character that is logged in
    /// now.
    fn unless_superseded<T>(&self, held: &HeldToken, answer: Result<T, Error>) -> Result<T, Error> {
        let open = self.session();
        if Rc::ptr_eq(&open, &held.open) && open.session.borrow().epoch() == held.epoch {
            answer
        } else {
            let phase = Phase::Verify;
            Err(ErrorKind::Superseded { phase }.into())
        }
    }

    async fn perform_verification(
        &self,
        held: &HeldToken,
        kid: &str,
        checks: &Checks,
    ) -> Result<Rc<Claims>, Error> {
        let claims = self.authenticate(held, kid).await?;
        self.validate(&claims, checks, held.skew).await?;
        Ok(claims)
    }

    async fn validate(&self, claims: &Claims, checks: &Checks, skew: i64) -> Result<(), Error> {
        let rules = &self.inner().rules;
        let servers = if rules.issuers.is_empty() && checks.issuer != Check::Off {
            Some(Rules::spellings(&self.metadata().await?.issuer))
        } else {
            None
        };
        let issuers = servers.as_ref().unwrap_or(&rules.issuers);
        rules.check_for(
            issuers,
            claims,
            checks,
            self.environment().now().saturating_add(skew),
        )
    }

    async fn authenticate(&self, held: &HeldToken, kid: &str) -> Result<Rc<Claims>, Error> {
        let keys = self.key_set().await?;
        if let Some(claims) = self.verified(held, kid, keys.set()) {
            return Ok(claims);
        }
        let answer = self.check_signature(held, kid, keys.set()).await;
        // The server may have changed its keys since. A new key of EVE has the same `kid` as the old one.
        if answer.as_ref().is_err_and(|error| is_the_keys(error))
            && let Some(newer) = keys.renew().await
        {
            return self.check_signature(held, kid, &newer).await;
        }
        answer
    }

    fn verified(&self, held: &HeldToken, kid: &str, keys: &Rc<KeySet>) -> Option<Rc<Claims>> {
        let verified = held.open.verified.borrow();
        let same = verified.as_ref().filter(|last| {
            last.token == held.token
                && last.kid == kid
                && last.keys == *keys
                && last.algorithms == self.inner().rules.algorithms
        });
        same.map(|last| Rc::clone(&last.claims))
    }

    async fn check_signature(
        &self,
        held: &HeldToken,
        kid: &str,
        keys: &Rc<KeySet>,
    ) -> Result<Rc<Claims>, Error> {
        let algorithms = &self.inner().rules.algorithms;
        let check = SignatureCheck::prepare(held.token.expose(), keys, algorithms, kid)?;
        let verdict = self.environment().host.check_signature(&check).await?;
        let claims = Rc::new(check.finish(&verdict)?);
        // A token that the session no longer holds is not cached.
        if held.is_newest() {
            held.open.verified.replace(Some(VerifiedToken {
                token: held.token.clone(),
                kid: kid.to_owned(),
                keys: Rc::clone(keys),
                algorithms: algorithms.clone(),
                claims: Rc::clone(&claims),
            }));
        }
        Ok(claims)
    }
}

/// True for an error that a newer key set may resolve.
fn is_the_keys(error: &ErrorKind) -> bool {
    matches!(
        error,
        ErrorKind::KeyNotFound | ErrorKind::KeyUnusable { .. } | ErrorKind::SignatureInvalid
    )
}

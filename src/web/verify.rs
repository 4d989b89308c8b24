//! Verifying the access token: the key set from the server, the signature by the browser, the rest by
//! the floor below.

use alloc::borrow::ToOwned;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::future::Future;
use core::ops::RangeInclusive;

use super::clock;
use super::row::Row;
use super::security::EsiSecurity;
use super::subtle;
use crate::jwt::{
    Check, Checks, Claims, DEFAULT_KID, KeySet, Rules, SignatureAlgorithm, SignatureCheck,
    UnverifiedClaims,
};
use crate::oauth::secret::Secret;
use crate::session::skew::LARGEST;
use crate::{Error, ErrorKind, Phase};

/// By how many seconds clocks may be said to differ: more would switch the checks off.
const LEEWAY: RangeInclusive<i64> = 0..=300;

/// What a verification may be told.
#[derive(Clone, Debug, Default)]
pub struct VerifyOptions {
    /// The key where the token names none; `None`: EVE's.
    pub kid: Option<String>,
    /// How each claim is checked; the leeway is 0 to 300 seconds.
    pub checks: Checks,
}

/// A token whose signature was checked, with all that this depended on: the answer stays the same.
pub(super) struct Checked {
    token: Secret,
    kid: String,
    keys: Rc<KeySet>,
    algorithms: Vec<SignatureAlgorithm>,
    claims: Rc<Claims>,
}

/// The token that is verified: the one that was held at the call.
struct Taken {
    token: Secret,
    skew: i64,
    row: Rc<Row>,
    epoch: u32,
}

impl Taken {
    /// Whether the session has not been refreshed since either.
    fn is_newest(&self) -> bool {
        let session = self.row.session.borrow();
        let newest = session.access().map(|access| &access.token);
        session.epoch() == self.epoch && newest == Some(&self.token)
    }
}

impl EsiSecurity {
    /// The claims of the access token that is held at the call, once it has passed every check.
    /// `Superseded` if by then its session was revoked or replaced; a refresh is no reason.
    pub fn verify(
        &self,
        options: &VerifyOptions,
    ) -> impl Future<Output = Result<Rc<Claims>, Error>> + use<> {
        let taken = self.take(options.checks.leeway);
        let kid = options.kid.clone();
        let (this, checks) = (self.clone(), options.checks);
        async move {
            let taken = taken?;
            let kid = kid.as_deref().unwrap_or(DEFAULT_KID);
            let answer = this.perform_verification(&taken, kid, &checks).await;
            this.unless_superseded(&taken, answer)
        }
    }

    /// The same without the signature: anybody can have written these claims.
    pub fn verify_without_signature(
        &self,
        options: &VerifyOptions,
    ) -> impl Future<Output = Result<UnverifiedClaims, Error>> + use<> {
        let taken = self.take(options.checks.leeway);
        let (this, checks) = (self.clone(), options.checks);
        async move {
            let taken = taken?;
            let claims = UnverifiedClaims::decode(taken.token.expose())?;
            let judged = this.judge(&claims.0, &checks, taken.skew).await;
            this.unless_superseded(&taken, judged.map(|()| claims))
        }
    }

    fn take(&self, leeway: i64) -> Result<Taken, Error> {
        let phase = Phase::Verify;
        if !LEEWAY.contains(&leeway) {
            return Err(Error::argument(phase, "leeway", "must be 0 to 300 seconds"));
        }
        let row = self.who().row;
        let session = row.session.borrow();
        let access = session.access().ok_or(ErrorKind::NoToken { phase })?;
        Ok(Taken {
            token: access.token.clone(),
            // A row can have been written by anybody.
            skew: access.clock_skew.clamp(-LARGEST, LARGEST),
            epoch: session.epoch(),
            row: Rc::clone(&row),
        })
    }

    /// Whoever asks for claims takes them for those of the character that is logged in.
    fn unless_superseded<T>(&self, taken: &Taken, answer: Result<T, Error>) -> Result<T, Error> {
        let row = self.who().row;
        if Rc::ptr_eq(&row, &taken.row) && row.session.borrow().epoch() == taken.epoch {
            answer
        } else {
            let phase = Phase::Verify;
            Err(ErrorKind::Superseded { phase }.into())
        }
    }

    async fn perform_verification(
        &self,
        taken: &Taken,
        kid: &str,
        checks: &Checks,
    ) -> Result<Rc<Claims>, Error> {
        let claims = self.authenticate(taken, kid).await?;
        self.judge(&claims, checks, taken.skew).await?;
        Ok(claims)
    }

    async fn judge(&self, claims: &Claims, checks: &Checks, skew: i64) -> Result<(), Error> {
        let rules = &self.inner().rules;
        let servers = if rules.issuers.is_empty() && checks.issuer != Check::Off {
            Some(Rules::spellings(&self.metadata().await?.issuer))
        } else {
            None
        };
        let issuers = servers.as_ref().unwrap_or(&rules.issuers);
        rules.check_for(issuers, claims, checks, clock::now().saturating_add(skew))
    }

    async fn authenticate(&self, taken: &Taken, kid: &str) -> Result<Rc<Claims>, Error> {
        let keys = self.key_set().await?;
        if let Some(claims) = self.checked(taken, kid, keys.set()) {
            return Ok(claims);
        }
        let answer = self.check_signature(taken, kid, keys.set()).await;
        // The keys may have changed since the set was fetched; EVE's keeps its name.
        if answer.as_ref().is_err_and(|error| is_the_keys(error))
            && let Some(newer) = keys.renew().await
        {
            return self.check_signature(taken, kid, &newer).await;
        }
        answer
    }

    fn checked(&self, taken: &Taken, kid: &str, keys: &Rc<KeySet>) -> Option<Rc<Claims>> {
        let checked = taken.row.checked.borrow();
        let same = checked.as_ref().filter(|last| {
            last.token == taken.token
                && last.kid == kid
                && last.keys == *keys
                && last.algorithms == self.inner().rules.algorithms
        });
        same.map(|last| Rc::clone(&last.claims))
    }

    async fn check_signature(
        &self,
        taken: &Taken,
        kid: &str,
        keys: &Rc<KeySet>,
    ) -> Result<Rc<Claims>, Error> {
        let algorithms = &self.inner().rules.algorithms;
        let check = SignatureCheck::prepare(taken.token.expose(), keys, algorithms, kid)?;
        let verdict = subtle::verdict(&check).await?;
        let claims = Rc::new(check.finish(&verdict)?);
        // A token that was given up meanwhile is not kept here either.
        if taken.is_newest() {
            taken.row.checked.replace(Some(Checked {
                token: taken.token.clone(),
                kid: kid.to_owned(),
                keys: Rc::clone(keys),
                algorithms: algorithms.clone(),
                claims: Rc::clone(&claims),
            }));
        }
        Ok(claims)
    }
}

/// True for what other keys could mend.
fn is_the_keys(error: &ErrorKind) -> bool {
    matches!(
        error,
        ErrorKind::KeyNotFound | ErrorKind::KeyUnusable { .. } | ErrorKind::SignatureInvalid
    )
}

//! Verifying the access token: the key set from the server, the signature by the browser, the rest by
//! the floor below.

use alloc::borrow::{Cow, ToOwned};
use alloc::rc::Rc;
use alloc::string::String;
use core::ops::RangeInclusive;

use super::clock;
use super::security::EsiSecurity;
use super::subtle;
use crate::jwt::{
    Check, Checks, Claims, DEFAULT_KID, KeySet, Rules, SignatureCheck, UnverifiedClaims,
};
use crate::oauth::secret::Secret;
use crate::{Error, Phase};

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

/// A token whose signature was checked, with the keys it was checked with: the answer stays the same.
pub(super) struct Checked {
    token: Secret,
    kid: String,
    keys: Rc<KeySet>,
    claims: Rc<Claims>,
}

impl EsiSecurity {
    /// The claims of the access token, once it has passed every check.
    pub async fn verify(&self, options: &VerifyOptions) -> Result<Rc<Claims>, Error> {
        let (token, skew) = self.token_to_verify(options).await?;
        let kid = options.kid.as_deref().unwrap_or(DEFAULT_KID);
        let claims = self.authenticate(&token, kid).await?;
        self.judge(&claims, &options.checks, skew).await?;
        Ok(claims)
    }

    /// The same without the signature: anybody can have written these claims.
    pub async fn verify_without_signature(
        &self,
        options: &VerifyOptions,
    ) -> Result<UnverifiedClaims, Error> {
        let (token, skew) = self.token_to_verify(options).await?;
        let claims = UnverifiedClaims::decode(token.expose())?;
        self.judge(&claims.0, &options.checks, skew).await?;
        Ok(claims)
    }

    async fn token_to_verify(&self, options: &VerifyOptions) -> Result<(Secret, i64), Error> {
        let phase = Phase::Verify;
        if !LEEWAY.contains(&options.checks.leeway) {
            return Err(Error::InvalidArgument {
                phase,
                name: Cow::Borrowed("leeway"),
                reason: "must be 0 to 300 seconds",
            });
        }
        self.restored().await;
        let row = self.who().row;
        let session = row.session.borrow();
        let access = session.access().ok_or(Error::NoToken { phase })?;
        Ok((access.token.clone(), access.clock_skew))
    }

    async fn judge(&self, claims: &Claims, checks: &Checks, skew: i64) -> Result<(), Error> {
        let mut rules: Cow<'_, Rules> = Cow::Borrowed(&self.inner().rules);
        if rules.issuers.is_empty() && checks.issuer != Check::Off {
            let metadata = self.metadata().await?;
            rules.to_mut().issuers = Rules::spellings(&metadata.issuer);
        }
        rules.check(claims, checks, clock::now().saturating_add(skew))
    }

    async fn authenticate(&self, token: &Secret, kid: &str) -> Result<Rc<Claims>, Error> {
        let held = self.key_set(false).await?;
        if let Some(claims) = self.checked(token, kid, &held) {
            return Ok(claims);
        }
        match self.check_signature(token, kid, &held).await {
            // The keys may have changed since the set was fetched; EVE's keeps its name.
            Err(
                error @ (Error::KeyNotFound | Error::KeyUnusable { .. } | Error::SignatureInvalid),
            ) => {
                let renewed = self.key_set(true).await?;
                if renewed == held {
                    return Err(error);
                }
                self.check_signature(token, kid, &renewed).await
            }
            answer => answer,
        }
    }

    fn checked(&self, token: &Secret, kid: &str, keys: &KeySet) -> Option<Rc<Claims>> {
        let checked = self.inner().checked.borrow();
        let same = checked
            .as_ref()
            .filter(|last| last.token == *token && last.kid == kid && *last.keys == *keys);
        same.map(|last| Rc::clone(&last.claims))
    }

    async fn check_signature(
        &self,
        token: &Secret,
        kid: &str,
        keys: &Rc<KeySet>,
    ) -> Result<Rc<Claims>, Error> {
        let allowed = &self.inner().rules.algorithms;
        let check = SignatureCheck::prepare(token.expose(), keys, allowed, kid)?;
        let verdict = subtle::verdict(&check).await?;
        let claims = Rc::new(check.finish(&verdict)?);
        self.inner().checked.replace(Some(Checked {
            token: token.clone(),
            kid: kid.to_owned(),
            keys: Rc::clone(keys),
            claims: Rc::clone(&claims),
        }));
        Ok(claims)
    }
}

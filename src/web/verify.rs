//! Verifying the access token: the key set from the server, the signature by the browser, the rest by
//! the floor below.

use alloc::borrow::Cow;
use alloc::string::String;
use core::ops::RangeInclusive;

use super::clock;
use super::security::EsiSecurity;
use super::subtle;
use crate::jwt::{Checks, Claims, DEFAULT_KID, KeySet, Rules, SignatureCheck};
use crate::{Error, Phase};

/// By how many seconds clocks may be said to differ: more would switch the checks off.
const LEEWAY: RangeInclusive<i64> = 0..=300;

/// What a verification may be told.
#[derive(Default)]
pub struct VerifyOptions {
    /// The key where the token names none; `None`: EVE's.
    pub kid: Option<String>,
    /// The checks; all of them by default.
    pub checks: Checks,
    /// Seconds by which clocks may differ, 0 to 300; `None`: ten.
    pub leeway: Option<i64>,
}

impl EsiSecurity {
    /// The claims of the access token, once it has passed every check.
    pub async fn verify(&self, options: VerifyOptions) -> Result<Claims, Error> {
        let phase = Phase::Verify;
        if options
            .leeway
            .is_some_and(|leeway| !LEEWAY.contains(&leeway))
        {
            return Err(Error::InvalidArgument {
                phase,
                name: Cow::Borrowed("leeway"),
                reason: "must be 0 to 300 seconds",
            });
        }
        let row = self.who().row;
        let access = row.session.borrow().access().cloned();
        let token = access.ok_or(Error::NoToken { phase })?.token;
        let claims = if options.checks.signature {
            self.authenticate(
                token.expose(),
                options.kid.as_deref().unwrap_or(DEFAULT_KID),
            )
            .await?
        } else {
            Claims::decode_unverified(token.expose())?
        };
        let inner = self.inner();
        let issuer = if options.checks.issuer {
            self.metadata().await?.issuer.clone()
        } else {
            String::new()
        };
        let mut rules = Rules::eve(&inner.client.id, &issuer);
        if let Some(audiences) = &inner.audiences {
            rules.audiences.clone_from(audiences);
        }
        if let Some(leeway) = options.leeway {
            rules.leeway = leeway;
        }
        rules.check(&claims, &options.checks, clock::now())?;
        Ok(claims)
    }

    async fn authenticate(&self, token: &str, kid: &str) -> Result<Claims, Error> {
        let held = self.key_set(false).await?;
        match read(token, &held, kid).await {
            // The key may have been changed since the set was fetched; EVE's keeps its name.
            Err(error @ (Error::KeyNotFound | Error::SignatureInvalid)) => {
                let renewed = self.key_set(true).await?;
                if renewed == held {
                    return Err(error);
                }
                read(token, &renewed, kid).await
            }
            answer => answer,
        }
    }
}

async fn read(token: &str, keys: &KeySet, kid: &str) -> Result<Claims, Error> {
    let check = SignatureCheck::prepare(token, keys, kid)?;
    let verdict = subtle::verdict(&check).await?;
    check.finish(&verdict)
}

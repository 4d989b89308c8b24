//! A server's keys (RFC 7517 section 5), and the choice of the one that a token must have been
//! signed with. The set comes from the server's own address or from the page, never from a token.

use alloc::vec::Vec;
use core::slice;

use super::algorithm::SignatureAlgorithm;
use super::key::Jwk;
use crate::json::Json;
use crate::{Error, ErrorKind};

/// The name of EVE's signing key, unchanged since 2019: for tokens whose header names none.
pub const DEFAULT_KID: &str = "JWT-Signature-Key";

/// How many entries a set may have. Real ones have a handful; more would only cost time, at each
/// verification too.
const MAX_ENTRIES: usize = 100;

/// EVE's own keys as of March 2026, for the time when the server cannot be asked.
const EVE: &str = concat!(
    r#"{"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid":"JWT-Signature-Key","e":"AQAB","n":""#,
    "nehPQ7FQ1YK-leKyIg-aACZaT-DbTL5V1XpXghtLX_bEC-fwxhdE_4yQKDF6cA-V4c-5kh8wMZbfYw5xxgM9DynhMkVrmQFy",
    "YB3QMZwydr922UWs3kLz-nO6vi0ldCn-ffM9odUPRHv9UbhM5bB4SZtCrpr9hWQgJ3FjzWO2KosGQ8acLxLtDQfU_lq0OGzo",
    "j_oWwUKaN_OVfu80zGTH7mxVeGMJqWXABKd52ByvYZn3wL_hG60DfDWGV_xfLlHMt_WoKZmrXT4V3BCBmbitJ6lda3oNdNeH",
    "Uh486iqaL43bMR2K4TzrspGMRUYXcudUQ9TycBQBrUlT85NRY9TeOw",
    r#""},{"kty":"EC","crv":"P-256","use":"sig","alg":"ES256","kid":"8878a23f-2489-4045-989e-4d2f3ec1ae1a","#,
    r#""x":"PatzB2HJzZOzmqQyYpQYqn3SAXoVYWrZKmMgJnfK94I","y":"qDb1kUd13fRTN2UNmcgSoQoyqeF_C1MsFlY_a87csnY"}]}"#,
);

/// The keys that a server signs with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeySet {
    keys: Vec<Jwk>,
    skipped: Vec<&'static str>,
}

impl KeySet {
    /// From a key set or one single key, as JSON. Unknown members mean nothing; an entry that is
    /// malformed, too weak or of a foreign kind is skipped, since the others may still be good (RFC
    /// 7517 section 5). Of a member that stands twice the last counts (sections 4 and 5). Without any usable
    /// key it is of no use to who brings it.
    pub fn parse(json: &str) -> Result<Self, Error> {
        let set = Self::read(json)?;
        if set.keys.is_empty() {
            let reason = set.skipped.first().copied();
            let reason = reason.unwrap_or("it has no key");
            return Err(ErrorKind::InvalidKeySet { reason }.into());
        }
        Ok(set)
    }

    /// The same of a server, which may have withdrawn its keys: then none is left that a token could be
    /// signed with.
    pub fn read(json: &str) -> Result<Self, Error> {
        let invalid = |reason| Error::from(ErrorKind::InvalidKeySet { reason });
        let document = Json::parse(json.as_bytes()).ok_or_else(|| invalid("it is not JSON"))?;
        let member = |name| document.as_object()?.get(name);
        let entries = match member("keys") {
            Some(Json::List(entries)) => entries.as_slice(),
            Some(_) => return Err(invalid("its keys are no list")),
            None if member("kty").is_some() => slice::from_ref(&document),
            None => return Err(invalid("it is neither a key set nor a key")),
        };
        if entries.len() > MAX_ENTRIES {
            return Err(invalid("it has more than 100 keys"));
        }

        let mut set = Self::default();
        for entry in entries {
            match Jwk::from_json(entry) {
                Ok(key) if set.keys.contains(&key) => set.skipped.push("a key stands twice"),
                Ok(key) => set.keys.push(key),
                Err(reason) => set.skipped.push(reason),
            }
        }
        Ok(set)
    }

    /// EVE Online's keys as they stood when this was released.
    pub fn eve() -> Self {
        // The text is a constant and a test parses it; and an empty set verifies nothing.
        Self::parse(EVE).unwrap_or_default()
    }

    /// The usable keys.
    pub fn keys(&self) -> &[Jwk] {
        &self.keys
    }

    /// Why the other entries were skipped, one reason each.
    pub fn skipped(&self) -> &[&'static str] {
        &self.skipped
    }

    /// The one key of that name that fits the algorithm (RFC 8725 sections 3.1 and 3.2). A key
    /// without a name answers to any, but only where no key has the name, and only if it is the only
    /// one without.
    pub(super) fn choose(&self, algorithm: SignatureAlgorithm, kid: &str) -> Result<&Jwk, Error> {
        let name = self
            .keys
            .iter()
            .any(|key| key.kid() == Some(kid))
            .then_some(kid);
        let (mut fitting, mut refusal) = (Vec::new(), None);
        let mut nameless = 0;
        for key in &self.keys {
            nameless += usize::from(key.kid().is_none());
            if key.kid() != name {
                continue;
            }
            match key.fits(algorithm) {
                // One key that is described twice leaves no doubt.
                Ok(()) if fitting.iter().any(|other: &&Jwk| is_same(other, key)) => {}
                Ok(()) => fitting.push(key),
                Err(reason) => refusal = Some(reason),
            }
        }
        // Where no name chooses, `alg` would, which is the token's own word.
        let alone = name.is_some() || nameless == 1;
        match (fitting.as_slice(), name, refusal) {
            ([key], ..) if alone => Ok(key),
            ([], Some(_), Some(reason)) => Err(ErrorKind::KeyUnusable { reason }.into()),
            ([], ..) => Err(ErrorKind::KeyNotFound.into()),
            _ => Err(ErrorKind::KeyUnusable {
                reason: "several keys fit",
            }
            .into()),
        }
    }
}

fn is_same(one: &Jwk, other: &Jwk) -> bool {
    one.public_key() == other.public_key()
}

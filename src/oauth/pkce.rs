//! Proof key for code exchange (RFC 7636): a code verifier, and the S256 challenge made from it.

use alloc::string::String;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::secret::Secret;
use crate::{Error, Phase};

/// How many random bytes a verifier may be made from: 43 to 128 characters.
pub const VERIFIER_BYTES: core::ops::RangeInclusive<usize> = 32..=96;

/// A code verifier (section 4.1). Not `Clone`: one login, one use.
#[derive(Debug, PartialEq, Eq)]
pub struct CodeVerifier(Secret);

impl CodeVerifier {
    /// One that was made earlier, and stored.
    pub(crate) fn restored(text: Secret) -> Self {
        Self(text)
    }

    /// From 32 to 96 random bytes.
    pub fn from_random(bytes: &[u8]) -> Result<Self, Error> {
        if VERIFIER_BYTES.contains(&bytes.len()) {
            Ok(Self(Secret::new(URL_SAFE_NO_PAD.encode(bytes))))
        } else {
            Err(Error::argument(
                Phase::Login,
                "bytes",
                "must be a whole number from 32 to 96",
            ))
        }
    }

    /// From 43 to 128 unreserved characters.
    pub fn from_text(text: &str, phase: Phase) -> Result<Self, Error> {
        let unreserved = |c: u8| c.is_ascii_alphanumeric() || b"-._~".contains(&c);
        if (43..=128).contains(&text.len()) && text.bytes().all(unreserved) {
            Ok(Self(Secret::new(text)))
        } else {
            Err(Error::argument(
                phase,
                "codeVerifier",
                "must be 43 to 128 characters of A-Z a-z 0-9 - . _ ~",
            ))
        }
    }

    /// The S256 challenge (section 4.2).
    pub fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.0.expose().as_bytes()))
    }

    /// The verifier as the token request carries it (section 4.5).
    pub fn secret(&self) -> &Secret {
        &self.0
    }
}

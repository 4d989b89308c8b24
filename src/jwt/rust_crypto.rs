//! The backend without a browser: jwt-compact's own RSA and P-256 (feature `rust-crypto`).

use alloc::borrow::Cow;

use jwt_compact::alg::{Es256, Rsa};
use jwt_compact::jwk::{JsonWebKey, JwkError};
use jwt_compact::{Algorithm, AlgorithmSignature};

use super::algorithm::SignatureAlgorithm;
use super::key::{Jwk, PublicKey};
use super::signature::{SignatureCheck, Verdict};
use crate::Error;

impl SignatureCheck {
    /// Checks the signature here and now.
    pub fn verify_in_rust(&self) -> Result<Verdict, Error> {
        let valid = match self.algorithm() {
            SignatureAlgorithm::Rs256 => self.verify_with(&Rsa::rs256()),
            SignatureAlgorithm::Es256 => self.verify_with(&Es256),
        };
        valid.map(|valid| self.verdict(valid))
    }

    fn verify_with<A: Algorithm>(&self, algorithm: &A) -> Result<bool, Error>
    where
        A::VerifyingKey: for<'k> TryFrom<&'k JsonWebKey<'k>, Error = JwkError>,
    {
        let key = A::VerifyingKey::try_from(&json_web_key(self.key())).map_err(|_| {
            Error::KeyUnusable {
                reason: "it is no valid public key",
            }
        })?;
        let signature = A::Signature::try_from_slice(self.signature());
        Ok(signature.is_ok_and(|signature| {
            algorithm.verify_signature(&signature, &key, self.signing_input())
        }))
    }
}

fn json_web_key(key: &Jwk) -> JsonWebKey<'_> {
    match key.public_key() {
        PublicKey::Rsa { modulus, exponent } => JsonWebKey::Rsa {
            modulus: Cow::Borrowed(modulus),
            public_exponent: Cow::Borrowed(exponent),
            private_parts: None,
        },
        PublicKey::P256 { x, y } => JsonWebKey::EllipticCurve {
            curve: Cow::Borrowed("P-256"),
            x: Cow::Borrowed(x),
            y: Cow::Borrowed(y),
            secret: None,
        },
    }
}

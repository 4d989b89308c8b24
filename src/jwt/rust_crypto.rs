//! The backend without a browser (feature `rust-crypto`): jwt-compact's own RSA, P-256 and Ed25519,
//! and P-384 through the same trait.

use alloc::borrow::Cow;
use core::convert::Infallible;

use jwt_compact::alg::{Ed25519, Es256, Rsa};
use jwt_compact::jwk::{JsonWebKey, JwkError};
use jwt_compact::{Algorithm, AlgorithmSignature};
use p384::EncodedPoint;
use p384::ecdsa::signature::Verifier;
use p384::ecdsa::{Signature, VerifyingKey};

use super::algorithm::SignatureAlgorithm;
use super::key::{Jwk, PublicKey};
use super::signature::{SignatureCheck, Verdict};
use crate::{Error, ErrorKind};

impl SignatureCheck<'_> {
    /// Checks the signature here and now.
    pub fn verify_in_rust(&self) -> Result<Verdict, Error> {
        let valid = match self.algorithm() {
            SignatureAlgorithm::Rs256 => self.verify_with(&Rsa::rs256()),
            SignatureAlgorithm::Rs384 => self.verify_with(&Rsa::rs384()),
            SignatureAlgorithm::Rs512 => self.verify_with(&Rsa::rs512()),
            SignatureAlgorithm::Ps256 => self.verify_with(&Rsa::ps256()),
            SignatureAlgorithm::Ps384 => self.verify_with(&Rsa::ps384()),
            SignatureAlgorithm::Ps512 => self.verify_with(&Rsa::ps512()),
            SignatureAlgorithm::Es256 => self.verify_with(&Es256),
            SignatureAlgorithm::Es384 => self.verify_with(&Es384),
            SignatureAlgorithm::EdDsa | SignatureAlgorithm::Ed25519 => self.verify_with(&Ed25519),
        };
        valid.map(|valid| self.verdict(valid))
    }

    fn verify_with<A: Algorithm>(&self, algorithm: &A) -> Result<bool, Error>
    where
        A::VerifyingKey: for<'k> TryFrom<&'k JsonWebKey<'k>, Error = JwkError>,
    {
        let key = match (
            A::VerifyingKey::try_from(&json_web_key(self.key())),
            self.key().public_key(),
        ) {
            (Ok(key), _) => key,
            // RFC 8032 section 5.1.7 decodes the key as part of checking the signature, and so do browsers.
            (Err(_), PublicKey::Ed25519 { .. }) => return Ok(false),
            (Err(_), _) => {
                return Err(ErrorKind::KeyUnusable {
                    reason: "it is no valid public key",
                }
                .into());
            }
        };
        let signature = A::Signature::try_from_slice(self.signature());
        Ok(signature.is_ok_and(|signature| {
            algorithm.verify_signature(&signature, &key, self.signing_input())
        }))
    }
}

fn json_web_key(key: &Jwk) -> JsonWebKey<'_> {
    let point = |curve, x, y| JsonWebKey::EllipticCurve {
        curve: Cow::Borrowed(curve),
        x: Cow::Borrowed(x),
        y: Cow::Borrowed(y),
        secret: None,
    };
    match key.public_key() {
        PublicKey::Rsa { modulus, exponent } => JsonWebKey::Rsa {
            modulus: Cow::Borrowed(modulus),
            public_exponent: Cow::Borrowed(exponent),
            private_parts: None,
        },
        PublicKey::P256 { x, y } => point("P-256", x.as_slice(), y.as_slice()),
        PublicKey::P384 { x, y } => point("P-384", x, y),
        PublicKey::Ed25519 { x } => JsonWebKey::KeyPair {
            curve: Cow::Borrowed("Ed25519"),
            x: Cow::Borrowed(x),
            secret: None,
        },
    }
}

/// ECDSA on P-384 with SHA-384, for checking alone.
struct Es384;

struct P384Key(VerifyingKey);

struct P384Signature(Signature);

impl Algorithm for Es384 {
    type SigningKey = Infallible;
    type VerifyingKey = P384Key;
    type Signature = P384Signature;

    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed("ES384")
    }

    fn sign(&self, signing_key: &Infallible, _message: &[u8]) -> P384Signature {
        match *signing_key {}
    }

    fn verify_signature(&self, signature: &P384Signature, key: &P384Key, message: &[u8]) -> bool {
        key.0.verify(message, &signature.0).is_ok()
    }
}

impl AlgorithmSignature for P384Signature {
    fn try_from_slice(slice: &[u8]) -> anyhow::Result<Self> {
        Signature::from_slice(slice)
            .map(Self)
            .map_err(anyhow::Error::msg)
    }

    fn as_bytes(&self) -> Cow<'_, [u8]> {
        Cow::Owned(self.0.to_bytes().to_vec())
    }
}

impl TryFrom<&JsonWebKey<'_>> for P384Key {
    type Error = JwkError;

    fn try_from(key: &JsonWebKey<'_>) -> Result<Self, JwkError> {
        let invalid = || JwkError::custom(anyhow::Error::msg("not a point on P-384"));
        let JsonWebKey::EllipticCurve { x, y, .. } = key else {
            return Err(invalid());
        };
        let (x, y): ([u8; 48], [u8; 48]) = (
            x.as_ref().try_into().map_err(|_| invalid())?,
            y.as_ref().try_into().map_err(|_| invalid())?,
        );
        let point = EncodedPoint::from_affine_coordinates(&x.into(), &y.into(), false);
        VerifyingKey::from_encoded_point(&point)
            .map(Self)
            .map_err(|_| invalid())
    }
}

//! The signature check, in two halves (RFC 7515 section 5.2): what is to be checked with which key,
//! and what follows from the answer. Between them a backend does the arithmetic; the browser's
//! answers only later, while jwt-compact wants its answer at once: so it is given the answer as an
//! [`Algorithm`] of our own, which says yes to exactly the one signature that was checked.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt;

use jwt_compact::{Algorithm, AlgorithmExt, AlgorithmSignature, ValidationError};

use super::algorithm::{KeyType, SignatureAlgorithm};
use super::claims::Claims;
use super::key::Jwk;
use super::key_set::KeySet;
use super::small_order::has_small_order;
use super::token::{CompactToken, Unread};
use crate::{Error, ErrorKind};

/// A token, and the key that must have signed it.
pub struct SignatureCheck<'a> {
    token: CompactToken<'a>,
    algorithm: SignatureAlgorithm,
    key: &'a Jwk,
}

impl<'a> SignatureCheck<'a> {
    /// Takes the token apart and chooses the key: by `kid`, or by `fallback_kid` where the header
    /// has none. Only the `allowed` algorithms may be asked for. Keys that the token itself brings
    /// or points at (`jwk`, `jku`, `x5c`, `x5u`) are never looked at.
    pub fn prepare(
        token: &'a str,
        keys: &'a KeySet,
        allowed: &[SignatureAlgorithm],
        fallback_kid: &str,
    ) -> Result<Self, Error> {
        let token = CompactToken::parse(token)?;
        let algorithm = SignatureAlgorithm::from_name(token.untrusted().algorithm())
            .filter(|algorithm| allowed.contains(algorithm))
            .ok_or(ErrorKind::AlgorithmNotAllowed)?;
        let kid = token
            .untrusted()
            .header()
            .key_id
            .as_deref()
            .unwrap_or(fallback_kid);
        let key = keys.choose(algorithm, kid)?;
        Ok(Self {
            token,
            algorithm,
            key,
        })
    }

    /// How to check.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The key to check with.
    pub fn key(&self) -> &Jwk {
        self.key
    }

    /// What was signed.
    pub fn signing_input(&self) -> &[u8] {
        self.token.signing_input()
    }

    /// The signature, raw: for ES256 the two numbers side by side (RFC 7518 section 3.4).
    pub fn signature(&self) -> &[u8] {
        self.token.untrusted().signature_bytes()
    }

    /// The backend's answer to exactly this check.
    pub fn verdict(&self, valid: bool) -> Verdict {
        Verdict {
            valid: valid && !self.has_worthless_nonce(),
            algorithm: self.algorithm,
            key: self.key.clone(),
            signing_input: self.signing_input().to_vec(),
            signature: self.signature().to_vec(),
        }
    }

    /// Backends differ on whether an `R` of small order may pass: here it may not.
    fn has_worthless_nonce(&self) -> bool {
        self.algorithm.key_type() == KeyType::Ed25519
            && self
                .signature()
                .first_chunk::<32>()
                .is_some_and(|r| has_small_order(r))
    }

    /// The claims, if the verdict is this check's and says yes. They are authentic then, and still
    /// to be judged by [`Rules`](super::Rules).
    pub fn finish(self, verdict: &Verdict) -> Result<Claims, Error> {
        let claims = || Claims::read(self.token.payload()?);
        match Judged(verdict)
            .validator::<Unread>(self.key)
            .validate(self.token.untrusted())
        {
            Ok(_) => claims(),
            // jwt-compact reads the times before it looks at the signature; what is wrong with them is
            // for the rules to say, once it is known who wrote them.
            Err(ValidationError::MalformedClaims(_))
                if verdict.confirms(self.key, self.signing_input(), self.signature()) =>
            {
                claims()
            }
            Err(_) => Err(ErrorKind::SignatureInvalid.into()),
        }
    }
}

impl fmt::Debug for SignatureCheck<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SignatureCheck")
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// A backend's answer, together with all that it is an answer to: for any other token, signature or
/// key it means no. It may be kept and used again for the same token.
#[derive(Clone)]
pub struct Verdict {
    valid: bool,
    algorithm: SignatureAlgorithm,
    key: Jwk,
    signing_input: Vec<u8>,
    signature: Vec<u8>,
}

impl Verdict {
    fn confirms(&self, key: &Jwk, signing_input: &[u8], signature: &[u8]) -> bool {
        self.valid
            && self.key == *key
            && self.signing_input == signing_input
            && self.signature == signature
    }
}

impl fmt::Debug for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Verdict")
            .field("valid", &self.valid)
            .finish_non_exhaustive()
    }
}

/// A verdict as jwt-compact's way to verify: the "algorithm" is to compare with what was checked.
struct Judged<'a>(&'a Verdict);

impl Algorithm for Judged<'_> {
    type SigningKey = Infallible;
    type VerifyingKey = Jwk;
    type Signature = RawSignature;

    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed(self.0.algorithm.name())
    }

    fn sign(&self, signing_key: &Infallible, _message: &[u8]) -> RawSignature {
        match *signing_key {}
    }

    fn verify_signature(&self, signature: &RawSignature, key: &Jwk, message: &[u8]) -> bool {
        self.0.confirms(key, message, &signature.0)
    }
}

/// A signature of which only the bytes count here.
struct RawSignature(Vec<u8>);

impl AlgorithmSignature for RawSignature {
    fn try_from_slice(slice: &[u8]) -> anyhow::Result<Self> {
        Ok(Self(slice.to_vec()))
    }

    fn as_bytes(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.0)
    }
}

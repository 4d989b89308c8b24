//! One public key of a key set (RFC 7517 section 4), reduced to what a signature check needs.
//! Private members that somebody left in it are never read.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::RangeInclusive;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::algorithm::{KeyType, SignatureAlgorithm};
use super::small_order::has_small_order;
use crate::Members;
use crate::json::{Json, Object};

/// RFC 7518 section 3.3 sets the lower end. The upper one is what jwt-compact's RSA takes: one key
/// set must mean the same on every backend.
const RSA_BITS: RangeInclusive<usize> = 2048..=4096;

/// A public key (RFC 7517 section 4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jwk {
    kid: Option<String>,
    alg: Option<String>,
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    public_key: PublicKey,
}

/// The numbers of a public key (RFC 7518 section 6, RFC 8037 section 2). Whether a point is on its
/// curve is the backend's to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// RSA, 2048 to 4096 bits; both numbers big-endian and without leading zeros.
    Rsa {
        /// The modulus, `n`.
        modulus: Vec<u8>,
        /// The public exponent, `e`.
        exponent: Vec<u8>,
    },
    /// A point on P-256, both coordinates big-endian and of 32 bytes.
    P256 {
        /// `x`.
        x: Vec<u8>,
        /// `y`.
        y: Vec<u8>,
    },
    /// A point on P-384, both coordinates big-endian and of 48 bytes.
    P384 {
        /// `x`.
        x: Vec<u8>,
        /// `y`.
        y: Vec<u8>,
    },
    /// A point on edwards25519 as RFC 8032 section 5.1.2 encodes it, of 32 bytes and of no small order.
    Ed25519 {
        /// `x`.
        x: Vec<u8>,
    },
}

impl Jwk {
    /// From one entry of a key set, or why it is of no use.
    pub(super) fn from_json(entry: &Json<'_>) -> Result<Self, &'static str> {
        let entry = Entry(entry.as_object());
        let public_key = match (entry.text("kty")?, entry.text("crv")?) {
            (Some("RSA"), _) => entry.rsa()?,
            (Some("EC"), Some("P-256")) => {
                let (x, y) = (entry.coordinate("x", 32)?, entry.coordinate("y", 32)?);
                PublicKey::P256 { x, y }
            }
            (Some("EC"), Some("P-384")) => {
                let (x, y) = (entry.coordinate("x", 48)?, entry.coordinate("y", 48)?);
                PublicKey::P384 { x, y }
            }
            (Some("OKP"), Some("Ed25519")) => entry.ed25519()?,
            (None, _) => return Err("a key has no kty"),
            _ => return Err("a key is neither RSA, P-256, P-384 nor Ed25519"),
        };
        Ok(Self {
            kid: entry.text("kid")?.map(ToOwned::to_owned),
            alg: entry.text("alg")?.map(ToOwned::to_owned),
            usage: entry.text("use")?.map(ToOwned::to_owned),
            key_ops: entry.texts("key_ops")?,
            public_key,
        })
    }

    /// The key's name in its set.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The numbers.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The key's public members alone, in the one form that RFC 7638 section 3 hashes: what Web
    /// Crypto can import.
    pub fn canonical_json(&self) -> String {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut members = Members::new();
        match &self.public_key {
            PublicKey::Rsa { modulus, exponent } => {
                members.text("e", &text(exponent));
                members.text("kty", "RSA");
                members.text("n", &text(modulus));
            }
            PublicKey::P256 { x, y } | PublicKey::P384 { x, y } => {
                let is_p256 = matches!(self.public_key, PublicKey::P256 { .. });
                members.text("crv", if is_p256 { "P-256" } else { "P-384" });
                members.text("kty", "EC");
                members.text("x", &text(x));
                members.text("y", &text(y));
            }
            PublicKey::Ed25519 { x } => {
                members.text("crv", "Ed25519");
                members.text("kty", "OKP");
                members.text("x", &text(x));
            }
        }
        members.finish()
    }

    /// Whether the key may check signatures of that algorithm, or why not (RFC 8725 section 3.1:
    /// key and algorithm must fit each other; RFC 7517 sections 4.2 to 4.4: and the key's own
    /// wishes count).
    pub(super) fn fits(&self, algorithm: SignatureAlgorithm) -> Result<(), &'static str> {
        let key_type = match self.public_key {
            PublicKey::Rsa { .. } => KeyType::Rsa,
            PublicKey::P256 { .. } => KeyType::P256,
            PublicKey::P384 { .. } => KeyType::P384,
            PublicKey::Ed25519 { .. } => KeyType::Ed25519,
        };
        if key_type != algorithm.key_type() {
            Err("its type is not the algorithm's")
        } else if self.usage.as_deref().is_some_and(|usage| usage != "sig") {
            Err("its use is not sig")
        } else if self
            .key_ops
            .as_ref()
            .is_some_and(|ops| !ops.iter().any(|op| op == "verify"))
        {
            Err("its key_ops lack verify")
        } else if self
            .alg
            .as_deref()
            .is_some_and(|alg| alg != algorithm.name())
        {
            Err("its alg is another one")
        } else {
            Ok(())
        }
    }
}

/// An entry of a key set as JSON, with readers that tell a missing member from a wrong one.
struct Entry<'a>(Option<&'a Object<'a>>);

impl<'a> Entry<'a> {
    /// `null` is how some servers write that a member is missing.
    fn member(&self, name: &str) -> Option<&'a Json<'a>> {
        self.0?.get(name).filter(|value| !value.is_null())
    }

    fn text(&self, name: &str) -> Result<Option<&'a str>, &'static str> {
        match self.member(name) {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text)),
            Some(_) => Err("a key has a member of the wrong type"),
        }
    }

    fn texts(&self, name: &str) -> Result<Option<Vec<String>>, &'static str> {
        let Some(value) = self.member(name) else {
            return Ok(None);
        };
        value
            .to_texts()
            .map(Some)
            .ok_or("a key has a member of the wrong type")
    }

    fn bytes(&self, name: &str) -> Result<Vec<u8>, &'static str> {
        let text = self.text(name)?.ok_or("a key lacks one of its numbers")?;
        URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| "a key has a number that is not base64url")
    }

    /// A number without the leading zeros that some servers put before it, against RFC 7518 section
    /// 2.
    fn number(&self, name: &str) -> Result<Vec<u8>, &'static str> {
        let mut bytes = self.bytes(name)?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        bytes.drain(..zeros);
        Ok(bytes)
    }

    fn rsa(&self) -> Result<PublicKey, &'static str> {
        let modulus = self.number("n")?;
        let exponent = self.number("e")?;
        let odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
        if !RSA_BITS.contains(&bit_length(&modulus)) {
            Err("an RSA key has fewer than 2048 or more than 4096 bits")
        } else if !odd(&modulus) || !odd(&exponent) || !(2..=32).contains(&bit_length(&exponent)) {
            Err("an RSA key has impossible numbers")
        } else {
            Ok(PublicKey::Rsa { modulus, exponent })
        }
    }

    fn ed25519(&self) -> Result<PublicKey, &'static str> {
        let x = self.coordinate("x", 32)?;
        if has_small_order(&x) {
            Err("an Ed25519 key has a small order")
        } else {
            Ok(PublicKey::Ed25519 { x })
        }
    }

    /// All bytes of its curve's width (RFC 7518 section 6.2.1.2).
    fn coordinate(&self, name: &str, width: usize) -> Result<Vec<u8>, &'static str> {
        let bytes = self.bytes(name)?;
        if bytes.len() == width {
            Ok(bytes)
        } else {
            Err("a key has a coordinate that is not as wide as its curve")
        }
    }
}

/// Of a number without leading zeros.
fn bit_length(number: &[u8]) -> usize {
    number
        .first()
        .map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

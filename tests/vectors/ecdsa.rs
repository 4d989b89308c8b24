//! ECDSA keys and signatures (RFC 7518 section 3.4). The private keys are known to everybody: for tests alone.

use jwt_compact::alg::{Es256, SigningKey};
use jwt_compact::jwk::JsonWebKey;
use num_bigint_dig::BigUint;
use p384::ecdsa::signature::hazmat::PrehashSigner;
use serde_json::{Value, json};

use crate::rsa::{Hash, der};
use crate::token::{base64url, with};

/// A curve, with the order of its group.
pub(crate) struct Curve {
    private: u8,
    width: usize,
    order: &'static str,
}

/// Our key on P-256.
pub(crate) const P256: Curve = Curve {
    private: 7,
    width: 32,
    order: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
};

/// Somebody else's.
pub(crate) const FOREIGN_P256: Curve = Curve { private: 8, ..P256 };

/// Our key on P-384.
pub(crate) const P384: Curve = Curve {
    private: 7,
    width: 48,
    order: "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf\
            581a0db248b0a77aecec196accc52973",
};

impl Curve {
    /// The public key as JSON, with more members.
    pub(crate) fn jwk(&self, members: &Value) -> Value {
        let private = vec![self.private; self.width];
        let jwk = if self.width == 32 {
            let key = SigningKey::<Es256>::from_slice(&private).unwrap();
            let jwk = JsonWebKey::from(&key).to_verifying_key();
            serde_json::to_value(jwk).unwrap()
        } else {
            let key = p384::ecdsa::SigningKey::from_slice(&private).unwrap();
            let point = key.verifying_key().to_encoded_point(false);
            let (x, y) = (base64url(point.x().unwrap()), base64url(point.y().unwrap()));
            json!({ "kty": "EC", "crv": "P-384", "x": x, "y": y })
        };
        with(jwk, members)
    }

    /// Both numbers side by side, over whatever digest.
    pub(crate) fn sign(&self, hash: Hash, message: &str) -> Vec<u8> {
        let private = vec![self.private; self.width];
        let digest = hash.digest(message.as_bytes());
        if self.width == 32 {
            let key = <Es256 as jwt_compact::Algorithm>::SigningKey::from_slice(&private).unwrap();
            let signature =
                PrehashSigner::<<Es256 as jwt_compact::Algorithm>::Signature>::sign_prehash(
                    &key, &digest,
                );
            jwt_compact::AlgorithmSignature::as_bytes(&signature.unwrap()).into_owned()
        } else {
            let key = p384::ecdsa::SigningKey::from_slice(&private).unwrap();
            let signature: p384::ecdsa::Signature = key.sign_prehash(&digest).unwrap();
            signature.to_bytes().to_vec()
        }
    }

    pub(crate) fn order(&self) -> Vec<u8> {
        BigUint::parse_bytes(self.order.as_bytes(), 16)
            .unwrap()
            .to_bytes_be()
    }

    /// The signature with the other of the two `s` that both verify.
    pub(crate) fn with_other_s(&self, signature: &[u8]) -> Vec<u8> {
        let (r, s) = signature.split_at(self.width);
        let number = BigUint::from_bytes_be;
        let other = (number(&self.order()) - number(s)).to_bytes_be();
        [r, &vec![0; self.width - other.len()], &other].concat()
    }

    /// The signature as X.509 writes it (RFC 3279 section 2.2.3), which a JWS does not.
    pub(crate) fn der(&self, signature: &[u8]) -> Vec<u8> {
        let (r, s) = signature.split_at(self.width);
        let integer = |number: &[u8]| {
            let mut bytes = BigUint::from_bytes_be(number).to_bytes_be();
            if bytes[0] >= 0x80 {
                bytes.insert(0, 0);
            }
            der(2, &bytes)
        };
        der(0x30, &[integer(r), integer(s)].concat())
    }
}

/// With our P-256 key.
pub(crate) fn p256(message: &str) -> Vec<u8> {
    P256.sign(Hash::Sha256, message)
}

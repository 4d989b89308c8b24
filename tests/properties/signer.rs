//! One key of each kind, the same at every run, and tokens that they signed.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use esi_security::Error;
use esi_security::jwt::{Claims, DEFAULT_KID, KeySet, SignatureAlgorithm, SignatureCheck};
use jwt_compact::alg::{Ed25519, Es256, Rsa, RsaPrivateKey, SigningKey};
use jwt_compact::jwk::JsonWebKey;
use jwt_compact::{Algorithm, AlgorithmSignature};
use p384::ecdsa::signature::Signer as _;
use rand_core::{CryptoRng, Error as RandomError, RngCore, impls};
use serde_json::{Value, json};

use SignatureAlgorithm as A;

/// xorshift64*: keys that are for tests alone need no better.
struct Seeded(u64);

impl RngCore for Seeded {
    fn next_u32(&mut self) -> u32 {
        (self.next_u64() >> 32) as u32
    }

    fn next_u64(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        impls::fill_bytes_via_next(self, bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Seeded {}

static RSA: LazyLock<RsaPrivateKey> =
    LazyLock::new(|| RsaPrivateKey::new(&mut Seeded(1), 2048).unwrap());
static P256: LazyLock<<Es256 as Algorithm>::SigningKey> =
    LazyLock::new(|| SigningKey::<Es256>::from_slice(&[2; 32]).unwrap());
static P384: LazyLock<p384::ecdsa::SigningKey> =
    LazyLock::new(|| p384::ecdsa::SigningKey::from_slice(&[3; 48]).unwrap());
static ED25519: LazyLock<<Ed25519 as Algorithm>::SigningKey> =
    LazyLock::new(|| SigningKey::<Ed25519>::from_slice(&[4; 32]).unwrap());

/// The public halves, each under a name of its own; RSA's under EVE's.
pub(crate) static KEYS: LazyLock<KeySet> =
    LazyLock::new(|| KeySet::parse(&json!({ "keys": jwks() }).to_string()).unwrap());

/// The entries of [`KEYS`].
pub(crate) fn jwks() -> [Value; 4] {
    let jwk = |key: JsonWebKey, algorithm| {
        let mut jwk = serde_json::to_value(key.to_verifying_key()).unwrap();
        jwk["kid"] = kid(algorithm).into();
        jwk["use"] = "sig".into();
        jwk
    };
    let p384 = P384.verifying_key().to_encoded_point(false);
    [
        jwk((&*RSA).into(), A::Rs256),
        jwk((&*P256).into(), A::Es256),
        json!({
            "kty": "EC",
            "crv": "P-384",
            "x": base64url(p384.x().unwrap()),
            "y": base64url(p384.y().unwrap()),
            "kid": kid(A::Es384),
            "use": "sig",
        }),
        jwk((&*ED25519).into(), A::EdDsa),
    ]
}

/// The name of the key for an algorithm.
pub(crate) fn kid(algorithm: A) -> &'static str {
    match algorithm {
        A::Rs256 | A::Rs384 | A::Rs512 | A::Ps256 | A::Ps384 | A::Ps512 => DEFAULT_KID,
        A::Es256 => "p-256",
        A::Es384 => "p-384",
        A::EdDsa | A::Ed25519 => "ed25519",
    }
}

pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn decode(part: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(part).unwrap()
}

/// A token of exactly this header and payload, whatever they say, signed with that algorithm.
pub(crate) fn sign(algorithm: A, header: &str, payload: &str) -> String {
    let input = format!("{}.{}", base64url(header), base64url(payload));
    let message = input.as_bytes();
    let rsa = |scheme: Rsa| scheme.sign(&*RSA, message).as_bytes().into_owned();
    let signature = match algorithm {
        A::Rs256 => rsa(Rsa::rs256()),
        A::Rs384 => rsa(Rsa::rs384()),
        A::Rs512 => rsa(Rsa::rs512()),
        A::Ps256 => rsa(Rsa::ps256()),
        A::Ps384 => rsa(Rsa::ps384()),
        A::Ps512 => rsa(Rsa::ps512()),
        A::Es256 => Es256.sign(&*P256, message).as_bytes().into_owned(),
        A::Es384 => {
            let signature: p384::ecdsa::Signature = P384.sign(message);
            signature.to_bytes().to_vec()
        }
        A::EdDsa | A::Ed25519 => Ed25519.sign(&*ED25519, message).as_bytes().into_owned(),
    };
    format!("{input}.{}", base64url(signature))
}

/// A token as a server makes it.
pub(crate) fn token(algorithm: A, payload: &str) -> String {
    sign(algorithm, &header(algorithm).to_string(), payload)
}

pub(crate) fn header(algorithm: A) -> Value {
    json!({ "alg": algorithm.name(), "kid": kid(algorithm), "typ": "JWT" })
}

pub(crate) fn prepare<'a>(token: &'a str, keys: &'a KeySet) -> Result<SignatureCheck<'a>, Error> {
    SignatureCheck::prepare(token, keys, &A::ALL, DEFAULT_KID)
}

/// Every algorithm allowed.
pub(crate) fn verify(token: &str, keys: &KeySet) -> Result<Claims, Error> {
    let check = prepare(token, keys)?;
    let verdict = check.verify_in_rust()?;
    check.finish(&verdict)
}

//! Ed25519 keys and signatures (RFC 8032 section 5.1), also those that only a lenient verifier accepts. The
//! private key is known to everybody: for tests alone.

use jwt_compact::alg::{Ed25519, SigningKey, VerifyingKey};
use jwt_compact::{Algorithm, AlgorithmSignature};
use num_bigint_dig::BigUint;
use serde_json::{Value, json};

use crate::rsa::Hash;
use crate::token::{base64url, with};

type Key = <Ed25519 as Algorithm>::SigningKey;

const SEED: [u8; 32] = [7; 32];

/// The encoding of the neutral element.
pub(crate) const IDENTITY: [u8; 32] = {
    let mut bytes = [0; 32];
    bytes[0] = 1;
    bytes
};

fn key() -> Key {
    SigningKey::<Ed25519>::from_slice(&SEED).unwrap()
}

/// Our public key, as it is encoded.
pub(crate) fn public() -> Vec<u8> {
    key().verifying_key().to_bytes().to_vec()
}

/// A public key as JSON, with more members.
pub(crate) fn jwk(x: &[u8], members: &Value) -> Value {
    with(
        json!({ "kty": "OKP", "crv": "Ed25519", "x": base64url(x) }),
        members,
    )
}

/// The same for our own key.
pub(crate) fn our_jwk(members: &Value) -> Value {
    jwk(&public(), members)
}

pub(crate) fn sign(message: &str) -> Vec<u8> {
    Ed25519
        .sign(&key(), message.as_bytes())
        .as_bytes()
        .into_owned()
}

/// Little-endian, as this curve has it.
fn number(bytes: &[u8]) -> BigUint {
    BigUint::from_bytes_le(bytes)
}

fn bytes(number: &BigUint) -> Vec<u8> {
    let mut bytes = number.to_bytes_le();
    bytes.resize(32, 0);
    bytes
}

/// The order of the base point.
fn order() -> BigUint {
    let rest = BigUint::parse_bytes(b"27742317777372353535851937790883648493", 10).unwrap();
    (BigUint::from(1_u8) << 252) + rest
}

/// The signature with the same `S`, said in another way.
pub(crate) fn with_more_s(signature: &[u8]) -> Vec<u8> {
    let (r, s) = signature.split_at(32);
    [r, &bytes(&(number(s) + order()))].concat()
}

/// What the owner of our key can sign with the neutral element for `R`.
pub(crate) fn sign_without_nonce(message: &str) -> Vec<u8> {
    let mut scalar = Hash::Sha512.digest(&SEED)[..32].to_vec();
    scalar[0] &= 0xf8;
    scalar[31] &= 0x7f;
    scalar[31] |= 0x40;
    let challenge = Hash::Sha512.digest(&[&IDENTITY, &public()[..], message.as_bytes()].concat());
    let s = number(&challenge) * number(&scalar) % order();
    let signature = [&IDENTITY[..], &bytes(&s)].concat();
    assert!(is_lenient(&public(), &signature, message));
    signature
}

/// Whether the bare equation of RFC 8032 section 5.1.7 holds.
pub(crate) fn is_lenient(x: &[u8], signature: &[u8], message: &str) -> bool {
    let key =
        <<Ed25519 as Algorithm>::VerifyingKey as VerifyingKey<Ed25519>>::from_slice(x).unwrap();
    let signature = AlgorithmSignature::try_from_slice(signature).unwrap();
    Ed25519.verify_signature(&signature, &key, message.as_bytes())
}

/// Every encoding of a point of small order, with the ones that a decoder should refuse anyway.
pub(crate) fn small_order() -> Vec<Vec<u8>> {
    let p = (BigUint::from(1_u8) << 255) - BigUint::from(19_u8);
    let one = BigUint::from(1_u8);
    let order_8 = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a";
    let order_8 = BigUint::from_bytes_le(
        &(0..32)
            .map(|at| u8::from_str_radix(&order_8[2 * at..2 * at + 2], 16).unwrap())
            .collect::<Vec<_>>(),
    );
    let ys = [
        BigUint::from(0_u8),
        one.clone(),
        order_8.clone(),
        &p - &order_8,
        &p - &one,
        p.clone(),
        &p + &one,
    ];
    let with_signs = |y: &BigUint| {
        let plain = bytes(y);
        let mut signed = plain.clone();
        signed[31] |= 0x80;
        [plain, signed]
    };
    ys.iter().flat_map(with_signs).collect()
}

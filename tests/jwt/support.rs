//! Keys made for this run, and tokens signed with them.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use esi_security::Error;
use esi_security::jwt::{Claims, DEFAULT_KID, KeySet, SignatureAlgorithm, SignatureCheck};
use jwt_compact::alg::{Es256, Rsa, RsaPrivateKey, SigningKey};
use jwt_compact::jwk::JsonWebKey;
use jwt_compact::{Algorithm, AlgorithmSignature};
use rand_core::OsRng;
use serde_json::{Value, json};

pub(crate) const CLIENT: &str = "client-id";
pub(crate) const NOW: i64 = 1_700_000_000;
pub(crate) const EC_KID: &str = "8878a23f-2489-4045-989e-4d2f3ec1ae1a";
pub(crate) const RS256: &str = r#"{"alg":"RS256","kid":"JWT-Signature-Key","typ":"JWT"}"#;
pub(crate) const ES256: &str =
    r#"{"alg":"ES256","kid":"8878a23f-2489-4045-989e-4d2f3ec1ae1a","typ":"JWT"}"#;

type EcKey = <Es256 as Algorithm>::SigningKey;

pub(crate) fn rsa_key() -> &'static RsaPrivateKey {
    static KEY: OnceLock<RsaPrivateKey> = OnceLock::new();
    KEY.get_or_init(|| RsaPrivateKey::new(&mut OsRng, 2048).unwrap())
}

pub(crate) fn ec_key() -> EcKey {
    SigningKey::<Es256>::from_slice(&[7; 32]).unwrap()
}

/// A public key as JSON, with more members, or others.
pub(crate) fn jwk<'a>(key: impl Into<JsonWebKey<'a>>, members: &Value) -> Value {
    let mut jwk = serde_json::to_value(key.into().to_verifying_key()).unwrap();
    for (name, value) in members.as_object().unwrap() {
        jwk[name] = value.clone();
    }
    jwk
}

pub(crate) fn rsa_jwk(members: &Value) -> Value {
    jwk(rsa_key(), members)
}

pub(crate) fn ec_jwk(members: &Value) -> Value {
    jwk(&ec_key(), members)
}

/// Both keys, described as EVE's SSO describes its own.
pub(crate) fn keys() -> &'static KeySet {
    static KEYS: OnceLock<KeySet> = OnceLock::new();
    KEYS.get_or_init(|| {
        key_set(&[
            rsa_jwk(&json!({ "kid": DEFAULT_KID, "alg": "RS256", "use": "sig" })),
            ec_jwk(&json!({ "kid": EC_KID, "alg": "ES256", "use": "sig" })),
        ])
    })
}

pub(crate) fn key_set(keys: &[Value]) -> KeySet {
    KeySet::parse(&json!({ "keys": keys }).to_string()).unwrap()
}

pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn signing_input(header: &str, payload: &str) -> String {
    format!("{}.{}", base64url(header), base64url(payload))
}

/// A token whose signing input is exactly this text, signed with our RSA key whatever it says.
pub(crate) fn sign_rs256(input: &str) -> String {
    let signature = Rsa::rs256().sign(rsa_key(), input.as_bytes());
    format!("{input}.{}", base64url(signature.as_bytes()))
}

pub(crate) fn sign_es256(input: &str) -> String {
    let signature = Es256.sign(&ec_key(), input.as_bytes());
    format!("{input}.{}", base64url(signature.as_bytes()))
}

/// Claims as EVE's SSO makes them, good for twenty minutes from [`NOW`], changed by `changes`:
/// `null` takes a claim away.
pub(crate) fn claims(changes: &Value) -> Value {
    let mut claims = json!({
        "scp": ["esi-location.read_location.v1", "esi-skills.read_skills.v1"],
        "jti": "0f6b7f3c-6f2c-4d59-9b5e-0a0b0c0d0e0f",
        "kid": DEFAULT_KID,
        "sub": "CHARACTER:EVE:2112625428",
        "azp": CLIENT,
        "tenant": "tranquility",
        "tier": "live",
        "region": "world",
        "aud": [CLIENT, "EVE Online"],
        "name": "Some Pilot",
        "owner": "8PmzCeTKb4VFUDrHLc/AeZXDSWM=",
        "exp": NOW + 1200,
        "iat": NOW,
        "iss": "https://login.eveonline.com",
    });
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

/// A token of EVE's kind with these changes to its claims.
pub(crate) fn token(changes: &Value) -> String {
    token_of(&claims(changes).to_string())
}

/// A token of EVE's kind with exactly this payload.
pub(crate) fn token_of(payload: &str) -> String {
    sign_rs256(&signing_input(RS256, payload))
}

/// A token with this header, signed with the RSA key.
pub(crate) fn token_with_header(header: &Value) -> String {
    sign_rs256(&signing_input(
        &header.to_string(),
        &claims(&json!({})).to_string(),
    ))
}

pub(crate) fn verify_with(token: &str, keys: &KeySet) -> Result<Claims, Error> {
    let eve = [SignatureAlgorithm::Rs256, SignatureAlgorithm::Es256];
    let check = SignatureCheck::prepare(token, keys, &eve, DEFAULT_KID)?;
    let verdict = check.verify_in_rust()?;
    check.finish(&verdict)
}

pub(crate) fn verify(token: &str) -> Result<Claims, Error> {
    verify_with(token, keys())
}

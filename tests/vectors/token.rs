//! Tokens put together by hand, part by part.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::ecdsa::{P256, p256};
use crate::rsa::OURS;

/// 14 November 2023, in seconds.
pub(crate) const NOW: i64 = 1_700_000_000;
pub(crate) const CLIENT: &str = "client-id";
pub(crate) const RSA_KID: &str = "JWT-Signature-Key";
pub(crate) const EC_KID: &str = "8878a23f-2489-4045-989e-4d2f3ec1ae1a";

pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn bytes(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// The object with these members more, or others; `null` takes one away.
pub(crate) fn with(mut object: Value, members: &Value) -> Value {
    for (name, value) in members.as_object().unwrap() {
        if value.is_null() {
            object.as_object_mut().unwrap().remove(name);
        } else {
            object[name] = value.clone();
        }
    }
    object
}

/// Both keys, described as EVE's SSO describes its own.
pub(crate) fn eve_keys() -> String {
    key_set(&[
        OURS.jwk(&json!({ "kid": RSA_KID, "alg": "RS256", "use": "sig" })),
        P256.jwk(&json!({ "kid": EC_KID, "alg": "ES256", "use": "sig" })),
    ])
}

pub(crate) fn key_set(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

/// Claims as EVE's SSO makes them, good for twenty minutes from [`NOW`], changed.
pub(crate) fn claims(changes: &Value) -> Value {
    let claims = json!({
        "scp": ["esi-location.read_location.v1", "esi-skills.read_skills.v1"],
        "jti": "0f6b7f3c-6f2c-4d59-9b5e-0a0b0c0d0e0f",
        "kid": RSA_KID,
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
    with(claims, changes)
}

/// EVE's claims as text.
pub(crate) fn payload() -> String {
    claims(&json!({})).to_string()
}

pub(crate) fn input(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    format!("{}.{}", base64url(header), base64url(payload))
}

/// EVE's claims under that header.
pub(crate) fn input_under(header: &Value) -> String {
    input(header.to_string(), payload())
}

pub(crate) fn join(input: &str, signature: impl AsRef<[u8]>) -> String {
    format!("{input}.{}", base64url(signature))
}

/// A token whose signing input is exactly this text, signed with our P-256 key whatever it says.
pub(crate) fn signed(input: &str) -> String {
    join(input, p256(input))
}

/// The header of a token that our P-256 key signed.
pub(crate) fn header() -> Value {
    json!({ "alg": "ES256", "kid": EC_KID, "typ": "JWT" })
}

/// EVE's claims, rightly signed, under a header with these changes.
pub(crate) fn with_header(changes: &Value) -> String {
    signed(&input_under(&with(header(), changes)))
}

/// Rightly signed, under exactly this header.
pub(crate) fn with_raw_header(header: impl AsRef<[u8]>) -> String {
    signed(&input(header, payload()))
}

/// Rightly signed, with exactly this payload.
pub(crate) fn with_payload(payload: impl AsRef<[u8]>) -> String {
    signed(&input(header().to_string(), payload))
}

/// Rightly signed, with these changes to EVE's claims.
pub(crate) fn with_claims(changes: &Value) -> String {
    with_payload(claims(changes).to_string())
}

/// Rightly signed, with the claim as exactly this JSON, which `null` is too.
pub(crate) fn with_claim(claim: &str, json: &str) -> String {
    let rest = claims(&json!({ claim: null })).to_string();
    let rest = rest.strip_suffix('}').unwrap();
    with_payload(format!("{rest},\"{claim}\":{json}}}"))
}

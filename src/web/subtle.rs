//! The signature backend of the browser: WebCrypto, which costs no bytes and runs at native speed.

use alloc::string::ToString;
use alloc::vec::Vec;
use core::cell::RefCell;

use js_sys::{Array, JSON, Object, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{CryptoKey, DomException, SubtleCrypto};

use super::object::{get, object};
use super::promise::settled_within;
use crate::client::Host;
use crate::jwt::{PublicKey, SignatureAlgorithm, SignatureCheck, Verdict};
use crate::text::joined;
use crate::{Error, ErrorKind, Members};

/// How long WebCrypto may take for one step, in milliseconds.
const TIMEOUT_MS: u32 = 10_000;

/// How many imported keys are kept, the newest.
const KEYS: usize = 8;

/// Checks the signature. What a page's own WebCrypto throws, rejects with or gives instead of an answer
/// is none: it is no token's and no key's fault.
pub(super) async fn verdict(host: &dyn Host, check: &SignatureCheck<'_>) -> Result<Verdict, Error> {
    let Some(subtle) = subtle() else {
        return without_subtle(check);
    };
    let key = match import_once(host, &subtle, check).await {
        Ok(key) => key,
        // What is given to be imported is made here, and well-formed: what can be wrong with it is the
        // key itself, such as a point that is not on its curve.
        Err(error) if is_data_error(&error) => {
            return Err(ErrorKind::KeyUnusable {
                reason: "it is no valid public key",
            }
            .into());
        }
        // Such as Ed25519 in a browser that does not know it.
        Err(_) => return without_subtle(check),
    };
    let answer = verify(host, &subtle, check, &key).await;
    match answer.ok().and_then(|answer| answer.as_bool()) {
        Some(valid) => Ok(check.verdict(valid)),
        None => without_subtle(check),
    }
}

#[cfg(feature = "rust-crypto")]
fn without_subtle(check: &SignatureCheck<'_>) -> Result<Verdict, Error> {
    check.verify_in_rust()
}

#[cfg(not(feature = "rust-crypto"))]
fn without_subtle(_: &SignatureCheck<'_>) -> Result<Verdict, Error> {
    Err(ErrorKind::CryptoUnavailable {
        phase: crate::Phase::Verify,
    }
    .into())
}

/// Its name is read with care: what only looks like a `DOMException` throws there.
fn is_data_error(error: &JsValue) -> bool {
    let name = get(error, "name").ok();
    error.has_type::<DomException>() && name.is_some_and(|name| name == "DataError")
}

/// A page that is not served over https, nor from this machine, has none.
fn subtle() -> Option<SubtleCrypto> {
    let crypto = get(&js_sys::global(), "crypto").ok()?;
    let subtle = get(&crypto, "subtle").ok()?;
    Some(subtle.unchecked_into()).filter(|subtle: &SubtleCrypto| subtle.is_object())
}

/// The key for that algorithm: importing one takes longer than checking a signature with it.
async fn import_once(
    host: &dyn Host,
    subtle: &SubtleCrypto,
    check: &SignatureCheck<'_>,
) -> Result<CryptoKey, JsValue> {
    type Imported = (SignatureAlgorithm, PublicKey, CryptoKey);
    std::thread_local! {
        static IMPORTED: RefCell<Vec<Imported>> = const { RefCell::new(Vec::new()) };
    }
    let (algorithm, numbers) = (check.algorithm(), check.key().public_key());
    let held = IMPORTED.with_borrow(|keys| {
        keys.iter()
            .find(|(for_algorithm, of, _)| *for_algorithm == algorithm && of == numbers)
            .map(|(_, _, key)| key.clone())
    });
    if let Some(key) = held {
        return Ok(key);
    }
    let key = import(host, subtle, check).await?;
    IMPORTED.with_borrow_mut(|keys| {
        // Others may have imported it meanwhile.
        keys.retain(|(for_algorithm, of, _)| *for_algorithm != algorithm || of != numbers);
        if keys.len() == KEYS {
            keys.remove(0);
        }
        keys.push((algorithm, numbers.clone(), key.clone()));
    });
    Ok(key)
}

async fn import(
    host: &dyn Host,
    subtle: &SubtleCrypto,
    check: &SignatureCheck<'_>,
) -> Result<CryptoKey, JsValue> {
    let jwk = Object::from(JSON::parse(&check.key().canonical_json())?);
    let usages = Array::of1(&"verify".into());
    let algorithm = parameters(check.algorithm());
    let imported = subtle.import_key_with_object("jwk", &jwk, &algorithm, false, &usages)?;
    settled_within(host, TIMEOUT_MS, &imported)
        .await?
        .dyn_into()
}

async fn verify(
    host: &dyn Host,
    subtle: &SubtleCrypto,
    check: &SignatureCheck<'_>,
    key: &CryptoKey,
) -> Result<JsValue, JsValue> {
    let algorithm = parameters(check.algorithm());
    // Copies: memory of the module may move while the browser works.
    let signature = Uint8Array::from(check.signature());
    let signing_input = Uint8Array::from(check.signing_input());
    let verifying = subtle.verify_with_object_and_js_u8_array_and_js_u8_array(
        &algorithm,
        key,
        &signature,
        &signing_input,
    )?;
    settled_within(host, TIMEOUT_MS, &verifying).await
}

/// The algorithm as WebCrypto names it, for importing and for verifying; members that one of them does
/// not need mean nothing to it.
fn parameters(algorithm: SignatureAlgorithm) -> Object {
    let (name, bits): (_, i64) = match algorithm {
        SignatureAlgorithm::Rs256 => ("RSASSA-PKCS1-v1_5", 256),
        SignatureAlgorithm::Rs384 => ("RSASSA-PKCS1-v1_5", 384),
        SignatureAlgorithm::Rs512 => ("RSASSA-PKCS1-v1_5", 512),
        SignatureAlgorithm::Ps256 => ("RSA-PSS", 256),
        SignatureAlgorithm::Ps384 => ("RSA-PSS", 384),
        SignatureAlgorithm::Ps512 => ("RSA-PSS", 512),
        SignatureAlgorithm::Es256 => ("ECDSA", 256),
        SignatureAlgorithm::Es384 => ("ECDSA", 384),
        SignatureAlgorithm::EdDsa | SignatureAlgorithm::Ed25519 => ("Ed25519", 512),
    };
    let mut members = Members::new();
    members.text("name", name);
    let digits = bits.to_string();
    members.text("hash", &joined(&["SHA-", &digits]));
    members.text("namedCurve", &joined(&["P-", &digits]));
    // As long as the hash (RFC 7518 section 3.5).
    members.number("saltLength", bits / 8);
    object(members)
}

//! The signature backend of the browser: WebCrypto, which costs no bytes and runs at native speed.

use js_sys::{Array, JSON, Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Crypto, CryptoKey, SubtleCrypto};

use crate::Error;
use crate::jwt::{SignatureAlgorithm, SignatureCheck, Verdict};

/// Checks the signature.
pub(super) async fn verdict(check: &SignatureCheck) -> Result<Verdict, Error> {
    let Some(subtle) = subtle() else {
        #[cfg(feature = "rust-crypto")]
        return check.verify_in_rust();
        #[cfg(not(feature = "rust-crypto"))]
        return Err(Error::CryptoUnavailable {
            phase: crate::Phase::Verify,
        });
    };
    let key = import(&subtle, check)
        .await
        .map_err(|_| Error::KeyUnusable {
            reason: "it is no valid public key",
        })?;
    let valid = verify(&subtle, check, &key).await;
    Ok(check.verdict(valid.is_ok_and(|valid| valid.is_truthy())))
}

/// A page that is not served over https, nor from this machine, has none.
fn subtle() -> Option<SubtleCrypto> {
    let crypto: Crypto = Reflect::get(&js_sys::global(), &"crypto".into())
        .ok()?
        .dyn_into()
        .ok()?;
    Some(crypto.subtle()).filter(|subtle| subtle.is_object())
}

async fn import(subtle: &SubtleCrypto, check: &SignatureCheck) -> Result<CryptoKey, JsValue> {
    let jwk = Object::from(JSON::parse(&check.key().canonical_json())?);
    let usages = Array::of1(&"verify".into());
    let algorithm = parameters(check.algorithm())?;
    let imported = subtle.import_key_with_object("jwk", &jwk, &algorithm, false, &usages)?;
    JsFuture::from(imported).await?.dyn_into()
}

async fn verify(
    subtle: &SubtleCrypto,
    check: &SignatureCheck,
    key: &CryptoKey,
) -> Result<JsValue, JsValue> {
    let algorithm = parameters(check.algorithm())?;
    // Copies: memory of the module may move while the browser works.
    let signature = Uint8Array::from(check.signature());
    let signing_input = Uint8Array::from(check.signing_input());
    let verifying = subtle.verify_with_object_and_js_u8_array_and_js_u8_array(
        &algorithm,
        key,
        &signature,
        &signing_input,
    )?;
    JsFuture::from(verifying).await
}

/// The algorithm as WebCrypto names it.
fn parameters(algorithm: SignatureAlgorithm) -> Result<Object, JsValue> {
    let members = match algorithm {
        SignatureAlgorithm::Rs256 => {
            [("name", "RSASSA-PKCS1-v1_5"), ("hash", "SHA-256")].as_slice()
        }
        SignatureAlgorithm::Es256 => [
            ("name", "ECDSA"),
            ("namedCurve", "P-256"),
            ("hash", "SHA-256"),
        ]
        .as_slice(),
    };
    let parameters = Object::new();
    for (name, value) in members {
        Reflect::set(&parameters, &(*name).into(), &(*value).into())?;
    }
    Ok(parameters)
}

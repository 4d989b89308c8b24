//! Which key a token is checked with (RFC 8725 sections 3.1 and 3.2): the header's `alg` never
//! decides alone, and the token never brings its own key.

use std::slice;

use esi_security::ErrorKind;
use esi_security::jwt::{DEFAULT_KID, KeySet, SignatureAlgorithm, SignatureCheck};
use jwt_compact::alg::{Hs256, Hs256Key};
use jwt_compact::{Algorithm, AlgorithmSignature};
use serde_json::{Value, json};

use crate::support::{
    EC_KID, ES256, base64url, claims, ec_jwk, key_set, keys, rsa_jwk, sign_es256, sign_rs256,
    signing_input, token, token_with_header, verify, verify_with,
};

fn payload() -> String {
    claims(&json!({})).to_string()
}

/// An RSA key under EVE's name, described like this.
fn rsa_set(members: &Value) -> KeySet {
    let mut all = json!({ "kid": DEFAULT_KID });
    all.as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    key_set(&[rsa_jwk(&all)])
}

#[track_caller]
fn assert_unusable(token: &str, keys: &KeySet, reason: &'static str) {
    assert_eq!(
        verify_with(token, keys),
        Err(ErrorKind::KeyUnusable { reason }.into())
    );
}

#[test]
fn the_key_is_found_by_kid() {
    let token = token(&json!({}));
    let rs256 = SignatureCheck::prepare(&token, keys(), &SignatureAlgorithm::ALL, "other").unwrap();
    assert_eq!(
        (rs256.algorithm(), rs256.key().kid()),
        (SignatureAlgorithm::Rs256, Some(DEFAULT_KID))
    );

    let token = sign_es256(&signing_input(ES256, &payload()));
    let es256 = SignatureCheck::prepare(&token, keys(), &SignatureAlgorithm::ALL, "other").unwrap();
    assert_eq!(
        (es256.algorithm(), es256.key().kid()),
        (SignatureAlgorithm::Es256, Some(EC_KID))
    );
    assert!(verify(&token).is_ok());
}

#[test]
fn an_unknown_kid_is_not_found() {
    for kid in [
        "other",
        "",
        "jwt-signature-key",
        "JWT-Signature-Key\u{0}",
        "\r\nJWT-Signature-Key",
    ] {
        let token = token_with_header(&json!({ "alg": "RS256", "kid": kid }));
        assert_eq!(
            verify(&token),
            Err(ErrorKind::KeyNotFound.into()),
            "{kid:?}"
        );
    }
}

#[test]
fn a_header_without_kid_takes_the_given_one() {
    let token = token_with_header(&json!({ "alg": "RS256" }));
    assert!(verify(&token).is_ok());
    let set = key_set(&[rsa_jwk(&json!({ "kid": "mine" }))]);
    assert_eq!(
        verify_with(&token, &set),
        Err(ErrorKind::KeyNotFound.into())
    );
    assert!(SignatureCheck::prepare(&token, &set, &SignatureAlgorithm::ALL, "mine").is_ok());
    // But the header's own name goes first.
    let token = token_with_header(&json!({ "alg": "RS256", "kid": "theirs" }));
    assert_eq!(
        *SignatureCheck::prepare(&token, &set, &SignatureAlgorithm::ALL, "mine").unwrap_err(),
        ErrorKind::KeyNotFound
    );
}

#[test]
fn algorithms_off_the_list_are_refused() {
    for alg in [
        "none", "None", "NONE", "nOnE", "none ", "", "HS256", "HS384", "HS512", "RS384", "PS256",
        "ES384", "ES256K", "EdDSA", "rs256", "RS256 ", "RSA-OAEP", "dir",
    ] {
        let header = json!({ "alg": alg, "kid": DEFAULT_KID, "typ": "JWT" });
        assert_eq!(
            verify(&token_with_header(&header)),
            Err(ErrorKind::AlgorithmNotAllowed.into()),
            "{alg}"
        );
        let stripped = format!("{}.", signing_input(&header.to_string(), &payload()));
        assert_eq!(
            verify(&stripped),
            Err(ErrorKind::AlgorithmNotAllowed.into()),
            "{alg} without a signature"
        );
    }
}

#[test]
fn the_public_key_is_no_hmac_secret() {
    let public = keys().keys()[0].canonical_json();
    let modulus = rsa_jwk(&json!({}))["n"].as_str().unwrap().to_owned();
    for secret in [public, modulus] {
        let input = signing_input(
            &json!({ "alg": "HS256", "kid": DEFAULT_KID }).to_string(),
            &payload(),
        );
        let signature = Hs256.sign(&Hs256Key::new(&secret), input.as_bytes());
        let token = format!("{input}.{}", base64url(signature.as_bytes()));
        assert_eq!(verify(&token), Err(ErrorKind::AlgorithmNotAllowed.into()));

        // Neither by the header's claim to be RS256, nor with the secret in the set.
        let input = signing_input(
            &json!({ "alg": "RS256", "kid": DEFAULT_KID }).to_string(),
            &payload(),
        );
        let signature = Hs256.sign(&Hs256Key::new(&secret), input.as_bytes());
        let token = format!("{input}.{}", base64url(signature.as_bytes()));
        assert_eq!(verify(&token), Err(ErrorKind::SignatureInvalid.into()));
        let symmetric = json!({ "kty": "oct", "kid": DEFAULT_KID, "k": base64url(&secret) });
        let set = key_set(&[symmetric, ec_jwk(&json!({ "kid": EC_KID }))]);
        assert_eq!(
            verify_with(&token, &set),
            Err(ErrorKind::KeyNotFound.into())
        );
    }
}

#[test]
fn a_key_of_another_type_is_unusable() {
    let reason = "its type is not the algorithm's";
    let input = signing_input(
        &json!({ "alg": "RS256", "kid": EC_KID }).to_string(),
        &payload(),
    );
    assert_unusable(&sign_rs256(&input), keys(), reason);
    let input = signing_input(
        &json!({ "alg": "ES256", "kid": DEFAULT_KID }).to_string(),
        &payload(),
    );
    assert_unusable(&sign_es256(&input), keys(), reason);
}

#[test]
fn a_key_for_another_purpose_is_unusable() {
    let token = token(&json!({}));
    assert_unusable(
        &token,
        &rsa_set(&json!({ "use": "enc" })),
        "its use is not sig",
    );
    assert_unusable(
        &token,
        &rsa_set(&json!({ "key_ops": ["sign"] })),
        "its key_ops lack verify",
    );
    assert_unusable(
        &token,
        &rsa_set(&json!({ "key_ops": [] })),
        "its key_ops lack verify",
    );
    assert_unusable(
        &token,
        &rsa_set(&json!({ "alg": "PS256" })),
        "its alg is another one",
    );
    assert_unusable(
        &token,
        &rsa_set(&json!({ "alg": "ES256" })),
        "its alg is another one",
    );
    for members in [
        json!({}),
        json!({ "use": "sig" }),
        json!({ "key_ops": ["sign", "verify"] }),
        json!({ "alg": "RS256" }),
    ] {
        assert!(verify_with(&token, &rsa_set(&members)).is_ok());
    }
}

#[test]
fn a_name_for_two_keys_is_settled_by_type_or_refused() {
    let token = token(&json!({}));
    let (rsa, ec) = (
        rsa_jwk(&json!({ "kid": DEFAULT_KID })),
        ec_jwk(&json!({ "kid": DEFAULT_KID })),
    );
    assert!(verify_with(&token, &key_set(&[ec.clone(), rsa.clone()])).is_ok());
    assert!(verify_with(&token, &key_set(&[rsa.clone(), ec])).is_ok());

    let other = json!({ "n": base64url([0xff; 256]), "kid": DEFAULT_KID });
    let set = key_set(&[rsa.clone(), rsa_jwk(&other)]);
    assert_unusable(&token, &set, "several keys fit");
    // One of them for something else: no doubt is left.
    let mut other = other;
    other["use"] = json!("enc");
    assert!(verify_with(&token, &key_set(&[rsa, rsa_jwk(&other)])).is_ok());
}

#[test]
fn a_key_without_kid_serves_if_it_is_the_only_one() {
    let nameless = rsa_jwk(&json!({}));
    for header in [
        json!({ "alg": "RS256" }),
        json!({ "alg": "RS256", "kid": "any" }),
    ] {
        let token = token_with_header(&header);
        assert!(verify_with(&token, &key_set(slice::from_ref(&nameless))).is_ok());
        let named = ec_jwk(&json!({ "kid": EC_KID }));
        assert!(verify_with(&token, &key_set(&[nameless.clone(), named])).is_ok());

        let several = key_set(&[
            nameless.clone(),
            rsa_jwk(&json!({ "n": base64url([0xff; 256]) })),
        ]);
        assert_unusable(&token, &several, "several keys fit");
        // Not even if only one is of the algorithm's type: then the token itself would choose.
        let types = key_set(&[nameless.clone(), ec_jwk(&json!({}))]);
        assert_unusable(&token, &types, "several keys fit");
        // One that does not fit is none.
        assert_eq!(
            verify_with(&token, &key_set(&[ec_jwk(&json!({}))])),
            Err(ErrorKind::KeyNotFound.into())
        );
    }
    // It does not stand in for a key that has the name and is unusable.
    let named = ec_jwk(&json!({ "kid": DEFAULT_KID }));
    assert_unusable(
        &token(&json!({})),
        &key_set(&[nameless, named]),
        "its type is not the algorithm's",
    );
}

/// As a server may list one key for each of its algorithms.
#[test]
fn one_key_that_is_described_twice_is_one() {
    let described = |alg: &str| rsa_jwk(&json!({ "kid": DEFAULT_KID, "alg": alg }));
    let plain = rsa_jwk(&json!({ "kid": DEFAULT_KID }));
    let token = token(&json!({}));
    assert!(verify_with(&token, &key_set(&[described("RS256"), plain.clone()])).is_ok());
    assert!(verify_with(&token, &key_set(&[plain, described("PS256")])).is_ok());
}

#[test]
fn keys_that_the_token_brings_are_not_looked_at() {
    let set = key_set(&[ec_jwk(&json!({ "kid": EC_KID }))]);
    let embedded = rsa_jwk(&json!({ "kid": DEFAULT_KID }));
    for header in [
        json!({ "alg": "RS256", "jwk": embedded }),
        json!({ "alg": "RS256", "kid": DEFAULT_KID, "jwk": embedded }),
        json!({ "alg": "RS256", "kid": DEFAULT_KID, "jku": "https://attacker.example/keys" }),
        json!({ "alg": "RS256", "kid": DEFAULT_KID, "x5u": "https://attacker.example/certificate" }),
        json!({ "alg": "RS256", "kid": DEFAULT_KID, "x5c": ["MIIB"] }),
    ] {
        let token = token_with_header(&header);
        assert_eq!(
            verify_with(&token, &set),
            Err(ErrorKind::KeyNotFound.into()),
            "{header}"
        );
        // They change nothing for the key that is trusted.
        assert!(verify(&token).is_ok(), "{header}");
    }
}

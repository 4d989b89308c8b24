//! Key sets: what is accepted keeps the rules for keys, and verifies its own keys' tokens alone.

use std::sync::LazyLock;

use esi_security::jwt::{Jwk, KeySet, PublicKey, SignatureAlgorithm};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::json;
use crate::runner::{Reached, for_all};
use crate::signer::{KEYS, base64url, jwks, kid, token, verify};
use crate::text::{edited, text};

/// One token a key.
static TOKENS: LazyLock<[(SignatureAlgorithm, String); 4]> = LazyLock::new(|| {
    [
        SignatureAlgorithm::Rs256,
        SignatureAlgorithm::Es256,
        SignatureAlgorithm::Es384,
        SignatureAlgorithm::EdDsa,
    ]
    .map(|algorithm| (algorithm, token(algorithm, r#"{"sub":"x"}"#)))
});

fn assert_within_rules(key: &Jwk) {
    match key.public_key() {
        PublicKey::Rsa { modulus, exponent } => {
            assert!((256..=512).contains(&modulus.len()), "{key:?}");
            // 2048 bits in 256 bytes: the first of them is used in full.
            assert!(modulus.len() > 256 || modulus[0] >= 0x80, "{key:?}");
            assert!((1..=4).contains(&exponent.len()), "{key:?}");
            assert!(modulus[0] != 0 && exponent[0] != 0, "{key:?}");
            assert!(*exponent != [1], "{key:?}");
            for number in [modulus, exponent] {
                assert_eq!(number.last().unwrap() % 2, 1, "{key:?}");
            }
        }
        PublicKey::P256 { x, y } => assert_eq!((x.len(), y.len()), (32, 32)),
        PublicKey::P384 { x, y } => assert_eq!((x.len(), y.len()), (48, 48)),
        PublicKey::Ed25519 { x } => assert_eq!(x.len(), 32),
    }
}

/// Written down and read again, a key is the same key.
fn assert_stable(key: &Jwk) {
    let json = key.canonical_json();
    let again = KeySet::parse(&json).unwrap();
    let [again] = again.keys() else {
        panic!("{json}")
    };
    assert_eq!(again.public_key(), key.public_key());
    assert_eq!(again.canonical_json(), json);
}

fn assert_sound(set: &KeySet) {
    assert!(!set.keys().is_empty());
    for (index, key) in set.keys().iter().enumerate() {
        assert!(!set.keys()[..index].contains(key), "{key:?} stands twice");
        assert_within_rules(key);
        assert_stable(key);
    }
    for (algorithm, token) in TOKENS.iter() {
        if verify(token, set).is_ok() {
            let signer = KEYS
                .keys()
                .iter()
                .find(|key| key.kid() == Some(kid(*algorithm)));
            let signer = signer.unwrap().public_key();
            assert!(
                set.keys().iter().any(|key| key.public_key() == signer),
                "{set:?}"
            );
        }
    }
}

pub(crate) fn an_edited_key_set_is_read_without_harm(cases: u32) {
    let read = Reached::default();
    let document = json!({ "keys": jwks() }).to_string();
    let documents = prop_oneof![
        4 => edited(Just(document)),
        1 => json::value(),
        1 => text(),
    ];
    for_all(cases, &documents, |document| {
        let set = KeySet::parse(&document);
        read.count(set.is_ok());
        if let Ok(set) = set {
            assert_sound(&set);
        }
    });
    read.some_of(cases);
}

const MEMBERS: &[&str] = &[
    "kty", "crv", "kid", "alg", "use", "key_ops", "n", "e", "x", "y", "d", "k", "x5c",
];

/// Numbers of about the right size among others.
fn number() -> impl Strategy<Value = String> {
    let size = select(
        &[
            0_usize, 1, 2, 3, 4, 5, 31, 32, 33, 48, 255, 256, 257, 512, 513,
        ][..],
    );
    let bytes = size.prop_flat_map(|size| vec(any::<u8>(), size));
    let heads: [&[u8]; 7] = [&[], &[0], &[0, 0], &[1], &[0x7f], &[0x80], &[0xff]];
    let head = select(heads.to_vec());
    (head, bytes).prop_map(|(head, bytes)| base64url([head, &bytes].concat()))
}

fn entry() -> impl Strategy<Value = String> {
    let names = [
        "RSA",
        "EC",
        "OKP",
        "oct",
        "P-256",
        "P-384",
        "P-521",
        "Ed25519",
        "Ed448",
        "secp256k1",
        "sig",
        "enc",
        "RS256",
        "ES256",
        "none",
        "HS256",
        "AQAB",
        "AQ",
        "Ag",
        "AA",
        "p-256",
    ];
    let value = prop_oneof![
        3 => number().prop_map(|number| Value::from(number).to_string()),
        3 => select(names.to_vec()).prop_map(|name| Value::from(name).to_string()),
        1 => Just(json!(["verify"]).to_string()),
        1 => Just(json!(["sign", 5]).to_string()),
        2 => json::value(),
    ]
    .boxed();
    select(jwks().to_vec()).prop_flat_map(move |key| {
        json::changed(json::members(&key), MEMBERS, value.clone())
            .prop_map(|members| json::object(&members))
    })
}

pub(crate) fn an_accepted_key_set_keeps_the_rules(cases: u32) {
    let read = Reached::default();
    for_all(cases, &vec(entry(), 0..4), |entries| {
        let set = KeySet::parse(&format!("{{\"keys\":[{}]}}", entries.join(",")));
        read.count(set.is_ok());
        if let Ok(set) = set {
            assert_eq!(set.keys().len() + set.skipped().len(), entries.len());
            assert_sound(&set);
        }
        // One key alone is a document too.
        for entry in entries {
            if let Ok(set) = KeySet::parse(&entry) {
                assert_sound(&set);
            }
        }
    });
    read.some_of(cases);
}

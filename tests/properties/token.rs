//! Access tokens: nothing verifies but the very text that was signed.

use std::sync::LazyLock;

use esi_security::ErrorKind;
use esi_security::jwt::{DEFAULT_KID, SignatureAlgorithm, UnverifiedClaims, Verdict};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::claims::{self, eve};
use crate::json;
use crate::runner::{Reached, for_all};
use crate::signer::{KEYS, base64url, header, kid, prepare, sign, token, verify};
use crate::text::{assert_silent, edited, text};

/// For each algorithm, tokens of two characters.
static TOKENS: LazyLock<Vec<(SignatureAlgorithm, String)>> = LazyLock::new(|| {
    let of = |subject: &str| {
        let mut claims = eve();
        claims["sub"] = subject.into();
        let payload = claims.to_string();
        SignatureAlgorithm::ALL.map(|algorithm| (algorithm, token(algorithm, &payload)))
    };
    [of("CHARACTER:EVE:1"), of("CHARACTER:EVE:2")].concat()
});

/// The answer to the real token, which must be good for no other.
static VERDICTS: LazyLock<Vec<Verdict>> = LazyLock::new(|| {
    let verdict = |(_, token): &(_, String)| {
        let check = prepare(token, &KEYS).unwrap();
        let verdict = check.verify_in_rust().unwrap();
        assert!(check.finish(&verdict).is_ok());
        verdict
    };
    TOKENS.iter().map(verdict).collect()
});

/// Headers, payloads and signatures that are nearly some, joined by nearly the right dots.
fn parts() -> impl Strategy<Value = String> {
    let header = json::changed(
        json::members(&header(SignatureAlgorithm::Rs256)),
        HEADER_MEMBERS,
        header_values(),
    );
    let junk = || {
        prop_oneof![
            json::value().prop_map(base64url),
            text().prop_map(base64url),
            vec(any::<u8>(), 0..80).prop_map(base64url),
            text(),
        ]
    };
    let encode = |members: json::Members| base64url(json::object(&members));
    let header = prop_oneof![3 => header.prop_map(encode), 1 => junk()];
    let payload = prop_oneof![3 => claims::changed().prop_map(encode), 1 => junk()];
    let signature = vec(any::<u8>(), 0..80).prop_map(base64url);
    let signature = prop_oneof![3 => signature, 1 => junk()];
    let dot = prop_oneof![20 => Just("."), 1 => Just(".."), 1 => Just("")];
    (header, dot.clone(), payload, dot, signature).prop_map(
        |(header, one, payload, two, signature)| format!("{header}{one}{payload}{two}{signature}"),
    )
}

pub(crate) fn no_text_is_a_valid_token(cases: u32) {
    let decoded = Reached::default();
    let tokens = prop_oneof![text(), parts()];
    for_all(cases, &tokens, |token| {
        decoded.count(UnverifiedClaims::decode(&token).is_ok());
        assert!(verify(&token, &KEYS).is_err(), "{token:?}");
    });
    decoded.some_of(cases);
}

pub(crate) fn an_edited_token_never_verifies(cases: u32) {
    let prepared = Reached::default();
    let texts = (0..TOKENS.len())
        .prop_flat_map(|index| (Just(index), edited(Just(TOKENS[index].1.clone()))));
    for_all(cases, &texts, |(index, edited)| {
        let (_, original) = &TOKENS[index];
        let (_, secret) = original.rsplit_once('.').unwrap();
        assert_silent(&UnverifiedClaims::decode(&edited), secret);
        let check = prepare(&edited, &KEYS);
        assert_silent(&check, secret);
        prepared.count(check.is_ok());
        let Ok(check) = check else { return };
        let verdict = check.verify_in_rust();
        assert_silent(&verdict, secret);
        // Nor as the numbers that bytes are printed as.
        for bytes in [check.signature(), &check.signing_input()[..32]] {
            assert_silent(&(&check, &verdict), &format!("{bytes:?}"));
        }
        let outcome = verdict.and_then(|verdict| check.finish(&verdict));
        assert_silent(&outcome, secret);
        assert_eq!(outcome.is_ok(), edited == *original, "{edited:?}");
        // Nor by the answer to the token that it was made from.
        let outcome = prepare(&edited, &KEYS).unwrap().finish(&VERDICTS[index]);
        assert_eq!(outcome.is_ok(), edited == *original, "{edited:?}");
    });
    prepared.some_of(cases);
}

pub(crate) fn parts_of_several_tokens_never_verify(cases: u32) {
    let prepared = Reached::default();
    let any = || select(&**TOKENS);
    for_all(cases, &(any(), any(), any()), |(one, two, three)| {
        let part = |token: &str, index| token.split('.').nth(index).unwrap().to_owned();
        let mixed = [part(&one.1, 0), part(&two.1, 1), part(&three.1, 2)].join(".");
        let signed = TOKENS.iter().any(|(_, token)| *token == mixed);
        let outcome = verify(&mixed, &KEYS);
        prepared.count(signed);
        let expected = if signed {
            Ok(())
        } else {
            Err(ErrorKind::SignatureInvalid.into())
        };
        assert_eq!(outcome.map(drop), expected, "{mixed}");
    });
    prepared.some_of(cases);
}

const HEADER_MEMBERS: &[&str] = &[
    "alg", "kid", "typ", "cty", "crit", "b64", "jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256",
    "zip", "enc", "Alg", "KID",
];

fn header_values() -> impl Strategy<Value = String> + Clone {
    let algorithm = select(&SignatureAlgorithm::ALL).prop_map(SignatureAlgorithm::name);
    let name = prop_oneof![
        algorithm,
        select(&["none", "None", "HS256", "rs256", "RS257", "ES256K"][..]),
        select(
            &[
                DEFAULT_KID,
                "p-256",
                "p-384",
                "ed25519",
                "jwt-signature-key"
            ][..]
        ),
        select(
            &[
                "JWT",
                "jwt",
                "at+jwt",
                "application/at+JWT",
                "dpop+jwt",
                "JSON",
                "json"
            ][..]
        ),
    ];
    prop_oneof![
        4 => name.prop_map(|name| Value::from(name).to_string()),
        1 => Just(json!(["b64"]).to_string()),
        2 => json::value().boxed(),
    ]
    .boxed()
}

/// Whatever a header says, and though it was really signed: it passes only under the algorithm and with
/// the key that did sign, and without anything in it that would change what it means.
pub(crate) fn a_signed_header_decides_nothing_else(cases: u32) {
    let passed = Reached::default();
    let payload = json!({ "sub": "x" }).to_string();
    let quick = [SignatureAlgorithm::Es256, SignatureAlgorithm::EdDsa];
    let headers = select(quick.to_vec()).prop_flat_map(|algorithm| {
        let original = json::members(&header(algorithm));
        let changed = json::changed(original, HEADER_MEMBERS, header_values());
        (Just(algorithm), changed)
    });
    for_all(cases, &headers, |(algorithm, members)| {
        let text = json::object(&members);
        let outcome = verify(&sign(algorithm, &text, &payload), &KEYS);
        passed.count(outcome.is_ok());
        if outcome.is_err() {
            return;
        }
        assert!(json::unique(&members), "{text}");
        let header: Value = serde_json::from_str(&text).unwrap();
        // Ed25519 has two names.
        let named = SignatureAlgorithm::from_name(header["alg"].as_str().unwrap()).unwrap();
        assert_eq!(kid(named), kid(algorithm), "{text}");
        assert_eq!(header["kid"], kid(algorithm), "{text}");
        assert_eq!(header.get("crit"), None, "{text}");
        if let Some(kind) = header.get("typ").filter(|kind| !kind.is_null()) {
            let kind = kind.as_str().unwrap().to_lowercase();
            let kind = kind.strip_prefix("application/").unwrap_or(&kind);
            assert!(["jwt", "at+jwt"].contains(&kind), "{text}");
        }
    });
    passed.some_of(cases);
}

//! Which key a token is checked with (RFC 7517 section 4, RFC 8725 sections 3.1, 3.2 and 3.5). The tokens are good
//! wherever the key is.

use serde_json::{Value, json};

use crate::ecdsa::{FOREIGN_P256, P256, P384};
use crate::ed25519;
use crate::rsa::{Hash, OURS, THEIRS, WEAK};
use crate::token::{EC_KID, RSA_KID, base64url, input_under, join, with_header};
use crate::vector::{Part, Vector};

pub(crate) const PARTS: &[Part] = &[names, wishes, weak, shapes];

/// Signed with our P-256 key, the header naming it.
fn named() -> String {
    with_header(&json!({}))
}

/// The same without the name.
fn nameless() -> String {
    with_header(&json!({ "kid": null }))
}

fn ours(members: &Value) -> Value {
    P256.jwk(members)
}

fn another() -> Value {
    OURS.jwk(&json!({ "kid": "another" }))
}

fn names() -> Vec<Vector> {
    let (ec, foreign) = (
        ours(&json!({ "kid": EC_KID })),
        FOREIGN_P256.jwk(&json!({ "kid": EC_KID })),
    );
    let bad =
        |code, name: &str, token: String, keys: &[Value]| Vector::bad(code, name, token).keys(keys);
    let good = |name: &str, token: String, keys: &[Value]| Vector::good(name, token).keys(keys);
    vec![
        good(
            "no kid, and the one that was asked for",
            nameless(),
            std::slice::from_ref(&ec),
        )
        .kid(EC_KID),
        good(
            "kid before the one that was asked for",
            named(),
            &[ec.clone(), foreign_as("asked")],
        )
        .kid("asked"),
        bad(
            "key_not_found",
            "no kid, and none of EVE's name",
            nameless(),
            std::slice::from_ref(&ec),
        ),
        bad(
            "key_not_found",
            "no kid, and none of that name",
            nameless(),
            std::slice::from_ref(&ec),
        )
        .kid("other"),
        bad(
            "key_unusable",
            "no kid, and the one of EVE's name is of another type",
            nameless(),
            &[ec.clone(), OURS.jwk(&json!({ "kid": RSA_KID }))],
        ),
        bad(
            "signature_invalid",
            "no kid, and the wrong one asked for",
            nameless(),
            &[ec.clone(), foreign_as("asked")],
        )
        .kid("asked"),
        good(
            "no kid, and one key without one",
            nameless(),
            &[ours(&json!({}))],
        ),
        good(
            "a kid, and one key without one",
            named(),
            &[ours(&json!({}))],
        ),
        bad(
            "key_unusable",
            "no kid, and several keys without one",
            nameless(),
            &[ours(&json!({})), FOREIGN_P256.jwk(&json!({}))],
        ),
        bad(
            "key_unusable",
            "a kid, and several keys without one",
            named(),
            &[FOREIGN_P256.jwk(&json!({})), ours(&json!({}))],
        ),
        bad(
            "key_unusable",
            "two keys of one name",
            named(),
            &[ec.clone(), foreign.clone()],
        ),
        bad(
            "key_unusable",
            "two keys of one name, the other first",
            named(),
            &[foreign.clone(), ec.clone()],
        ),
        good(
            "two keys of one name and two types",
            named(),
            &[OURS.jwk(&json!({ "kid": EC_KID })), ec.clone()],
        ),
        good(
            "two keys of one name, one to encrypt",
            named(),
            &[
                FOREIGN_P256.jwk(&json!({ "kid": EC_KID, "use": "enc" })),
                ec.clone(),
            ],
        ),
        good("the same key twice", named(), &[ec.clone(), ec.clone()]),
        bad(
            "signature_invalid",
            "somebody else's key of that name",
            named(),
            &[foreign],
        ),
        bad(
            "key_not_found",
            "the key under another name",
            named(),
            &[ours(&json!({ "kid": "other" }))],
        ),
        bad(
            "key_not_found",
            "the key under an empty name",
            named(),
            &[ours(&json!({ "kid": "" }))],
        ),
        bad(
            "key_unusable",
            "a key of another type under the name",
            named(),
            &[OURS.jwk(&json!({ "kid": EC_KID })), ours(&json!({}))],
        ),
        bad(
            "key_not_found",
            "a key whose name is a number",
            with_header(&json!({ "kid": "5" })),
            &[ours(&json!({ "kid": 5 })), another()],
        ),
        bad(
            "key_not_found",
            "a key whose name is a list",
            named(),
            &[ours(&json!({ "kid": [EC_KID] })), another()],
        ),
    ]
}

fn foreign_as(kid: &str) -> Value {
    FOREIGN_P256.jwk(&json!({ "kid": kid }))
}

/// What a key itself says it is for.
fn wishes() -> Vec<Vector> {
    let mut vectors = vec![];
    for (name, members) in [
        ("use sig", json!({ "use": "sig" })),
        ("key_ops verify", json!({ "key_ops": ["verify"] })),
        (
            "key_ops with verify",
            json!({ "key_ops": ["sign", "verify"] }),
        ),
        ("alg ES256", json!({ "alg": "ES256" })),
        ("ext false", json!({ "ext": false })),
        ("a private part", json!({ "d": base64url([7; 32]) })),
        ("a certificate", json!({ "x5c": ["MIIB"], "x5t": "?" })),
    ] {
        vectors.push(Vector::good(format!("a key with {name}"), named()).keys(&[ours(&members)]));
    }
    for (name, members) in [
        ("use enc", json!({ "use": "enc" })),
        ("use SIG", json!({ "use": "SIG" })),
        ("use empty", json!({ "use": "" })),
        ("key_ops sign", json!({ "key_ops": ["sign"] })),
        (
            "key_ops encrypt and wrapKey",
            json!({ "key_ops": ["encrypt", "wrapKey"] }),
        ),
        ("key_ops empty", json!({ "key_ops": [] })),
        ("alg ES384", json!({ "alg": "ES384" })),
        ("alg RS256", json!({ "alg": "RS256" })),
        ("alg ECDH-ES", json!({ "alg": "ECDH-ES" })),
        ("alg none", json!({ "alg": "none" })),
        ("alg empty", json!({ "alg": "" })),
    ] {
        let mut members = members;
        members["kid"] = json!(EC_KID);
        vectors.push(
            Vector::bad("key_unusable", format!("a key with {name}"), named())
                .keys(&[ours(&members)]),
        );
    }
    for (name, members) in [
        ("use a number", json!({ "use": 5 })),
        ("key_ops a text", json!({ "key_ops": "verify" })),
        ("key_ops of numbers", json!({ "key_ops": [1] })),
        ("alg a list", json!({ "alg": ["ES256"] })),
    ] {
        let keys = [ours(&members), another()];
        vectors
            .push(Vector::bad("key_not_found", format!("a key with {name}"), named()).keys(&keys));
    }
    // The same wishes of an RSA key.
    let rs256 = || {
        let input = input_under(&json!({ "alg": "RS256", "kid": RSA_KID }));
        join(&input, OURS.pkcs1(Hash::Sha256, &input))
    };
    for (name, alg) in [
        ("PS256", "PS256"),
        ("RS512", "RS512"),
        ("RSA-OAEP", "RSA-OAEP"),
    ] {
        let keys = [OURS.jwk(&json!({ "kid": RSA_KID, "alg": alg }))];
        vectors.push(
            Vector::bad(
                "key_unusable",
                format!("RS256 with a key for {name}"),
                rs256(),
            )
            .keys(&keys)
            .algorithms(&["RS256", "RS512", "PS256"]),
        );
    }
    vectors
}

/// Keys that anybody could have made, or can break.
fn weak() -> Vec<Vector> {
    let rs256 = |key: &crate::rsa::Rsa| {
        let input = input_under(&json!({ "alg": "RS256" }));
        join(&input, key.pkcs1(Hash::Sha256, &input))
    };
    let bad = |code, name: &str, token: &str, key: Value| {
        Vector::bad(code, name, token).keys(&[key, P256.jwk(&json!({ "kid": "another" }))])
    };
    let even = {
        let mut modulus = OURS.modulus();
        modulus[255] -= 1;
        base64url(modulus)
    };
    let ours = rs256(&OURS);
    // With the exponent 1 a signature is the padded digest itself.
    let input = input_under(&json!({ "alg": "RS256" }));
    let plain = join(
        &input,
        OURS.block(
            1,
            &crate::rsa::Rsa::content(Hash::Sha256, input.as_bytes()),
            0,
        ),
    );
    let zeros = |text: &str| base64url([&[0, 0], &crate::token::bytes(text)[..]].concat());
    vec![
        bad(
            "key_not_found",
            "an RSA key of 1024 bits",
            &rs256(&WEAK),
            WEAK.jwk(&json!({})),
        ),
        bad(
            "key_not_found",
            "an RSA key of 1024 bits that looks wider",
            &rs256(&WEAK),
            WEAK.jwk(&json!({
                "n": base64url([vec![0; 128], WEAK.modulus()].concat()),
            })),
        ),
        bad(
            "key_not_found",
            "an RSA key of 8192 bits",
            &ours,
            OURS.jwk(&json!({ "n": base64url([0xff; 1024]) })),
        ),
        bad(
            "key_not_found",
            "an even modulus",
            &ours,
            OURS.jwk(&json!({ "n": even })),
        ),
        bad(
            "key_not_found",
            "a modulus zero",
            &ours,
            OURS.jwk(&json!({ "n": base64url([0; 256]) })),
        ),
        bad(
            "key_not_found",
            "an empty modulus",
            &ours,
            OURS.jwk(&json!({ "n": "" })),
        ),
        bad(
            "key_not_found",
            "the exponent 0",
            &ours,
            OURS.jwk(&json!({ "e": "AA" })),
        ),
        bad(
            "key_not_found",
            "the exponent 1",
            &plain,
            OURS.jwk(&json!({ "e": "AQ" })),
        ),
        bad(
            "key_not_found",
            "the exponent 2",
            &ours,
            OURS.jwk(&json!({ "e": "Ag" })),
        ),
        bad(
            "key_not_found",
            "the exponent 65536",
            &ours,
            OURS.jwk(&json!({ "e": "AQAA" })),
        ),
        bad(
            "key_not_found",
            "an empty exponent",
            &ours,
            OURS.jwk(&json!({ "e": "" })),
        ),
        bad(
            "key_not_found",
            "an exponent as large as the modulus",
            &ours,
            OURS.jwk(&json!({ "e": OURS.modulus_text() })),
        ),
        bad(
            "signature_invalid",
            "another exponent",
            &ours,
            OURS.jwk(&json!({ "e": "Aw" })),
        ),
        bad(
            "signature_invalid",
            "the largest exponent",
            &ours,
            OURS.jwk(&json!({ "e": "_____w" })),
        ),
        bad(
            "signature_invalid",
            "another modulus",
            &ours,
            THEIRS.jwk(&json!({ "e": "AQAB" })),
        ),
        bad(
            "signature_invalid",
            "a modulus of ones",
            &ours,
            OURS.jwk(&json!({ "n": base64url([0xff; 256]) })),
        ),
        Vector::good("numbers with zeros before", ours.clone())
            .keys(&[OURS.jwk(&json!({ "n": zeros(&OURS.modulus_text()), "e": zeros("AQAB") }))]),
    ]
}

/// What is no key, or none of its curve (RFC 7518 section 6.2.1).
fn shapes() -> Vec<Vector> {
    let point =
        |x: &[u8], y: &[u8]| ours(&json!({ "kid": EC_KID, "x": base64url(x), "y": base64url(y) }));
    let good = ours(&json!({}));
    let (x, y) = (
        crate::token::bytes(good["x"].as_str().unwrap()),
        crate::token::bytes(good["y"].as_str().unwrap()),
    );
    // The modulus of the field.
    let p: Vec<u8> = [
        &[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1][..],
        &[0; 12],
        &[0xff; 12],
    ]
    .concat();
    let mut vectors = vec![];
    for (name, key) in [
        ("a point off the curve", point(&x, &[1; 32])),
        ("x and y changed places", point(&y, &x)),
        ("the point zero", point(&[0; 32], &[0; 32])),
        ("x beyond the field", point(&[0xff; 32], &y)),
        ("x the modulus of the field", point(&p, &y)),
        ("y the modulus of the field", point(&x, &p)),
    ] {
        vectors.push(
            Vector::bad("key_unusable", format!("a key that is {name}"), named()).keys(&[key]),
        );
    }
    let p384 = P384.jwk(&json!({ "kid": EC_KID }));
    let mut off = p384.clone();
    off["y"] = json!(base64url([1; 48]));
    let input = input_under(&json!({ "alg": "ES384", "kid": EC_KID }));
    let es384 = join(&input, P384.sign(Hash::Sha384, &input));
    vectors.push(
        Vector::bad("key_unusable", "a point off P-384", es384.clone())
            .keys(&[off])
            .algorithms(&["ES384"]),
    );
    let mut narrow = p384;
    narrow["crv"] = json!("P-256");
    vectors.push(
        Vector::bad("key_not_found", "a point of P-384 on P-256", named())
            .keys(&[narrow, another()]),
    );
    for (name, members) in [
        ("31 bytes of x", json!({ "x": base64url(&x[1..]) })),
        (
            "33 bytes of x",
            json!({ "x": base64url([&[0], &x[..]].concat()) }),
        ),
        ("no y", json!({ "y": null })),
        ("y a number", json!({ "y": 5 })),
        ("x padded", json!({ "x": format!("{}=", base64url(&x)) })),
        ("no kty", json!({ "kty": null })),
        ("kty ec", json!({ "kty": "ec" })),
        ("kty RSA and a curve", json!({ "kty": "RSA" })),
        ("kty oct", json!({ "kty": "oct", "k": base64url(&x) })),
        ("no crv", json!({ "crv": null })),
        ("crv P-521", json!({ "crv": "P-521" })),
        ("crv secp256k1", json!({ "crv": "secp256k1" })),
        ("crv p-256", json!({ "crv": "p-256" })),
    ] {
        let mut all = json!({ "kid": EC_KID });
        let mut key = ours(&all);
        for (member, value) in members.as_object().unwrap() {
            all[member] = value.clone();
        }
        key = crate::token::with(key, &all);
        vectors.push(
            Vector::bad("key_not_found", format!("a key with {name}"), named())
                .keys(&[key, another()]),
        );
    }
    let input = input_under(&json!({ "alg": "EdDSA" }));
    let eddsa = join(&input, ed25519::sign(&input));
    for (name, members) in [
        ("X25519", json!({ "crv": "X25519" })),
        ("Ed448", json!({ "crv": "Ed448" })),
        (
            "31 bytes",
            json!({ "x": base64url(&ed25519::public()[1..]) }),
        ),
        ("kty EC", json!({ "kty": "EC" })),
    ] {
        vectors.push(
            Vector::bad(
                "key_not_found",
                format!("an Ed25519 key with {name}"),
                eddsa.clone(),
            )
            .keys(&[ed25519::our_jwk(&members), another()])
            .algorithms(&["EdDSA"]),
        );
    }
    for entry in [json!(null), json!(5), json!("key"), json!([]), json!({})] {
        let name = format!("a good key beside {entry}");
        vectors.push(Vector::good(name, named()).keys(&[entry, ours(&json!({ "kid": EC_KID }))]));
    }
    vectors
}

//! Reading key sets (RFC 7517 section 5): what is taken, what is skipped, and when nothing is left.

use esi_security::jwt::{DEFAULT_KID, Jwk, KeySet, PublicKey};
use esi_security::{Error, ErrorKind};
use jwt_compact::alg::RsaPrivateKey;
use jwt_compact::jwk::JsonWebKey;
use rand_core::OsRng;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{EC_KID, base64url, ec_jwk, ec_key, jwk, rsa_jwk, rsa_key};

/// The start of EVE's modulus, as `EsiPy`'s test data has it.
const TRUNCATED_MODULUS: &str = "nehPQ7FQ1YK-leKyIg-aACZaT";

fn parse(document: &Value) -> Result<KeySet, Error> {
    KeySet::parse(&document.to_string())
}

/// RFC 7638 section 3.
fn thumbprint(key: &Jwk) -> String {
    base64url(Sha256::digest(key.canonical_json()))
}

/// One bad entry beside a good one is skipped with this reason; alone it makes the set invalid.
#[track_caller]
fn assert_skipped(entry: &Value, reason: &'static str) {
    let good = ec_jwk(&json!({ "kid": EC_KID }));
    let set = parse(&json!({ "keys": [entry, good] })).unwrap();
    let kids: Vec<_> = set.keys().iter().map(Jwk::kid).collect();
    assert_eq!(
        (kids.as_slice(), set.skipped()),
        ([Some(EC_KID)].as_slice(), [reason].as_slice())
    );
    assert_eq!(
        parse(&json!({ "keys": [entry] })),
        Err(ErrorKind::InvalidKeySet { reason }.into())
    );
}

#[test]
fn a_set_gives_its_keys_in_order() {
    let document = json!({
        "keys": [rsa_jwk(&json!({ "kid": "one" })), ec_jwk(&json!({ "kid": "two" })), rsa_jwk(&json!({}))],
    });
    let set = parse(&document).unwrap();
    let kids: Vec<_> = set.keys().iter().map(Jwk::kid).collect();
    assert_eq!(kids, [Some("one"), Some("two"), None]);
    assert!(set.skipped().is_empty());
}

#[test]
fn a_single_key_is_a_set_of_one() {
    let set = parse(&rsa_jwk(&json!({ "kid": "one" }))).unwrap();
    assert_eq!(set.keys().len(), 1);
    assert_eq!(set.keys()[0].kid(), Some("one"));
}

#[test]
fn unknown_members_mean_nothing() {
    let plain = json!({ "keys": [rsa_jwk(&json!({ "kid": "one" }))] });
    let odd = json!({
        "keys": [rsa_jwk(&json!({ "kid": "one", "x5t": 5, "nested": { "kty": "oct" }, "crv": "P-521" }))],
        "SkipUnresolvedJsonWebKeys": true,
    });
    assert_eq!(parse(&odd), parse(&plain));
    assert!(parse(&plain).is_ok());
}

#[test]
fn numbers_are_taken_as_they_are() {
    let JsonWebKey::Rsa {
        modulus,
        public_exponent,
        ..
    } = JsonWebKey::from(rsa_key())
    else {
        unreachable!()
    };
    let set = parse(&rsa_jwk(&json!({}))).unwrap();
    let expected = PublicKey::Rsa {
        modulus: modulus.to_vec(),
        exponent: public_exponent.to_vec(),
    };
    assert_eq!(set.keys()[0].public_key(), &expected);

    let key = ec_key();
    let JsonWebKey::EllipticCurve { x, y, .. } = JsonWebKey::from(&key) else {
        unreachable!()
    };
    let set = parse(&ec_jwk(&json!({}))).unwrap();
    assert_eq!(
        set.keys()[0].public_key(),
        &PublicKey::P256 {
            x: x.to_vec(),
            y: y.to_vec()
        }
    );
}

#[test]
fn leading_zeros_of_rsa_numbers_are_dropped() {
    let JsonWebKey::Rsa { modulus, .. } = JsonWebKey::from(rsa_key()) else {
        unreachable!()
    };
    let padded = [&[0, 0], &modulus[..]].concat();
    let set = parse(&rsa_jwk(&json!({ "n": base64url(padded), "e": "AAEAAQ" }))).unwrap();
    assert_eq!(set, parse(&rsa_jwk(&json!({}))).unwrap());
}

#[test]
fn documents_that_are_no_key_set_are_refused() {
    for (document, reason) in [
        ("", "it is not JSON"),
        ("<html>", "it is not JSON"),
        ("\u{feff}{}", "it is not JSON"),
        ("null", "it is neither a key set nor a key"),
        ("[]", "it is neither a key set nor a key"),
        ("{}", "it is neither a key set nor a key"),
        (r#"{"kid":"one"}"#, "it is neither a key set nor a key"),
        (r#"{"keys":{}}"#, "its keys are no list"),
        (r#"{"keys":null}"#, "its keys are no list"),
        (r#"{"keys":[]}"#, "it has no key"),
    ] {
        assert_eq!(
            KeySet::parse(document),
            Err(ErrorKind::InvalidKeySet { reason }.into()),
            "{document}"
        );
    }
    let deep = format!(
        r#"{{"keys":{}{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert_eq!(
        KeySet::parse(&deep),
        Err(ErrorKind::InvalidKeySet {
            reason: "it is not JSON"
        }
        .into())
    );
}

#[test]
fn entries_of_other_kinds_are_skipped() {
    for entry in [json!(null), json!(5), json!("key"), json!([]), json!({})] {
        assert_skipped(&entry, "a key has no kty");
    }
    let foreign = "a key is neither RSA, P-256, P-384 nor Ed25519";
    assert_skipped(
        &json!({ "kty": "oct", "k": "c2VjcmV0", "kid": DEFAULT_KID }),
        foreign,
    );
    for curve in ["X25519", "Ed448", "ed25519", "P-256"] {
        let key = json!({ "kty": "OKP", "crv": curve, "x": base64url([1; 32]) });
        assert_skipped(&key, foreign);
    }
    assert_skipped(&rsa_jwk(&json!({ "kty": "rsa" })), foreign);
    for curve in ["P-521", "secp256k1", "p-256", "Ed25519"] {
        assert_skipped(&ec_jwk(&json!({ "crv": curve })), foreign);
    }
    let mut no_curve = ec_jwk(&json!({}));
    no_curve.as_object_mut().unwrap().remove("crv");
    assert_skipped(&no_curve, foreign);
}

#[test]
fn members_of_the_wrong_type_are_skipped() {
    let reason = "a key has a member of the wrong type";
    for members in [
        json!({ "kty": 5 }),
        json!({ "kid": 5 }),
        json!({ "alg": ["RS256"] }),
        json!({ "use": true }),
        json!({ "key_ops": "verify" }),
        json!({ "key_ops": [5] }),
        json!({ "n": 5 }),
        json!({ "e": 65537 }),
    ] {
        assert_skipped(&rsa_jwk(&members), reason);
    }
    for members in [
        json!({ "crv": 256 }),
        json!({ "x": [] }),
        json!({ "y": true }),
    ] {
        assert_skipped(&ec_jwk(&members), reason);
    }
}

#[test]
fn null_means_missing() {
    let nulls = json!({ "kid": null, "alg": null, "use": null, "key_ops": null, "crv": null });
    assert_eq!(
        parse(&rsa_jwk(&nulls)).unwrap(),
        parse(&rsa_jwk(&json!({}))).unwrap()
    );
    assert_skipped(&rsa_jwk(&json!({ "kty": null })), "a key has no kty");
    assert_skipped(
        &rsa_jwk(&json!({ "n": null })),
        "a key lacks one of its numbers",
    );
}

#[test]
fn missing_and_badly_written_numbers_are_skipped() {
    for name in ["n", "e"] {
        let mut entry = rsa_jwk(&json!({}));
        entry.as_object_mut().unwrap().remove(name);
        assert_skipped(&entry, "a key lacks one of its numbers");
    }
    for name in ["x", "y"] {
        let mut entry = ec_jwk(&json!({}));
        entry.as_object_mut().unwrap().remove(name);
        assert_skipped(&entry, "a key lacks one of its numbers");
    }
    // Not a whole number of bytes, padded, of the other alphabet, with bits left over.
    for text in [
        TRUNCATED_MODULUS,
        "AQAB====",
        "AQ==",
        "+/+/",
        "AQB",
        "AQ AB",
    ] {
        assert_skipped(
            &rsa_jwk(&json!({ "n": text })),
            "a key has a number that is not base64url",
        );
        assert_skipped(
            &rsa_jwk(&json!({ "e": text })),
            "a key has a number that is not base64url",
        );
        assert_skipped(
            &ec_jwk(&json!({ "x": text })),
            "a key has a number that is not base64url",
        );
    }
}

#[test]
fn weak_and_oversized_rsa_keys_are_skipped() {
    let reason = "an RSA key has fewer than 2048 or more than 4096 bits";
    let weak = RsaPrivateKey::new(&mut OsRng, 1024).unwrap();
    assert_skipped(&jwk(&weak, &json!({ "kid": DEFAULT_KID })), reason);

    // The truncated modulus, but of whole bytes.
    assert_skipped(&rsa_jwk(&json!({ "n": &TRUNCATED_MODULUS[..24] })), reason);
    assert_skipped(&rsa_jwk(&json!({ "n": "" })), reason);
    // By bits, not by bytes.
    let number = |bytes: usize, first: u8| {
        let mut number = vec![0xff; bytes];
        number[0] = first;
        rsa_jwk(&json!({ "n": base64url(number) }))
    };
    assert_skipped(&number(256, 0x7f), reason);
    assert!(parse(&number(256, 0x80)).is_ok());
    assert!(parse(&number(512, 0xff)).is_ok());
    assert_skipped(&number(513, 0x01), reason);
    // Zeros before a weak modulus do not make it strong.
    let padded = [vec![0; 128], vec![0xff; 128]].concat();
    assert_skipped(&rsa_jwk(&json!({ "n": base64url(padded) })), reason);
}

#[test]
fn impossible_rsa_numbers_are_skipped() {
    let reason = "an RSA key has impossible numbers";
    let mut even = [0xff; 256];
    even[255] = 0xfe;
    assert_skipped(&rsa_jwk(&json!({ "n": base64url(even) })), reason);
    for exponent in [&[][..], &[0], &[1], &[2], &[1, 0, 0], &[1, 0, 0, 0, 1]] {
        assert_skipped(&rsa_jwk(&json!({ "e": base64url(exponent) })), reason);
    }
    for exponent in [&[3][..], &[1, 0, 1], &[0xff, 0xff, 0xff, 0xff]] {
        assert!(parse(&rsa_jwk(&json!({ "e": base64url(exponent) }))).is_ok());
    }
}

#[test]
fn coordinates_are_as_wide_as_their_curve() {
    let reason = "a key has a coordinate that is not as wide as its curve";
    let bytes = |width: usize| base64url(vec![1; width]);
    for (kty, curve, width) in [
        ("EC", "P-256", 32),
        ("EC", "P-384", 48),
        ("OKP", "Ed25519", 32),
    ] {
        let key = json!({ "kty": kty, "crv": curve, "x": bytes(width), "y": bytes(width) });
        assert_eq!(parse(&key).unwrap().keys().len(), 1, "{curve}");
        for wrong in [0, 31, 33, 47, 49, 64] {
            let mut narrow = key.clone();
            narrow["x"] = bytes(wrong).into();
            assert_skipped(&narrow, reason);
            if kty == "EC" {
                let mut narrow = key.clone();
                narrow["y"] = bytes(wrong).into();
                assert_skipped(&narrow, reason);
            }
        }
    }
}

#[test]
fn the_same_key_twice_is_one_key() {
    let key = rsa_jwk(&json!({ "kid": "one" }));
    let set = parse(&json!({ "keys": [key, key] })).unwrap();
    assert_eq!(
        (set.keys().len(), set.skipped()),
        (1, ["a key stands twice"].as_slice())
    );
}

#[test]
fn a_set_has_at_most_a_hundred_entries() {
    let key = |index: usize| ec_jwk(&json!({ "kid": format!("key-{index}") }));
    let set = |count| parse(&json!({ "keys": (0..count).map(key).collect::<Vec<_>>() }));
    assert_eq!(set(100).unwrap().keys().len(), 100);
    let reason = "it has more than 100 keys";
    assert_eq!(set(101), Err(ErrorKind::InvalidKeySet { reason }.into()));
    // Whatever the entries are: none of them is looked at.
    let nothing = json!({ "keys": vec![Value::Null; 100_000] });
    assert_eq!(
        parse(&nothing),
        Err(ErrorKind::InvalidKeySet { reason }.into())
    );
}

#[test]
fn of_a_member_that_stands_twice_the_last_counts() {
    let (first, last) = (
        ec_jwk(&json!({ "kid": "first" })),
        ec_jwk(&json!({ "kid": "last" })),
    );
    let twice = first
        .to_string()
        .replace(r#""kid":"first""#, r#""kid":"first","kid":"last""#);
    let sets = [
        format!(r#"{{"keys":[{twice}]}}"#),
        format!(r#"{{"keys":[{first}],"keys":[{last}]}}"#),
        twice,
    ];
    for set in sets {
        assert_eq!(KeySet::parse(&set), parse(&last), "{set}");
    }
}

#[test]
fn private_members_are_never_read() {
    let secret = serde_json::to_value(JsonWebKey::from(rsa_key())).unwrap();
    assert!(secret["d"].is_string());
    assert_eq!(
        parse(&secret).unwrap(),
        parse(&rsa_jwk(&json!({}))).unwrap()
    );
}

#[test]
fn canonical_json_is_what_rfc_7638_hashes() {
    // RFC 7638 section 3.1.
    let key = json!({
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjB\
              ZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8\
              KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_\
              xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        "e": "AQAB",
        "alg": "RS256",
        "kid": "2011-04-29",
    });
    let set = parse(&key).unwrap();
    assert_eq!(
        thumbprint(&set.keys()[0]),
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    );
}

#[test]
fn the_built_in_keys_are_eves() {
    let set = KeySet::eve();
    let keys: Vec<_> = set
        .keys()
        .iter()
        .map(|key| (key.kid().unwrap(), thumbprint(key)))
        .collect();
    let expected = [
        (
            DEFAULT_KID,
            "NbVIlZ3j703Ah1LKtTiFB-P81Pu7VP7KgqSyXO5eXcE".to_owned(),
        ),
        (
            EC_KID,
            "c2ZE1r_nUfg_JgfTOAf7Eb6YoJGzHsi7hyiUgjDVut0".to_owned(),
        ),
    ];
    assert_eq!(keys, expected);
    assert!(set.skipped().is_empty());
}

/// A server may withdraw them all, or have none that is known here.
#[test]
fn a_server_may_have_no_keys() {
    for set in [r#"{"keys":[]}"#, r#"{"keys":[{"kty":"oct","k":"AA"}]}"#] {
        assert_eq!(KeySet::read(set).unwrap().keys(), [], "{set}");
        assert!(KeySet::parse(set).is_err(), "{set}");
    }
    assert!(KeySet::read("{}").is_err());
}

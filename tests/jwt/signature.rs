//! The signature check (RFC 7515 section 5.2), and the verdict that is good for one token only.

use esi_security::ErrorKind;
use esi_security::jwt::{
    DEFAULT_KID, KeySet, SignatureAlgorithm, SignatureCheck, UnverifiedClaims,
};
use serde_json::json;

use crate::support::{
    EC_KID, ES256, NOW, base64url, claims, ec_jwk, key_set, keys, rsa_jwk, sign_es256, sign_rs256,
    signing_input, token, token_of, verify, verify_with,
};

/// RFC 7515 appendix A.2.
const RSA_KEY: &str = "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8\
     W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2j\
     Z47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmt\
     dVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2\
     PAcDTW9gb54h4FRWyuXpoQ\"}";
const RSA_TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLm\
     NvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AA\
     uHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75\
     vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6Bf\
     I7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe7\
     7Rw";
/// RFC 7515 appendix A.3.
const EC_KEY: &str = "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"\
     y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}";
const EC_TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLm\
     NvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApm\
     WQxfKTUJqPP3-Kg6NU1Q";

fn prepare(token: &str) -> SignatureCheck<'_> {
    SignatureCheck::prepare(token, keys(), &SignatureAlgorithm::ALL, DEFAULT_KID).unwrap()
}

fn es256_token() -> String {
    sign_es256(&signing_input(ES256, &claims(&json!({})).to_string()))
}

/// The token with another signature.
fn resigned(token: &str, signature: impl AsRef<[u8]>) -> String {
    format!(
        "{}.{}",
        token.rsplit_once('.').unwrap().0,
        base64url(signature)
    )
}

#[test]
fn the_examples_of_rfc_7515_verify() {
    for (key, token) in [(RSA_KEY, RSA_TOKEN), (EC_KEY, EC_TOKEN)] {
        let claims = verify_with(token, &KeySet::parse(key).unwrap()).unwrap();
        assert_eq!(
            (claims.issuer.as_deref(), claims.expires_at),
            (Some("joe"), Some(1_300_819_380))
        );
        assert_eq!(
            claims.raw,
            "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}"
        );
        let other = if key == RSA_KEY { rsa_jwk } else { ec_jwk };
        let other = key_set(&[other(&json!({}))]);
        assert_eq!(
            verify_with(token, &other),
            Err(ErrorKind::SignatureInvalid.into())
        );
    }
}

#[test]
fn a_check_says_what_is_to_be_checked() {
    let token = token(&json!({}));
    let check = prepare(&token);
    let (input, signature) = token.rsplit_once('.').unwrap();
    assert_eq!(check.algorithm(), SignatureAlgorithm::Rs256);
    assert_eq!(check.key(), &keys().keys()[0]);
    assert_eq!(check.signing_input(), input.as_bytes());
    assert_eq!(base64url(check.signature()), signature);
}

#[test]
fn names_of_algorithms_go_both_ways() {
    for algorithm in SignatureAlgorithm::ALL {
        assert_eq!(
            SignatureAlgorithm::from_name(algorithm.name()),
            Some(algorithm)
        );
    }
}

#[test]
fn foreign_and_damaged_signatures_are_refused() {
    for token in [token(&json!({})), es256_token()] {
        let good = prepare(&token).signature().to_vec();
        let invalid = |signature: &[u8]| {
            assert_eq!(
                verify(&resigned(&token, signature)),
                Err(ErrorKind::SignatureInvalid.into()),
                "{signature:?}"
            );
        };
        invalid(&[]);
        invalid(&[0]);
        invalid(&good[1..]);
        invalid(&good[..good.len() - 1]);
        invalid(&[&good[..], &[0]].concat());
        invalid(&[&[0], &good[..]].concat());
        invalid(&vec![0; good.len()]);
        invalid(&vec![0xff; good.len()]);
        for bit in [0, 7, good.len() * 4, good.len() * 8 - 1] {
            let mut flipped = good.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            invalid(&flipped);
        }
        assert!(verify(&resigned(&token, &good)).is_ok());
    }
}

#[test]
fn other_claims_under_the_same_signature_are_refused() {
    let token = token(&json!({}));
    let (_, signature) = token.rsplit_once('.').unwrap();
    let other = crate::support::token(&json!({ "sub": "CHARACTER:EVE:1" }));
    let forged = format!("{}.{signature}", other.rsplit_once('.').unwrap().0);
    assert_eq!(verify(&forged), Err(ErrorKind::SignatureInvalid.into()));
}

#[test]
fn ecdsa_signatures_are_raw_and_within_range() {
    let token = es256_token();
    let good = prepare(&token).signature().to_vec();
    let (r, s) = good.split_at(32);
    // As X.509 writes it (RFC 3279 section 2.2.3), which a JWS does not.
    let integer = |number: &[u8]| {
        let sign = if number[0] >= 0x80 { &[0][..] } else { &[] };
        [
            &[2, u8::try_from(number.len() + sign.len()).unwrap()],
            sign,
            number,
        ]
        .concat()
    };
    let body = [integer(r), integer(s)].concat();
    let der = [&[0x30, u8::try_from(body.len()).unwrap()], &body[..]].concat();
    // The order of the curve's group: numbers from there on are none.
    let order = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
        0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    for signature in [
        der,
        [&[0; 32], s].concat(),
        [r, &[0; 32]].concat(),
        [&order, s].concat(),
        [r, &order].concat(),
        [s, r].concat(),
    ] {
        assert_eq!(
            verify(&resigned(&token, signature)),
            Err(ErrorKind::SignatureInvalid.into())
        );
    }
}

#[test]
fn a_point_off_the_curve_is_no_key() {
    let set = key_set(&[ec_jwk(&json!({ "kid": EC_KID, "y": base64url([1; 32]) }))]);
    let error = ErrorKind::KeyUnusable {
        reason: "it is no valid public key",
    };
    assert_eq!(verify_with(&es256_token(), &set), Err(error.into()));
}

#[test]
fn a_verdict_serves_its_own_token_again() {
    let token = token(&json!({}));
    let verdict = prepare(&token).verify_in_rust().unwrap();
    let again = prepare(&token).finish(&verdict).unwrap();
    assert_eq!(Ok(again), verify(&token));
}

#[test]
fn a_verdict_means_no_for_anything_else() {
    let ours = token(&json!({}));
    let verdict = prepare(&ours).verify_in_rust().unwrap();

    // Another token, also a good one.
    let other = token(&json!({ "name": "Another Pilot" }));
    assert!(verify(&other).is_ok());
    assert_eq!(
        prepare(&other).finish(&verdict),
        Err(ErrorKind::SignatureInvalid.into())
    );

    // Other claims under the same signature.
    let (_, signature) = ours.rsplit_once('.').unwrap();
    let forged = format!("{}.{signature}", other.rsplit_once('.').unwrap().0);
    assert_eq!(
        prepare(&forged).finish(&verdict),
        Err(ErrorKind::SignatureInvalid.into())
    );

    // Another signature.
    let resigned = resigned(&ours, [1; 256]);
    assert_eq!(
        prepare(&resigned).finish(&verdict),
        Err(ErrorKind::SignatureInvalid.into())
    );

    // Another key under the same name.
    let rotated = key_set(&[rsa_jwk(
        &json!({ "kid": DEFAULT_KID, "n": base64url([0xff; 256]) }),
    )]);
    let check =
        SignatureCheck::prepare(&ours, &rotated, &SignatureAlgorithm::ALL, DEFAULT_KID).unwrap();
    assert_eq!(
        check.finish(&verdict),
        Err(ErrorKind::SignatureInvalid.into())
    );

    // Another algorithm.
    assert_eq!(
        prepare(&es256_token()).finish(&verdict),
        Err(ErrorKind::SignatureInvalid.into())
    );

    assert!(prepare(&ours).finish(&verdict).is_ok());
}

#[test]
fn a_verdict_of_no_is_final() {
    let token = token(&json!({}));
    let check = prepare(&token);
    let verdict = check.verdict(false);
    assert_eq!(
        check.finish(&verdict),
        Err(ErrorKind::SignatureInvalid.into())
    );
}

#[test]
fn claims_that_nobody_signed_get_no_answer_of_their_own() {
    for payload in [
        r#"{"exp":"soon"}"#,
        r#"{"exp":1,"exp":2}"#,
        r#"{"aud":5}"#,
        "no JSON",
    ] {
        let forged = resigned(&token_of(payload), [1; 256]);
        assert_eq!(
            verify(&forged),
            Err(ErrorKind::SignatureInvalid.into()),
            "{payload}"
        );
        let token = token_of(payload);
        let check = prepare(&token);
        let verdict = check.verdict(false);
        assert_eq!(
            check.finish(&verdict),
            Err(ErrorKind::SignatureInvalid.into()),
            "{payload}"
        );
    }
}

#[test]
fn decoding_asks_for_no_key_and_no_algorithm() {
    let token = token(&json!({}));
    let decoded = UnverifiedClaims::decode(&token).unwrap();
    assert_eq!(decoded.0, verify(&token).unwrap());
    let unsigned = format!(
        "{}.",
        signing_input(r#"{"alg":"none"}"#, &json!({ "exp": NOW }).to_string())
    );
    let decoded = UnverifiedClaims::decode(&unsigned).unwrap();
    assert_eq!(decoded.0.expires_at, Some(NOW));
    assert!(UnverifiedClaims::decode(&sign_rs256(&signing_input(ES256, "{}"))).is_ok());
}

/// A key fits, and the token is its; but the rules ask for something else.
#[test]
fn an_algorithm_that_is_not_allowed_is_refused_before_any_key_is_looked_for() {
    let token = es256_token();
    let prepare = |allowed: &[SignatureAlgorithm], keys: &KeySet| {
        SignatureCheck::prepare(&token, keys, allowed, DEFAULT_KID).map(|_| ())
    };
    assert_eq!(prepare(&[SignatureAlgorithm::Es256], keys()), Ok(()));
    for keys in [keys(), &KeySet::default()] {
        for allowed in [&[][..], &[SignatureAlgorithm::Rs256]] {
            assert_eq!(
                prepare(allowed, keys),
                Err(ErrorKind::AlgorithmNotAllowed.into())
            );
        }
    }
}

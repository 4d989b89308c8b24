//! Which algorithm a token may ask for (RFC 8725 sections 2.1, 3.1 and 3.2), and that each that is known
//! verifies.

use jwt_compact::alg::{Hs256, Hs256Key};
use jwt_compact::{Algorithm, AlgorithmSignature};
use serde_json::{Value, json};

use crate::ecdsa::P384;
use crate::ed25519;
use crate::rsa::{Hash, OURS, Pss, THEIRS, UNEVEN};
use crate::token::{
    RSA_KID, base64url, eve_keys, input_under, join, signed, with_header, with_raw_header,
};
use crate::vector::{Part, Vector};

pub(crate) const PARTS: &[Part] = &[known, none, hmac, unknown, crossed, members];

fn known() -> Vec<Vector> {
    let mut vectors = vec![Vector::good(
        "ES256 as EVE signs it",
        with_header(&json!({})),
    )];
    for (key, of) in [
        (&OURS, "2048 bits"),
        (&THEIRS, "the exponent 3"),
        (&UNEVEN, "2049 bits"),
    ] {
        for (alg, signature) in rsa_signatures() {
            // One that is as slow as the others will do where only the key differs.
            if of == "2048 bits" || alg.ends_with("256") {
                let input = input_under(&json!({ "alg": alg }));
                vectors.push(
                    Vector::good(
                        format!("{alg} with an RSA key of {of}"),
                        join(&input, signature(key, &input)),
                    )
                    .keys(&[key.jwk(&json!({}))])
                    .algorithms(&[alg]),
                );
            }
        }
    }
    let input = input_under(&json!({ "alg": "ES384" }));
    let es384 = join(&input, P384.sign(Hash::Sha384, &input));
    vectors.push(
        Vector::good("ES384", es384)
            .keys(&[P384.jwk(&json!({}))])
            .algorithms(&["ES384"]),
    );
    for alg in ["EdDSA", "Ed25519"] {
        let input = input_under(&json!({ "alg": alg }));
        vectors.push(
            Vector::good(alg, join(&input, ed25519::sign(&input)))
                .keys(&[ed25519::our_jwk(&json!({}))])
                .algorithms(&[alg]),
        );
    }
    vectors
}

type Signature = Box<dyn Fn(&crate::rsa::Rsa, &str) -> Vec<u8>>;

fn rsa_signatures() -> Vec<(&'static str, Signature)> {
    [
        ("256", Hash::Sha256),
        ("384", Hash::Sha384),
        ("512", Hash::Sha512),
    ]
    .into_iter()
    .flat_map(|(bits, hash)| {
        let [rs, ps] = match bits {
            "256" => ["RS256", "PS256"],
            "384" => ["RS384", "PS384"],
            _ => ["RS512", "PS512"],
        };
        let pkcs1: Signature = Box::new(move |key, input| key.pkcs1(hash, input));
        let pss: Signature = Box::new(move |key, input| key.pss(Pss::new(hash), input));
        [(rs, pkcs1), (ps, pss)]
    })
    .collect()
}

/// `none` with every letter small or large, as RFC 7519 section 6.1 has it: without a signature.
fn none() -> Vec<Vector> {
    let spellings = (0..16).map(|mask| {
        let letter = |(at, letter): (usize, char)| {
            if mask >> at & 1 == 1 {
                letter.to_ascii_uppercase()
            } else {
                letter
            }
        };
        "none".chars().enumerate().map(letter).collect::<String>()
    });
    let refused = |name: String, token| Vector::bad("algorithm_not_allowed", name, token);
    let mut vectors: Vec<Vector> = spellings
        .map(|alg| {
            let token = join(&input_under(&json!({ "alg": alg, "kid": RSA_KID })), []);
            refused(format!("{alg} without a signature"), token)
        })
        .collect();
    vectors.push(refused(
        "none under a genuine signature".into(),
        with_header(&json!({ "alg": "none" })),
    ));
    vectors.push(refused(
        "none and nothing else".into(),
        join(&input_under(&json!({ "alg": "none" })), []),
    ));
    vectors
}

/// RFC 8725 section 2.1: the public key is no secret, in whatever spelling.
fn hmac() -> Vec<Vector> {
    let mac = |secret: &[u8], input: &str| {
        let signature = Hs256.sign(&Hs256Key::new(secret), input.as_bytes());
        join(input, signature.as_bytes())
    };
    let jwk = OURS.jwk(&json!({ "kid": RSA_KID, "alg": "RS256", "use": "sig" }));
    let secrets: [(&str, Vec<u8>); 9] = [
        ("as PEM", OURS.pem().into_bytes()),
        (
            "as PEM without the last line feed",
            OURS.pem().trim_end().as_bytes().to_vec(),
        ),
        ("as DER", OURS.spki()),
        ("as JSON", jwk.to_string().into_bytes()),
        ("as the text of the key set", eve_keys().into_bytes()),
        ("as the modulus", OURS.modulus()),
        (
            "as the modulus in base64url",
            OURS.modulus_text().into_bytes(),
        ),
        ("as its name", RSA_KID.into()),
        ("as nothing", vec![]),
    ];
    let mut vectors = vec![];
    for (form, secret) in &secrets {
        let input = input_under(&json!({ "alg": "HS256", "kid": RSA_KID, "typ": "JWT" }));
        vectors.push(Vector::bad(
            "algorithm_not_allowed",
            format!("HS256 with the public key {form}"),
            mac(secret, &input),
        ));
    }
    // Neither by saying RS256, nor with the secret among the keys.
    let pem = &secrets[0].1;
    let input = input_under(&json!({ "alg": "RS256", "kid": RSA_KID }));
    vectors.push(Vector::bad(
        "signature_invalid",
        "an HMAC that says RS256",
        mac(pem, &input),
    ));
    let symmetric = json!({ "kty": "oct", "kid": RSA_KID, "k": base64url(pem) });
    let ec = crate::ecdsa::P256.jwk(&json!({ "kid": "another" }));
    vectors.push(
        Vector::bad(
            "key_not_found",
            "an HMAC that says RS256, its secret in the key set",
            mac(pem, &input),
        )
        .keys(&[symmetric.clone(), ec.clone()]),
    );
    let input = input_under(&json!({ "alg": "HS256", "kid": RSA_KID }));
    vectors.push(
        Vector::bad(
            "algorithm_not_allowed",
            "HS256 with its secret in the key set",
            mac(pem, &input),
        )
        .keys(&[symmetric, ec]),
    );
    vectors
}

fn unknown() -> Vec<Vector> {
    let names = [
        "",
        " ",
        "ES256 ",
        " ES256",
        "es256",
        "Es256",
        "ES256\u{0}",
        "ES256\n",
        "ES256,none",
        "HS256",
        "HS384",
        "HS512",
        "ES512",
        "ES256K",
        "ES384",
        "RS384",
        "RS512",
        "PS256",
        "PS384",
        "PS512",
        "EdDSA",
        "Ed25519",
        "Ed448",
        "RS1",
        "RSA-OAEP",
        "RSA1_5",
        "dir",
        "A256GCMKW",
        "SHA256",
        "ECDSA",
        "ＥＳ256",
    ];
    names
        .iter()
        .map(|alg| {
            let name = format!("the algorithm {alg:?}");
            Vector::bad(
                "algorithm_not_allowed",
                name,
                with_header(&json!({ "alg": alg })),
            )
        })
        .collect()
}

/// One algorithm's name over another one's signature, each of the same key.
fn crossed() -> Vec<Vector> {
    let keys = [OURS.jwk(&json!({}))];
    let mut vectors = vec![];
    for (says, _) in rsa_signatures() {
        for (is, signature) in rsa_signatures() {
            // All pairs of one difference.
            if says != is && (says[..2] == is[..2] || says[2..] == is[2..]) {
                let input = input_under(&json!({ "alg": says }));
                let token = join(&input, signature(&OURS, &input));
                let vector = Vector::bad(
                    "signature_invalid",
                    format!("{says} over a signature of {is}"),
                    token,
                );
                vectors.push(vector.keys(&keys).algorithms(&[says, is]));
            }
        }
    }
    let allowed = |name, header: &Value, keys: &[Value]| {
        let token = signed(&input_under(header));
        Vector::bad("key_unusable", name, token)
            .keys(keys)
            .algorithms(&["ES256", "ES384", "EdDSA", "Ed25519", "RS256"])
    };
    let p256 = crate::ecdsa::P256.jwk(&json!({ "kid": "k" }));
    for alg in ["ES384", "EdDSA", "Ed25519", "RS256"] {
        let header = json!({ "alg": alg, "kid": "k" });
        vectors.push(allowed(
            format!("{alg} with a P-256 key"),
            &header,
            std::slice::from_ref(&p256),
        ));
    }
    let header = json!({ "alg": "ES256", "kid": "k" });
    let others = [
        ("P-384", P384.jwk(&json!({ "kid": "k" }))),
        ("Ed25519", ed25519::our_jwk(&json!({ "kid": "k" }))),
        ("RSA", OURS.jwk(&json!({ "kid": "k" }))),
    ];
    for (kind, key) in others {
        vectors.push(allowed(
            format!("ES256 with a key of {kind}"),
            &header,
            &[key],
        ));
    }
    vectors
}

/// The member itself.
fn members() -> Vec<Vector> {
    let headers = [
        (
            "no alg",
            r#"{"kid":"8878a23f-2489-4045-989e-4d2f3ec1ae1a"}"#,
        ),
        ("alg null", r#"{"alg":null}"#),
        ("alg a number", r#"{"alg":256}"#),
        ("alg true", r#"{"alg":true}"#),
        ("alg a list", r#"{"alg":["ES256"]}"#),
        ("alg an object", r#"{"alg":{"name":"ES256"}}"#),
        ("ALG", r#"{"ALG":"ES256"}"#),
        ("alg twice", r#"{"alg":"ES256","alg":"ES256"}"#),
        ("alg twice, none last", r#"{"alg":"ES256","alg":"none"}"#),
        ("alg twice, none first", r#"{"alg":"none","alg":"ES256"}"#),
        (
            "alg twice, once escaped",
            r#"{"alg":"ES256","\u0061lg":"none"}"#,
        ),
        (
            "alg twice, both escaped",
            r#"{"\u0061lg":"ES256","a\u006cg":"none"}"#,
        ),
    ];
    let mut vectors: Vec<Vector> = headers
        .iter()
        .map(|(name, header)| Vector::bad("token_malformed", *name, with_raw_header(header)))
        .collect();
    let escaped = r#"{"\u0061lg":"\u0045S256","kid":"8878a23f-2489-4045-989e-4d2f3ec1ae1a"}"#;
    vectors.push(Vector::good("alg escaped", with_raw_header(escaped)));
    vectors
}

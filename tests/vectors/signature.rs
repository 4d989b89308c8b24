//! Signatures that are not the key's (RFC 7518 sections 3.3 to 3.5, RFC 8037 section 3.1), though some look
//! much like it.

use serde_json::{Value, json};

use crate::ecdsa::{Curve, FOREIGN_P256, P256, P384, p256};
use crate::ed25519::{self, IDENTITY};
use crate::rsa::{Hash, OURS, Pss, Rsa, THEIRS, UNEVEN};
use crate::token::{base64url, claims, input, input_under, join};
use crate::vector::{Part, Vector};

pub(crate) const PARTS: &[Part] = &[damaged, pkcs1, pss, ecdsa, ed25519];

/// One of our keys, and how to sign with it.
struct Signer {
    alg: &'static str,
    key: Value,
    sign: fn(&str) -> Vec<u8>,
}

impl Signer {
    fn all() -> [Self; 5] {
        [
            Self {
                alg: "RS256",
                key: OURS.jwk(&json!({})),
                sign: |input| OURS.pkcs1(Hash::Sha256, input),
            },
            Self {
                alg: "PS256",
                key: OURS.jwk(&json!({})),
                sign: |input| OURS.pss(Pss::new(Hash::Sha256), input),
            },
            Self {
                alg: "ES256",
                key: P256.jwk(&json!({})),
                sign: p256,
            },
            Self {
                alg: "ES384",
                key: P384.jwk(&json!({})),
                sign: |input| P384.sign(Hash::Sha384, input),
            },
            Self {
                alg: "EdDSA",
                key: ed25519::our_jwk(&json!({})),
                sign: ed25519::sign,
            },
        ]
    }

    fn input(&self) -> String {
        input_under(&json!({ "alg": self.alg }))
    }

    fn bad(&self, name: &str, token: String) -> Vector {
        Vector::bad("signature_invalid", format!("{}: {name}", self.alg), token)
            .keys(std::slice::from_ref(&self.key))
            .algorithms(&[self.alg])
    }
}

/// What no algorithm takes.
fn damaged() -> Vec<Vector> {
    let mut vectors = vec![];
    for signer in Signer::all() {
        let input = signer.input();
        let good = (signer.sign)(&input);
        let length = good.len();
        let flipped = |bit: usize| {
            let mut bytes = good.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            bytes
        };
        let reversed: Vec<u8> = good.iter().rev().copied().collect();
        for (name, signature) in [
            ("an empty signature", vec![]),
            ("a signature of one zero", vec![0]),
            ("a signature without its first byte", good[1..].to_vec()),
            (
                "a signature without its last byte",
                good[..length - 1].to_vec(),
            ),
            ("a zero before the signature", [&[0], &good[..]].concat()),
            ("a zero after the signature", [&good[..], &[0]].concat()),
            ("the signature twice", [&good[..], &good].concat()),
            ("a signature of zeros", vec![0; length]),
            ("a signature of ones", vec![0xff; length]),
            ("the number one", [vec![0; length - 1], vec![1]].concat()),
            ("the signature backwards", reversed),
            ("the first bit flipped", flipped(7)),
            ("a bit in the middle flipped", flipped(length * 4)),
            ("the last bit flipped", flipped(length * 8 - 8)),
        ] {
            vectors.push(signer.bad(name, join(&input, signature)));
        }
        let head = json!({ "alg": signer.alg }).to_string();
        let other = |changes: &Value| self::input(&head, claims(changes).to_string());
        vectors.push(signer.bad(
            "other claims",
            join(&other(&json!({ "sub": "CHARACTER:EVE:1" })), &good),
        ));
        let spaced = self::input(format!("{head} "), claims(&json!({})).to_string());
        vectors.push(signer.bad("a space more in the header", join(&spaced, &good)));
        let payload_alone = (signer.sign)(input.split_once('.').unwrap().1);
        vectors.push(signer.bad(
            "a signature of the payload alone",
            join(&input, payload_alone),
        ));
        let digest_of_digest = (signer.sign)(&base64url(Hash::Sha256.digest(input.as_bytes())));
        vectors.push(signer.bad("a signature of the digest", join(&input, digest_of_digest)));
    }
    vectors
}

fn rs256(name: &str, signature: impl Fn(&str) -> Vec<u8>, key: &Rsa) -> Vector {
    let input = input_under(&json!({ "alg": "RS256" }));
    let signature = signature(&input);
    Vector::bad(
        "signature_invalid",
        format!("RS256: {name}"),
        join(&input, signature),
    )
    .keys(&[key.jwk(&json!({}))])
}

/// The input of a token with that number, which gives a signature as we need one.
fn numbered(jti: u32) -> String {
    let payload = claims(&json!({ "jti": jti.to_string() }));
    input(json!({ "alg": "RS256" }).to_string(), payload.to_string())
}

/// One that begins with a zero: it is a byte shorter to whoever thinks of numbers.
const ZERO_FIRST: u32 = 252;
/// One that is still a number of 2048 bits after the modulus was added.
const SMALL: u32 = 6;

fn pkcs1() -> Vec<Vector> {
    let content = |input: &str| Rsa::content(Hash::Sha256, input.as_bytes());
    let made = |name, block: fn(&Rsa, Vec<u8>) -> Vec<u8>| {
        rs256(name, |input| OURS.raw(&block(&OURS, content(input))), &OURS)
    };
    // 94 bytes of room for a number whose cube begins as it should (CVE-2006-4339).
    let garbage = |input: &str| {
        let block = THEIRS.block(1, &content(input), 94);
        THEIRS.raw(&[block, vec![0x41; 94]].concat())
    };
    let mut vectors = vec![
        rs256(
            "somebody else's signature",
            |input| THEIRS.pkcs1(Hash::Sha256, input),
            &OURS,
        ),
        rs256("bytes after the digest", garbage, &THEIRS),
        made("padding of another type", |key, content| {
            key.block(2, &content, 0)
        }),
        made("padding of type 0", |key, content| {
            key.block(0, &content, 0)
        }),
        made("no padding", |_, content| content),
        made("padding that is too short", |key, content| {
            [&[0][..], &key.block(1, &content, 1)].concat()
        }),
        made("a byte of padding that is no 0xff", |key, content| {
            let mut block = key.block(1, &content, 0);
            block[100] = 0xfe;
            block
        }),
        made("no zero after the padding", |key, content| {
            let mut block = key.block(1, &content, 0);
            block[256 - content.len() - 1] = 0xff;
            block
        }),
        made("a digest without its algorithm", |key, content| {
            key.block(1, &content[19..], 0)
        }),
        made("the algorithm without its NULL", |key, content| {
            let mut content = content;
            content.drain(15..17);
            content[1] -= 2;
            content[3] -= 2;
            key.block(1, &content, 0)
        }),
        made("a length in two bytes", |key, content| {
            let content = [&[0x30, 0x81, content[1]], &content[2..]].concat();
            key.block(1, &content, 0)
        }),
        made("the digest under the name of another", |key, content| {
            let other = Rsa::content(Hash::Sha512, b"");
            let head = [&other[..18], &[32]].concat();
            key.block(1, &[head, content[19..].to_vec()].concat(), 0)
        }),
        made("a digest without its last byte", |key, content| {
            key.block(1, &content[..50], 0)
        }),
    ];
    let keys = [OURS.jwk(&json!({}))];
    let input = numbered(ZERO_FIRST);
    let signature = OURS.pkcs1(Hash::Sha256, &input);
    assert_eq!(signature[0], 0);
    let stripped = join(&input, &signature[1..]);
    vectors.push(
        Vector::good(
            "RS256: a signature that begins with a zero",
            join(&input, &signature),
        )
        .keys(&keys),
    );
    vectors.push(
        Vector::bad(
            "signature_invalid",
            "RS256: a signature without its leading zero",
            stripped,
        )
        .keys(&keys),
    );
    let input = numbered(SMALL);
    let signature = OURS.pkcs1(Hash::Sha256, &input);
    let larger = join(&input, OURS.plus_modulus(&signature));
    vectors.push(Vector::good("RS256: a small signature", join(&input, &signature)).keys(&keys));
    vectors.push(
        Vector::bad(
            "signature_invalid",
            "RS256: a signature plus the modulus",
            larger,
        )
        .keys(&keys),
    );
    let input = input_under(&json!({ "alg": "RS256" }));
    let modulus = join(&input, OURS.modulus());
    vectors.push(
        Vector::bad(
            "signature_invalid",
            "RS256: the modulus as a signature",
            modulus,
        )
        .keys(&keys),
    );
    vectors
}

fn pss() -> Vec<Vector> {
    let good = Pss::new(Hash::Sha256);
    let mut vectors = vec![];
    for (name, pss) in [
        ("no salt", Pss { salt: 0, ..good }),
        ("a salt of 20 bytes", Pss { salt: 20, ..good }),
        ("a salt of 31 bytes", Pss { salt: 31, ..good }),
        ("a salt of 33 bytes", Pss { salt: 33, ..good }),
        ("the longest salt", Pss { salt: 222, ..good }),
        (
            "another hash in the mask",
            Pss {
                mask: Hash::Sha384,
                ..good
            },
        ),
        (
            "another hash in the digest",
            Pss {
                hash: Hash::Sha384,
                ..good
            },
        ),
        (
            "another trailer",
            Pss {
                trailer: 0xcc,
                ..good
            },
        ),
    ] {
        for (key, of) in [(&OURS, "2048 bits"), (&UNEVEN, "2049 bits")] {
            let input = input_under(&json!({ "alg": "PS256" }));
            let token = join(&input, key.pss(pss, &input));
            vectors.push(
                Vector::bad(
                    "signature_invalid",
                    format!("PS256: {name}, with {of}"),
                    token,
                )
                .keys(&[key.jwk(&json!({}))])
                .algorithms(&["PS256"]),
            );
        }
    }
    vectors
}

fn ecdsa() -> Vec<Vector> {
    let mut vectors = vec![];
    for (alg, curve, hash, wrong_hash) in [
        ("ES256", &P256, Hash::Sha256, Hash::Sha384),
        ("ES384", &P384, Hash::Sha384, Hash::Sha512),
    ] {
        let input = input_under(&json!({ "alg": alg }));
        let good = curve.sign(hash, &input);
        let (r, s) = good.split_at(good.len() / 2);
        let (zero, order) = (vec![0; r.len()], curve.order());
        let one = [&zero[1..], &[1]].concat();
        let above = [&order[..order.len() - 1], &[order[order.len() - 1] + 1]].concat();
        let add = |name: &str, signature: Option<Vec<u8>>| {
            let name = format!("{alg}: {name}");
            let vector = match signature {
                None => Vector::good(name, join(&input, curve.with_other_s(&good))),
                Some(signature) => Vector::bad("signature_invalid", name, join(&input, signature)),
            };
            vector.keys(&[curve.jwk(&json!({}))]).algorithms(&[alg])
        };
        let bad = |name, r: &[u8], s: &[u8]| add(name, Some([r, s].concat()));
        vectors.extend([
            // RFC 7518 asks for no canonical `s`, and both are the signer's.
            add("the other s", None),
            add("DER", Some(curve.der(&good))),
            add(
                "both numbers with a zero before",
                Some([&[0], r, &[0], s].concat()),
            ),
            bad("r zero", &zero, s),
            bad("s zero", r, &zero),
            bad("r one", &one, s),
            bad("s one", r, &one),
            bad("both one", &one, &one),
            bad("r the order", &order, s),
            bad("s the order", r, &order),
            bad("both the order", &order, &order),
            bad("r above the order", &above, s),
            bad("s above the order", r, &above),
            bad("r and s changed places", s, r),
            bad("r twice", r, r),
            add("s alone", Some(s.to_vec())),
            add("another hash", Some(curve.sign(wrong_hash, &input))),
        ]);
    }
    let input = input_under(&json!({ "alg": "ES256" }));
    let foreign = |name: &str, curve: &Curve, hash| {
        Vector::bad(
            "signature_invalid",
            name,
            join(&input, curve.sign(hash, &input)),
        )
        .keys(&[P256.jwk(&json!({}))])
    };
    vectors.push(foreign(
        "ES256: somebody else's signature",
        &FOREIGN_P256,
        Hash::Sha256,
    ));
    vectors.push(foreign("ES256: a signature on P-384", &P384, Hash::Sha384));
    vectors
}

fn ed25519() -> Vec<Vector> {
    let input = input_under(&json!({ "alg": "EdDSA" }));
    let good = ed25519::sign(&input);
    let (r, s) = good.split_at(32);
    let other_sign = [&r[..31], &[r[31] ^ 0x80], s].concat();
    let with_ours = |name: &str, signature: Vec<u8>| {
        Vector::bad(
            "signature_invalid",
            format!("EdDSA: {name}"),
            join(&input, signature),
        )
        .keys(&[ed25519::our_jwk(&json!({}))])
        .algorithms(&["EdDSA"])
    };
    let mut vectors = vec![
        with_ours("S plus the order", ed25519::with_more_s(&good)),
        with_ours("S zero", [r, &[0; 32]].concat()),
        with_ours("R the neutral element", [&IDENTITY, s].concat()),
        with_ours("R of the other sign", other_sign),
        with_ours("S before R", [s, r].concat()),
        // Only the owner of the key can make it, but the standards disagree on whether it verifies.
        with_ours(
            "a signature without a nonce",
            ed25519::sign_without_nonce(&input),
        ),
    ];
    // With such a key anybody can sign: for some message the neutral element and zero are a signature.
    let signature = [&IDENTITY[..], &[0; 32]].concat();
    for (number, x) in ed25519::small_order().iter().enumerate() {
        let forged = (0..1000)
            .map(|jti| {
                let payload = claims(&json!({ "jti": jti.to_string() }));
                self::input(json!({ "alg": "EdDSA" }).to_string(), payload.to_string())
            })
            .find(|input| ed25519::is_lenient(x, &signature, input))
            .unwrap();
        vectors.push(
            Vector::bad(
                "key_not_found",
                format!("EdDSA: a key of small order, number {number}"),
                join(&forged, &signature),
            )
            .keys(&[
                ed25519::jwk(x, &json!({})),
                OURS.jwk(&json!({ "kid": "another" })),
            ])
            .algorithms(&["EdDSA"]),
        );
    }
    for (name, x) in [("is no point", 2), ("is not canonical", 0xf1)] {
        let mut key = vec![if x == 2 { 0 } else { 0xff }; 32];
        key[0] = x;
        key[31] = if x == 2 { 0 } else { 0x7f };
        vectors.push(
            Vector::bad(
                "signature_invalid",
                format!("EdDSA: a key that {name}"),
                join(&input, &good),
            )
            .keys(&[ed25519::jwk(&key, &json!({}))])
            .algorithms(&["EdDSA"]),
        );
    }
    vectors
}

//! Whatever comes in: no panic, and nothing verifies that was not signed. The same seeds every
//! time.

use esi_security::jwt::{Claims, KeySet};
use serde_json::json;

use crate::support::{
    ES256, claims, ec_jwk, key_set, keys, rsa_jwk, sign_es256, signing_input, token, verify_with,
};

/// xorshift64*: enough to be different every time, and the same on every machine.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap() % limit
    }

    /// One to three bytes changed, added or taken away.
    fn mutate(&mut self, text: &str) -> String {
        const INTERESTING: &[u8] = b"\0\n =.-_+/AZaz09{}[]\",:\\\x7f\x80\xff";
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..=self.below(3) {
            let at = self.below(bytes.len());
            match self.below(5) {
                0 => bytes[at] ^= 1 << self.below(8),
                1 => bytes[at] = INTERESTING[self.below(INTERESTING.len())],
                2 => bytes.insert(at, INTERESTING[self.below(INTERESTING.len())]),
                3 => drop(bytes.remove(at)),
                _ => bytes.truncate(at.max(1)),
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[test]
fn damaged_tokens_never_verify() {
    let keys = keys();
    let payload = claims(&json!({})).to_string();
    for (seed, token) in [
        (1, token(&json!({}))),
        (2, sign_es256(&signing_input(ES256, &payload))),
    ] {
        assert!(verify_with(&token, &keys).is_ok());
        let mut seeded = Seeded(seed);
        for _ in 0..400 {
            let damaged = seeded.mutate(&token);
            // Decoding may succeed, where only the signature is damaged.
            let _ = Claims::decode_unverified(&damaged);
            assert!(
                damaged == token || verify_with(&damaged, &keys).is_err(),
                "{damaged}"
            );
        }
    }
}

#[test]
fn damaged_claims_are_read_without_harm() {
    let payload =
        claims(&json!({ "nbf": 5, "deep": [[{ "a": [1.5e3, "\u{1F680}"] }]] })).to_string();
    let mut seeded = Seeded(3);
    let mut read = 0;
    for _ in 0..400 {
        let token = format!("{}.", signing_input(ES256, &seeded.mutate(&payload)));
        read += usize::from(Claims::decode_unverified(&token).is_ok());
    }
    // Both ways were taken.
    assert!((1..400).contains(&read), "{read}");
}

#[test]
fn damaged_key_sets_are_read_without_harm() {
    let (rsa, ec) = (
        rsa_jwk(&json!({ "kid": "one", "key_ops": ["verify"] })),
        ec_jwk(&json!({ "kid": "two" })),
    );
    let document = json!({ "keys": [rsa, ec] }).to_string();
    assert_eq!(KeySet::parse(&document), Ok(key_set(&[rsa, ec])));
    let mut seeded = Seeded(4);
    let mut read = 0;
    for _ in 0..400 {
        read += usize::from(KeySet::parse(&seeded.mutate(&document)).is_ok());
    }
    assert!((1..400).contains(&read), "{read}");
}

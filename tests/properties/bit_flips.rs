//! Every single bit of a valid token, flipped. Not tried at random: one after the other, in the token's
//! text, of which JavaScript has sixteen bits a character, and in the bytes of its three parts. A flip
//! always makes another text, and base64url has one spelling for each row of bytes: so none is the
//! token that was signed.

use esi_security::jwt::{SignatureAlgorithm, Verdict};
use serde_json::json;

use crate::claims::eve;
use crate::signer::{KEYS, base64url, decode, prepare, token, verify};

/// How many flips there were, and how many of them went as far as the signature's check.
#[derive(Debug, Default, PartialEq)]
struct Flips {
    tried: usize,
    checked: usize,
}

impl Flips {
    fn refused(&mut self, flipped: &str, original: &str, verdict: &Verdict) {
        assert_ne!(flipped, original);
        self.tried += 1;
        let Ok(check) = prepare(flipped, &KEYS) else {
            return;
        };
        self.checked += 1;
        if let Ok(own) = check.verify_in_rust() {
            assert!(check.finish(&own).is_err(), "{flipped}");
        }
        // The answer to the real token must not be good for this one.
        let again = prepare(flipped, &KEYS).unwrap().finish(verdict);
        assert!(again.is_err(), "{flipped}");
    }
}

fn flip_all(algorithm: SignatureAlgorithm, payload: &str) {
    let token = token(algorithm, payload);
    assert!(verify(&token, &KEYS).is_ok());
    let verdict = prepare(&token, &KEYS).unwrap().verify_in_rust().unwrap();
    let mut flips = Flips::default();

    let characters: Vec<char> = token.chars().collect();
    for (at, &character) in characters.iter().enumerate() {
        for bit in 0..16 {
            let mut flipped = characters.clone();
            // One bit away from ASCII there are no surrogates.
            flipped[at] = char::from_u32(u32::from(character) ^ (1 << bit)).unwrap();
            flips.refused(&String::from_iter(flipped), &token, &verdict);
        }
    }
    assert_eq!(flips.tried, 16 * token.len());

    let parts: Vec<&str> = token.split('.').collect();
    for (at, part) in parts.iter().enumerate() {
        let mut bytes = decode(part);
        let before = Flips { ..flips };
        for bit in 0..8 * bytes.len() {
            bytes[bit / 8] ^= 1 << (bit % 8);
            let flipped = base64url(&bytes);
            bytes[bit / 8] ^= 1 << (bit % 8);
            let mut parts = parts.clone();
            parts[at] = &flipped;
            flips.refused(&parts.join("."), &token, &verdict);
        }
        assert_eq!(flips.tried - before.tried, 8 * bytes.len());
        if at > 0 {
            // Payload and signature may be any bytes: there it is the signature's check that refuses.
            assert_eq!(flips.checked - before.checked, 8 * bytes.len());
        }
    }
}

#[test]
fn every_flipped_bit_of_an_rs256_token_is_noticed() {
    flip_all(SignatureAlgorithm::Rs256, &eve().to_string());
}

#[test]
fn every_flipped_bit_of_an_es256_token_is_noticed() {
    flip_all(SignatureAlgorithm::Es256, &eve().to_string());
}

#[test]
fn every_flipped_bit_of_other_algorithms_tokens_is_noticed() {
    let payload = json!({ "sub": "CHARACTER:EVE:1", "exp": 1_700_000_000 }).to_string();
    for algorithm in [
        SignatureAlgorithm::Ps256,
        SignatureAlgorithm::Es384,
        SignatureAlgorithm::EdDsa,
    ] {
        flip_all(algorithm, &payload);
    }
}

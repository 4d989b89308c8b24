//! The standards' own examples, in `rfc.json`: RFC 7515 appendix A, RFC 7519 sections 3.1, 6.1 and appendix A, RFC
//! 7520 sections 4 and 6, RFC 8037 appendix A. Where what was signed is no set of claims, the refusal says so,
//! which comes after the signature; and with another signature it is the signature that is refused.

use esi_security::jwt::{Check, Checks};
use serde::Deserialize;
use serde_json::Value;

use crate::token::{bytes, join};
use crate::vector::{Part, Vector};

#[derive(Deserialize)]
struct Example {
    name: String,
    token: String,
    keys: Vec<Value>,
    /// What it is signed with, if that is known here.
    algorithm: Option<String>,
    issuer: Option<String>,
    code: Option<String>,
}

/// A second before the examples with claims expire.
const NOW: i64 = 1_300_819_379;

/// For the example whose header names no key.
const ASKED: &str = "hobbiton.example";

const CODES: [&str; 2] = ["token_malformed", "algorithm_not_allowed"];

pub(crate) const PARTS: &[Part] = &[examples];

fn examples() -> Vec<Vector> {
    let examples: Vec<Example> = serde_json::from_str(include_str!("rfc.json")).unwrap();
    examples.into_iter().flat_map(Example::vectors).collect()
}

impl Example {
    fn vectors(self) -> Vec<Vector> {
        let code = self
            .code
            .as_ref()
            .map(|code| *CODES.iter().find(|known| *known == code).unwrap());
        let vector = match code {
            Some(code) => Vector::bad(code, &self.name, &self.token),
            None => Vector::good(&self.name, &self.token),
        };
        let mut vectors = vec![self.described(vector)];
        if self.algorithm.is_some() {
            let (input, signature) = self.token.rsplit_once('.').unwrap();
            let mut signature = bytes(signature);
            signature[20] ^= 1;
            let name = format!("{}, a bit of the signature flipped", self.name);
            vectors.push(self.described(Vector::bad(
                "signature_invalid",
                name,
                join(input, signature),
            )));
        }
        vectors
    }

    /// Nobody is its audience, and nobody its subject.
    fn described(&self, vector: Vector) -> Vector {
        let checks = Checks {
            subject: Check::Off,
            ..Checks::default()
        };
        let vector = vector
            .keys(&self.keys)
            .kid(ASKED)
            .audiences(&[])
            .checks(checks)
            .at(NOW);
        let vector = match &self.algorithm {
            Some(algorithm) => vector.algorithms(&[algorithm]),
            None => vector,
        };
        match &self.issuer {
            Some(issuer) => vector.issuers(&[issuer]),
            None => vector,
        }
    }
}

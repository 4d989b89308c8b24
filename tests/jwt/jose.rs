//! Interoperation with npm's jose, in both directions, for every algorithm: Node runs `jose.js`.
//! `INTEROP_SEED` repeats a run's claims.

use std::env;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use esi_security::jwt::{Claims, Jwk, KeySet, SignatureAlgorithm, SignatureCheck};
use esi_security::{Error, ErrorKind};
use jwt_compact::alg::{Ed25519, Es256, Rsa, SigningKey};
use jwt_compact::jwk::JsonWebKey;
use jwt_compact::{Algorithm, AlgorithmExt, Header};
use p384::ecdsa::signature::Signer as _;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::support::{NOW, base64url, ec_key, jwk, key_set, rsa_key, signing_input};

/// Of each algorithm, in each direction: a thousand in all.
const TOKENS: usize = 50;
const MAX_SCOPES: usize = 70;
const LETTERS: &[&str] = &[
    "a",
    "Z",
    "0",
    " ",
    ".",
    "-",
    "_",
    "/",
    "\"",
    "\\",
    "\n",
    "\0",
    "\u{7f}",
    "\u{2028}",
    "þ",
    "Ŝ",
    "日",
    "한",
    "Ω",
    "ж",
    "ע",
    "\u{202e}",
    "👩\u{200d}🚀",
    "e\u{301}",
    "\u{ffff}",
    "𝔘",
];

/// Node with jose in it, until dropped.
struct Jose {
    node: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Jose {
    fn start() -> Self {
        let mut node = Command::new("node")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/jwt/jose.js"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("this test runs npm's jose in `node`, which cannot be started: {error}")
            });
        Self {
            requests: node.stdin.take().unwrap(),
            answers: BufReader::new(node.stdout.take().unwrap()),
            node,
        }
    }

    fn ask(&mut self, method: &str, request: &Value) -> Value {
        let mut answer = String::new();
        let sent = writeln!(self.requests, "{}", json!([method, request]));
        self.answers.read_line(&mut answer).unwrap();
        assert!(
            sent.is_ok() && !answer.is_empty(),
            "tests/jwt/jose.js has ended; what it said is above (is jose there? `npm ci` installs it)"
        );
        serde_json::from_str(&answer).unwrap()
    }

    fn export(&mut self, algorithm: SignatureAlgorithm, half: &str) -> Value {
        self.ask("export", &json!({ "alg": algorithm.name(), "half": half }))
    }
}

impl Drop for Jose {
    fn drop(&mut self) {
        let _ = self.node.kill();
        let _ = self.node.wait();
    }
}

/// splitmix64: different every time, and the same again from the same seed.
struct Random(u64);

impl Random {
    fn new() -> Self {
        let seed = match env::var("INTEROP_SEED") {
            Ok(seed) => seed.parse().expect("INTEROP_SEED is a whole number"),
            Err(_) => RandomState::new().hash_one(()),
        };
        println!("INTEROP_SEED={seed}");
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % limit
    }

    fn flip(&mut self) -> bool {
        self.below(2) == 0
    }

    fn text(&mut self) -> String {
        let length = self.below(30);
        (0..length)
            .map(|_| LETTERS[self.below(LETTERS.len())])
            .collect()
    }

    /// One of few digits, or whole: `serde_json` may read others a little off.
    fn number(&mut self) -> Value {
        let small = i32::try_from(self.below(1 << 30)).unwrap();
        match self.below(4) {
            0 => json!(small),
            1 => json!(f64::from(small) / -8.0),
            2 => json!(f64::from(small) * 1e9),
            _ => json!(self.next() >> 1),
        }
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 3 } else { 5 }) {
            0 => self.text().into(),
            1 => self.number(),
            2 => [json!(null), json!(true), json!([])][self.below(3)].clone(),
            3 => (0..self.below(4)).map(|_| self.value(depth - 1)).collect(),
            _ => (0..self.below(4))
                .map(|_| (self.text(), self.value(depth - 1)))
                .collect::<Map<_, _>>()
                .into(),
        }
    }

    /// Claims of EVE's kind, with some that nobody knows.
    fn claims(&mut self) -> Value {
        let scopes: Vec<_> = (0..self.below(MAX_SCOPES + 1))
            .map(|_| format!("esi-{}.read.v1", self.below(1 << 30)))
            .collect();
        let scopes = match scopes.as_slice() {
            [scope] => json!(scope),
            _ => json!(scopes),
        };
        let mut claims = json!({
            "sub": format!("CHARACTER:EVE:{}", self.below(1 << 30) + 1),
            "name": self.text(),
            "scp": scopes,
            "iss": self.text(),
            "aud": self.text(),
            // Of these jose thinks for itself, by its own clock.
            "exp": NOW * 2 + i64::try_from(self.below(1000)).unwrap(),
            "iat": NOW - i64::try_from(self.below(1000)).unwrap(),
            self.text(): self.value(4),
        });
        if self.flip() {
            claims["exp"] = json!(claims["exp"].as_f64().unwrap() + 0.5);
        }
        claims
    }
}

/// As `JavaScript` has it: a number is one of 64 bits, and knows no other way to be written.
fn in_javascript(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(items) => items.iter().map(in_javascript).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), in_javascript(value)))
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

#[track_caller]
fn assert_read(claims: &Claims, given: &Value) {
    let raw = serde_json::from_str(&claims.raw).unwrap();
    assert_eq!(in_javascript(&raw), in_javascript(given));
    let subject = format!("CHARACTER:EVE:{}", claims.character_id.unwrap());
    assert_eq!(given["sub"], subject);
    assert_eq!(given["name"], json!(claims.name));
    assert_eq!(given["iss"], json!(claims.issuer));
    assert_eq!(json!([given["aud"]]), json!(claims.audience));
    assert_eq!(given["iat"], json!(claims.issued_at));
    let seconds = given["exp"].as_f64().unwrap().floor();
    assert_eq!(in_javascript(&json!(claims.expires_at)), json!(seconds));
    let scopes = match &given["scp"] {
        Value::String(scope) => json!([scope]),
        scopes => scopes.clone(),
    };
    assert_eq!(scopes, json!(claims.scopes));
}

fn verify(token: &str, keys: &KeySet) -> Result<Claims, Error> {
    let check = SignatureCheck::prepare(token, keys, &SignatureAlgorithm::ALL, "no such key")?;
    let verdict = check.verify_in_rust()?;
    check.finish(&verdict)
}

/// The token with one bit of its part changed.
fn damage(random: &mut Random, token: &str, part: usize) -> String {
    let mut parts: Vec<_> = token.split('.').map(str::to_owned).collect();
    let mut bytes = from_base64url(&parts[part]);
    let at = random.below(bytes.len());
    bytes[at] ^= 1 << random.below(8);
    parts[part] = base64url(bytes);
    parts.join(".")
}

fn from_base64url(text: &str) -> Vec<u8> {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// The public key, and a token with these claims under this `kid`.
fn sign(algorithm: SignatureAlgorithm, kid: &str, claims: &Value) -> (Value, String) {
    fn by<A: Algorithm>(
        algorithm: &A,
        key: &A::SigningKey,
        kid: &str,
        claims: &Value,
    ) -> (Value, String)
    where
        for<'a> &'a A::SigningKey: Into<JsonWebKey<'a>>,
    {
        let header = Header::empty().with_key_id(kid).with_token_type("JWT");
        let claims = jwt_compact::Claims::new(claims);
        let token = algorithm.token(&header, &claims, key).unwrap();
        (jwk(key, &json!({})), token)
    }
    let ed25519 = || SigningKey::<Ed25519>::from_slice(&[9; 32]).unwrap();
    match algorithm {
        SignatureAlgorithm::Rs256 => by(&Rsa::rs256(), rsa_key(), kid, claims),
        SignatureAlgorithm::Rs384 => by(&Rsa::rs384(), rsa_key(), kid, claims),
        SignatureAlgorithm::Rs512 => by(&Rsa::rs512(), rsa_key(), kid, claims),
        SignatureAlgorithm::Ps256 => by(&Rsa::ps256(), rsa_key(), kid, claims),
        SignatureAlgorithm::Ps384 => by(&Rsa::ps384(), rsa_key(), kid, claims),
        SignatureAlgorithm::Ps512 => by(&Rsa::ps512(), rsa_key(), kid, claims),
        SignatureAlgorithm::Es256 => by(&Es256, &ec_key(), kid, claims),
        SignatureAlgorithm::Es384 => by_p384(kid, claims),
        SignatureAlgorithm::EdDsa => by(&Ed25519, &ed25519(), kid, claims),
        SignatureAlgorithm::Ed25519 => by(&Ed25519::with_specific_name(), &ed25519(), kid, claims),
    }
}

/// jwt-compact has no P-384.
fn by_p384(kid: &str, claims: &Value) -> (Value, String) {
    let key = p384::ecdsa::SigningKey::from_slice(&[5; 48]).unwrap();
    let point = key.verifying_key().to_encoded_point(false);
    let jwk = JsonWebKey::EllipticCurve {
        curve: "P-384".into(),
        x: point.x().unwrap().to_vec().into(),
        y: point.y().unwrap().to_vec().into(),
        secret: None,
    };
    let header = json!({ "alg": "ES384", "kid": kid, "typ": "JWT" });
    let input = signing_input(&header.to_string(), &claims.to_string());
    let signature: p384::ecdsa::Signature = key.sign(input.as_bytes());
    let token = format!("{input}.{}", base64url(signature.to_bytes()));
    (serde_json::to_value(jwk).unwrap(), token)
}

#[test]
fn what_jose_signs_verifies() {
    let (mut jose, mut random) = (Jose::start(), Random::new());
    for algorithm in SignatureAlgorithm::ALL {
        let mut key = jose.export(algorithm, "publicKey")["jwk"].take();
        for number in 0..TOKENS {
            let (claims, kid) = (random.claims(), random.text());
            let header = json!({ "alg": algorithm.name(), "kid": kid, "typ": "JWT" });
            let token = jose.ask("sign", &json!({ "header": header, "claims": claims }));
            let token = token.as_str().unwrap();
            key["kid"] = kid.into();
            let keys = key_set(&[key.clone()]);
            let read = verify(token, &keys)
                .unwrap_or_else(|error| panic!("{} {number}: {error}", algorithm.name()));
            assert_read(&read, &claims);
        }
    }
}

#[test]
fn what_is_signed_here_verifies_in_jose() {
    let (mut jose, mut random) = (Jose::start(), Random::new());
    for algorithm in SignatureAlgorithm::ALL {
        for _ in 0..TOKENS {
            let (claims, kid) = (random.claims(), random.text());
            let (key, token) = sign(algorithm, &kid, &claims);
            let request = json!({ "token": token, "jwk": key, "alg": algorithm.name() });
            let answer = jose.ask("verify", &request);
            let header = json!({ "alg": algorithm.name(), "kid": kid, "typ": "JWT" });
            assert_eq!(answer["header"], header, "{answer}");
            assert_eq!(in_javascript(&answer["claims"]), in_javascript(&claims));
        }
    }
}

#[test]
fn what_is_damaged_is_refused_here_as_there() {
    let (mut jose, mut random) = (Jose::start(), Random::new());
    for algorithm in SignatureAlgorithm::ALL {
        let (key, token) = sign(algorithm, "kid", &random.claims());
        let keys = key_set(std::slice::from_ref(&key));
        assert!(verify(&token, &keys).is_ok());
        for part in [0, 1, 2, 0, 1, 2] {
            let damaged = damage(&mut random, &token, part);
            let refusal = verify(&damaged, &keys).unwrap_err();
            assert!(
                *refusal == ErrorKind::SignatureInvalid || part == 0,
                "{refusal:?}"
            );
            let request = json!({ "token": damaged, "jwk": key, "alg": algorithm.name() });
            let answer = jose.ask("verify", &request);
            let code = answer["refused"].as_str().unwrap();
            assert!(
                code == "ERR_JWS_SIGNATURE_VERIFICATION_FAILED"
                    || part == 0 && code.starts_with("ERR_J"),
                "{code}"
            );
        }
    }
}

#[test]
fn keys_that_jose_exports_are_read_and_have_its_thumbprints() {
    let mut jose = Jose::start();
    let (mut keys, mut thumbprints) = (Vec::new(), Vec::new());
    for algorithm in SignatureAlgorithm::ALL {
        // A private key that somebody published is read as the public one that it holds.
        for half in ["publicKey", "privateKey"] {
            let mut exported = jose.export(algorithm, half);
            let mut key = exported["jwk"].take();
            for (name, value) in [
                ("kid", json!(half)),
                ("alg", json!(algorithm.name())),
                ("use", json!("sig")),
                ("key_ops", json!(["verify"])),
                ("ext", json!(true)),
            ] {
                key[name] = value;
            }
            assert_eq!(key.get("d").is_some(), half == "privateKey");
            keys.push(key);
            thumbprints.push(exported["thumbprint"].as_str().unwrap().to_owned());
        }
    }
    let set = key_set(&keys);
    assert!(set.skipped().is_empty(), "{:?}", set.skipped());
    let thumbprint = |key: &Jwk| base64url(Sha256::digest(key.canonical_json()));
    let ours: Vec<_> = set.keys().iter().map(thumbprint).collect();
    assert_eq!(ours, thumbprints);
}

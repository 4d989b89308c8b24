//! Verifying with the browser's WebCrypto, with keys and tokens made by it.

use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::task::Poll;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use esi_security::client::VerifyOptions;
use esi_security::jwt::{Check, Checks, Claims, SignatureAlgorithm, UnverifiedClaims};
use esi_security::{Error, ErrorKind, EsiSecurity, Options, Phase};
use serde_json::{Value, json};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::page::{
    Page, answer_fetch, block_crypto, break_crypto, break_fetch, break_subtle, calm_timers,
    count_verifying, fetched, hold_fetch, hurry_timers, long_timers, now, odd_method_count,
    odd_subtle_count, public_key, refuse_importing, remove_subtle, shift_clock, silence_crypto,
    store_keys, token, verifications,
};

const ALGORITHMS: [&str; 2] = ["RS256", "ES256"];

impl Page {
    /// One that has both public keys of this page.
    async fn verifier(&self) -> EsiSecurity {
        let keys = [public_key("RS256").await, public_key("ES256").await].join(",");
        crate::page::open(Options {
            jwks_key: Some(format!(r#"{{"keys":[{keys}]}}"#)),
            ..self.options()
        })
        .unwrap()
    }

    /// One with a key that the browser has never imported, and a token that is not that key's.
    fn edwards(&self) -> (EsiSecurity, String) {
        // The key of RFC 8037 appendix A.2.
        let key = json!({
            "kty": "OKP",
            "crv": "Ed25519",
            "kid": "edwards",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        });
        let encode = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let header = encode(&json!({ "alg": "EdDSA", "kid": "edwards" }));
        let claims = encode(&self.claims(&json!({})));
        let token = format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode([1; 64]));
        let security = crate::page::open(Options {
            jwks_key: Some(key.to_string()),
            algorithms: Some(vec![SignatureAlgorithm::EdDsa]),
            ..self.options()
        });
        (security.unwrap(), token)
    }

    /// EVE's claims, changed.
    fn claims(&self, changes: &Value) -> Value {
        let now = now();
        let mut claims = json!({
            "iss": "https://sso.example",
            "sub": "CHARACTER:EVE:2119000101",
            "aud": [self.client_id, "EVE Online"],
            "azp": self.client_id,
            "name": "Ilmari Ŝtorm",
            "owner": "b3duZXI=",
            "scp": ["publicData"],
            "iat": now,
            "exp": now + 1200,
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }
}

async fn verify(security: &EsiSecurity, token: &str) -> Result<Rc<Claims>, Error> {
    hold(security, token);
    security.verify(&VerifyOptions::default()).await
}

fn with(checks: Checks) -> VerifyOptions {
    VerifyOptions {
        checks,
        ..VerifyOptions::default()
    }
}

fn hold(security: &EsiSecurity, token: &str) {
    let update = json!({ "access_token": token, "expires_in": 1200 });
    security.update_token(&update.to_string(), None).unwrap();
}

#[wasm_bindgen_test]
async fn a_token_of_the_given_keys_is_verified_without_the_network() {
    let page = Page::new();
    break_fetch("a TypeError");
    let security = page.verifier().await;
    for algorithm in ALGORITHMS {
        let token = token(algorithm, &page.claims(&json!({}))).await;
        let claims = verify(&security, &token).await.unwrap();
        assert_eq!(claims.character_id, Some(2_119_000_101));
        assert_eq!(claims.name.as_deref(), Some("Ilmari Ŝtorm"));
        assert_eq!(claims.owner.as_deref(), Some("b3duZXI="));
        assert_eq!(claims.scopes, ["publicData"]);
        assert_eq!(claims.issuer.as_deref(), Some("https://sso.example"));
    }
    assert!(fetched().is_empty());
}

#[wasm_bindgen_test]
async fn one_single_key_will_do() {
    let page = Page::new();
    for algorithm in ALGORITHMS {
        let security = crate::page::open(Options {
            jwks_key: Some(public_key(algorithm).await),
            ..page.options()
        })
        .unwrap();
        let token = token(algorithm, &page.claims(&json!({}))).await;
        assert!(verify(&security, &token).await.is_ok());
    }
}

/// Flips one bit of one part.
fn flipped(token: &str, part: usize, byte: usize, bit: u8) -> String {
    let mut parts: Vec<String> = token.split('.').map(String::from).collect();
    let mut bytes = URL_SAFE_NO_PAD.decode(&parts[part]).unwrap();
    bytes[byte] ^= 1 << bit;
    parts[part] = URL_SAFE_NO_PAD.encode(bytes);
    parts.join(".")
}

#[wasm_bindgen_test]
async fn a_flipped_bit_of_the_signature_makes_it_invalid() {
    let page = Page::new();
    let security = page.verifier().await;
    for algorithm in ALGORITHMS {
        let token = token(algorithm, &page.claims(&json!({}))).await;
        let signature = token.rsplit('.').next().unwrap();
        let length = URL_SAFE_NO_PAD.decode(signature).unwrap().len();
        for byte in [0, 1, length / 2, length / 2 - 1, length - 1] {
            for bit in [0, 3, 7] {
                let error = verify(&security, &flipped(&token, 2, byte, bit)).await;
                assert_eq!(
                    error,
                    Err(ErrorKind::SignatureInvalid.into()),
                    "{algorithm} {byte} {bit}"
                );
            }
        }
        // The token itself is still good.
        assert!(verify(&security, &token).await.is_ok());
    }
}

#[wasm_bindgen_test]
async fn claims_that_were_changed_after_signing_are_invalid() {
    let page = Page::new();
    let security = page.verifier().await;
    for algorithm in ALGORITHMS {
        let token = token(algorithm, &page.claims(&json!({}))).await;
        let parts: Vec<&str> = token.split('.').collect();
        let payload = String::from_utf8(URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
        let changed = payload.replace("2119000101", "2119000102");
        assert_ne!(changed, payload);
        let changed = URL_SAFE_NO_PAD.encode(changed);
        let forged = format!("{}.{changed}.{}", parts[0], parts[2]);
        assert_eq!(
            verify(&security, &forged).await,
            Err(ErrorKind::SignatureInvalid.into())
        );
    }
}

#[wasm_bindgen_test]
async fn a_signature_of_another_length_or_algorithm_is_invalid() {
    let page = Page::new();
    let security = page.verifier().await;
    let (rsa, ec) = (
        token("RS256", &page.claims(&json!({}))).await,
        token("ES256", &page.claims(&json!({}))).await,
    );
    for token in [&rsa, &ec] {
        let (input, signature) = token.rsplit_once('.').unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let lengths = [&bytes[1..], &bytes[..bytes.len() - 1], &bytes[..1]];
        for bytes in lengths {
            let short = format!("{input}.{}", URL_SAFE_NO_PAD.encode(bytes));
            assert_eq!(
                verify(&security, &short).await,
                Err(ErrorKind::SignatureInvalid.into())
            );
        }
    }
    let ((input, _), (_, signature)) =
        (rsa.rsplit_once('.').unwrap(), ec.rsplit_once('.').unwrap());
    let crossed = format!("{input}.{signature}");
    assert_eq!(
        verify(&security, &crossed).await,
        Err(ErrorKind::SignatureInvalid.into())
    );
}

#[wasm_bindgen_test]
async fn a_key_that_the_set_does_not_have_is_not_found() {
    let page = Page::new();
    let security = crate::page::open(Options {
        jwks_key: Some(public_key("ES256").await),
        ..page.options()
    })
    .unwrap();
    let token = token("RS256", &page.claims(&json!({}))).await;
    assert_eq!(
        verify(&security, &token).await,
        Err(ErrorKind::KeyNotFound.into())
    );
}

#[wasm_bindgen_test]
async fn the_claims_are_judged_too() {
    let page = Page::new();
    let security = page.verifier().await;
    let past = json!({ "exp": now() - 60 });
    for (changes, expected) in [
        (
            json!({ "iss": "https://evil.example" }),
            ErrorKind::ClaimInvalid { claim: "iss" },
        ),
        (
            json!({ "aud": [page.client_id] }),
            ErrorKind::ClaimInvalid { claim: "aud" },
        ),
        (
            json!({ "aud": ["EVE Online"] }),
            ErrorKind::ClaimInvalid { claim: "aud" },
        ),
        (
            json!({ "azp": "another" }),
            ErrorKind::ClaimInvalid { claim: "azp" },
        ),
        (past.clone(), ErrorKind::TokenExpired),
        (
            json!({ "iat": now() + 600 }),
            ErrorKind::TokenNotYetValid { claim: "iat" },
        ),
    ] {
        let token = token("ES256", &page.claims(&changes)).await;
        assert_eq!(
            verify(&security, &token).await,
            Err(expected.into()),
            "{changes}"
        );
    }
    let without_scheme = json!({ "iss": "sso.example" });
    let token = token("ES256", &page.claims(&without_scheme)).await;
    assert!(verify(&security, &token).await.is_ok());
}

#[wasm_bindgen_test]
async fn a_check_can_be_switched_off_by_name() {
    let page = Page::new();
    let security = page.verifier().await;
    let expired = token("ES256", &page.claims(&json!({ "exp": now() - 60 }))).await;
    hold(&security, &expired);
    let options = with(Checks {
        expiry: Check::Off,
        ..Checks::default()
    });
    assert!(security.verify(&options).await.is_ok());

    // The signature's is another function, whose answer has another type.
    let forged = flipped(&token("ES256", &page.claims(&json!({}))).await, 2, 0, 0);
    hold(&security, &forged);
    let options = VerifyOptions::default();
    assert_eq!(
        security.verify(&options).await,
        Err(ErrorKind::SignatureInvalid.into())
    );
    let UnverifiedClaims(claims) = security.verify_without_signature(&options).await.unwrap();
    assert_eq!(claims.character_id, Some(2_119_000_101));
    // All other checks are made.
    hold(&security, &expired);
    let judged = security.verify_without_signature(&options).await;
    assert_eq!(judged, Err(ErrorKind::TokenExpired.into()));
}

#[wasm_bindgen_test]
async fn without_the_issuer_no_metadata_is_needed() {
    let page = Page::new();
    break_fetch("a TypeError");
    let security = crate::page::open(Options {
        jwks_key: Some(public_key("ES256").await),
        sso_endpoints_url: "https://sso.example/metadata".into(),
        ..page.options_for_eve()
    })
    .unwrap();
    let foreign = json!({ "iss": "https://anybody.example" });
    let token = token("ES256", &page.claims(&foreign)).await;
    hold(&security, &token);
    let options = with(Checks {
        issuer: Check::Off,
        ..Checks::default()
    });
    assert!(security.verify(&options).await.is_ok());
    assert!(fetched().is_empty());
    let error = security
        .verify(&VerifyOptions::default())
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.phase()),
        ("network_error", Phase::Metadata)
    );
}

#[wasm_bindgen_test]
async fn clocks_may_differ_by_the_leeway() {
    let page = Page::new();
    let security = page.verifier().await;
    let token = token("ES256", &page.claims(&json!({ "exp": now() + 100 }))).await;
    hold(&security, &token);
    let within = async |leeway| {
        let options = with(Checks {
            leeway,
            ..Checks::default()
        });
        security.verify(&options).await
    };
    let ten = Checks::default().leeway;
    shift_clock(105.0);
    assert!(within(ten).await.is_ok());
    assert_eq!(within(0).await, Err(ErrorKind::TokenExpired.into()));
    shift_clock(100.0);
    assert_eq!(within(ten).await, Err(ErrorKind::TokenExpired.into()));
    assert!(within(300).await.is_ok());
    for odd in [-1, 301, i64::MIN, i64::MAX] {
        let error = within(odd).await.unwrap_err();
        assert!(
            matches!(&*error, ErrorKind::InvalidArgument { phase: Phase::Verify, name, .. } if name == "leeway"),
            "{odd}: {error:?}"
        );
    }
}

#[wasm_bindgen_test]
async fn other_audiences_can_be_asked_for() {
    let page = Page::new();
    let mut options = page.options();
    options.jwks_key = Some(public_key("ES256").await);
    options.audiences = Some(vec!["an-api".into()]);
    let security = crate::page::open(options).unwrap();
    let ours = token("ES256", &page.claims(&json!({ "aud": "an-api" }))).await;
    assert!(verify(&security, &ours).await.is_ok());
    let eves = token("ES256", &page.claims(&json!({}))).await;
    let expected = Err(ErrorKind::ClaimInvalid { claim: "aud" }.into());
    assert_eq!(verify(&security, &eves).await, expected);
}

#[wasm_bindgen_test]
async fn what_is_no_jwt_is_malformed() {
    let page = Page::new();
    let security = page.verifier().await;
    for token in ["opaque", "a.b", "a.b.c", "....", "eyJhbGciOiJub25lIn0.e30."] {
        let error = verify(&security, token).await.unwrap_err();
        assert!(
            ["token_malformed", "algorithm_not_allowed"].contains(&error.code()),
            "{token}: {error:?}"
        );
    }
}

/// The browser refuses to take such a key at all.
#[wasm_bindgen_test]
async fn a_key_that_is_no_point_of_the_curve_is_unusable() {
    let page = Page::new();
    let mut key: Value = serde_json::from_str(&public_key("ES256").await).unwrap();
    key["x"] = key["y"].clone();
    let security = crate::page::open(Options {
        jwks_key: Some(key.to_string()),
        ..page.options()
    })
    .unwrap();
    let token = token("ES256", &page.claims(&json!({}))).await;
    let error = verify(&security, &token).await.unwrap_err();
    assert_eq!(error.code(), "key_unusable");
}

/// Whether the library brings signatures of its own, for pages whose WebCrypto is of no use.
const RUST: bool = cfg!(feature = "rust-crypto");

/// Neither an answer that may be taken for a yes is one, nor is a failure the token's or the key's fault.
#[wasm_bindgen_test]
async fn what_the_browser_cannot_check_is_not_verified() {
    let page = Page::new();
    let security = page.verifier().await;
    let good = token("ES256", &page.claims(&json!({}))).await;
    let bad = flipped(&good, 2, 0, 0);
    // Afterwards the key is imported.
    assert!(verify(&security, &good).await.is_ok());
    for index in 0..odd_method_count() {
        break_crypto("verify", index);
        let code = verify(&security, &bad).await.unwrap_err().code();
        assert_eq!(code, unavailable(), "verify {index}");
    }
    let (security, token) = page.edwards();
    for index in 0..odd_method_count() {
        break_crypto("importKey", index);
        let code = verify(&security, &token).await.unwrap_err().code();
        assert_eq!(code, unavailable(), "importKey {index}");
    }
    for index in 0..odd_subtle_count() {
        break_subtle(index);
        let code = verify(&security, &token).await.unwrap_err().code();
        assert_eq!(code, unavailable(), "subtle {index}");
    }
    block_crypto();
    let code = verify(&security, &token).await.unwrap_err().code();
    assert_eq!(code, unavailable());
}

/// The error for a token with a bad signature on a page that cannot check it.
fn unavailable() -> &'static str {
    if RUST {
        "signature_invalid"
    } else {
        "crypto_unavailable"
    }
}

/// An answer without keys is one: it is no failure for which older keys would stand in.
#[wasm_bindgen_test]
async fn keys_that_the_server_has_withdrawn_are_believed_no_more() {
    let page = Page::new();
    store_keys(&public_key("ES256").await);
    let security = page.security_at_once();
    let token = token("ES256", &page.claims(&json!({}))).await;
    break_fetch("a TypeError");
    assert!(verify(&security, &token).await.is_ok());
    shift_clock(60.0);
    for keys in [r#"{"keys":[]}"#, r#"{"keys":[{"kty":"oct","k":"AA"}]}"#] {
        answer_fetch(keys);
        let code = verify(&security, &token).await.unwrap_err().code();
        assert_eq!(code, "key_not_found", "{keys}");
    }
}

/// A `fetch` of the page's own may have lost the signal that ends it.
#[wasm_bindgen_test]
async fn keys_that_never_come_hang_nobody_for_ever() {
    let page = Page::new();
    hurry_timers();
    hold_fetch();
    let security = page.security_at_once();
    let token = token("ES256", &page.claims(&json!({}))).await;
    for _ in 0..2 {
        let code = verify(&security, &token).await.unwrap_err().code();
        assert_eq!(code, "timeout");
    }
    assert!(long_timers().contains(&30_000));
    answer_fetch(&public_key("ES256").await);
    calm_timers();
    assert!(verify(&security, &token).await.is_ok());
}

#[wasm_bindgen_test]
async fn webcrypto_that_never_answers_hangs_nobody_for_ever() {
    for method in ["importKey", "verify"] {
        let page = Page::new();
        let (security, token) = if method == "verify" {
            let security = page.verifier().await;
            let token = token("ES256", &page.claims(&json!({}))).await;
            // Afterwards the key is imported.
            assert!(verify(&security, &token).await.is_ok());
            (security, flipped(&token, 2, 0, 0))
        } else {
            page.edwards()
        };
        hurry_timers();
        silence_crypto(method);
        let code = verify(&security, &token).await.unwrap_err().code();
        assert_eq!(code, unavailable(), "{method}");
    }
}

/// Of a day at most, as when it is measured.
#[wasm_bindgen_test]
async fn a_clock_that_storage_says_is_weeks_wrong_is_not_believed() {
    let page = Page::new();
    store_keys(&public_key("ES256").await);
    let old = now() - 40 * 86_400;
    let token = token(
        "ES256",
        &page.claims(&json!({ "iat": old, "exp": old + 1200 })),
    )
    .await;
    let access = json!({
        "token": token,
        "token_type": "Bearer",
        "received_at": now(),
        "expires_at": now() + 1200,
        "clock_skew": -40 * 86_400,
    });
    page.set_row(Some(&json!({ "access": access }).to_string()));
    let security = page.security();
    let verified = security.verify(&VerifyOptions::default()).await;
    assert_eq!(verified.unwrap_err().code(), "token_expired");
}

/// The keys are not to blame, and so no newer ones are asked for.
#[wasm_bindgen_test]
async fn a_failure_of_webcrypto_costs_no_request() {
    let page = Page::new();
    store_keys(&public_key("ES256").await);
    break_fetch("a TypeError");
    let security = page.security();
    let token = token("ES256", &page.claims(&json!({}))).await;
    for index in 0..odd_method_count() {
        break_crypto("verify", index);
        let verified = verify(&security, &token).await;
        assert_eq!(verified.is_ok(), RUST, "{index}");
    }
    assert!(fetched().is_empty());
}

/// Unless the library brings signatures of its own, such a page can verify nothing, and says so.
#[wasm_bindgen_test]
async fn a_page_without_webcrypto_is_told_so() {
    let page = Page::new();
    let security = page.verifier().await;
    let token = token("ES256", &page.claims(&json!({}))).await;
    remove_subtle();
    let verified = verify(&security, &token).await;
    if RUST {
        assert!(verified.is_ok());
    } else {
        assert_eq!(
            verified,
            Err(ErrorKind::CryptoUnavailable {
                phase: Phase::Verify
            }
            .into())
        );
    }
}

/// Only this says that the key itself is bad.
#[wasm_bindgen_test]
async fn a_browser_that_finds_fault_with_the_key_is_believed() {
    let page = Page::new();
    let (security, token) = page.edwards();
    for (reason, code) in [
        ("NotSupportedError", unavailable()),
        ("OperationError", unavailable()),
        ("DataError", "key_unusable"),
    ] {
        refuse_importing(reason);
        let error = verify(&security, &token).await.unwrap_err();
        assert_eq!(error.code(), code, "{reason}");
    }
}

/// Begins a verification, which then waits for the browser.
async fn begin(security: &EsiSecurity) -> impl Future<Output = Result<Rc<Claims>, Error>> {
    let mut verifying = Box::pin(security.verify(&VerifyOptions::default()));
    let waits = poll_fn(|context| Poll::Ready(verifying.as_mut().poll(context).is_pending()));
    assert!(waits.await);
    verifying
}

const SUPERSEDED: ErrorKind = ErrorKind::Superseded {
    phase: Phase::Verify,
};

/// What the page goes on with then are another character's tokens, or none.
#[wasm_bindgen_test]
async fn a_verification_does_not_outlive_its_session() {
    let page = Page::new();
    let security = page.verifier().await;
    let other = page.verifier().await;
    let token = token("ES256", &page.claims(&json!({}))).await;
    let update = json!({ "access_token": token, "expires_in": 1200 }).to_string();
    let ends: [&dyn Fn(); 5] = [
        &|| drop(security.revoke()),
        &|| drop(other.revoke()),
        &|| security.update_token(&update, None).unwrap(),
        &|| page.set_row(None),
        // The last one: it makes it another session.
        &|| {
            let another = Some("another".into());
            security.update_token(&update, another).unwrap();
        },
    ];
    for (index, end) in ends.iter().enumerate() {
        for begun in [true, false] {
            security.update_token(&update, None).unwrap();
            let options = VerifyOptions::default();
            let verified = if begun {
                let verifying = begin(&security).await;
                end();
                verifying.await
            } else {
                // What is held at the call is what counts, not what is held a moment later.
                let verifying = security.verify(&options);
                end();
                verifying.await
            };
            assert_eq!(verified, Err(SUPERSEDED.into()), "{index} {begun}");
            security.update_token(&update, None).unwrap();
            let decoding = security.verify_without_signature(&options);
            end();
            assert_eq!(decoding.await, Err(SUPERSEDED.into()), "{index}");
        }
    }
}

/// Nobody keeps what was given up.
#[wasm_bindgen_test]
async fn a_token_that_was_given_up_is_checked_again_when_it_comes_back() {
    let page = Page::new();
    let (security, other) = (page.verifier().await, page.verifier().await);
    let token = token("ES256", &page.claims(&json!({}))).await;
    count_verifying();
    assert!(verify(&security, &token).await.is_ok());
    assert!(verify(&other, &token).await.is_ok());
    assert_eq!(verifications(), 1, "one session, one check");
    drop(other.revoke());
    assert!(verify(&security, &token).await.is_ok());
    assert_eq!(verifications(), 2);
    drop(other.revoke());
    hold(&security, &token);
    let verifying = begin(&security).await;
    drop(security.revoke());
    assert_eq!(verifying.await, Err(SUPERSEDED.into()));
    assert!(verify(&security, &token).await.is_ok());
    assert_eq!(verifications(), 4);
}

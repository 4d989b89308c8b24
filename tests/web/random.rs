//! Verifiers and states from the browser's generator.

use std::collections::BTreeSet;

use esi_security::client::AuthUriOptions;
use esi_security::oauth::pkce::CodeVerifier;
use esi_security::web::client;
use esi_security::{ErrorKind, Phase};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::page::{Page, parameter, remove_random};

#[wasm_bindgen_test]
fn verifiers_are_well_formed_and_differ() {
    let mut seen = BTreeSet::new();
    let mut characters = BTreeSet::new();
    for length in 32..=96 {
        for _ in 0..5 {
            let verifier = client().code_verifier(length).unwrap();
            let text = verifier.secret().expose().to_owned();
            assert_eq!(text.len(), (length * 4).div_ceil(3));
            assert!(CodeVerifier::from_text(&text, Phase::Login).is_ok());
            characters.extend(text.bytes());
            assert!(seen.insert(text), "the same verifier twice");
        }
    }
    // In some twenty thousand random characters each of the 64 turns up.
    assert_eq!(characters.len(), 64);
}

#[wasm_bindgen_test]
fn other_lengths_are_refused() {
    for length in [0, 1, 31, 97, 1000, usize::MAX] {
        let refused = client().code_verifier(length).unwrap_err();
        assert!(
            matches!(&*refused, ErrorKind::InvalidArgument { name, .. } if name == "bytes"),
            "{length}: {refused:?}"
        );
    }
}

#[wasm_bindgen_test]
async fn without_random_bytes_there_is_no_login() {
    let page = Page::new();
    remove_random();
    let phase = Phase::Login;
    let error = client().code_verifier(32).unwrap_err();
    assert_eq!(*error, ErrorKind::CryptoUnavailable { phase });
    let options = AuthUriOptions::default();
    let error = page.security().get_auth_uri(options).await.unwrap_err();
    assert_eq!(*error, ErrorKind::CryptoUnavailable { phase });
}

#[wasm_bindgen_test]
async fn states_are_long_and_differ() {
    let page = Page::new();
    let security = page.security();
    let mut seen = BTreeSet::new();
    for _ in 0..20 {
        let uri = security
            .get_auth_uri(AuthUriOptions::default())
            .await
            .unwrap();
        let state = parameter(&uri, "state").unwrap();
        assert_eq!(state.len(), 43, "32 random bytes");
        let challenge = parameter(&uri, "code_challenge").unwrap();
        assert!(seen.insert(state));
        assert!(seen.insert(challenge), "a fresh verifier for each login");
    }
}

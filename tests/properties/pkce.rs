//! Code verifiers: only what RFC 7636 section 4.1 allows, and never shown.

use esi_security::Phase;
use esi_security::oauth::pkce::CodeVerifier;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::runner::{Reached, for_all};
use crate::text::{assert_silent, edited, text};

pub(crate) fn a_verifier_is_within_the_standard(cases: u32) {
    let accepted = Reached::default();
    let made = vec(any::<u8>(), 32..=96).prop_map(|bytes| {
        CodeVerifier::from_random(&bytes)
            .unwrap()
            .secret()
            .expose()
            .to_owned()
    });
    for_all(
        cases,
        &prop_oneof![3 => edited(made), 1 => text()],
        |text| {
            let verifier = CodeVerifier::from_text(&text, Phase::Login);
            accepted.count(verifier.is_ok());
            assert_silent(&verifier, &text);
            let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
            let within = (43..=128).contains(&text.chars().count()) && text.chars().all(allowed);
            assert_eq!(verifier.is_ok(), within, "{text:?}");
            if let Ok(verifier) = verifier {
                assert_eq!(verifier.secret().expose(), text);
                let challenge = verifier.challenge();
                assert_eq!(challenge.len(), 43);
                assert!(
                    challenge
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
                );
            }
        },
    );
    accepted.some_of(cases);
}

//! Proof key for code exchange (RFC 7636).

use esi_security::oauth::pkce::CodeVerifier;
use esi_security::{Error, ErrorKind, Phase};

use crate::support::kind;

/// Appendix B.
const BYTES: [u8; 32] = [
    116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77,
    105, 214, 191, 240, 91, 88, 5, 88, 83, 132, 141, 121,
];
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn refused(result: &Result<CodeVerifier, Error>) -> (Phase, String) {
    match kind(result) {
        Some(ErrorKind::InvalidArgument { phase, name, .. }) => (*phase, name.to_string()),
        _ => panic!("{result:?}"),
    }
}

#[test]
fn the_rfcs_own_example_comes_out() {
    let made = CodeVerifier::from_random(&BYTES).unwrap();
    assert_eq!(made.secret().expose(), VERIFIER);
    assert_eq!(made.challenge(), CHALLENGE);
    let read = CodeVerifier::from_text(VERIFIER, Phase::Login).unwrap();
    assert_eq!(read, made);
    assert_eq!(read.challenge(), CHALLENGE);
}

#[test]
fn from_32_to_96_random_bytes_make_a_verifier() {
    for length in 32..=96 {
        let bytes: Vec<u8> = (0..=u8::MAX).step_by(2).cycle().take(length).collect();
        let verifier = CodeVerifier::from_random(&bytes).unwrap();
        let text = verifier.secret().expose();
        assert_eq!(text.len(), (length * 4_usize).div_ceil(3), "{length} bytes");
        assert!(
            text.bytes()
                .all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_'),
            "{text}"
        );
        assert!(CodeVerifier::from_text(text, Phase::Create).is_ok());
        assert_eq!(verifier.challenge().len(), 43);
    }
    for length in [0, 1, 31, 97, 1000] {
        let refused = refused(&CodeVerifier::from_random(&vec![7; length]));
        assert_eq!(refused, (Phase::Login, "bytes".into()), "{length} bytes");
    }
}

#[test]
fn a_verifier_of_the_pages_own_has_43_to_128_unreserved_characters() {
    for text in ["a".repeat(43), "Z9-._~".repeat(10), "~".repeat(128)] {
        let verifier = CodeVerifier::from_text(&text, Phase::Create).unwrap();
        assert_eq!(verifier.secret().expose(), text);
    }
    let with = |odd: &str| "a".repeat(50) + odd;
    for text in [
        String::new(),
        "a".repeat(42),
        "a".repeat(129),
        with("+"),
        with("/"),
        with("="),
        with(" "),
        with("\n"),
        with("é"),
    ] {
        for phase in [Phase::Create, Phase::Token] {
            let refused = refused(&CodeVerifier::from_text(&text, phase));
            assert_eq!(refused, (phase, "codeVerifier".into()), "{text:?}");
        }
    }
}

#[test]
fn another_verifier_has_another_challenge() {
    let challenges = ["a", "b"].map(|letter| {
        let verifier = CodeVerifier::from_text(&letter.repeat(43), Phase::Login).unwrap();
        verifier.challenge()
    });
    assert_ne!(challenges[0], challenges[1]);
}

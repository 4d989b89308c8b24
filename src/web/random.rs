//! Random bytes from the browser's generator: code verifiers, `state`, and how long to wait.

use alloc::string::String;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::oauth::pkce::{CodeVerifier, VERIFIER_BYTES};
use crate::{Error, ErrorKind, Phase};

/// A code verifier of `length` random bytes, 32 to 96 (RFC 7636 section 4.1).
pub fn code_verifier(length: usize) -> Result<CodeVerifier, Error> {
    let mut bytes = [0; *VERIFIER_BYTES.end()];
    match bytes.get_mut(..length) {
        Some(bytes) => CodeVerifier::from_random(fill(bytes)?),
        None => CodeVerifier::from_random(&[]),
    }
}

/// A `state` that nobody guesses (RFC 6749 section 10.10).
pub(super) fn state() -> Result<String, Error> {
    let mut bytes = [0; 32];
    Ok(URL_SAFE_NO_PAD.encode(fill(&mut bytes)?))
}

/// A byte that spreads what tabs do in time; without randomness they do it at once.
pub(super) fn jitter() -> u8 {
    let [jitter, ..] = number().to_le_bytes();
    jitter
}

/// A number that no two tabs share.
pub(super) fn number() -> u32 {
    let mut bytes = [0; 4];
    let _ = getrandom::fill(&mut bytes);
    u32::from_le_bytes(bytes)
}

fn fill(bytes: &mut [u8]) -> Result<&[u8], Error> {
    getrandom::fill(bytes).map_err(|_| ErrorKind::CryptoUnavailable {
        phase: Phase::Login,
    })?;
    Ok(bytes)
}

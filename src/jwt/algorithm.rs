//! The signature algorithms that are accepted, and no others: the allow-list of RFC 8725 section
//! 3.1. `none` and the HMAC family are not on it, so they can never be chosen by a token's header.

/// A signature algorithm (RFC 7518 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256: what EVE's SSO signs with.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
}

impl SignatureAlgorithm {
    /// The algorithm of that name, exactly as RFC 7518 spells it.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Rs256, Self::Es256]
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
    }

    /// Its name in a header's or a key's `alg`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }
}

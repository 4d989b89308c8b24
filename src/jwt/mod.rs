//! JSON Web Tokens: how an access token is verified (RFC 7519 section 7.2, RFC 8725).
//!
//! 1. [`SignatureCheck::prepare`] takes the token apart. Not longer than 1 MiB, three parts,
//!    canonical base64url without padding (RFC 7515 sections 2 and 7.1), a header in which no
//!    member stands twice (section 4), without `crit` (section 4.1.11), with the `typ` of an access
//!    token or none (RFC 8725 section 3.11): else [`TokenMalformed`](crate::Error::TokenMalformed).
//! 2. The header's `alg` must be on the [`Rules`]' list (RFC 8725 section 3.1): else
//!    [`AlgorithmNotAllowed`](crate::Error::AlgorithmNotAllowed).
//! 3. The key is chosen from the [`KeySet`] by `kid`, `kty`, `crv`, `use`, `key_ops` and `alg` (RFC
//!    7515 section 6, RFC 7517 section 4), never from the token: else
//!    [`KeyNotFound`](crate::Error::KeyNotFound), which may mean that the set is old, or
//!    [`KeyUnusable`](crate::Error::KeyUnusable).
//! 4. A backend checks the signature (RFC 7515 section 5.2), and [`SignatureCheck::finish`] has
//!    jwt-compact conclude from it: else [`SignatureInvalid`](crate::Error::SignatureInvalid),
//!    whatever the claims are.
//! 5. The [`Claims`] are read: a JSON object in which no member stands twice (RFC 7519 section 4)
//!    and of 256 at most, else `TokenMalformed`.
//! 6. [`Rules::check`] judges them: first that each has its type, then, in this order, `iss`, `aud`,
//!    `azp`, `exp`, `nbf`, `iat`, `sub`, `jti` (RFC 7519 section 4.1, RFC 8725 sections 3.8 to
//!    3.10). Missing is [`ClaimMissing`](crate::Error::ClaimMissing), wrong is
//!    [`ClaimInvalid`](crate::Error::ClaimInvalid); time has
//!    [`TokenExpired`](crate::Error::TokenExpired) and
//!    [`TokenNotYetValid`](crate::Error::TokenNotYetValid).
//!
//! Steps 1 to 5 depend on token and key set alone, so their result may be kept; step 6 depends on
//! the moment.

mod algorithm;
mod checks;
mod claims;
mod key;
mod key_set;
mod rules;
#[cfg(feature = "rust-crypto")]
mod rust_crypto;
mod signature;
mod small_order;
mod token;

pub use algorithm::SignatureAlgorithm;
pub use checks::{Check, Checks};
pub use claims::{Claims, UnverifiedClaims};
pub use key::{Jwk, PublicKey};
pub use key_set::{DEFAULT_KID, KeySet};
pub use rules::{EVE_AUDIENCE, Rules};
pub use signature::{SignatureCheck, Verdict};

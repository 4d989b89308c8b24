//! The access token that was verified last.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

use crate::jwt::{Claims, KeySet, SignatureAlgorithm};
use crate::oauth::secret::Secret;

/// A token with a valid signature, and the inputs of that check. The same inputs are not checked again.
pub(super) struct VerifiedToken {
    pub(super) token: Secret,
    pub(super) kid: String,
    pub(super) keys: Rc<KeySet>,
    pub(super) algorithms: Vec<SignatureAlgorithm>,
    pub(super) claims: Rc<Claims>,
}

//! Token revocation (RFC 7009).

use super::client::Client;
use super::http::Request;
use super::metadata::Metadata;
use super::secret::Secret;
use crate::{Error, ErrorKind};

/// Which token is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenTypeHint {
    /// Ends the grant.
    RefreshToken,
    /// Ends the grant at EVE's server; the token itself stays good until it expires.
    AccessToken,
}

impl TokenTypeHint {
    /// As section 2.1 spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RefreshToken => "refresh_token",
            Self::AccessToken => "access_token",
        }
    }
}

/// The revocation request (section 2.1).
pub fn request(
    metadata: &Metadata,
    client: &Client,
    token: &Secret,
    hint: TokenTypeHint,
) -> Result<Request, Error> {
    let endpoint = metadata
        .revocation_endpoint
        .as_deref()
        .ok_or(ErrorKind::InvalidMetadata {
            reason: "it names no revocation_endpoint",
        })?;
    let form = alloc::vec![
        ("token", token.clone()),
        ("token_type_hint", Secret::new(hint.as_str())),
    ];
    Ok(client.post(endpoint, form, metadata))
}

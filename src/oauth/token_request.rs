//! Token requests: a code (RFC 6749 section 4.1.3, RFC 7636 section 4.5) or a refresh token (section
//! 6) for new tokens.

use alloc::string::String;

use super::client::Client;
use super::http::Request;
use super::metadata::Metadata;
use super::pkce::CodeVerifier;
use super::scope;
use super::secret::Secret;

/// A code for tokens. `redirect_uri` must be the authorization request's; EVE's server does not mind.
pub fn exchange(
    metadata: &Metadata,
    client: &Client,
    redirect_uri: &str,
    code: &Secret,
    verifier: Option<&CodeVerifier>,
) -> Request {
    let mut form = alloc::vec![
        ("grant_type", Secret::new("authorization_code")),
        ("code", code.clone()),
        ("redirect_uri", Secret::new(redirect_uri)),
    ];
    if let Some(verifier) = verifier {
        form.push(("code_verifier", verifier.secret().clone()));
    }
    client.post(&metadata.token_endpoint, form, metadata)
}

/// A refresh token for new tokens; `scopes` a subset of the granted ones, or empty for all of them.
pub fn refresh(
    metadata: &Metadata,
    client: &Client,
    refresh_token: &Secret,
    scopes: &[String],
) -> Request {
    let mut form = alloc::vec![
        ("grant_type", Secret::new("refresh_token")),
        ("refresh_token", refresh_token.clone()),
    ];
    if !scopes.is_empty() {
        form.push(("scope", Secret::new(scope::in_one(scopes))));
    }
    client.post(&metadata.token_endpoint, form, metadata)
}

//! The authorization request (RFC 6749 sections 4.1.1 and 4.2.1, RFC 7636 section 4.3): the address
//! that the pilot is sent to.

use alloc::string::String;

use super::client::Client;
use super::metadata::Metadata;
use super::pkce::CodeVerifier;
use super::scope;
use super::url;
use crate::text::joined;
use crate::{Error, Phase};

/// How the server is to answer.
#[derive(Clone, Copy, Debug)]
pub enum Grant<'a> {
    /// With a code, bound to this verifier.
    CodeWithPkce(&'a CodeVerifier),
    /// With a code, for a client that has a secret.
    Code,
    /// With the token itself, in the fragment. Deprecated (RFC 9700 section 2.1.2).
    Implicit,
}

/// What a page must not add to the request: parameters that this library sets; those by which the server would read
/// others in their place (RFC 9101) or answer where no page can read it (`response_mode`); and secrets.
const RESERVED: [&str; 12] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "request",
    "request_uri",
    "response_mode",
    "client_secret",
    "code_verifier",
];

/// Refuses parameters that a page must not add. The error names the first.
pub fn check_extra(extra: &[(String, String)]) -> Result<(), Error> {
    for (name, _) in extra {
        if name.is_empty() || RESERVED.contains(&name.as_str()) {
            return Err(Error::argument(
                Phase::Login,
                joined(&["extraParams.", name]),
                "must not be set: the library sets it, or it would break the login",
            ));
        }
    }
    Ok(())
}

/// The address of the authorization request. `extra` stands behind this library's own parameters.
pub fn address(
    metadata: &Metadata,
    client: &Client,
    grant: Grant<'_>,
    scopes: &[String],
    state: &str,
    extra: &[(String, String)],
) -> String {
    let scope = scope::in_one(scopes);
    let challenge = match grant {
        Grant::CodeWithPkce(verifier) => Some(verifier.challenge()),
        Grant::Code | Grant::Implicit => None,
    };
    let response_type = match grant {
        Grant::Implicit => "token",
        Grant::Code | Grant::CodeWithPkce(_) => "code",
    };
    let mut fields = alloc::vec![
        ("response_type", response_type),
        ("redirect_uri", client.redirect_uri.as_str()),
        ("client_id", client.id.as_str()),
    ];
    if !scope.is_empty() {
        fields.push(("scope", &scope));
    }
    fields.push(("state", state));
    if let Some(challenge) = &challenge {
        fields.push(("code_challenge", challenge));
        fields.push(("code_challenge_method", "S256"));
    }
    for (name, value) in extra {
        fields.push((name, value));
    }
    url::with_query(&metadata.authorization_endpoint, &fields)
}

//! Authorization server metadata (RFC 8414): where the endpoints are, and who the issuer is.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use serde::Serialize;

use super::url;
use crate::record::{self, FromRecord, Record};
use crate::{Error, ErrorKind};

/// Where EVE Online's metadata is.
pub const EVE_URL: &str = "https://login.eveonline.com/.well-known/oauth-authorization-server";

/// How EVE Online's server has spelled its issuer.
const EVE_ISSUERS: [&str; 2] = ["https://login.eveonline.com", "login.eveonline.com"];

/// True if both are the same issuer: by simple string comparison (RFC 9207 section 2.4), but for EVE's two spellings.
pub fn is_same_issuer(left: &str, right: &str) -> bool {
    let is_eve = |issuer| EVE_ISSUERS.contains(&issuer);
    left == right || (is_eve(left) && is_eve(right))
}

/// The members that this library uses, by their names in the document (section 2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Metadata {
    /// Who the server says it is; empty only until [`Metadata::check`].
    pub issuer: String,
    /// Where the pilot is sent.
    pub authorization_endpoint: String,
    /// Where codes and refresh tokens become tokens.
    pub token_endpoint: String,
    /// RFC 7009.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation_endpoint: Option<String>,
    /// The key set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// How a confidential client may identify itself. `none` is not asked for: EVE's does not list it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// True if each authorization response has `iss` (RFC 9207 section 3).
    pub authorization_response_iss_parameter_supported: bool,
}

impl FromRecord for Metadata {
    fn from_record(record: Record<'_>) -> Option<Self> {
        Some(Self {
            issuer: record.or_default("issuer", record::text)?,
            authorization_endpoint: record.required("authorization_endpoint", record::text)?,
            token_endpoint: record.required("token_endpoint", record::text)?,
            revocation_endpoint: record.optional("revocation_endpoint", record::text)?,
            jwks_uri: record.optional("jwks_uri", record::text)?,
            token_endpoint_auth_methods_supported: record
                .optional("token_endpoint_auth_methods_supported", record::texts)?,
            authorization_response_iss_parameter_supported: record
                .optional(
                    "authorization_response_iss_parameter_supported",
                    record::flag,
                )?
                .unwrap_or_default(),
        })
    }
}

impl Metadata {
    /// EVE Online's, as it stood in March 2026: serves when the document cannot be fetched.
    pub fn eve() -> Self {
        let at = |path: &str| {
            let mut address = "https://login.eveonline.com".to_owned();
            address.push_str(path);
            address
        };
        Self {
            issuer: at(""),
            authorization_endpoint: at("/v2/oauth/authorize"),
            token_endpoint: at("/v2/oauth/token"),
            revocation_endpoint: Some(at("/v2/oauth/revoke")),
            jwks_uri: Some(at("/oauth/jwks")),
            token_endpoint_auth_methods_supported: Some(vec![
                "client_secret_basic".to_owned(),
                "client_secret_post".to_owned(),
            ]),
            authorization_response_iss_parameter_supported: false,
        }
    }

    /// Reads the document that `source` answered with. The issuer in it must be the one that the
    /// address names (section 3.3); with or without scheme, as EVE's server has spelled it.
    pub fn parse(json: &str, source: &str) -> Result<Self, Error> {
        let metadata = Self::from_json(json)?.check()?;
        let issuer = metadata.issuer.as_str();
        let issuer = issuer.strip_suffix('/').unwrap_or(issuer);
        let is_its_own =
            |expected: String| issuer == expected || issuer == url::without_scheme(&expected);
        if expected_issuer(source).is_none_or(is_its_own) {
            Ok(metadata)
        } else {
            Err(ErrorKind::InvalidMetadata {
                reason: "its issuer is not the server that it was fetched from",
            }
            .into())
        }
    }

    /// Reads the members alone; they are still to be checked.
    pub fn from_json(json: &str) -> Result<Self, Error> {
        Ok(record::read(json).ok_or(ErrorKind::InvalidMetadata {
            reason: "it is no JSON object with authorization_endpoint and token_endpoint",
        })?)
    }

    /// Refuses endpoints that a token must not be sent to; fills in the issuer where none is given.
    pub fn check(mut self) -> Result<Self, Error> {
        let endpoints = [
            Some(&self.authorization_endpoint),
            Some(&self.token_endpoint),
            self.revocation_endpoint.as_ref(),
            self.jwks_uri.as_ref(),
        ];
        let fits = |endpoint: &String| url::is_secure(endpoint) && !endpoint.contains('#');
        if !endpoints
            .into_iter()
            .all(|endpoint| endpoint.is_none_or(fits))
        {
            return Err(ErrorKind::InvalidMetadata {
                reason: "every endpoint must be an https address without a fragment, or http on this machine",
            }.into());
        }
        if self.issuer.is_empty() {
            self.issuer = url::origin(&self.token_endpoint).unwrap_or_default().into();
        }
        Ok(self)
    }

    /// True where a client secret may be sent in the form. A document without the member means Basic
    /// alone (section 2).
    pub(super) fn lists_client_secret_post(&self) -> bool {
        self.token_endpoint_auth_methods_supported
            .iter()
            .flatten()
            .any(|method| method == "client_secret_post")
    }
}

/// The issuer that a metadata address belongs to: the well-known part stands between origin and path
/// (RFC 8414 section 3), or behind the path (OpenID Connect Discovery section 4).
fn expected_issuer(source: &str) -> Option<String> {
    let origin = url::origin(source)?;
    let path = source.get(origin.len()..)?;
    // The standard library's search for a text would weigh a kilobyte.
    let (before, after) = (0..path.len()).find_map(|at| {
        let (before, rest) = path.split_at_checked(at)?;
        Some((before, rest.strip_prefix("/.well-known/")?))
    })?;
    let path = if before.is_empty() {
        after.split_once('/').map_or("", |(_, path)| path)
    } else {
        before
    };
    let (mut issuer, path) = (origin.to_owned(), path.trim_matches('/'));
    if !path.is_empty() {
        issuer.push('/');
        issuer.push_str(path);
    }
    Some(issuer)
}

//! The options of an `EsiSecurity`, and their validation.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::RangeInclusive;

use super::address;
use super::client::Client;
use super::host::{Area, Host, Url};
use crate::jwt::{EVE_AUDIENCE, Rules, SignatureAlgorithm};
use crate::oauth::metadata::{EVE_URL, Metadata};
use crate::oauth::pkce::CodeVerifier;
use crate::oauth::secret::Secret;
use crate::oauth::{scope, url};
use crate::session::cache::MAX_AGE;
use crate::session::place::Place;
use crate::session::token_set::MARGIN;
use crate::text::joined;
use crate::{Error, Phase};

/// What an `EsiSecurity` is made from. [`Options::new`] fills in what a page for EVE Online needs.
pub struct Options {
    /// The application's client id.
    pub client_id: String,
    /// The callback address, exactly as registered.
    pub redirect_uri: String,
    /// The scopes that a login requests by default.
    pub scopes: Vec<String>,
    /// A client secret. In a browser it is no secret, because every user can read it.
    pub secret_key: Option<Secret>,
    /// One fixed code verifier for every login, instead of a fresh one for each.
    pub code_verifier: Option<Secret>,
    /// HTTP headers. `User-Agent` is for the API; all others are for the authorization server.
    pub headers: Vec<(String, String)>,
    /// Identifies the session among several, such as by its character.
    pub token_identifier: Option<String>,
    /// The names of this security scheme in the API description.
    pub security_names: Vec<String>,
    /// The type of the event for new tokens.
    pub signal_token_updated: String,
    /// Where the server's metadata is.
    pub sso_endpoints_url: String,
    /// The metadata itself; then it is never fetched.
    pub sso_endpoints: Option<Metadata>,
    /// The key or key set as JSON; then it is never fetched.
    pub jwks_key: Option<String>,
    /// Origins that may be sent the access token.
    pub api_origins: Vec<String>,
    /// Issuers that a token may have; `None`: the one that the metadata names, with or without its scheme.
    pub issuers: Option<Vec<String>>,
    /// Audiences that a token must have, all of them; `None`: the client id and `EVE Online`.
    pub audiences: Option<Vec<String>>,
    /// True if a token must have `azp`. If it has one, that must be the client id in any case.
    pub require_azp: bool,
    /// Algorithms that a token may be signed with; `None`: RS256 and ES256.
    pub algorithms: Option<Vec<SignatureAlgorithm>>,
    /// How long the server's metadata and key set are cached, in seconds: 0 to 86400.
    pub cache_max_age: i64,
    /// Where the session is kept; `None`: sessionStorage, or memory in a worker.
    pub storage: Option<Area>,
    /// True if the session is refreshed before it expires; false if only a call refreshes it.
    pub auto_refresh: bool,
    /// How many seconds before its expiry an access token is refreshed, 0 to 86400; at most half its lifetime. Objects
    /// that share a session share the value that was set last.
    pub refresh_margin: i64,
    /// A function of the page that sends every request instead of `fetch`, by the number that the host gave it. With it
    /// no token worker is used.
    pub custom_fetch: Option<u32>,
    /// Which token worker sends token and revocation requests, where the page has one.
    pub token_worker: TokenWorker,
}

/// The token worker that sends token and revocation requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenWorker {
    /// None: the page sends them.
    Off,
    /// The one that the npm package brings.
    Package,
    /// One whose script is served at this address of the page's origin.
    At(String),
}

impl TokenWorker {
    /// The URL of the worker's script; empty for the package's own; `None` if no worker is used. A script of another
    /// origin is refused, because browsers refuse it too.
    pub(super) fn script(&self, host: &dyn Host) -> Result<Option<String>, Error> {
        let address = match self {
            Self::Off => return Ok(None),
            Self::Package => return Ok(Some(String::new())),
            Self::At(address) => address,
        };
        let here = address::here(host);
        let url = address::parse(host, address);
        let url = url.filter(|url| here.is_none_or(|here| here.origin == url.origin));
        let url = url.ok_or_else(|| {
            let reason = "must be true, false, or an address of this page's own origin";
            Error::argument(Phase::Create, "tokenWorker", reason)
        })?;
        Ok(Some(url.href))
    }
}

/// The range of `cacheMaxAge` and `refreshMargin`, in seconds. New keys of a server must be fetched within a day.
const A_DAY_AT_MOST: RangeInclusive<i64> = 0..=86_400;

impl Options {
    /// The options for EVE Online.
    pub fn new(client_id: &str, redirect_uri: &str) -> Self {
        Self {
            client_id: client_id.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            scopes: Vec::new(),
            secret_key: None,
            code_verifier: None,
            headers: Vec::new(),
            token_identifier: None,
            security_names: vec!["evesso".to_owned(), "OAuth2".to_owned()],
            signal_token_updated: "esi:token-refreshed".to_owned(),
            sso_endpoints_url: EVE_URL.to_owned(),
            sso_endpoints: None,
            jwks_key: None,
            api_origins: ["https://esi.evetech.net".to_owned()].into(),
            issuers: None,
            audiences: None,
            require_azp: false,
            algorithms: None,
            cache_max_age: MAX_AGE,
            storage: None,
            auto_refresh: true,
            refresh_margin: MARGIN,
            custom_fetch: None,
            token_worker: TokenWorker::Package,
        }
    }

    /// Validates the options.
    pub(super) fn check(&self, host: &dyn Host) -> Result<(), Error> {
        let texts = [
            ("clientId", Some(self.client_id.as_str())),
            ("secretKey", self.secret_key.as_ref().map(Secret::expose)),
            ("tokenIdentifier", self.token_identifier.as_deref()),
            (
                "signalTokenUpdated",
                Some(self.signal_token_updated.as_str()),
            ),
        ];
        let lists = [
            ("securityName", Some(&self.security_names)),
            ("issuers", self.issuers.as_ref()),
            ("audiences", self.audiences.as_ref()),
        ];
        for (name, text) in texts {
            not_empty(name, text)?;
        }
        for (name, list) in lists {
            for text in list.map(Vec::as_slice).unwrap_or_default() {
                not_empty(name, Some(text))?;
            }
        }
        let nothing_allowed = [
            ("issuers", self.issuers.as_ref().is_some_and(Vec::is_empty)),
            (
                "algorithms",
                self.algorithms.as_ref().is_some_and(Vec::is_empty),
            ),
        ];
        for (name, empty) in nothing_allowed {
            if empty {
                return Err(invalid(name, "must not be empty"));
            }
        }
        for (name, seconds) in [
            ("cacheMaxAge", self.cache_max_age),
            ("refreshMargin", self.refresh_margin),
        ] {
            if !A_DAY_AT_MOST.contains(&seconds) {
                return Err(invalid(name, "must be 0 to 86400 seconds"));
            }
        }
        let addresses = [
            ("redirectUri", &self.redirect_uri),
            ("ssoEndpointsUrl", &self.sso_endpoints_url),
        ];
        for (name, text) in addresses {
            parse_address(host, name, text)?;
        }
        if self.redirect_uri.contains('#') {
            return Err(invalid("redirectUri", "must have no fragment"));
        }
        if address::has_answer(host, &self.redirect_uri) {
            return Err(invalid(
                "redirectUri",
                "must have none of the parameters that the answer to a login adds to it",
            ));
        }
        scope::check(&self.scopes, Phase::Create)?;
        if let Some(verifier) = &self.code_verifier {
            CodeVerifier::from_text(verifier.expose(), Phase::Create)?;
        }
        Ok(())
    }

    /// The storage keys of this client's records.
    pub(super) fn place(&self) -> Place {
        let given = self.sso_endpoints.as_ref();
        let server = given.map_or(&self.sso_endpoints_url, |given| &given.token_endpoint);
        Place::new(&self.client_id, server)
    }

    /// Returns the storage key of the session if `storage` is an object of the page, and else `None`. That record may
    /// have to be read before the session is opened.
    pub fn custom_storage_key(&self, page: &Client) -> Result<Option<String>, Error> {
        self.check(&*page.environment().host)?;
        let is_custom = matches!(self.storage, Some(Area::Custom(_)));
        Ok(is_custom.then(|| self.place().session(self.token_identifier.as_deref())))
    }

    /// The rules for access tokens. Without `issuers`, the issuer of the metadata is required.
    pub(super) fn rules(&self) -> Rules {
        let eve = Rules::eve(&self.client_id, "");
        let audiences = self.audiences.clone().unwrap_or(eve.audiences);
        Rules {
            algorithms: self.algorithms.clone().unwrap_or(eve.algorithms),
            issuers: self.issuers.clone().unwrap_or_default(),
            require_authorized_party: self.require_azp,
            // EVE's API needs tokens of a character. Tokens of other servers may have none.
            require_character: audiences.iter().any(|audience| audience == EVE_AUDIENCE),
            audiences,
            ..eve
        }
    }

    /// The API origins, as the browser normalises them.
    pub(super) fn origins(&self, host: &dyn Host) -> Result<Vec<String>, Error> {
        let mut origins = Vec::new();
        for text in &self.api_origins {
            let url = parse_address(host, "apiOrigins", text)?;
            if url.path != "/" || url.href.contains(['?', '#']) {
                let reason = joined(&["must hold origins alone, such as `", &url.origin, "`"]);
                return Err(Error::argument(Phase::Create, "apiOrigins", reason));
            }
            origins.push(url.origin);
        }
        Ok(origins)
    }
}

/// Parses a URL that tokens may be sent to. It must be `https`, or `http` on this machine.
fn parse_address(host: &dyn Host, name: &'static str, text: &str) -> Result<Url, Error> {
    let Some(url) = host.parse_url(text, None) else {
        return Err(invalid(
            name,
            "must be an absolute address, such as `https://app.example/callback`",
        ));
    };
    if url::is_secure(text) {
        Ok(url)
    } else {
        Err(invalid(
            name,
            "must begin with `https://`, or with `http://` and localhost, 127.0.0.1 or [::1]",
        ))
    }
}

/// True if the text is empty, or only white space.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(char::is_whitespace)
}

fn not_empty(name: &'static str, text: Option<&str>) -> Result<(), Error> {
    if text.is_some_and(is_blank) {
        return Err(invalid(name, "must not be empty"));
    }
    Ok(())
}

fn invalid(name: &'static str, reason: &'static str) -> Error {
    Error::argument(Phase::Create, name, reason)
}

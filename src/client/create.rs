//! Creating an `EsiSecurity` from its options.

use alloc::rc::Rc;
use core::cell::RefCell;

use super::client::Client;
use super::document::Source;
use super::headers::Headers;
use super::listeners::Listeners;
use super::options::Options;
use super::scheduler;
use super::security::{Current, EsiSecurity, Inner};
use super::sender::Sender;
use super::server::report_skipped;
use super::warning::Warning;
use crate::jwt::KeySet;
use crate::oauth::client;
use crate::{Error, ErrorKind, Phase};

impl EsiSecurity {
    /// Creates an object and opens its session from the stored record. Sends no HTTP request.
    pub fn new(page: &Client, options: Options) -> Result<Self, Error> {
        let environment = page.environment();
        let host = &*environment.host;
        options.check(host)?;
        let api_origins = options.origins(host)?;
        let (rules, place) = (options.rules(), options.place());
        let worker = options.token_worker.script(host)?;
        let sender = Sender::new(environment, options.custom_fetch, worker);
        let headers = Headers::new(environment, options.headers)?;
        let key_set = match &options.jwks_key {
            Some(json) => {
                let keys = given("jwksKey", KeySet::parse(json))?;
                report_skipped(environment, &keys);
                Source::Given(Rc::new(keys))
            }
            None => Source::fetched(),
        };
        let metadata = match options.sso_endpoints {
            Some(metadata) => Source::Given(Rc::new(given("ssoEndpoints", metadata.check())?)),
            None => Source::fetched(),
        };
        if options.secret_key.is_some() {
            environment.warn(Warning::SecretInBrowser);
        }
        let area = options.storage.unwrap_or(page.tab_area());
        let margin = options.refresh_margin;
        let token_identifier = options.token_identifier;
        let key = place.session(token_identifier.as_deref());
        if !host.open_item(area, &key) {
            const PROMISES: &str = "returns promises, so only `EsiSecurity.create` can open it";
            return Err(Error::argument(Phase::Create, "storage", PROMISES));
        }
        let session = page.session(area, &key, token_identifier.as_deref(), margin);
        session.attach(&options.signal_token_updated, margin);
        let security = Self(Rc::new(Inner {
            page: page.clone(),
            client: client::Client {
                id: options.client_id,
                redirect_uri: options.redirect_uri,
                secret: options.secret_key,
            },
            fixed_verifier: options.code_verifier,
            scopes: options.scopes,
            headers,
            security_names: options.security_names,
            api_origins,
            rules,
            metadata_url: options.sso_endpoints_url,
            metadata,
            key_set,
            cache_max_age: options.cache_max_age,
            sender,
            place,
            area,
            event_type: options.signal_token_updated,
            auto_refresh: options.auto_refresh,
            refresh_margin: margin,
            listeners: Listeners::default(),
            current: RefCell::new(Current {
                token_identifier,
                session,
            }),
        }));
        scheduler::start(&security);
        Ok(security)
    }
}

/// Converts the error of a document that the app passed. It is an argument error, so it is not `retryable`.
fn given<T>(name: &'static str, read: Result<T, Error>) -> Result<T, Error> {
    read.map_err(|error| match *error {
        ErrorKind::InvalidMetadata { reason } | ErrorKind::InvalidKeySet { reason } => {
            Error::argument(Phase::Create, name, reason)
        }
        _ => error,
    })
}

//! `EsiSecurity`: one session with an authorization server. What it does stands in the files named
//! after it: `login`, `refresh`, `revoke`, `verify`, `authorize`.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;
use wasm_bindgen_futures::spawn_local;

use super::clock;
use super::document::Source;
use super::headers::Headers;
use super::http::Sender;
use super::options::{Options, is_blank};
use super::row::Row;
use super::server::report_skipped;
use super::storage::Storage;
use super::upkeep::Listeners;
use super::warning::Warning;
use crate::jwt::{KeySet, Rules};
use crate::oauth::client::Client;
use crate::oauth::metadata::Metadata;
use crate::oauth::secret::Secret;
use crate::oauth::token_response;
use crate::session::machine::{State, VACATED};
use crate::session::place::Place;
use crate::{Error, ErrorKind, Phase};

const PROMISES: &str = "returns promises, so only `EsiSecurity.create` can open it";

const UNREAD: &str = "names a session that this storage has not read: open it with `EsiSecurity.create`, or bring a refresh token too";

/// One session with an authorization server. Cheap to clone; all clones are the same session.
#[derive(Clone)]
pub struct EsiSecurity(pub(super) Rc<Inner>);

pub(super) struct Inner {
    pub(super) client: Client,
    pub(super) fixed_verifier: Option<Secret>,
    pub(super) scopes: Vec<String>,
    pub(super) headers: Headers,
    pub(super) security_names: Vec<String>,
    pub(super) api_origins: Vec<String>,
    pub(super) rules: Rules,
    pub(super) metadata_url: String,
    pub(super) metadata: Source<Metadata>,
    pub(super) key_set: Source<KeySet>,
    pub(super) cache_max_age: i64,
    pub(super) sender: Sender,
    pub(super) place: Place,
    storage: Storage,
    signal: String,
    pub(super) auto_refresh: bool,
    refresh_margin: i64,
    pub(super) listeners: Listeners,
    who: RefCell<Who>,
}

/// Whose session it is; `update_token` may change that.
#[derive(Clone)]
pub(super) struct Who {
    pub(super) token_identifier: Option<String>,
    pub(super) row: Rc<Row>,
}

impl EsiSecurity {
    /// Takes up the stored session, where there is one. Asks nothing of the network.
    pub fn new(options: Options) -> Result<Self, Error> {
        options.check()?;
        let place = options.place();
        let api_origins = options.origins()?;
        let rules = options.rules();
        let sender = Sender::new(options.custom_fetch, options.token_worker.script()?);
        let headers = Headers::new(options.headers)?;
        let key_set = match &options.jwks_key {
            Some(json) => {
                let keys = given("jwksKey", KeySet::parse(json))?;
                report_skipped(&keys);
                Source::Given(Rc::new(keys))
            }
            None => Source::fetched(),
        };
        let metadata = match options.sso_endpoints {
            Some(metadata) => Source::Given(Rc::new(given("ssoEndpoints", metadata.check())?)),
            None => Source::fetched(),
        };
        if options.secret_key.is_some() {
            Warning::SecretInBrowser.once();
        }
        let token_identifier = options.token_identifier.as_deref();
        let key = place.session(token_identifier);
        if !options.storage.open(&key.as_str().into()) {
            return Err(Error::argument(Phase::Create, "storage", PROMISES));
        }
        let signal = &options.signal_token_updated;
        let margin = options.refresh_margin;
        let row = Row::open(&key, &options.storage, token_identifier, signal, margin);
        let security = Self(Rc::new(Inner {
            client: Client {
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
            storage: options.storage,
            signal: options.signal_token_updated,
            auto_refresh: options.auto_refresh,
            refresh_margin: margin,
            listeners: Listeners::default(),
            who: RefCell::new(Who {
                token_identifier: options.token_identifier,
                row,
            }),
        }));
        security.look_after();
        Ok(security)
    }

    pub(super) fn inner(&self) -> &Inner {
        &self.0
    }

    /// Whose session it is now. A value of its own, so that no borrow lives across an await.
    pub(super) fn who(&self) -> Who {
        let who = self.0.who.borrow().clone();
        who.row.sync();
        who
    }

    /// Waits until the session is stored, which takes time only with a storage that does.
    pub(super) async fn written(&self) {
        let row = Rc::clone(&self.0.who.borrow().row);
        row.storage.written().await;
    }

    /// What stands now.
    pub fn state(&self) -> State {
        let (row, now) = (self.who().row, clock::now());
        row.session.borrow().state(now, row.margin())
    }

    /// Whose tokens these are.
    pub fn token_identifier(&self) -> Option<String> {
        self.who().token_identifier
    }

    /// Whether a token worker sends this object's forms: `off`, `idle` (not needed yet), `connecting`, `connected`, or
    /// `unavailable`, where the page sends them itself.
    pub fn token_worker(&self) -> String {
        self.0.sender.worker_status()
    }

    /// When the access token expires, seconds since 1970; `None` where unknown.
    pub fn token_expiry(&self) -> Option<i64> {
        let row = self.who().row;
        row.session.borrow().access()?.expires_at
    }

    /// True if the access token expires within `offset` seconds, or nobody knows when.
    pub fn is_token_expired(&self, offset: i64) -> bool {
        let (row, now) = (self.who().row, clock::now());
        let session = row.session.borrow();
        let tokens = session.tokens();
        tokens.is_none_or(|tokens| tokens.is_expired(now, offset))
    }

    /// Takes over a token response, as JSON, from elsewhere. With another `token_identifier` it is
    /// another session, which inherits nothing from this one.
    pub fn update_token(&self, json: &str, token_identifier: Option<String>) -> Result<(), Error> {
        if token_identifier.as_ref().is_some_and(|name| is_blank(name)) {
            return Err(Error::argument(
                Phase::Update,
                "tokenIdentifier",
                "must not be empty",
            ));
        }
        let update = token_response::parse_update(json)?;
        if token_identifier.is_some() && token_identifier != self.token_identifier() {
            let identifier = token_identifier.as_deref();
            let key = self.0.place.session(identifier);
            let Inner {
                storage, signal, ..
            } = &*self.0;
            let record = key.as_str().into();
            if !storage.open(&record) {
                // The refresh token that is stored there would be lost.
                if !update.has_refresh_token() {
                    return Err(Error::argument(Phase::Update, "tokenIdentifier", UNREAD));
                }
                storage.write(&record, Some(VACATED));
            }
            let row = Row::open(&key, storage, identifier, signal, self.0.refresh_margin);
            let before = self.0.who.replace(Who {
                token_identifier,
                row,
            });
            before.row.stir();
        }
        let (who, now) = (self.who(), clock::now());
        who.row.session.borrow_mut().update(update, now);
        // First they are stored, then the page is told: before this returns, unless storage takes its time.
        who.row.settle();
        if who.row.storage.is_written() {
            who.row.tell();
        } else {
            spawn_local(async move {
                who.row.storage.written().await;
                who.row.tell();
            });
        }
        Ok(())
    }
}

/// A document that the page brought is an argument like any other: trying again is of no use.
fn given<T>(name: &'static str, read: Result<T, Error>) -> Result<T, Error> {
    read.map_err(|error| match *error {
        ErrorKind::InvalidMetadata { reason } | ErrorKind::InvalidKeySet { reason } => {
            Error::argument(Phase::Create, name, reason)
        }
        _ => error,
    })
}

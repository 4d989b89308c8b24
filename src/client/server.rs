//! The documents of an authorization server: its metadata (RFC 8414) and its key set (RFC 7517). EVE's are built in
//! too, so that a failed fetch blocks no login.

use alloc::rc::Rc;

use super::document::{Cache, Document, Fetched, Lookup, Source};
use super::environment::Environment;
use super::security::EsiSecurity;
use super::sender::Sender;
use super::warning::Warning;
use crate::jwt::KeySet;
use crate::oauth::metadata::{EVE_URL, Metadata};
use crate::{Error, ErrorKind, Phase};

impl Document for Metadata {
    const PHASE: Phase = Phase::Metadata;

    fn parse(_: &Environment, text: &str, url: &str) -> Result<Self, Error> {
        Self::parse(text, url)
    }

    fn built_in(url: &str) -> Option<Self> {
        (url == EVE_URL).then(Self::eve)
    }
}

impl Document for KeySet {
    const PHASE: Phase = Phase::Keys;

    fn parse(environment: &Environment, text: &str, _: &str) -> Result<Self, Error> {
        Self::read(text).inspect(|keys| report_skipped(environment, keys))
    }

    fn built_in(url: &str) -> Option<Self> {
        (Metadata::eve().jwks_uri.as_deref() == Some(url)).then(Self::eve)
    }
}

/// Warns about keys that cannot be used. The other keys may still be good.
pub(super) fn report_skipped(environment: &Environment, keys: &KeySet) {
    for reason in keys.skipped() {
        environment.warn(Warning::KeySkipped(reason));
    }
}

/// The server's key set, and how to get a newer one.
pub(super) struct ServerKeys {
    lookup: Lookup<KeySet>,
    cache: Option<(Rc<Cache<KeySet>>, Sender)>,
}

impl ServerKeys {
    pub(super) fn set(&self) -> &Rc<KeySet> {
        &self.lookup.document
    }

    /// Fetches the key set again, and returns it if it has changed.
    pub(super) async fn renew(&self) -> Option<Rc<KeySet>> {
        let (cache, sender) = self.cache.as_ref()?;
        cache.renew(&self.lookup, sender).await
    }
}

impl EsiSecurity {
    /// The server's metadata.
    pub(super) async fn metadata(&self) -> Fetched<Metadata> {
        let inner = self.inner();
        match &inner.metadata {
            Source::Given(metadata) => Ok(Rc::clone(metadata)),
            Source::Fetched(slot) => {
                let cache = inner.page.metadata().get(slot, &inner.metadata_url);
                let lookup = cache.get(inner.cache_max_age, &inner.sender).await?;
                Ok(lookup.document)
            }
        }
    }

    /// The server's key set.
    pub(super) async fn key_set(&self) -> Result<ServerKeys, Error> {
        let inner = self.inner();
        let slot = match &inner.key_set {
            Source::Given(keys) => {
                return Ok(ServerKeys {
                    lookup: Lookup {
                        document: Rc::clone(keys),
                        is_new: false,
                    },
                    cache: None,
                });
            }
            Source::Fetched(slot) => slot,
        };
        let metadata = self.metadata().await?;
        let url = metadata
            .jwks_uri
            .as_ref()
            .ok_or(ErrorKind::InvalidMetadata {
                reason: "it names no jwks_uri",
            })?;
        let cache = inner.page.key_sets().get(slot, url);
        Ok(ServerKeys {
            lookup: cache.get(inner.cache_max_age, &inner.sender).await?,
            cache: Some((cache, inner.sender.clone())),
        })
    }
}

//! What the authorization server says of itself: its metadata (RFC 8414) and its key set (RFC 7517).
//! EVE's are built in too, so that a document that cannot be fetched stops nobody's login.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;
use std::thread::LocalKey;

use super::document::{Answer, Caches, Document, Source, cache_in};
use super::security::EsiSecurity;
use super::warning::Warning;
use crate::jwt::KeySet;
use crate::oauth::metadata::{EVE_URL, Metadata};
use crate::{Error, Phase};

impl Document for Metadata {
    const PHASE: Phase = Phase::Metadata;

    fn parse(text: &str, url: &str) -> Result<Self, Error> {
        Self::parse(text, url)
    }

    fn built_in(url: &str) -> Option<Self> {
        (url == EVE_URL).then(Self::eve)
    }

    fn caches() -> &'static LocalKey<Caches<Self>> {
        std::thread_local! {
            static CACHES: Caches<Metadata> = const { RefCell::new(Vec::new()) };
        }
        &CACHES
    }
}

impl Document for KeySet {
    const PHASE: Phase = Phase::Keys;

    fn parse(text: &str, _url: &str) -> Result<Self, Error> {
        Self::parse(text).inspect(report_skipped)
    }

    fn built_in(url: &str) -> Option<Self> {
        (Metadata::eve().jwks_uri.as_deref() == Some(url)).then(Self::eve)
    }

    fn caches() -> &'static LocalKey<Caches<Self>> {
        std::thread_local! {
            static CACHES: Caches<KeySet> = const { RefCell::new(Vec::new()) };
        }
        &CACHES
    }
}

/// Tells the developer about keys that cannot be used; the others may still be good.
pub(super) fn report_skipped(keys: &KeySet) {
    for reason in keys.skipped() {
        Warning::KeySkipped(reason).once();
    }
}

impl EsiSecurity {
    /// The server's metadata.
    pub(super) async fn metadata(&self) -> Answer<Metadata> {
        let inner = self.inner();
        match &inner.metadata {
            Source::Given(metadata) => Ok(Rc::clone(metadata)),
            Source::Fetched(slot) => {
                let cache = cache_in(slot, &inner.metadata_url);
                cache.get(inner.cache_max_age).await
            }
        }
    }

    /// The server's key set; `renewed` asks the server although a fresh one is held.
    pub(super) async fn key_set(&self, renewed: bool) -> Answer<KeySet> {
        let inner = self.inner();
        let slot = match &inner.key_set {
            Source::Given(keys) => return Ok(Rc::clone(keys)),
            Source::Fetched(slot) => slot,
        };
        let metadata = self.metadata().await?;
        let url = metadata.jwks_uri.as_ref().ok_or(Error::InvalidMetadata {
            reason: "it names no jwks_uri",
        })?;
        let cache = cache_in(slot, url);
        if renewed {
            cache.renew().await
        } else {
            cache.get(inner.cache_max_age).await
        }
    }
}

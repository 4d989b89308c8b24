//! What the authorization server says of itself: its metadata (RFC 8414) and its key set (RFC 7517).
//! EVE's are built in too, so that a document that cannot be fetched stops nobody's login.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;
use std::thread::LocalKey;

use super::document::{Answer, Cache, Caches, Document, Got, Source, cache_in};
use super::http::Sender;
use super::security::EsiSecurity;
use super::warning::Warning;
use crate::jwt::KeySet;
use crate::oauth::metadata::{EVE_URL, Metadata};
use crate::{Error, ErrorKind, Phase};

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
        Self::read(text).inspect(report_skipped)
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

/// The server's key set, and where a newer one is to be had.
pub(super) struct ServerKeys {
    got: Got<KeySet>,
    cache: Option<(Rc<Cache<KeySet>>, Sender)>,
}

impl ServerKeys {
    pub(super) fn set(&self) -> &Rc<KeySet> {
        &self.got.document
    }

    /// Another set, if the server has one by now.
    pub(super) async fn renew(&self) -> Option<Rc<KeySet>> {
        let (cache, sender) = self.cache.as_ref()?;
        let newer = cache.renew(&self.got, sender).await;
        newer.filter(|newer| newer != self.set())
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
                Ok(cache
                    .get(inner.cache_max_age, &inner.sender)
                    .await?
                    .document)
            }
        }
    }

    /// The server's key set.
    pub(super) async fn key_set(&self) -> Result<ServerKeys, Error> {
        let inner = self.inner();
        let slot = match &inner.key_set {
            Source::Given(keys) => {
                return Ok(ServerKeys {
                    got: Got {
                        document: Rc::clone(keys),
                        asked: false,
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
        let cache = cache_in(slot, url);
        Ok(ServerKeys {
            got: cache.get(inner.cache_max_age, &inner.sender).await?,
            cache: Some((cache, inner.sender.clone())),
        })
    }
}

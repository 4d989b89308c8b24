//! What the authorization server says of itself: its metadata (RFC 8414) and its key set (RFC 7517).
//! EVE's are built in too, so that a document that cannot be fetched stops nobody's login.

use alloc::rc::Rc;
use alloc::string::String;

use super::document::{Answer, Source};
use super::security::EsiSecurity;
use crate::Error;
use crate::jwt::KeySet;
use crate::oauth::http::Request;
use crate::oauth::metadata::{EVE_URL, Metadata};
use crate::session::place::Place;

impl EsiSecurity {
    /// The server's metadata.
    pub(super) async fn metadata(&self) -> Answer<Metadata> {
        let inner = self.inner();
        let cache = match &inner.metadata {
            Source::Given(metadata) => return Ok(Rc::clone(metadata)),
            Source::Fetched(cache) => cache,
        };
        let (request, row) = document(&inner.metadata_url);
        let snapshot: Option<fn() -> Metadata> =
            (inner.metadata_url == EVE_URL).then_some(Metadata::eve);
        cache.get(request, row, snapshot).await
    }

    /// The server's key set; `renewed` asks the server although a fresh one is held.
    pub(super) async fn key_set(&self, renewed: bool) -> Answer<KeySet> {
        let inner = self.inner();
        let cache = match &inner.key_set {
            Source::Given(keys) => return Ok(Rc::clone(keys)),
            Source::Fetched(cache) => cache,
        };
        let metadata = self.metadata().await?;
        let url = metadata.jwks_uri.as_ref().ok_or(Error::InvalidMetadata {
            reason: "it names no jwks_uri",
        })?;
        let (request, row) = document(url);
        let snapshot: Option<fn() -> KeySet> =
            (Some(url) == Metadata::eve().jwks_uri.as_ref()).then_some(KeySet::eve);
        if renewed {
            cache.renew(request, row, snapshot).await
        } else {
            cache.get(request, row, snapshot).await
        }
    }
}

/// What to ask for, and where the answer is kept.
fn document(url: &str) -> (Request, String) {
    (Request::get(url), Place::document(url))
}

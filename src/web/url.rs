//! The browser's parser of addresses.

use alloc::borrow::ToOwned;

use crate::client::host::Url;

/// Parses an absolute address, or one relative to `base`.
pub(super) fn parse(address: &str, base: Option<&str>) -> Option<Url> {
    let url = match base {
        Some(base) => web_sys::Url::new_with_base(address, base),
        None => web_sys::Url::new(address),
    };
    let url = url.ok()?;
    let (query, fragment) = (url.search(), url.hash());
    Some(Url {
        href: url.href(),
        origin: url.origin(),
        path: url.pathname(),
        query: query.strip_prefix('?').unwrap_or_default().to_owned(),
        fragment: fragment.strip_prefix('#').unwrap_or_default().to_owned(),
    })
}

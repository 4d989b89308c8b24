//! Addresses: where the page is, where it may return to, and how an authorization response leaves its address.

use alloc::string::String;

use super::host::{Host, Page, Url};
use crate::oauth::authorization_response::{Component, has_state};
use crate::session::login::Site;
use crate::text::joined;
use crate::{Error, Phase};

/// The page's address; `None` outside a page.
pub(super) fn here(host: &dyn Host) -> Option<Url> {
    host.parse_url(&host.page()?.address()?, None)
}

/// An address that may be relative to the page.
pub(super) fn parse(host: &dyn Host, address: &str) -> Option<Url> {
    let base = host.page().and_then(Page::address);
    host.parse_url(address, base.as_deref())
}

/// A query or fragment with its mark; an empty one has none.
fn marked(mark: &str, component: &str) -> String {
    if component.is_empty() {
        String::new()
    } else {
        joined(&[mark, component])
    }
}

/// True if both have the same origin and path.
fn same_place(left: &Url, right: &Url) -> bool {
    left.origin == right.origin && left.path == right.path
}

/// Where an address is, as seen from a redirect URI and from this page.
pub(super) fn site(host: &dyn Host, url: &Url, redirect_uri: &str) -> Site {
    let redirect_uri = host.parse_url(redirect_uri, None);
    let redirect_uri = redirect_uri.as_ref();
    if redirect_uri.is_some_and(|ours| same_place(ours, url)) {
        return Site::RedirectUri;
    }
    let same_origin = |other: &Url| other.origin == url.origin;
    if here(host).as_ref().is_some_and(same_origin) || redirect_uri.is_some_and(same_origin) {
        Site::SameOrigin
    } else {
        Site::OtherOrigin
    }
}

/// True if the address has a query parameter that an authorization response has too. Both together would be refused as
/// a parameter that appears twice.
pub(super) fn has_answer(host: &dyn Host, redirect_uri: &str) -> bool {
    let url = host.parse_url(redirect_uri, None);
    url.is_some_and(|url| Component::Query.strip(&url.query) != url.query)
}

/// An address of the page's origin, as path, query and fragment. Any other would make the page an open redirector (RFC
/// 9700 section 4.11). So would `//host`, which a browser takes for another host. An authorization response in it is
/// taken out: it is an old one, and would be refused on the way back.
pub(super) fn return_to(host: &dyn Host, address: &str) -> Result<String, Error> {
    let refused = || {
        Error::argument(
            Phase::Login,
            "returnTo",
            "must be an address of this page's own origin",
        )
    };
    let url = parse(host, address).ok_or_else(refused)?;
    let here = here(host).ok_or_else(refused)?;
    // A `blob:` has its page's origin, but no path.
    let absolute = url.path.starts_with('/') && !url.path.starts_with("//");
    if here.origin != url.origin || !absolute {
        return Err(refused());
    }
    let query = marked("?", &Component::Query.without_answer(&url.query));
    let fragment = marked("#", &Component::Fragment.without_answer(&url.fragment));
    Ok(joined(&[&url.path, &query, &fragment]))
}

/// Takes the authorization response's parameters out of the page's address, if that is still at the place of `url` and
/// has this `state` in the same component. The rest of it may have changed, as by a router that adds `#/`. The other
/// component, the history entry and its state stay.
pub(super) fn clean(host: &dyn Host, url: &Url, component: Component, state: &str) {
    let Some((page, here)) = host.page().zip(here(host)) else {
        return;
    };
    let (mut query, mut fragment) = (here.query.clone(), here.fragment.clone());
    let answer = match component {
        Component::Query => &mut query,
        Component::Fragment => &mut fragment,
    };
    if !same_place(&here, url) || !has_state(answer, state) {
        return;
    }
    *answer = component.strip(answer);
    let place = here.href.split(['?', '#']).next().unwrap_or_default();
    let (query, fragment) = (marked("?", &query), marked("#", &fragment));
    page.replace_address(&joined(&[place, &query, &fragment]));
}

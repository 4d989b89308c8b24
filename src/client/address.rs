//! URLs: the page's own URL, the `returnTo` URL of a login, and the removal of an authorization response from the
//! page's URL.

use alloc::string::String;

use super::host::{Host, Page, Url};
use crate::oauth::authorization_response::{AuthorizationResponse, Component};
use crate::session::login::Site;
use crate::text::joined;
use crate::{Error, Phase};

/// The URL of the page; `None` outside a page, as in a worker.
pub(super) fn here(host: &dyn Host) -> Option<Url> {
    host.parse_url(&host.page()?.address()?, None)
}

/// Parses a URL. A relative one is resolved against the page's URL.
pub(super) fn parse(host: &dyn Host, address: &str) -> Option<Url> {
    let base = host.page().and_then(Page::address);
    host.parse_url(address, base.as_deref())
}

/// Prefixes a query with `?` or a fragment with `#`, unless it is empty.
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

/// Classifies a URL: the redirect URI itself, the origin of the redirect URI or of this page, or another origin.
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

/// True if the redirect URI already has a query parameter that an authorization response adds. The parameter would
/// appear twice, and the response would be refused.
pub(super) fn has_answer(host: &dyn Host, redirect_uri: &str) -> bool {
    let url = host.parse_url(redirect_uri, None);
    url.is_some_and(|url| Component::Query.strip(&url.query) != url.query)
}

/// Checks `returnTo` and returns its path, query and fragment. It must have the page's origin, or the page would be an
/// open redirector (RFC 9700 section 4.11). `//host` is refused too, because browsers read it as another host. An old
/// authorization response in it is removed, because the page would refuse it after the login.
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
    // A `blob:` URL has the origin of its page, but its path does not begin with `/`.
    let absolute = url.path.starts_with('/') && !url.path.starts_with("//");
    if here.origin != url.origin || !absolute {
        return Err(refused());
    }
    let query = marked("?", &Component::Query.without_answer(&url.query));
    let fragment = marked("#", &Component::Fragment.without_answer(&url.fragment));
    Ok(joined(&[&url.path, &query, &fragment]))
}

/// Removes the parameters of the authorization response from the page's URL. Does nothing unless this response is in
/// the same component there. The rest of the URL may have changed: a router may have gone to another path, or have
/// added `#/`. The other component, the history entry and its state stay.
pub(super) fn clean(host: &dyn Host, response: &AuthorizationResponse) {
    let Some((page, here)) = host.page().zip(here(host)) else {
        return;
    };
    let (mut query, mut fragment) = (here.query, here.fragment);
    let answer = match response.component {
        Component::Query => &mut query,
        Component::Fragment => &mut fragment,
    };
    if !response.is_in(answer) {
        return;
    }
    *answer = response.component.strip(answer);
    let place = here.href.split(['?', '#']).next().unwrap_or_default();
    let (query, fragment) = (marked("?", &query), marked("#", &fragment));
    page.replace_address(&joined(&[place, &query, &fragment]));
}

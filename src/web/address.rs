//! Addresses of this page: where it is, where it may return to, and taking parameters out of it.

use alloc::borrow::ToOwned;
use alloc::string::String;
use wasm_bindgen::JsValue;
use web_sys::{Location, Url};

use crate::oauth::authorization_response::{Component, has_state};
use crate::session::login::Site;
use crate::text::joined;
use crate::{Error, Phase};

/// The page's location; `None` outside a window.
pub(super) fn location() -> Option<Location> {
    Some(web_sys::window()?.location())
}

/// An address that may be relative to this page.
pub(super) fn parse(address: &str) -> Option<Url> {
    match location().and_then(|location| location.href().ok()) {
        Some(here) => Url::new_with_base(address, &here).ok(),
        None => Url::new(address).ok(),
    }
}

/// An absolute address.
pub(super) fn absolute(address: &str) -> Option<Url> {
    Url::new(address).ok()
}

/// The query and the fragment, without their `?` and `#`.
pub(super) fn components(url: &Url) -> (String, String) {
    let (query, fragment) = (url.search(), url.hash());
    let query = query.strip_prefix('?').unwrap_or_default();
    let fragment = fragment.strip_prefix('#').unwrap_or_default();
    (query.to_owned(), fragment.to_owned())
}

/// A query or fragment with its mark; one that is empty has none.
fn marked(mark: &str, component: &str) -> String {
    if component.is_empty() {
        String::new()
    } else {
        joined(&[mark, component])
    }
}

/// True if both stand for the same place, whatever their queries and fragments.
fn same_place(left: &Url, right: &Url) -> bool {
    left.origin() == right.origin() && left.pathname() == right.pathname()
}

/// Where an address is, as seen from a redirect URI and from this page.
pub(super) fn site(url: &Url, redirect_uri: &str) -> Site {
    let redirect_uri = absolute(redirect_uri);
    let redirect_uri = redirect_uri.as_ref();
    if redirect_uri.is_some_and(|ours| same_place(ours, url)) {
        return Site::RedirectUri;
    }
    let origin = Some(url.origin());
    let here = location().and_then(|location| location.origin().ok());
    if origin == here || origin == redirect_uri.map(Url::origin) {
        Site::SameOrigin
    } else {
        Site::OtherOrigin
    }
}

/// True if the address has a parameter of its own that an authorization response has: with the answer's it
/// would stand there twice, so that no login could ever be finished.
pub(super) fn has_answer(redirect_uri: &str) -> bool {
    absolute(redirect_uri).is_some_and(|url| {
        let (query, _) = components(&url);
        Component::Query.strip(&query) != query
    })
}

/// An address of this very origin, as path, query and fragment. Anything else would make the page an
/// open redirector (RFC 9700 section 4.11); `//host` too, which a browser takes for another host. An answer in it
/// is taken out: at a page's own address it is an old one, which would be refused on the way back.
pub(super) fn return_to(address: &str) -> Result<String, Error> {
    let refused = || {
        Error::argument(
            Phase::Login,
            "returnTo",
            "must be an address of this page's own origin",
        )
    };
    let url = parse(address).ok_or_else(refused)?;
    let here = location().and_then(|location| location.origin().ok());
    let path = url.pathname();
    // A `blob:` has its page's origin, but no path.
    let absolute = path.starts_with('/') && !path.starts_with("//");
    if here.as_deref() != Some(&url.origin()) || !absolute {
        return Err(refused());
    }
    let (query, fragment) = components(&url);
    let query = marked("?", &Component::Query.without_answer(&query));
    let fragment = marked("#", &Component::Fragment.without_answer(&fragment));
    Ok(joined(&[&path, &query, &fragment]))
}

/// Takes the authorization response's parameters out of the page's address, if that is still at the place
/// of `url` and holds this `state` in the same component; the rest of it may have changed, as by a router that adds
/// `#/`. The other component, the history entry and its state stay.
pub(super) fn clean(url: &Url, component: Component, state: &str) {
    let here = location().and_then(|location| location.href().ok());
    let Some(here) = here.and_then(|here| absolute(&here)) else {
        return;
    };
    let (query, fragment) = components(&here);
    let answer = match component {
        Component::Query => query,
        Component::Fragment => fragment,
    };
    if !same_place(&here, url) || !has_state(&answer, state) {
        return;
    }
    let rest = component.strip(&answer);
    match component {
        Component::Query => here.set_search(&marked("?", &rest)),
        Component::Fragment => here.set_hash(&marked("#", &rest)),
    }
    let history = web_sys::window().and_then(|window| window.history().ok());
    if let Some(history) = history {
        let state = history.state().unwrap_or(JsValue::NULL);
        // Refused only to pages that may not do this at all, where the address stays as it is.
        let _ = history.replace_state_with_url(&state, "", Some(&here.href()));
    }
}

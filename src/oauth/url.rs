//! The little that the pure floors must know of addresses. Real parsing is the browser's; these
//! functions only refuse what no address of an authorization server looks like.

use alloc::borrow::ToOwned;
use alloc::string::String;

/// The scheme and authority of an absolute `http(s)` address: `https://login.eveonline.com`.
pub fn origin(url: &str) -> Option<&str> {
    let scheme = if url.starts_with("https://") {
        "https://".len()
    } else if url.starts_with("http://") {
        "http://".len()
    } else {
        return None;
    };
    let rest = url.get(scheme..)?;
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let odd = |c: char| c.is_control() || c.is_whitespace() || c == '\\';
    if authority == 0 || rest.contains(odd) || rest.get(..authority)?.contains('@') {
        return None;
    }
    url.get(..scheme + authority)
}

/// True for `https`, and for `http` on this machine (RFC 8252 section 8.3): the places that a token
/// may be sent to.
pub fn is_secure(url: &str) -> bool {
    let Some(origin) = origin(url) else {
        return false;
    };
    let Some(authority) = origin.strip_prefix("http://") else {
        return true;
    };
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|host| {
        let port = authority.strip_prefix(host);
        port.is_some_and(|port| port.is_empty() || port.starts_with(':'))
    })
}

/// An issuer without its scheme and trailing slash: EVE's SSO has named itself both ways.
pub fn without_scheme(issuer: &str) -> &str {
    let bare = issuer.strip_prefix("https://").unwrap_or(issuer);
    let bare = bare.strip_prefix("http://").unwrap_or(bare);
    bare.strip_suffix('/').unwrap_or(bare)
}

/// A text as it stands in a form: `application/x-www-form-urlencoded`.
pub fn form_encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// `url` with the fields added to its query. Spaces become `%20`, which every server reads.
pub fn with_query(url: &str, fields: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(fields);
    let mut address = url.to_owned();
    address.push(if url.contains('?') { '&' } else { '?' });
    address.push_str(&query.finish().replace('+', "%20"));
    address
}

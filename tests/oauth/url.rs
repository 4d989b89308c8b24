//! What the pure floors must know of addresses.

use esi_security::oauth::url::{is_secure, origin, with_query, without_scheme};

use crate::support::{NASTY, pairs, query};

#[test]
fn the_origin_is_scheme_and_authority() {
    for (address, expected) in [
        ("https://login.eveonline.com", "https://login.eveonline.com"),
        (
            "https://login.eveonline.com/",
            "https://login.eveonline.com",
        ),
        ("https://a.example:8443/b/c?d#e", "https://a.example:8443"),
        ("https://a.example?b", "https://a.example"),
        ("https://a.example#b", "https://a.example"),
        ("http://[::1]:7/x", "http://[::1]:7"),
        ("https://a.example/p@q", "https://a.example"),
        ("https://a.example/?user@host", "https://a.example"),
    ] {
        assert_eq!(origin(address), Some(expected), "{address}");
        assert_eq!(origin(expected), Some(expected));
    }
}

/// Each of them some reader takes for another host than it seems to name.
#[test]
fn tricks_have_no_origin() {
    for address in [
        "",
        "login.eveonline.com",
        "//login.eveonline.com/",
        "/v2/oauth/token",
        "https:",
        "https:login.eveonline.com",
        "https:/login.eveonline.com",
        "https:///login.eveonline.com",
        "https://",
        "https://?a",
        "https://#a",
        "ftp://login.eveonline.com",
        "file:///etc/hosts",
        "javascript:alert(1)",
        "data:text/html,x",
        "blob:https://login.eveonline.com/x",
        " https://login.eveonline.com",
        "https://login.eveonline.com@evil.example/",
        "https://user:password@login.eveonline.com/",
        "https://@login.eveonline.com/",
        "https://evil.example\\@login.eveonline.com/",
        "https://login.eveonline.com\\.evil.example/",
        "https://login.eveonline.com/\\evil",
        "https://login.eveonline.com /",
        "https://login.eveonline.com/a b",
        "https://login.eve\tonline.com/",
        "https://login.eveonline.com/\n",
        "https://login.eveonline.com/\r",
        "https://login.eveonline.com/\0",
        "https://login.eveonline.com\u{a0}/",
        "https://login.eveonline.com/\u{2028}",
    ] {
        assert_eq!(origin(address), None, "{address:?}");
        assert!(!is_secure(address), "{address:?}");
    }
}

#[test]
fn https_and_this_machine_are_secure() {
    for address in [
        "https://login.eveonline.com/v2/oauth/token",
        "https://localhost",
        "http://localhost",
        "http://localhost:8080/callback",
        "http://127.0.0.1/callback",
        "http://127.0.0.1:9?x",
        "http://[::1]",
        "http://[::1]:8080/callback",
    ] {
        assert!(is_secure(address), "{address}");
    }
}

#[test]
fn http_elsewhere_is_not() {
    for address in [
        "http://login.eveonline.com/v2/oauth/token",
        "http://localhost.evil.example/",
        "http://localhostx/",
        "http://xlocalhost/",
        "http://127.0.0.1.evil.example/",
        "http://127.0.0.10/",
        "http://0.0.0.0/",
        "http://10.0.0.1/",
        "http://[::2]/",
        "http://[::1].evil.example/",
        "http://[::1]evil.example/",
        "http://[::1/",
        "http://::1/",
        "http://:80/",
    ] {
        assert!(!is_secure(address), "{address}");
    }
}

#[test]
fn an_issuer_is_known_with_and_without_its_scheme() {
    for issuer in [
        "https://login.eveonline.com",
        "https://login.eveonline.com/",
        "http://login.eveonline.com",
        "login.eveonline.com",
        "login.eveonline.com/",
    ] {
        assert_eq!(without_scheme(issuer), "login.eveonline.com");
    }
    assert_eq!(without_scheme("https://a.example/b/"), "a.example/b");
    assert_ne!(without_scheme("https://a.example//"), "a.example");
}

#[test]
fn a_query_is_added_to_whatever_is_there() {
    let fields = [("a", "1"), ("b", NASTY), (NASTY, "")];
    for (address, start) in [
        ("https://a.example/x", "https://a.example/x?a=1&b="),
        ("https://a.example/x?y=z", "https://a.example/x?y=z&a=1&b="),
    ] {
        let made = with_query(address, &fields);
        assert!(made.starts_with(start), "{made}");
        let read = query(&made);
        assert!(read.ends_with(&pairs(&fields)), "{made}");
    }
    assert_eq!(
        with_query("https://a.example/", &[("q", "a b+c")]),
        "https://a.example/?q=a%20b%2Bc"
    );
}

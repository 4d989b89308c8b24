//! Server metadata: an accepted document names no address that a token must not be sent to.

use esi_security::oauth::authorization_request::{self, Grant};
use esi_security::oauth::client::Client;
use esi_security::oauth::metadata::{EVE_URL, Metadata};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::json;
use crate::runner::{Reached, for_all};
use crate::text::{edited, piece, text};

fn eve() -> Value {
    serde_json::to_value(Metadata::eve()).unwrap()
}

/// Read by hand, apart from the library's own reader: `https`, or `http` to this very machine, and
/// nothing in it that two readers could take for different hosts.
fn assert_safe(address: &str) {
    let (scheme, rest) = address.split_once("://").unwrap();
    assert!(
        !rest.chars().any(|c| c.is_control() || c.is_whitespace()),
        "{address:?}"
    );
    assert!(!rest.contains(['\\', '#']), "{address:?}");
    let authority = rest.split(['/', '?']).next().unwrap();
    assert!(
        !authority.is_empty() && !authority.contains('@'),
        "{address:?}"
    );
    let loopback = ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .any(|host| authority == *host || authority.starts_with(&format!("{host}:")));
    assert!(
        scheme == "https" || scheme == "http" && loopback,
        "{address:?}"
    );
}

fn assert_sound(metadata: Metadata) {
    assert_safe(&metadata.authorization_endpoint);
    assert_safe(&metadata.token_endpoint);
    let optional = [&metadata.revocation_endpoint, &metadata.jwks_uri];
    for address in optional.into_iter().flatten() {
        assert_safe(address);
    }
    assert!(!metadata.issuer.is_empty());

    let client = Client {
        id: "client id&x=1".into(),
        redirect_uri: "https://app.example/?a#b".into(),
        secret: None,
    };
    let address =
        authorization_request::address(&metadata, &client, Grant::Code, &[], "state#&?", &[]);
    assert_safe(&address);
    assert!(address.starts_with(&metadata.authorization_endpoint));

    let written = serde_json::to_string(&metadata).unwrap();
    assert_eq!(
        Metadata::from_json(&written).and_then(Metadata::check),
        Ok(metadata)
    );
}

pub(crate) fn no_text_is_metadata_by_accident(cases: u32) {
    let read = Reached::default();
    let documents = prop_oneof![
        3 => edited(Just(eve().to_string())),
        1 => json::value(),
        1 => text(),
    ];
    let sources = prop_oneof![
        Just(EVE_URL.to_owned()),
        edited(Just(EVE_URL.to_owned())),
        text()
    ];
    for_all(cases, &(documents, sources), |(document, source)| {
        let metadata = Metadata::parse(&document, &source);
        read.count(metadata.is_ok());
        if let Ok(metadata) = metadata {
            assert_sound(metadata);
        }
    });
    read.some_of(cases);
}

const MEMBERS: &[&str] = &[
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "revocation_endpoint",
    "jwks_uri",
    "token_endpoint_auth_methods_supported",
    "authorization_response_iss_parameter_supported",
    "__proto__",
];

fn address() -> impl Strategy<Value = String> {
    let scheme = select(
        &[
            "https://",
            "http://",
            "HTTPS://",
            "https:",
            "https:/",
            "ftp://",
            "javascript:",
            "//",
            "",
        ][..],
    );
    let host = select(
        &[
            "localhost",
            "127.0.0.1",
            "[::1]",
            "login.eveonline.com",
            "localhost.example",
            "127.0.0.1.example",
            "user@localhost",
            "localhost@attacker.example",
            "[::1].example",
            "0.0.0.0",
            "LOCALHOST",
            "",
        ][..],
    );
    let port = select(&["", "", ":", ":80", ":pw@attacker.example", ":99999999"][..]);
    (scheme, host, port, vec(piece(), 0..4))
        .prop_map(|(scheme, host, port, path)| format!("{scheme}{host}{port}/{}", path.concat()))
}

pub(crate) fn accepted_metadata_has_safe_addresses(cases: u32) {
    let read = Reached::default();
    let address = prop_oneof![
        address(),
        edited(Just("https://login.eveonline.com/v2/oauth/token".into())),
    ];
    let value = prop_oneof![
        8 => address.prop_map(|address| Value::from(address).to_string()),
        1 => Just(json!(["client_secret_post", "none"]).to_string()),
        1 => json::value(),
    ];
    let documents = json::changed(json::members(&eve()), MEMBERS, value.boxed());
    for_all(cases, &documents, |members| {
        let document = json::object(&members);
        let checked = Metadata::from_json(&document).and_then(Metadata::check);
        read.count(checked.is_ok());
        let from_eve = Metadata::parse(&document, EVE_URL);
        if let Ok(metadata) = &from_eve {
            let bare = metadata.issuer.rsplit("://").next().unwrap();
            assert_eq!(bare.trim_end_matches('/'), "login.eveonline.com");
            assert_eq!(checked.as_ref(), Ok(metadata));
        }
        if let Ok(metadata) = checked {
            assert_sound(metadata);
        }
    });
    read.some_of(cases);
}

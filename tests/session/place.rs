//! The names of records in storage.

use std::collections::HashMap;

use esi_security::session::place::Place;

/// Strings that could run into each other where they are joined.
const NASTY: &[&str] = &[
    "a",
    "b",
    "a/b",
    "b/a",
    "/",
    "//",
    "%2F",
    "%2f",
    "%252F",
    "+",
    " ",
    "%20",
    "a b",
    "a+b",
    "..",
    "session",
    "logins",
    "\0",
    "é",
    "漢🚀",
    "A",
    "\"",
    "\\",
    "undefined",
    "null",
    "https://login.eveonline.com",
    "?#&=",
];

const SERVERS: &[&str] = &[
    "https://login.eveonline.com",
    "https://sisilogin.testeveonline.com",
    "https://login.evepc.163.com",
    // Two servers of one origin.
    "https://id.example/one/.well-known/openid-configuration",
    "https://id.example/two/.well-known/openid-configuration",
    "http://localhost:1",
    "http://localhost:11",
    "https://localhost:1",
    // No addresses at all: still places of their own.
    "login.eveonline.com",
    "https://a@b/",
    "",
];

#[test]
fn no_two_sessions_and_logins_share_a_key() {
    let mut seen = HashMap::new();
    for server in SERVERS {
        for client in NASTY {
            let place = Place::new(client, server);
            let mut keys = vec![
                (place.session(None), None),
                (place.logins(), Some("logins of")),
            ];
            keys.extend(
                NASTY
                    .iter()
                    .map(|who| (place.session(Some(who)), Some(*who))),
            );
            for (key, who) in keys {
                let whose = (*client, *server, who);
                if let Some(other) = seen.insert(key.clone(), whose) {
                    panic!("{whose:?} and {other:?} share {key}");
                }
            }
        }
    }
    assert_eq!(seen.len(), SERVERS.len() * NASTY.len() * (NASTY.len() + 2));
    let aside: Vec<_> = seen.keys().map(|key| Place::damaged(key)).collect();
    for key in aside {
        assert!(!seen.contains_key(&key), "{key}");
    }
    let documents = NASTY
        .iter()
        .chain(SERVERS)
        .map(|address| Place::document(address));
    for key in documents {
        assert!(!seen.contains_key(&key), "{key}");
    }
}

/// A later format gets another number, and leaves these records alone.
#[test]
fn every_key_names_the_library_and_the_version() {
    let place = Place::new("client", "https://login.eveonline.com");
    for key in [
        place.session(None),
        place.session(Some("me")),
        Place::damaged(&place.session(Some("me"))),
        place.logins(),
        Place::document("https://login.eveonline.com/oauth/jwks"),
    ] {
        assert!(key.starts_with("esi-security/1/"), "{key}");
    }
}

#[test]
fn each_document_has_its_own_key() {
    assert_ne!(
        Place::document("https://a.example/keys"),
        Place::document("https://a.example/keys?v=2")
    );
}

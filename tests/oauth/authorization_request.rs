//! The address that the pilot is sent to (RFC 6749 section 4.1.1, RFC 7636 section 4.3).

use esi_security::Phase;
use esi_security::oauth::authorization_request::{Grant, address, check_extra};
use esi_security::oauth::client::Client;
use esi_security::oauth::metadata::Metadata;
use esi_security::oauth::pkce::CodeVerifier;

use crate::support::{
    NASTY, REDIRECT, SECRET, confidential_client, pairs, public_client, query, scopes,
};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn verifier() -> CodeVerifier {
    CodeVerifier::from_text(VERIFIER, Phase::Login).unwrap()
}

fn sorted(mut fields: Vec<(String, String)>) -> Vec<(String, String)> {
    fields.sort();
    fields
}

#[test]
fn a_public_client_asks_for_a_code_with_a_challenge() {
    let verifier = verifier();
    let made = address(
        &Metadata::eve(),
        &public_client(),
        Grant::CodeWithPkce(&verifier),
        &scopes(&["esi-location.read_location.v1", "publicData"]),
        "the-state",
        &[],
    );
    assert!(
        made.starts_with("https://login.eveonline.com/v2/oauth/authorize?"),
        "{made}"
    );
    assert_eq!(
        sorted(query(&made)),
        pairs(&[
            ("client_id", "client-id"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("scope", "esi-location.read_location.v1 publicData"),
            ("state", "the-state"),
        ])
    );
    assert!(!made.contains(VERIFIER), "the verifier must stay here");
}

#[test]
fn a_client_with_a_secret_and_the_implicit_grant_send_no_challenge() {
    for (grant, response_type) in [(Grant::Code, "code"), (Grant::Implicit, "token")] {
        let client = confidential_client(SECRET);
        let made = address(&Metadata::eve(), &client, grant, &[], "the-state", &[]);
        assert_eq!(
            sorted(query(&made)),
            pairs(&[
                ("client_id", "client-id"),
                ("redirect_uri", REDIRECT),
                ("response_type", response_type),
                ("state", "the-state"),
            ])
        );
    }
}

#[test]
fn every_parameter_is_encoded_once() {
    let client = Client {
        id: NASTY.into(),
        redirect_uri: format!("https://app.example/{NASTY}"),
        secret: None,
    };
    // What no scope may hold is refused before; the encoding must not lean on that.
    let names = scopes(&[NASTY, "second+scope", "third&scope=1"]);
    let verifier = verifier();
    let made = address(
        &Metadata::eve(),
        &client,
        Grant::CodeWithPkce(&verifier),
        &names,
        NASTY,
        &[],
    );
    assert!(made.is_ascii());
    assert!(!made.contains(['+', ' ', '#']), "{made}");
    assert!(made.contains("%20"));
    assert_eq!(
        sorted(query(&made)),
        pairs(&[
            ("client_id", NASTY),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("redirect_uri", &format!("https://app.example/{NASTY}")),
            ("response_type", "code"),
            ("scope", &names.join(" ")),
            ("state", NASTY),
        ])
    );
}

/// RFC 6749 section 3.1: it must be kept.
#[test]
fn an_endpoints_own_query_stays() {
    let metadata = Metadata {
        authorization_endpoint: "https://sso.example/authorize?device=a%20b".into(),
        ..Metadata::eve()
    };
    let made = address(
        &metadata,
        &public_client(),
        Grant::Code,
        &[],
        "the-state",
        &[],
    );
    assert!(
        made.starts_with("https://sso.example/authorize?device=a%20b&response_type=code&"),
        "{made}"
    );
    assert_eq!(made.matches('?').count(), 1);
    assert!(query(&made).contains(&("state".into(), "the-state".into())));
}

#[test]
fn further_parameters_stand_behind_the_librarys_own() {
    let extra = pairs(&[
        ("nonce", "n&1"),
        ("resource", "https://api.example/a b"),
        ("resource", "https://api.example/c"),
        ("device_id", ""),
        ("State", "another"),
    ]);
    assert_eq!(check_extra(&extra), Ok(()));
    let made = |extra: &[(String, String)]| {
        let (metadata, client) = (Metadata::eve(), public_client());
        address(&metadata, &client, Grant::Code, &[], "the-state", extra)
    };
    let (without, with) = (made(&[]), made(&extra));
    let added = with.strip_prefix(&without).unwrap();
    assert_eq!(
        added,
        "&nonce=n%261&resource=https%3A%2F%2Fapi.example%2Fa%20b&resource=https%3A%2F%2Fapi.example%2Fc&device_id=&State=another"
    );
    assert!(query(&with).ends_with(&extra));
}

/// What the library sets cannot be set twice (RFC 6749 section 3.1), and nothing may take its place.
#[test]
fn a_parameter_of_the_librarys_own_is_refused_by_name() {
    let verifier = verifier();
    let own = address(
        &Metadata::eve(),
        &public_client(),
        Grant::CodeWithPkce(&verifier),
        &scopes(&["publicData"]),
        "the-state",
        &[],
    );
    let own = query(&own).into_iter().map(|(name, _)| name);
    let others = [
        "request",
        "request_uri",
        "response_mode",
        "client_secret",
        "code_verifier",
        "",
    ];
    for name in own.chain(others.map(String::from)) {
        let extra = pairs(&[("prompt", "login"), (&name, "x")]);
        let error = check_extra(&extra).unwrap_err();
        assert_eq!(
            (error.code(), error.phase()),
            ("invalid_argument", Phase::Login)
        );
        let message = error.to_string();
        assert!(
            message.contains(&format!("`extraParams.{name}`")),
            "{message}"
        );
    }
}

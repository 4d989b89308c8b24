//! Token requests (RFC 6749 sections 4.1.3 and 6, RFC 7636 section 4.5).

use esi_security::Phase;
use esi_security::oauth::metadata::Metadata;
use esi_security::oauth::pkce::CodeVerifier;
use esi_security::oauth::secret::Secret;
use esi_security::oauth::token_request::{exchange, refresh};

use crate::support::{NASTY, confidential_client, form, pairs, public_client, scopes, server};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// The authorization request's, which may be another than the client has now.
const BEGUN_WITH: &str = "https://app.example/callback?a=b%20c";

#[test]
fn a_code_is_exchanged_with_its_verifier() {
    let verifier = CodeVerifier::from_text(VERIFIER, Phase::Token).unwrap();
    let code = Secret::new(NASTY);
    let request = exchange(
        &Metadata::eve(),
        &public_client(),
        BEGUN_WITH,
        &code,
        Some(&verifier),
    );
    assert_eq!(request.url, "https://login.eveonline.com/v2/oauth/token");
    assert!(request.headers.is_empty());
    let expected = [
        ("grant_type", "authorization_code"),
        ("code", NASTY),
        ("redirect_uri", BEGUN_WITH),
        ("code_verifier", VERIFIER),
        ("client_id", "client-id"),
    ];
    assert_eq!(form(&request), pairs(&expected));
}

#[test]
fn a_client_with_a_secret_sends_no_verifier() {
    let metadata = server(Some(&["client_secret_post"]));
    let code = Secret::new("code");
    let request = exchange(
        &metadata,
        &confidential_client("secret"),
        BEGUN_WITH,
        &code,
        None,
    );
    let expected = [
        ("grant_type", "authorization_code"),
        ("code", "code"),
        ("redirect_uri", BEGUN_WITH),
        ("client_id", "client-id"),
        ("client_secret", "secret"),
    ];
    assert_eq!(form(&request), pairs(&expected));
}

/// The form holds these fields and no other: above all no verifier.
#[test]
fn a_refresh_sends_the_refresh_token_alone() {
    let token = Secret::new("a+b/c==");
    let request = refresh(&Metadata::eve(), &public_client(), &token, &[]);
    assert_eq!(request.url, "https://login.eveonline.com/v2/oauth/token");
    let expected = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "a+b/c=="),
        ("client_id", "client-id"),
    ];
    assert_eq!(form(&request), pairs(&expected));
    let body = request.body().unwrap();
    assert!(body.contains("refresh_token=a%2Bb%2Fc%3D%3D&"), "{body}");
}

#[test]
fn scopes_are_joined_by_one_space_and_encoded_once() {
    let token = Secret::new("refresh");
    let names = scopes(&["esi-a.read.v1", "esi-b.read+write.v1"]);
    let request = refresh(&Metadata::eve(), &public_client(), &token, &names);
    let expected = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "refresh"),
        ("scope", "esi-a.read.v1 esi-b.read+write.v1"),
        ("client_id", "client-id"),
    ];
    assert_eq!(form(&request), pairs(&expected));
    let body = request.body().unwrap();
    assert!(
        body.contains("scope=esi-a.read.v1+esi-b.read%2Bwrite.v1&"),
        "{body}"
    );
}

//! Nothing that must not be seen is in any `Debug`.

use esi_security::Phase;
use esi_security::oauth::authorization_request::Grant;
use esi_security::oauth::authorization_response::AuthorizationResponse;
use esi_security::oauth::pkce::CodeVerifier;
use esi_security::oauth::revocation::{self, TokenTypeHint};
use esi_security::oauth::secret::Secret;
use esi_security::oauth::{token_request, token_response};

use crate::support::{SECRET, confidential_client, server};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

#[test]
fn a_secret_prints_as_redacted_and_exposes_itself_only_when_asked() {
    let secret = Secret::new(SECRET);
    assert_eq!(format!("{secret:?}"), "[redacted]");
    assert_eq!(format!("{secret:#?}"), "[redacted]");
    assert_eq!(secret.expose(), SECRET);
    assert_eq!(serde_json::to_value(&secret).unwrap(), SECRET);
}

#[test]
fn no_debug_shows_what_is_secret() {
    let verifier = CodeVerifier::from_text(VERIFIER, Phase::Login).unwrap();
    let client = confidential_client(SECRET);
    let token = Secret::new(SECRET);
    let (post, basic) = (server(Some(&["client_secret_post"])), server(None));
    let tokens = format!(
        r#"{{"access_token":"{SECRET}","token_type":"Bearer","expires_in":1,"refresh_token":"{SECRET}"}}"#
    );
    let unusable = format!(r#"{{"access_token":7,"refresh_token":"{SECRET}"}}"#);
    let fragment = format!("access_token={SECRET}&state=s");
    let printed = [
        format!("{verifier:?}"),
        format!("{:?}", Grant::CodeWithPkce(&verifier)),
        format!("{client:?}"),
        format!(
            "{:?}",
            token_request::exchange(&post, &client, "", &token, Some(&verifier))
        ),
        format!(
            "{:?}",
            token_request::exchange(&basic, &client, "", &token, Some(&verifier))
        ),
        format!("{:?}", token_request::refresh(&post, &client, &token, &[])),
        format!("{:?}", token_request::refresh(&basic, &client, &token, &[])),
        format!(
            "{:?}",
            revocation::request(&post, &client, &token, TokenTypeHint::AccessToken)
        ),
        format!("{:?}", token_response::parse(&tokens, Phase::Token)),
        format!("{:?}", token_response::parse(&unusable, Phase::Token)),
        format!("{:?}", token_response::parse_update(&tokens)),
        format!(
            "{:?}",
            AuthorizationResponse::parse(&format!("code={SECRET}&state=s"), "")
        ),
        format!("{:?}", AuthorizationResponse::parse("", &fragment)),
    ];
    // What is no secret is to be seen.
    let request = token_request::refresh(&post, &client, &token, &[]);
    let printed_request = format!("{request:?}");
    assert!(
        printed_request.contains(&request.url)
            && printed_request.contains("(\"refresh_token\", [redacted])"),
        "{printed_request}"
    );
    // The Basic header holds the secret encoded.
    let basic_header = token_request::refresh(&basic, &client, &token, &[]).headers[0]
        .1
        .expose()
        .to_owned();
    for text in printed {
        for secret in [
            SECRET,
            VERIFIER,
            "Zq8",
            &verifier.challenge()[..8],
            &basic_header,
        ] {
            assert!(!text.contains(secret), "{text} shows {secret}");
        }
    }
}

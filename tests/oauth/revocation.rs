//! Token revocation (RFC 7009).

use esi_security::ErrorKind;
use esi_security::oauth::metadata::Metadata;
use esi_security::oauth::revocation::{TokenTypeHint, request};
use esi_security::oauth::secret::Secret;

use crate::support::{NASTY, confidential_client, form, kind, pairs, public_client, server};

#[test]
fn the_token_is_sent_with_its_kind() {
    for (hint, name) in [
        (TokenTypeHint::RefreshToken, "refresh_token"),
        (TokenTypeHint::AccessToken, "access_token"),
    ] {
        assert_eq!(hint.as_str(), name);
        let token = Secret::new(NASTY);
        let request = request(&Metadata::eve(), &public_client(), &token, hint).unwrap();
        assert_eq!(request.url, "https://login.eveonline.com/v2/oauth/revoke");
        assert!(request.headers.is_empty());
        let expected = [
            ("token", NASTY),
            ("token_type_hint", name),
            ("client_id", "client-id"),
        ];
        assert_eq!(form(&request), pairs(&expected));
    }
}

#[test]
fn a_client_with_a_secret_proves_itself_here_too() {
    let hint = TokenTypeHint::RefreshToken;
    let token = Secret::new("refresh");
    let client = confidential_client("secret");
    let post = server(Some(&["client_secret_post"]));
    let expected = [
        ("token", "refresh"),
        ("token_type_hint", "refresh_token"),
        ("client_id", "client-id"),
        ("client_secret", "secret"),
    ];
    let sent = request(&post, &client, &token, hint).unwrap();
    assert_eq!(form(&sent), pairs(&expected));
    let basic = request(&server(None), &client, &token, hint).unwrap();
    assert_eq!(basic.headers.len(), 1);
}

#[test]
fn a_server_without_the_endpoint_cannot_revoke() {
    let metadata = Metadata {
        revocation_endpoint: None,
        ..Metadata::eve()
    };
    let token = Secret::new("refresh");
    let result = request(
        &metadata,
        &public_client(),
        &token,
        TokenTypeHint::RefreshToken,
    );
    assert!(
        matches!(kind(&result), Some(ErrorKind::InvalidMetadata { reason }) if reason.contains("revocation_endpoint")),
        "{result:?}"
    );
}

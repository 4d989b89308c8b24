//! How a client says who it is (RFC 6749 section 2.3.1).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use esi_security::oauth::client::Client;
use esi_security::oauth::http::Request;
use esi_security::oauth::metadata::Metadata;
use esi_security::oauth::secret::Secret;
use esi_security::oauth::token_request::refresh;

use crate::support::{NASTY, confidential_client, form, pairs, public_client, server};

fn request(client: &Client, metadata: &Metadata) -> Request {
    refresh(metadata, client, &Secret::new("refresh"), &[])
}

fn authorization(request: &Request) -> &str {
    let [(name, value)] = request.headers.as_slice() else {
        panic!("{} headers", request.headers.len());
    };
    assert_eq!(name, "Authorization");
    value.expose()
}

/// EVE lists no `none`; a public client works all the same, and needs no header that a browser would
/// ask leave for.
#[test]
fn a_public_client_sends_its_id_in_the_form_whatever_is_listed() {
    for methods in [
        None,
        Some(&["client_secret_basic", "client_secret_post"][..]),
        Some(&["none"]),
    ] {
        let request = request(&public_client(), &server(methods));
        assert!(request.headers.is_empty());
        let expected = [
            ("grant_type", "refresh_token"),
            ("refresh_token", "refresh"),
            ("client_id", "client-id"),
        ];
        assert_eq!(form(&request), pairs(&expected));
    }
}

#[test]
fn a_secret_goes_into_the_form_where_the_server_lists_that() {
    for methods in [
        &["client_secret_post"][..],
        &["client_secret_basic", "client_secret_post"],
    ] {
        let request = request(&confidential_client(NASTY), &server(Some(methods)));
        assert!(request.headers.is_empty());
        let expected = [
            ("grant_type", "refresh_token"),
            ("refresh_token", "refresh"),
            ("client_id", "client-id"),
            ("client_secret", NASTY),
        ];
        assert_eq!(form(&request), pairs(&expected));
    }
}

/// RFC 8414 section 2: a server that lists nothing takes Basic.
#[test]
fn else_it_goes_into_a_basic_header() {
    for methods in [None, Some(&[][..]), Some(&["client_secret_basic"])] {
        let request = request(&confidential_client("secret"), &server(methods));
        let expected = format!("Basic {}", STANDARD.encode("client-id:secret"));
        assert_eq!(authorization(&request), expected);
        let expected = [
            ("grant_type", "refresh_token"),
            ("refresh_token", "refresh"),
        ];
        assert_eq!(form(&request), pairs(&expected));
    }
}

/// Both halves are form-encoded before they are joined, so that a colon in one cannot move the
/// border.
#[test]
fn basic_encodes_both_halves() {
    let client = Client {
        id: "id:with +&%é".into(),
        ..confidential_client("pa:ss w+rd=/é")
    };
    let request = request(&client, &server(None));
    let encoded = authorization(&request).strip_prefix("Basic ").unwrap();
    let pair = String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap();
    assert_eq!(pair, "id%3Awith+%2B%26%25%C3%A9:pa%3Ass+w%2Brd%3D%2F%C3%A9");
}

/// What a server answers may repeat what it was sent, or what it has read in it.
#[test]
fn what_proves_the_client_is_not_repeated() {
    let secret = "pa:ss w+rd=/é";
    let client = confidential_client(secret);
    let post = request(&client, &server(Some(&["client_secret_post"])));
    let basic = request(&client, &server(None));
    let header = authorization(&basic);
    let credentials = header.strip_prefix("Basic ").unwrap();
    let alone = STANDARD.encode(secret);
    assert!(!header.contains(&alone));
    for (request, echoed) in [
        (&post, secret),
        (&basic, header),
        (&basic, credentials),
        (&basic, secret),
        (&basic, &alone),
    ] {
        assert_eq!(request.quote(&format!("sent: {echoed}.")), None, "{echoed}");
    }
    let harmless = "No client client-id.";
    assert_eq!(basic.quote(harmless).as_deref(), Some(harmless));
}

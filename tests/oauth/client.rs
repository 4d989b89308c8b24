//! How a client says who it is (RFC 6749 section 2.3.1).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use esi_security::oauth::client::Client;
use esi_security::oauth::http::Request;
use esi_security::oauth::metadata::Metadata;
use esi_security::oauth::secret::Secret;
use esi_security::oauth::token_request::refresh;

use crate::support::{
    NASTY, SECRET, confidential_client, form, pairs, public_client, redacted, server,
};

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

/// What a server answers may quote what it was sent.
#[test]
fn what_proves_the_client_is_redacted() {
    let client = confidential_client(SECRET);
    let post = request(&client, &server(Some(&["client_secret_post"])));
    assert_eq!(
        redacted(&post, &format!("sent: {SECRET}.")),
        "sent: [redacted]."
    );

    let basic = request(&client, &server(None));
    let header = authorization(&basic);
    let credentials = header.strip_prefix("Basic ").unwrap();
    for echoed in [header, credentials, &credentials.replace('=', "%3D")] {
        let text = redacted(&basic, &format!("sent: {echoed}."));
        assert!(!text.contains(&credentials[..20]), "{text}");
        assert!(
            text.starts_with("sent: ") && text.ends_with("[redacted]."),
            "{text}"
        );
    }
}

/// The rest of the longer one would stay, if the shorter went first.
#[test]
fn a_secret_that_another_begins_with_hides_none_of_it() {
    for (client_secret, refresh_token) in [
        ("a-long-secret", "a-long-secret-and-the-rest"),
        ("a-long-secret-and-the-rest", "a-long-secret"),
    ] {
        let client = confidential_client(client_secret);
        let token = Secret::new(refresh_token);
        for methods in [None, Some(&["client_secret_post"][..])] {
            let request = refresh(&server(methods), &client, &token, &[]);
            let text = format!("sent: {client_secret} {refresh_token}.");
            assert_eq!(redacted(&request, &text), "sent: [redacted] [redacted].");
        }
    }
}

/// A server that reads the header may quote what it has read.
#[test]
fn what_basic_holds_is_redacted_in_plain_too() {
    let secret = "pa:ss w+rd=/é";
    let request = request(&confidential_client(secret), &server(None));
    let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let percent = encoded.replace('+', "%20");
    let base64 = STANDARD.encode(secret);
    assert!(!authorization(&request).contains(&base64));
    for echoed in [secret, &encoded, &percent] {
        for (text, clean) in [
            (format!("bad: {echoed}!"), "bad: [redacted]!"),
            (
                format!("bad: client-id:{echoed}"),
                "bad: client-id:[redacted]",
            ),
        ] {
            assert_eq!(redacted(&request, &text), clean);
        }
    }
}

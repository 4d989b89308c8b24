//! A client, a server, and a strict reader of what was encoded.

use esi_security::oauth::client::Client;
use esi_security::oauth::http::{Request, Response};
use esi_security::oauth::metadata::Metadata;
use esi_security::oauth::secret::Secret;
use esi_security::{Error, ErrorKind};

pub(crate) const REDIRECT: &str = "https://app.example/callback";

/// What went wrong, if anything did.
pub(crate) fn kind<T>(result: &Result<T, Error>) -> Option<&ErrorKind> {
    result.as_ref().err().map(|error| &**error)
}

/// A string with everything in it that an encoder can get wrong.
pub(crate) const NASTY: &str = "a b+c&d=e#f%20/?:;,@\"'<>\\é漢🚀~_-.*";

/// Neither short nor found anywhere else by accident.
pub(crate) const SECRET: &str = "Zq8/xT+4vK==";

pub(crate) fn public_client() -> Client {
    Client {
        id: "client-id".into(),
        redirect_uri: REDIRECT.into(),
        secret: None,
    }
}

pub(crate) fn confidential_client(secret: &str) -> Client {
    Client {
        secret: Some(Secret::new(secret)),
        ..public_client()
    }
}

/// A server that lists these ways for a client to identify itself.
pub(crate) fn server(methods: Option<&[&str]>) -> Metadata {
    Metadata {
        token_endpoint_auth_methods_supported: methods
            .map(|methods| methods.iter().copied().map(String::from).collect()),
        ..Metadata::eve()
    }
}

pub(crate) fn scopes(names: &[&str]) -> Vec<String> {
    names.iter().copied().map(String::from).collect()
}

/// The fields of a form that is posted (RFC 6749 appendix B), in their order.
pub(crate) fn form(request: &Request) -> Vec<(String, String)> {
    read(&request.body().unwrap(), true)
}

/// The fields of an address's query. A `+` in it would be a space to some servers and a plus to
/// others, so there must be none.
pub(crate) fn query(address: &str) -> Vec<(String, String)> {
    let (_, query) = address.split_once('?').unwrap();
    read(query, false)
}

fn read(encoded: &str, plus_is_space: bool) -> Vec<(String, String)> {
    let decode = |text: &str| decode(text, plus_is_space);
    encoded
        .split('&')
        .map(|field| field.split_once('=').expect("each field has a value"))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

/// Accepts nothing but what RFC 3986 section 2.3 leaves unencoded, `%XX`, `*`, and `+` in a form.
fn decode(text: &str, plus_is_space: bool) -> String {
    let mut bytes = text.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            b'+' if plus_is_space => b' ',
            b'-' | b'.' | b'_' | b'~' | b'*' => byte,
            byte if byte.is_ascii_alphanumeric() => byte,
            byte => panic!("{:?} is not encoded in {text:?}", char::from(byte)),
        });
    }
    String::from_utf8(decoded).unwrap()
}

pub(crate) fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect()
}

pub(crate) fn answer(status: u16, body: &str) -> Response {
    Response {
        age: 0,
        status,
        retry_after: None,
        body: body.into(),
    }
}

//! Requests and responses as values.

use esi_security::oauth::http::Request;
use esi_security::oauth::secret::Secret;

use crate::support::{NASTY, answer, form, pairs};

#[test]
fn a_get_has_no_body() {
    let request = Request::get("https://sso.example/keys");
    assert_eq!(request.url, "https://sso.example/keys");
    assert!(request.form.is_none());
    assert_eq!(request.body(), None);
}

#[test]
fn a_form_is_encoded_as_the_standard_says() {
    let fields = vec![("one", Secret::new(NASTY)), ("two", Secret::new(""))];
    let request = Request::post("https://sso.example/token", fields);
    assert!(request.body().unwrap().is_ascii());
    assert_eq!(form(&request), pairs(&[("one", NASTY), ("two", "")]));
}

#[test]
fn two_hundred_to_two_hundred_and_ninety_nine_is_ok() {
    for (status, ok) in [
        (0, false),
        (199, false),
        (200, true),
        (204, true),
        (299, true),
        (300, false),
        (400, false),
        (500, false),
    ] {
        assert_eq!(answer(status, "").ok(), ok, "{status}");
    }
}

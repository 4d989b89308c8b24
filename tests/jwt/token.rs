//! The compact form (RFC 7515 section 7.1): everything that is not exactly a signed JWT.

use std::iter;

use esi_security::ErrorKind;
use esi_security::jwt::{SignatureAlgorithm, SignatureCheck, UnverifiedClaims};
use serde_json::json;

use crate::support::{
    NOW, RS256, base64url, claims, keys, sign_rs256, signing_input, token, token_of,
    token_with_header, verify,
};

/// Refused with that reason, also where nobody asks for the signature.
#[track_caller]
fn assert_malformed(token: &str, reason: &'static str) {
    assert_eq!(
        verify(token),
        Err(ErrorKind::TokenMalformed { reason }.into())
    );
    assert_eq!(
        UnverifiedClaims::decode(token),
        Err(ErrorKind::TokenMalformed { reason }.into())
    );
}

/// The same bytes to a careless decoder: only bits that stand for nothing differ.
fn with_a_bit_left_over(text: &str) -> String {
    let (head, last) = text.split_at(text.len() - 1);
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let next = alphabet.find(last).unwrap() + 1;
    format!("{head}{}", &alphabet[next..=next])
}

fn payload() -> String {
    claims(&json!({})).to_string()
}

#[test]
fn three_parts_make_a_token() {
    let token = token(&json!({}));
    assert!(verify(&token).is_ok());
    let (input, _) = token.rsplit_once('.').unwrap();
    let reason = "it has not three parts";
    for text in [
        "",
        "token",
        ".",
        input,
        &format!("{token}."),
        &format!("{token}.e30"),
        &"a.".repeat(10),
    ] {
        assert_malformed(text, reason);
    }
}

#[test]
fn only_canonical_base64url_is_read() {
    let token = token(&json!({}));
    let reason = "a part is not base64url";
    for text in [
        format!("{token}="),
        format!("{token}=="),
        format!("{token}\n"),
        format!(" {token}"),
        format!("Bearer {token}"),
        format!("{token}é"),
        format!("{token}AAA"),
        token.replacen('.', "=.", 1),
    ] {
        assert_malformed(&text, reason);
    }
    // 256 bytes end in a character of which two bits count: the others must be zero.
    assert_malformed(&with_a_bit_left_over(&token), reason);

    // The same within what is signed, and signed like that.
    for payload in ["e31", "e30=", "e3 0", "+/+/"] {
        assert_malformed(
            &sign_rs256(&format!("{}.{payload}", base64url(RS256))),
            reason,
        );
    }
    for header in [
        format!("{}=", base64url(RS256)),
        with_a_bit_left_over(&base64url(RS256)),
    ] {
        assert_malformed(
            &sign_rs256(&format!("{header}.{}", base64url(payload()))),
            reason,
        );
    }
}

#[test]
fn a_header_is_an_object_with_unique_members() {
    let reason = "its header cannot be used";
    for header in [
        "",
        "5",
        "null",
        "[]",
        "{}",
        "{",
        r#"{"kid":"JWT-Signature-Key"}"#,
        r#"{"alg":null,"kid":"JWT-Signature-Key"}"#,
        r#"{"alg":["RS256"],"kid":"JWT-Signature-Key"}"#,
        r#"{"alg":"RS256","kid":5}"#,
        r#"{"alg":"RS256","typ":5}"#,
        r#"{"alg":"RS256","alg":"RS256"}"#,
        r#"{"alg":"RS256","alg":"none"}"#,
        r#"{"alg":"RS256","kid":"JWT-Signature-Key","kid":"JWT-Signature-Key"}"#,
        r#"{"alg":"RS256","kid":"JWT-Signature-Key","odd":1,"odd":2}"#,
        r#"{"alg":"RS256","kid":"JWT-Signature-Key"} "x""#,
        // A JWT in a JWT is another kind of token (RFC 7519 section 5.2).
        r#"{"alg":"RS256","kid":"JWT-Signature-Key","cty":"JWT"}"#,
    ] {
        assert_malformed(&sign_rs256(&signing_input(header, &payload())), reason);
    }
    let deep = format!(
        r#"{{"alg":"RS256","odd":{}{}}}"#,
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    assert_malformed(&sign_rs256(&signing_input(&deep, &payload())), reason);
}

#[test]
fn critical_extensions_are_refused() {
    for crit in [json!(["exp"]), json!(["b64"]), json!([]), json!(null)] {
        let header = json!({ "alg": "RS256", "crit": crit, "exp": NOW, "b64": false });
        assert_malformed(&token_with_header(&header), "its header has crit");
    }
}

#[test]
fn other_kinds_of_jwt_are_refused() {
    for kind in ["dpop+jwt", "logout+jwt", "secevent+jwt", "JOSE", "", "jwt "] {
        let header = json!({ "alg": "RS256", "typ": kind });
        assert_malformed(
            &token_with_header(&header),
            "its typ is not an access token's",
        );
    }
    for kind in [
        "JWT",
        "jwt",
        "at+jwt",
        "AT+JWT",
        "application/jwt",
        "application/at+jwt",
    ] {
        assert!(
            verify(&token_with_header(&json!({ "alg": "RS256", "typ": kind }))).is_ok(),
            "{kind}"
        );
    }
    assert!(verify(&token_with_header(&json!({ "alg": "RS256" }))).is_ok());
}

/// Comparing them takes time that grows with the square of how many there are.
#[test]
fn header_and_claims_have_256_members_at_most() {
    let members = |first: &str, count: usize| {
        let odd = (1..count).map(|number| format!(r#""odd {number}":0"#));
        let all: Vec<String> = iter::once(first.to_owned()).chain(odd).collect();
        format!("{{{}}}", all.join(","))
    };
    let claims = |count| token_of(&members(r#""iss":"x""#, count));
    let header = |count| signing_input(&members(r#""alg":"RS256""#, count), &payload());
    assert!(UnverifiedClaims::decode(&claims(256)).is_ok());
    assert!(UnverifiedClaims::decode(&sign_rs256(&header(256))).is_ok());
    assert_malformed(
        &claims(257),
        "its claims are no JSON object with unique members",
    );
    assert_malformed(&sign_rs256(&header(257)), "its header cannot be used");
}

#[test]
fn claims_are_an_object_with_unique_members() {
    let reason = "its claims are no JSON object with unique members";
    for payload in [
        "",
        "null",
        "5",
        "[]",
        r#""text""#,
        "{",
        "{} {}",
        "\u{feff}{}",
        r#"{"sub":"CHARACTER:EVE:1","sub":"CHARACTER:EVE:2"}"#,
        r#"{"sub":"CHARACTER:EVE:1","s\u0075b":"CHARACTER:EVE:1"}"#,
        r#"{"exp":1,"exp":2}"#,
        r#"{"odd":1,"odd":1}"#,
        r#"{"odd":1e999}"#,
        r#"{"name":"\ud800"}"#,
    ] {
        assert_malformed(&token_of(payload), reason);
    }
    for depth in [200, 100_000] {
        let deep = format!(r#"{{"odd":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
        assert_malformed(&token_of(&deep), reason);
    }
    let binary = format!("{}.{}", base64url(RS256), base64url([0xff, 0xfe, 0x00]));
    assert_malformed(&sign_rs256(&binary), "its claims are no text");
}

#[test]
fn a_token_of_more_than_a_mebibyte_is_not_looked_at() {
    assert_malformed(&"a".repeat((1 << 20) + 1), "it is longer than 1 MiB");
    assert_malformed(&"a".repeat(1 << 20), "it has not three parts");
    let text = json!({ "odd": "x".repeat(700_000) });
    assert!(verify(&token(&text)).is_ok());
}

#[test]
fn nothing_prints_the_token() {
    let token = token(&json!({}));
    let check = SignatureCheck::prepare(&token, keys(), &SignatureAlgorithm::ALL, "").unwrap();
    let printed = format!("{check:?} {:?}", check.verdict(true));
    assert!(printed.contains("Rs256") && printed.contains("valid: true"));
    for part in token.split('.') {
        assert!(!printed.contains(&part[..16]), "{printed}");
    }
    assert!(printed.len() < 200, "{printed}");
}

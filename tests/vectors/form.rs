//! The compact form (RFC 7515 sections 2 and 7.1): what is not exactly it.

use serde_json::json;

use crate::token::{
    base64url, claims, header, input, join, payload, signed, with_header, with_payload,
};
use crate::vector::{Part, Vector};

pub(crate) const PARTS: &[Part] = &[parts, cut, base64, around, size];

fn malformed(name: impl Into<String>, token: impl Into<String>) -> Vector {
    Vector::bad("token_malformed", name, token)
}

fn token() -> String {
    with_header(&json!({}))
}

fn parts() -> Vec<Vector> {
    let token = token();
    let parts: Vec<&str> = token.split('.').collect();
    let [head, payload, signature] = parts[..] else {
        unreachable!()
    };
    let flattened = json!({ "protected": head, "payload": payload, "signature": signature });
    let general = json!({ "payload": payload, "signatures": [{ "protected": head, "signature": signature }] });
    vec![
        malformed("nothing", ""),
        malformed("one word", "token"),
        malformed("one dot", "."),
        malformed("two dots", ".."),
        malformed("four dots", "...."),
        malformed("the header alone", head),
        malformed(
            "no signature and no dot for it",
            format!("{head}.{payload}"),
        ),
        Vector::bad(
            "signature_invalid",
            "no signature",
            format!("{head}.{payload}."),
        ),
        malformed("no header", format!(".{payload}.{signature}")),
        malformed("no payload", signed(&format!("{head}."))),
        Vector::bad(
            "signature_invalid",
            "a detached payload",
            format!("{head}..{signature}"),
        ),
        malformed("a dot more", format!("{token}.")),
        malformed("a dot before", format!(".{token}")),
        malformed("four parts", format!("{token}.{signature}")),
        malformed("five parts", format!("{token}.{signature}.{signature}")),
        malformed(
            "five parts, three of them empty",
            format!("{head}....{signature}"),
        ),
        malformed("a thousand parts", ["e30"; 1000].join(".")),
        malformed(
            "header and payload changed places",
            signed(&format!("{payload}.{head}")),
        ),
        malformed("flattened JSON", flattened.to_string()),
        malformed("general JSON", general.to_string()),
        malformed("two tokens", format!("{token}{token}")),
    ]
}

/// The end is missing, from one character to nearly all.
fn cut() -> Vec<Vector> {
    let token = token();
    let cut = |missing: usize| token[..token.len() - missing].to_owned();
    let signature = token.len() - token.rfind('.').unwrap() - 1;
    let mut vectors = vec![
        // 85 characters are no whole number of bytes, 84 are 63 bytes.
        malformed("without the last character", cut(1)),
        Vector::bad(
            "signature_invalid",
            "without the last two characters",
            cut(2),
        ),
        malformed("without the last five characters", cut(5)),
        Vector::bad(
            "signature_invalid",
            "with half of the signature",
            cut(signature - 44),
        ),
        Vector::bad(
            "signature_invalid",
            "with four characters of the signature",
            cut(signature - 4),
        ),
        malformed("with one character of the signature", cut(signature - 1)),
    ];
    let before = token.len() - signature - 1;
    for percent in [1, 10, 25, 40, 60, 75, 90, 100] {
        vectors.push(malformed(
            format!("cut after {percent} percent of what was signed"),
            &token[..before * percent / 100],
        ));
    }
    vectors
}

/// The same bytes to a careless decoder: only bits that stand for nothing differ.
fn with_a_bit_left_over(text: &str) -> String {
    assert_ne!(text.len() % 4, 0, "then no bit is left over");
    let (rest, last) = text.split_at(text.len() - 1);
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let next = alphabet.find(last).unwrap() + 1;
    format!("{rest}{}", &alphabet[next..=next])
}

/// Some text of which some bits are left over.
fn uneven(text: &str) -> String {
    (0..3)
        .map(|spaces| base64url(format!("{text}{}", " ".repeat(spaces))))
        .find(|text| text.len() % 4 != 0)
        .unwrap()
}

fn base64() -> Vec<Vector> {
    let token = token();
    let (signing_input, signature) = token.rsplit_once('.').unwrap();
    let head = base64url(header().to_string());
    let claims = base64url(payload());
    let (uneven_head, uneven_claims) = (uneven(&header().to_string()), uneven(&payload()));
    let pads = |text: &str| "=".repeat((4 - text.len() % 4) % 4);
    let with =
        |name: &str, head: &str, claims: &str| malformed(name, signed(&format!("{head}.{claims}")));
    let mut vectors = vec![
        malformed("a padded signature", format!("{token}==")),
        malformed("a signature with half of its padding", format!("{token}=")),
        malformed("a signature padded by two dots", format!("{token}..")),
        malformed(
            "a signature with a percent-encoded pad",
            format!("{token}%3D%3D"),
        ),
        malformed(
            "bits left over in the signature",
            with_a_bit_left_over(&token),
        ),
        malformed("three letters after the signature", format!("{token}AAA")),
        Vector::bad(
            "signature_invalid",
            "four letters before the signature",
            format!("{signing_input}.AAAA{signature}"),
        ),
        with(
            "a padded header",
            &format!("{uneven_head}{}", pads(&uneven_head)),
            &claims,
        ),
        with(
            "a padded payload",
            &head,
            &format!("{uneven_claims}{}", pads(&uneven_claims)),
        ),
        with(
            "bits left over in the header",
            &with_a_bit_left_over(&uneven_head),
            &claims,
        ),
        with(
            "bits left over in the payload",
            &head,
            &with_a_bit_left_over(&uneven_claims),
        ),
        with(
            "a header that is not encoded",
            &header().to_string(),
            &claims,
        ),
        with("a payload that is not encoded", &head, &payload()),
        with("a payload encoded twice", &head, &base64url(&claims)),
        with("a payload in hexadecimal", &head, "7b7d"),
    ];
    // With an emoji and its neighbours, the letters that differ between the alphabets appear.
    let classic = |text: &str| text.replace('-', "+").replace('_', "/");
    let special = base64url(json!({ "name": "???>>>~~~\u{1F680}" }).to_string());
    assert_ne!(classic(&special), special);
    vectors.push(with(
        "base64 for base64url in the payload",
        &head,
        &classic(&special),
    ));
    let (input, signature) = (0..)
        .find_map(|jti| {
            let claims = crate::token::claims(&json!({ "jti": jti.to_string() }));
            let input = input(header().to_string(), claims.to_string());
            let signature = base64url(crate::ecdsa::p256(&input));
            (classic(&signature) != signature).then_some((input, signature))
        })
        .unwrap();
    vectors.push(Vector::good(
        "a signature with letters of base64url",
        format!("{input}.{signature}"),
    ));
    vectors.push(malformed(
        "base64 for base64url in the signature",
        format!("{input}.{}", classic(&signature)),
    ));
    for (name, letter) in [
        ("a space", " "),
        ("a line feed", "\n"),
        ("a tab", "\t"),
        ("a NUL", "\0"),
        ("a comma", ","),
        ("an asterisk", "*"),
        ("a letter of two bytes", "é"),
        ("a zero-width space", "\u{200b}"),
        ("a fullwidth A", "Ａ"),
    ] {
        vectors.push(with(
            &format!("{name} within the payload"),
            &head,
            &format!("{}{letter}{}", &claims[..8], &claims[8..]),
        ));
    }
    vectors
}

/// A token with something around it.
fn around() -> Vec<Vector> {
    let token = token();
    let forms = [
        ("a space before", format!(" {token}")),
        ("a space after", format!("{token} ")),
        ("a line feed after", format!("{token}\n")),
        ("a carriage return before", format!("\r{token}")),
        ("a NUL after", format!("{token}\0")),
        ("a byte order mark before", format!("\u{feff}{token}")),
        ("the scheme before", format!("Bearer {token}")),
        ("quotes around", format!("\"{token}\"")),
        ("angle brackets around", format!("<{token}>")),
        ("a name before", format!("access_token={token}")),
        ("a line break every 64 letters", {
            let letters: Vec<char> = token.chars().collect();
            let lines: Vec<String> = letters
                .chunks(64)
                .map(|line| line.iter().collect())
                .collect();
            lines.join("\r\n")
        }),
        ("percent-encoded dots", token.replace('.', "%2E")),
        ("other dots", token.replace('.', "。")),
    ];
    forms.map(|(name, token)| malformed(name, token)).into()
}

/// A token of exactly this length.
fn long(length: usize) -> String {
    let encoded = |bytes: usize| (bytes * 4).div_ceil(3);
    let (header, empty) = (
        header().to_string(),
        claims(&json!({ "odd": "" })).to_string(),
    );
    let fixed = encoded(64) + 2;
    // No number of letters gives every length; with some spaces in the header one does.
    let (spaces, letters) = (0..3)
        .find_map(|spaces| {
            let payload = length - fixed - encoded(header.len() + spaces);
            let bytes = payload * 3 / 4;
            (encoded(bytes) == payload).then(|| (spaces, bytes - empty.len()))
        })
        .unwrap();
    let payload = claims(&json!({ "odd": "x".repeat(letters) })).to_string();
    signed(&input(format!("{header}{}", " ".repeat(spaces)), payload))
}

fn size() -> Vec<Vector> {
    const MEBIBYTE: usize = 1 << 20;
    let exact = |length| {
        let token = long(length);
        assert_eq!(token.len(), length);
        token
    };
    let token = token();
    let (signing_input, _) = token.rsplit_once('.').unwrap();
    vec![
        Vector::good("a mebibyte less a byte", exact(MEBIBYTE - 1)),
        Vector::good("a mebibyte", exact(MEBIBYTE)),
        malformed("a mebibyte and a byte", exact(MEBIBYTE + 1)),
        malformed("a mebibyte of letters", "a".repeat(MEBIBYTE)),
        malformed("a mebibyte of dots", ".".repeat(MEBIBYTE)),
        Vector::bad(
            "signature_invalid",
            "a signature of half a mebibyte",
            join(signing_input, vec![1; MEBIBYTE / 2]),
        ),
        malformed("a payload of spaces", with_payload(" ".repeat(1000))),
    ]
}

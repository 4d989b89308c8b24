//! Requests and responses as values.

use esi_security::oauth::http::Request;
use esi_security::oauth::secret::Secret;

use crate::support::{NASTY, SECRET, answer, form, pairs, redacted};

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

#[test]
fn secrets_are_redacted_plain_and_encoded() {
    let mut request = Request::post(
        "https://sso.example/token",
        vec![
            ("code", Secret::new(SECRET)),
            ("code_verifier", Secret::new("verifier-verifier")),
        ],
    );
    let header = ("X-Key".into(), Secret::new("header-secret"));
    request.headers.push(header);
    let encoded: String = form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    assert_ne!(encoded, SECRET);
    assert_eq!(
        redacted(
            &request,
            &format!("{SECRET}, {encoded}, verifier-verifier and header-secret: {SECRET}{SECRET}")
        ),
        "[redacted], [redacted], [redacted] and [redacted]: [redacted][redacted]"
    );
}

/// Encoders differ in the case of their digits, in what they leave alone and in how they escape.
#[test]
fn secrets_are_redacted_however_they_were_echoed() {
    let fields = vec![("refresh_token", Secret::new(SECRET))];
    let request = Request::post("https://sso.example/token", fields);
    for echoed in [
        "Zq8%2fxT%2b4vK%3d%3d",
        "Zq8/xT%2B4vK==",
        "Zq8%2FxT%2B4vK==",
        r"Zq8\/xT+4vK==",
        r"Zq8/xT\u002b4vK\u003D\u003d",
        "Zq8&#x2F;xT&#43;4vK&#61;&#61;",
        "Zq8&#47;xT&#x2b;4vK&#x3D;&#x3d;",
    ] {
        let text = redacted(&request, &format!("<p>{echoed}</p>"));
        assert_eq!(text, "<p>[redacted]</p>", "{echoed}");
    }
    let fields = vec![("client_secret", Secret::new("geheim-é漢"))];
    let request = Request::post("https://sso.example/token", fields);
    for echoed in [
        "geheim-%C3%A9%e6%bc%a2",
        r"geheim-é漢",
        "geheim-&#233;&#x6F22;",
    ] {
        assert_eq!(redacted(&request, echoed), "[redacted]", "{echoed}");
    }
}

/// A secret may have spaces, and a header's credentials may be quoted without their scheme.
#[test]
fn a_secret_of_several_words_is_redacted_whole() {
    let fields = vec![("client_secret", Secret::new("one two six"))];
    let mut request = Request::post("https://sso.example/token", fields);
    let header = ("X-Key".into(), Secret::new("Scheme a+b/c/d/e=="));
    request.headers.push(header);
    for echoed in [
        "one two six",
        "one+two+six",
        "one%20two%20six",
        "Scheme a+b/c/d/e==",
        "Scheme+a%2Bb%2Fc%2Fd%2Fe%3D%3D",
    ] {
        assert_eq!(redacted(&request, echoed), "[redacted]", "{echoed}");
    }
    assert_eq!(redacted(&request, "Other a+b/c/d/e=="), "Other [redacted]");
    assert_eq!(redacted(&request, "two Scheme"), "two Scheme");
}

/// An error page may show an address that has the request in it, escaped once more.
#[test]
fn escapes_within_escapes_hide_nothing() {
    let fields = vec![
        ("refresh_token", Secret::new(SECRET)),
        ("client_secret", Secret::new("already%2Bescaped one")),
    ];
    let request = Request::post("https://sso.example/token", fields);
    for echoed in [
        "Zq8%252FxT%252B4vK%253D%253D",
        "Zq8%25252FxT%25252B4vK%25253D%25253D",
        "Zq8&amp;#x2F;xT&amp;#43;4vK&amp;#61;&amp;#61;",
        "Zq8%26%2347%3BxT%5Cu002b4vK==",
        "already%2Bescaped one",
        "already%252Bescaped+one",
        "already%25252Bescaped%252520one",
        r"already%2Bescaped one",
    ] {
        assert_eq!(
            redacted(&request, &format!("<p>{echoed}</p>")),
            "<p>[redacted]</p>",
            "{echoed}"
        );
    }
}

/// Its end may lie beyond what is looked through: what is left of it must not stay.
#[test]
fn nothing_of_a_secret_stays_where_a_text_is_cut() {
    let secret: String = (0..1000_u32)
        .map(|i| char::from_digit((i * i + 7 * i) % 36, 36).unwrap())
        .collect();
    let request = Request::post(
        "https://sso.example/token",
        vec![("refresh_token", Secret::new(&*secret))],
    );
    let escaped = secret
        .bytes()
        .map(|byte| format!("%{byte:02X}"))
        .collect::<Vec<_>>()
        .concat();
    let entities = secret
        .bytes()
        .map(|byte| format!("&#{byte};"))
        .collect::<Vec<_>>()
        .concat();
    for spelled in [secret, escaped, entities] {
        for before in [0, 1, 2, 4, 500, 4000, 7500, 8000, 8150, 8191] {
            let text = "x".repeat(before) + &spelled.repeat(20);
            let text = request.redact(&text, usize::MAX);
            let rest = text.replace("[redacted]", "");
            assert!(rest.len() <= before, "{before}: {rest}");
            assert!(rest.bytes().all(|byte| byte == b'x'), "{before}: {rest}");
        }
    }
}

/// A text that looks like a secret, or like an escape, at every place costs no more than any other: its
/// length is all that counts.
#[test]
fn a_text_is_looked_through_only_so_far() {
    let secret = "r".repeat(2000) + "x";
    let request = Request::post(
        "https://sso.example/token",
        vec![("refresh_token", Secret::new(secret))],
    );
    for odd in ["&", "%", r"\/", "r", "a", "é"] {
        let text = request.redact(&odd.repeat(10_000_000), usize::MAX);
        assert!((1..=8192).contains(&text.chars().count()), "{odd}");
    }
    let short = "&".repeat(8192);
    assert_eq!(redacted(&request, &short), short);
}

/// Text that only begins like a secret, or like an escape, stays and breaks nothing.
#[test]
fn redaction_takes_nothing_else() {
    let fields = vec![("refresh_token", Secret::new(SECRET))];
    let request = Request::post("https://sso.example/token", fields);
    for text in [
        "",
        "Zq8",
        "Zq8/xT+4vK=",
        "Zq8%",
        "Zq8%2",
        "Zq8%é",
        "Zq8%+2FxT",
        "Zq8\\",
        r"Zq8\u",
        r"Zq8\u002é",
        "Zq8&#",
        "Zq8&#x;",
        "Zq8&#47",
        "Zq8&#99999999999;",
        "%5A%",
        "zq8/xt+4vk==",
        "100 % of the 漢 🚀",
    ] {
        assert_eq!(redacted(&request, text), text);
    }
    let twice = format!("Zq8/xT{SECRET}Zq8/");
    assert_eq!(redacted(&request, &twice), "Zq8/xT[redacted]Zq8/");
}

#[test]
fn what_is_no_secret_stays_readable() {
    let request = Request::post(
        "https://sso.example/token",
        vec![
            ("grant_type", Secret::new("authorization_code")),
            ("client_id", Secret::new("my-client-id")),
            ("redirect_uri", Secret::new("https://app.example/callback")),
            ("scope", Secret::new("esi-a.read.v1 esi-b.read.v1")),
            ("token_type_hint", Secret::new("refresh_token")),
            // Too short to be a secret: redacting it would riddle the text.
            ("code", Secret::new("the")),
        ],
    );
    let text = "my-client-id may not use authorization_code at the https://app.example/callback \
                with esi-a.read.v1 esi-b.read.v1 and refresh_token";
    assert_eq!(redacted(&request, text), text);
}

/// A page shows a request to a person, and writes `&` and its like by name.
#[test]
fn named_entities_hide_nothing() {
    let secret = "s3cr&t<w>rd\"it's";
    let request = Request::post(
        "https://sso.example/token",
        vec![("code", Secret::new(secret))],
    );
    let echoed = "s3cr&amp;t&lt;w&gt;rd&quot;it&apos;s";
    assert_eq!(
        redacted(&request, &format!("<b>{echoed}</b>")),
        "<b>[redacted]</b>"
    );
    assert_eq!(redacted(&request, "a &amp; b &lt; c"), "a &amp; b &lt; c");
}

//! What of somebody else's text an error repeats: nothing that may hold a part of a secret that was sent.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use esi_security::oauth::http::Request;
use esi_security::oauth::secret::Secret;

/// As EVE's refresh tokens look.
const TOKEN: &str = "Rk7cQz+X0vJ/b1LmTg9uWw==";

fn request(token: &str) -> Request {
    let fields = vec![
        ("grant_type", Secret::new("refresh_token")),
        ("refresh_token", Secret::new(token)),
        ("client_id", Secret::new("the-client-of-the-app")),
        ("scope", Secret::new("esi-skills.read_skills.v1")),
    ];
    Request::post("https://sso.example/token", fields)
}

fn each(token: &str, spell: impl Fn(char) -> String) -> String {
    token.chars().map(spell).collect()
}

fn split(token: &str, separator: &str) -> String {
    let parts: Vec<&str> = token.as_bytes().chunks(4).map(as_text).collect();
    parts.join(separator)
}

fn as_text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn code(character: char) -> u32 {
    u32::from(character)
}

/// A token in the spellings of servers, gateways and proxies.
fn spellings(token: &str) -> Vec<String> {
    let form: String = form_urlencoded::byte_serialize(token.as_bytes()).collect();
    let specials = |plus: &str, slash: &str, equals: &str| {
        let token = token.replace('+', plus).replace('/', slash);
        token.replace('=', equals)
    };
    vec![
        token.to_owned(),
        form.clone(),
        form.to_lowercase(),
        form.replace('%', "%25"),
        each(token, |c| format!("%{:02X}", code(c))),
        specials("&#43;", "&#47;", "&#61;"),
        specials("&#43", "&#47", "&#61"),
        specials("&#x2B;", "&#x2F;", "&#x3D;"),
        specials("&#x2B", "&#x2F", "&#x3D"),
        specials("&plus;", "&sol;", "&equals;"),
        specials("&amp;#43;", "&amp;#47;", "&amp;#61;"),
        each(token, |c| format!("&#{};", code(c))),
        each(token, |c| format!("&#{}", code(c))),
        each(token, |c| format!("&#{:07}", code(c))),
        each(token, |c| format!("&#x{:x}", code(c))),
        each(token, |c| format!("&#X{:04X};", code(c))),
        specials("\\u002b", "\\/", "\\u003D"),
        each(token, |c| format!("\\u{:04x}", code(c))),
        each(token, |c| format!("\\x{:02x}", code(c))),
        STANDARD.encode(token),
        URL_SAFE_NO_PAD.encode(token),
        STANDARD.encode(format!("grant_type=refresh_token&refresh_token={token}")),
        STANDARD.encode(format!("a{token}")),
        STANDARD.encode(format!("ab{token}z")),
        split(&STANDARD.encode(token), "\r\n"),
        split(&STANDARD.encode(token), "\\r\\n"),
        each(token, |c| format!("{:02x}", code(c))),
        each(token, |c| format!("{:02X} ", code(c))),
        each(token, |c| format!("={:02X}", code(c))),
        split(token, "<wbr>"),
        split(token, "&lt;wbr&gt;"),
        split(token, "&#8203;"),
        split(token, "&shy;"),
        split(token, "\\u200b"),
        split(token, "</b><b class=\"token\">"),
        split(token, " "),
        split(token, "\u{ad}"),
        split(token, "…\n"),
        token.to_uppercase(),
        token.to_lowercase(),
    ]
}

/// Parts of a secret are worth something too.
#[test]
fn six_letters_or_digits_of_a_secret_are_enough() {
    let request = request(TOKEN);
    for part in ["Rk7cQz", "z+X0vJ/b", "Tg9uWw"] {
        assert_eq!(request.quote(part), None, "{part}");
    }
    // A form in base64, of which the escapes stay.
    let form: String = form_urlencoded::byte_serialize(TOKEN.as_bytes()).collect();
    let form = STANDARD.encode(format!("refresh_token={form}"));
    assert_eq!(request.quote(&form), None);
}

#[test]
fn a_text_with_a_secret_in_it_is_not_repeated_however_that_is_spelled() {
    // The second has no six of them side by side.
    for (token, spelling) in [TOKEN, "Zq8/xT+4vK==/0+7"].into_iter().flat_map(|token| {
        spellings(token)
            .into_iter()
            .map(move |spelling| (token, spelling))
    }) {
        let request = request(token);
        for text in [
            spelling.clone(),
            format!("What is {spelling}?"),
            format!("sent:<{spelling}>"),
            // JSON within JSON.
            serde_json::to_string(&spelling).unwrap(),
        ] {
            assert_eq!(request.quote(&text), None, "{text}");
        }
    }
}

/// Long ones too, and the verifier of a login.
#[test]
fn each_kind_of_secret_is_known() {
    let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl";
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    for (name, secret) in [
        ("code", "0a1b2c3d4e5f"),
        ("code_verifier", verifier),
        ("client_secret", "geheim-é漢-geheim"),
        ("token", jwt),
        ("anything_new", "x1y2z3x1y2z3"),
    ] {
        let request = Request::post("https://sso.example", vec![(name, Secret::new(secret))]);
        for text in [secret.to_owned(), STANDARD.encode(secret)] {
            assert_eq!(request.quote(&text), None, "{name}");
        }
    }
    let mut request = Request::get("https://sso.example");
    request
        .headers
        .push(("X-Key".into(), Secret::new("header-secret")));
    assert_eq!(request.quote("No headersecret."), None);
}

#[test]
fn what_servers_say_is_repeated() {
    let request = request(TOKEN);
    for text in [
        "",
        "Invalid refresh token.",
        "Token is expired or invalid.",
        "The user 'Ilmari' is not allowed to do this (code 4711); see https://sso.example/help?id=7",
        "AADSTS700082: The token has expired. Trace ID: 3c5e1f0a-9b7d-4e21-8f6a-0d2b4c6e8a10",
        "Not now & <here>. 100 % <b>sure</b>, see https://sso.example/?a=b&c=d%20e; C:\\new &c. \\",
        "Das Token ist ungültig: “漢字” 🚀\r\n",
        // What was sent, but is no secret.
        "Unknown client the-client-of-the-app, or scope esi-skills.read_skills.v1",
        // Five of a secret, as they may be in any text.
        "Rk7cQ is no word, nor is g9uWw",
    ] {
        assert_eq!(request.quote(text).as_deref(), Some(text));
    }
}

/// A gateway may wrap up what the server has answered: those tokens are live.
#[test]
fn what_may_hold_a_new_token_is_not_repeated() {
    let request = request(TOKEN);
    for text in [
        r#"upstream said {"access_token":"a-fresh-token"}"#,
        "refresh_token=a-fresh-token",
        "access%5Ftoken=a-fresh-token",
        "&quot;refresh&amp;#95;token&quot;:&quot;a-fresh-token&quot;",
        r#"{"accessToken":"a-fresh-token"}"#,
        "ACCESS_TOKEN=a-fresh-token",
        "refresh-token: a-fresh-token",
        "id_token=a-fresh-token",
    ] {
        assert_eq!(request.quote(text), None);
    }
}

/// A secret of less than six letters and digits would be found in any text, and betrays nothing.
#[test]
fn a_short_secret_hides_nothing() {
    for secret in ["", "1", "a-b-c", "Token", "======="] {
        let text = "Token 1 is a-b-c, said =======.";
        assert_eq!(
            request(secret).quote(text).as_deref(),
            Some(text),
            "{secret}"
        );
    }
}

/// A client secret may be made of other characters than ASCII's letters and digits.
#[test]
fn a_secret_without_a_run_is_known_as_it_is() {
    for secret in [
        "пароль-секрет",
        "Пароль1234",
        "p#1!a$9@x",
        "!!@@##$$%%^^&&**",
    ] {
        let text = format!("The secret {secret} is wrong.");
        assert_eq!(request(secret).quote(&text), None, "{secret}");
    }
}

#[test]
fn a_long_text_is_cut_and_soon_read() {
    let long = "é".repeat(10_000_000);
    let expected = "é".repeat(500);
    let request = request(&TOKEN.repeat(100));
    assert_eq!(request.quote(&long), Some(expected));
    // What is left of a secret at the cut is short, or the text is left out.
    for before in 480..500 {
        let text = format!("{}{TOKEN}", " ".repeat(before));
        let quoted = request.quote(&text).unwrap_or_default();
        assert!(quoted.trim().len() <= 6, "{quoted}");
    }
}

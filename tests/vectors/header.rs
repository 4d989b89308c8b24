//! The header (RFC 7515 section 4) of tokens whose signatures are right.

use serde_json::{Value, json};

use crate::ecdsa::FOREIGN_P256;
use crate::rsa::Hash;
use crate::token::{
    EC_KID, NOW, input, input_under, join, payload, signed, with_header, with_raw_header,
};
use crate::vector::{Part, Vector};

pub(crate) const PARTS: &[Part] = &[json, extensions, kinds, keys];

fn malformed(name: impl Into<String>, header: impl AsRef<[u8]>) -> Vector {
    Vector::bad("token_malformed", name, with_raw_header(header))
}

/// What is no JSON object with unique members (RFC 7515 section 4).
fn json() -> Vec<Vector> {
    let rest = format!(r#""alg":"ES256","kid":"{EC_KID}""#);
    let plus = |member: &str| format!("{{{rest},{member}}}");
    let nested = |depth: usize| {
        plus(&format!(
            r#""odd":{}{}"#,
            "[".repeat(depth),
            "]".repeat(depth)
        ))
    };
    let objects = format!("{}{}{}", r#"{"a":"#.repeat(5000), "1", "}".repeat(5000));
    vec![
        malformed("an empty header", ""),
        malformed("a header of spaces", "   "),
        malformed("a header null", "null"),
        malformed("a header number", "5"),
        malformed("a header text", r#""ES256""#),
        malformed("a header list", r#"["ES256"]"#),
        malformed("a header in a list", format!("[{{{rest}}}]")),
        malformed("a header object without members", "{}"),
        malformed("a header without its end", format!("{{{rest}")),
        malformed("a header with a comma too many", format!("{{{rest},}}")),
        malformed("a header in single quotes", "{'alg':'ES256'}"),
        malformed("a header with a comment", format!("{{/**/{rest}}}")),
        malformed("a header with more after it", format!("{{{rest}}} x")),
        malformed("two headers", format!("{{{rest}}}{{{rest}}}")),
        malformed(
            "a header after a byte order mark",
            format!("\u{feff}{{{rest}}}"),
        ),
        malformed("a header in UTF-16", utf16(&format!("{{{rest}}}"))),
        malformed(
            "a header that is no UTF-8",
            [format!("{{{rest},\"odd\":\"").as_bytes(), b"\xff\"}"].concat(),
        ),
        malformed(
            "a header with an overlong NUL",
            [format!("{{{rest},\"odd\":\"").as_bytes(), b"\xc0\x80\"}"].concat(),
        ),
        malformed("a header with a lone surrogate", plus(r#""odd":"\ud800""#)),
        malformed(
            "a header with a bare control character",
            plus("\"odd\":\"\u{1}\""),
        ),
        malformed(
            "a header with a number beyond all bounds",
            plus(r#""odd":1e999"#),
        ),
        malformed("a header with NaN", plus(r#""odd":NaN"#)),
        malformed("a header of lists, 200 deep", nested(200)),
        malformed("a header of lists, 10000 deep", nested(10_000)),
        malformed(
            "a header of lists without ends, 50000 deep",
            plus(&"[".repeat(50_000)),
        ),
        malformed(
            "a header of objects, 5000 deep",
            plus(&format!(r#""odd":{objects}"#)),
        ),
        malformed("kid twice", plus(r#""kid":"other""#)),
        malformed("kid twice, the same", plus(&format!(r#""kid":"{EC_KID}""#))),
        malformed("kid twice, once escaped", plus(r#""k\u0069d":"other""#)),
        malformed("typ twice", plus(r#""typ":"JWT","typ":"JWT""#)),
        malformed("an unknown member twice", plus(r#""odd":1,"odd":1"#)),
        malformed(
            "an unknown member twice, once escaped",
            plus(r#""odd":1,"od\u0064":2"#),
        ),
        malformed(
            "jku twice",
            plus(r#""jku":"https://a.example","jku":"https://b.example""#),
        ),
        Vector::good(
            "a header with white space",
            with_raw_header(format!(" {{\r\n\t{rest} }}\n")),
        ),
        Vector::good(
            "a header with unknown members",
            with_raw_header(plus(r#""odd":[{"a":null}],"__proto__":{}"#)),
        ),
        Vector::good("a header of lists, 50 deep", with_raw_header(nested(50))),
    ]
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// What must be understood, and is not (RFC 7515 section 4.1.11), and what may be passed over.
fn extensions() -> Vec<Vector> {
    let refused =
        |name, changes: &Value| Vector::bad("token_malformed", name, with_header(changes));
    let token = |changes: &Value| with_header(changes);
    // RFC 7797: the payload as it is, not in base64url.
    let head = json!({ "alg": "ES256", "kid": EC_KID, "b64": false, "crit": ["b64"] });
    let unencoded = format!(
        "{}.{}",
        input_under(&head).split_once('.').unwrap().0,
        payload().replace('.', "")
    );
    vec![
        refused(
            "crit with exp",
            &json!({ "crit": ["exp"], "exp": NOW + 60 }),
        ),
        refused(
            "crit with a member that is not there",
            &json!({ "crit": ["odd"] }),
        ),
        refused("crit with b64", &json!({ "crit": ["b64"], "b64": false })),
        refused(
            "crit with b64 true",
            &json!({ "crit": ["b64"], "b64": true }),
        ),
        refused(
            "crit with members of the standard",
            &json!({ "crit": ["alg", "kid"] }),
        ),
        refused("crit empty", &json!({ "crit": [] })),
        refused("crit a text", &json!({ "crit": "exp" })),
        refused("crit an object", &json!({ "crit": {} })),
        malformed(
            "crit null",
            format!(r#"{{"alg":"ES256","kid":"{EC_KID}","crit":null}}"#),
        ),
        malformed(
            "crit escaped",
            format!(r#"{{"alg":"ES256","kid":"{EC_KID}","cr\u0069t":["odd"]}}"#),
        ),
        Vector::bad(
            "token_malformed",
            "an unencoded payload",
            signed(&unencoded),
        ),
        Vector::good(
            "b64 false without crit means nothing",
            token(&json!({ "b64": false })),
        ),
        Vector::good("zip means nothing", token(&json!({ "zip": "DEF" }))),
        // One stored block (RFC 1951 section 3.2.4).
        Vector::bad(
            "token_malformed",
            "a compressed payload",
            signed(&input(
                json!({ "alg": "ES256", "kid": EC_KID, "zip": "DEF" }).to_string(),
                [&[1, 2, 0, 0xfd, 0xff][..], b"{}"].concat(),
            )),
        ),
        Vector::good("enc means nothing", token(&json!({ "enc": "A256GCM" }))),
        Vector::bad(
            "algorithm_not_allowed",
            "an encrypted token in three parts",
            token(&json!({ "alg": "dir", "enc": "A256GCM" })),
        ),
    ]
}

/// `typ` and `cty` (RFC 7515 sections 4.1.9 and 4.1.10, RFC 8725 section 3.11).
fn kinds() -> Vec<Vector> {
    let mut vectors = vec![];
    for typ in [
        "dpop+jwt",
        "logout+jwt",
        "secevent+jwt",
        "token-introspection+jwt",
        "oauth-authz-req+jwt",
        "entity-statement+jwt",
        "id_token",
        "id+jwt",
        "vc+sd-jwt",
        "kb+jwt",
        "wallet-attestation+jwt",
        "jwk-set+jwt",
        "JWS",
        "JWE",
        "JOSE",
        "JOSE+JSON",
        "at",
        "at jwt",
        "at+jwt ",
        " JWT",
        "JWT; charset=utf-8",
        "application/",
        "application/dpop+jwt",
        "text/jwt",
        "",
        "J\u{0}WT",
        "jẃt",
    ] {
        let name = format!("a token of the type {typ:?}");
        vectors.push(Vector::bad(
            "token_malformed",
            name,
            with_header(&json!({ "typ": typ })),
        ));
    }
    for typ in [
        "JWT",
        "jwt",
        "at+jwt",
        "AT+JWT",
        "application/jwt",
        "application/at+jwt",
    ] {
        vectors.push(Vector::good(
            format!("a token of the type {typ}"),
            with_header(&json!({ "typ": typ })),
        ));
    }
    for (name, value) in [
        ("a number", json!(5)),
        ("a list", json!(["JWT"])),
        ("an object", json!({})),
        ("false", json!(false)),
    ] {
        vectors.push(Vector::bad(
            "token_malformed",
            format!("typ {name}"),
            with_header(&json!({ "typ": value })),
        ));
    }
    for cty in ["JWT", "jwt", "example", "", "cbor"] {
        let name = format!("a payload of the type {cty:?}");
        vectors.push(Vector::bad(
            "token_malformed",
            name,
            with_header(&json!({ "cty": cty })),
        ));
    }
    vectors.push(Vector::good("no typ", with_header(&json!({ "typ": null }))));
    vectors
}

/// Keys that the token brings (RFC 8725 section 3.10) or points at with words of its own.
fn keys() -> Vec<Vector> {
    let foreign = FOREIGN_P256.jwk(&json!({}));
    let url = "https://attacker.example/keys";
    let members = [
        ("jwk", json!({ "jwk": foreign })),
        ("jku", json!({ "jku": url })),
        ("x5u", json!({ "x5u": url })),
        (
            "x5c",
            json!({ "x5c": ["MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"] }),
        ),
    ];
    let mut vectors = vec![];
    for (name, member) in members {
        let mut head = json!({ "alg": "ES256", "kid": EC_KID });
        head.as_object_mut()
            .unwrap()
            .extend(member.as_object().unwrap().clone());
        let token = |head: &Value| {
            let input = input_under(head);
            join(&input, FOREIGN_P256.sign(Hash::Sha256, &input))
        };
        vectors.push(Vector::bad(
            "signature_invalid",
            format!("a foreign key in {name}, under our name"),
            token(&head),
        ));
        vectors.push(Vector::good(
            format!("{name} means nothing"),
            signed(&input_under(&head)),
        ));
        head["kid"] = json!("attacker");
        vectors.push(Vector::bad(
            "key_not_found",
            format!("a foreign key in {name}, under its own name"),
            token(&head),
        ));
    }
    vectors.push(Vector::bad(
        "token_malformed",
        "jku a number",
        with_header(&json!({ "jku": 5 })),
    ));

    for kid in [
        "",
        " ",
        "other",
        "JWT-SIGNATURE-KEY",
        "8878A23F-2489-4045-989E-4D2F3EC1AE1A",
        "8878a23f-2489-4045-989e-4d2f3ec1ae1a ",
        "8878a23f-2489-4045-989e-4d2f3ec1ae1a\u{0}",
        "\r\n8878a23f-2489-4045-989e-4d2f3ec1ae1a",
        "8878a23f-2489-4045-989e-4d2f3ec1ae1\u{430}",
        "../../../../dev/null",
        "/etc/passwd",
        "file:///dev/null",
        "https://attacker.example/keys",
        "' OR '1'='1",
        "$(id)",
        "__proto__",
        "\u{7f}\u{1b}[2J",
        "\u{202e}yek",
        "null",
        "0",
    ] {
        let name = format!("the key named {kid:?}");
        vectors.push(Vector::bad(
            "key_not_found",
            name,
            with_header(&json!({ "kid": kid })),
        ));
    }
    let long = "k".repeat(100_000);
    vectors.push(Vector::bad(
        "key_not_found",
        "a key with a name of 100000 letters",
        with_header(&json!({ "kid": long })),
    ));
    for (name, value) in [
        ("a number", json!(5)),
        ("true", json!(true)),
        ("a list", json!([EC_KID])),
        ("an object", json!({ "kid": EC_KID })),
    ] {
        vectors.push(Vector::bad(
            "token_malformed",
            format!("kid {name}"),
            with_header(&json!({ "kid": value })),
        ));
    }
    let null = r#"{"alg":"ES256","kid":null}"#;
    vectors.push(Vector::good("kid null is none", with_raw_header(null)).kid(EC_KID));
    vectors
}

//! Claims (RFC 7519 section 4, RFC 8725 sections 3.8, 3.9 and 3.12) that were rightly signed.

use esi_security::jwt::{Check, Checks};
use serde_json::json;

use crate::token::{CLIENT, NOW, header, payload, signed, with_claim, with_claims, with_payload};
use crate::vector::{Part, Vector};

pub(crate) const PARTS: &[Part] = &[documents, types, issuers, audiences, subjects, others];

/// What is no JSON object with unique members.
fn documents() -> Vec<Vector> {
    let bad =
        |name: &str, payload: &[u8]| Vector::bad("token_malformed", name, with_payload(payload));
    let rest = payload();
    let rest = rest.strip_suffix('}').unwrap();
    let plus = |member: &str| format!("{rest},{member}}}");
    let more = |name: &str, member: &str| bad(name, plus(member).as_bytes());
    let nested = |depth: usize| format!(r#""odd":{}{}"#, "[".repeat(depth), "]".repeat(depth));
    let objects = |depth: usize| {
        format!(
            r#""odd":{}1{}"#,
            r#"{"a":"#.repeat(depth),
            "}".repeat(depth)
        )
    };
    let utf16: Vec<u8> = payload()
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    let within = |bytes: &[u8]| [format!("{rest},\"odd\":\"").as_bytes(), bytes, b"\"}"].concat();
    vec![
        bad("claims null", b"null"),
        bad("claims true", b"true"),
        bad("a number for claims", b"5"),
        bad("a text for claims", b"\"claims\""),
        bad("a list for claims", b"[]"),
        bad("claims in a list", format!("[{}]", payload()).as_bytes()),
        bad("claims in a text", json!(payload()).to_string().as_bytes()),
        bad("claims without their end", rest.as_bytes()),
        bad(
            "claims with a comma too many",
            format!("{rest},}}").as_bytes(),
        ),
        bad(
            "claims with more after them",
            format!("{} x", payload()).as_bytes(),
        ),
        bad("claims twice", payload().repeat(2).as_bytes()),
        bad("claims after a NUL", format!("\0{}", payload()).as_bytes()),
        bad(
            "claims after a byte order mark",
            format!("\u{feff}{}", payload()).as_bytes(),
        ),
        bad("claims in UTF-16", &utf16),
        bad(
            "a token for claims",
            signed(&format!(
                "{}.{}",
                crate::token::base64url(header().to_string()),
                "e30"
            ))
            .as_bytes(),
        ),
        bad("CBOR for claims", &[0xa1, 0x01, 0x02]),
        bad(
            "a form for claims",
            b"sub=CHARACTER%3AEVE%3A1&exp=9999999999",
        ),
        bad("claims that are no UTF-8", &within(b"\xff")),
        bad("claims with an overlong slash", &within(b"\xc0\xaf")),
        bad("claims with a surrogate in UTF-8", &within(b"\xed\xa0\x80")),
        bad("claims with half a letter", &within(b"\xc3")),
        more("claims with a lone surrogate", r#""odd":"\ud800""#),
        more(
            "claims with a lone second surrogate",
            r#""odd":"\udc00\ud800""#,
        ),
        more("claims with a bare line feed", "\"odd\":\"\n\""),
        more("claims with a bare NUL", "\"odd\":\"\0\""),
        more("claims with an escape that is none", r#""odd":"\x41""#),
        more("claims with NaN", r#""odd":NaN"#),
        more("claims with Infinity", r#""odd":-Infinity"#),
        more("claims with a number beyond all bounds", r#""odd":1e999"#),
        more("claims with a leading zero", r#""odd":01"#),
        more("claims with a hexadecimal number", r#""odd":0x10"#),
        more("claims with a comment", r#""odd":1/**/"#),
        more("claims with single quotes", "'odd':1"),
        more("lists 200 deep", &nested(200)),
        more("lists 100000 deep", &nested(100_000)),
        more("lists without ends, 200000 deep", &"[".repeat(200_000)),
        more("objects 5000 deep", &objects(5000)),
        more("sub twice", r#""sub":"CHARACTER:EVE:1""#),
        more("sub twice, the same", r#""sub":"CHARACTER:EVE:2112625428""#),
        more("sub twice, once escaped", r#""\u0073ub":"CHARACTER:EVE:1""#),
        more("aud twice", r#""aud":["client-id","EVE Online"]"#),
        more("exp twice", r#""exp":9999999999"#),
        more(
            "iss twice, once escaped",
            r#""is\u0073":"https://attacker.example""#,
        ),
        more("an unknown claim twice", r#""odd":1,"odd":1"#),
        more(
            "an unknown claim twice, once escaped",
            r#""odd":1,"\u006fdd":1"#,
        ),
        more("an empty name twice", r#""":1,"":1"#),
        Vector::good(
            "claims with white space",
            with_payload(format!(" \r\n\t{}\n", payload())),
        ),
        Vector::good(
            "claims with an escaped name",
            with_payload(payload().replace("\"sub\"", "\"\\u0073ub\"")),
        ),
        Vector::good("lists 100 deep", with_payload(plus(&nested(100)))),
        Vector::good(
            "claims with names of JavaScript's",
            with_payload(plus(r#""__proto__":{"sub":1},"constructor":null"#)),
        ),
        Vector::good(
            "claims with a large number",
            with_payload(plus(r#""odd":123456789012345678901234567890"#)),
        ),
        Vector::good(
            "claims with letters of all kinds",
            with_payload(plus(r#""odd":"\u0000\ud83d\ude80é漢\u202e""#)),
        ),
        Vector::good(
            "names that differ in their letters",
            with_payload(plus(r#""SUB":5,"Exp":null"#)),
        ),
    ]
}

/// Each claim that is read, in each type that it must not have.
fn types() -> Vec<Vector> {
    let mut vectors = vec![];
    let mut bad = |claim: &'static str, value: &str| {
        vectors.push(Vector::bad_claim(
            "claim_invalid",
            claim,
            format!("{claim} {value}"),
            with_claim(claim, value),
        ));
    };
    for claim in [
        "sub", "iss", "azp", "jti", "name", "owner", "tenant", "tier", "region",
    ] {
        for value in ["5", "true", r#"["text"]"#, r#"{"text":"text"}"#] {
            bad(claim, value);
        }
    }
    for claim in ["aud", "scp"] {
        for value in [
            "5",
            "false",
            r#"{"0":"client-id","1":"EVE Online"}"#,
            "[5]",
            r#"["client-id","EVE Online",null]"#,
            r#"[["client-id","EVE Online"]]"#,
        ] {
            bad(claim, value);
        }
    }
    for claim in ["exp", "nbf", "iat"] {
        for value in [
            "true",
            r#""1700000600""#,
            r#""""#,
            "[1700000600]",
            "{}",
            r#""2023-11-14T22:13:20Z""#,
        ] {
            bad(claim, value);
        }
    }
    // What a rule looks at must not be null; what only describes or grants is then simply not there.
    for claim in ["sub", "iss", "azp", "aud", "jti", "exp", "nbf", "iat"] {
        bad(claim, "null");
    }
    for claim in ["name", "owner", "tenant", "tier", "region", "scp"] {
        vectors.push(Vector::good(
            format!("{claim} null"),
            with_claim(claim, "null"),
        ));
    }
    let scope = with_payload(crate::token::claims(&json!({ "scp": null, "scope": 5 })).to_string());
    vectors.push(Vector::bad_claim(
        "claim_invalid",
        "scope",
        "scope 5",
        scope,
    ));
    vectors
}

fn issuers() -> Vec<Vector> {
    let bad = |issuer: &str| {
        let name = format!("the issuer {issuer:?}");
        Vector::bad_claim(
            "claim_invalid",
            "iss",
            name,
            with_claims(&json!({ "iss": issuer })),
        )
    };
    let mut vectors: Vec<Vector> = [
        "",
        " ",
        "https://",
        "http://login.eveonline.com",
        "https://login.eveonline.com/",
        "https://login.eveonline.com:443",
        "https://LOGIN.eveonline.com",
        "HTTPS://login.eveonline.com",
        "https://login.eveonline.com ",
        "//login.eveonline.com",
        "https://login.eveonline.com.attacker.example",
        "https://attacker.example/login.eveonline.com",
        "https://login.eveonline.com@attacker.example",
        "https://login.eveonline.com#",
        "https://login.eveonline.com?",
        "https://loginXeveonline.com",
        "https://login.eveonline.com\u{0}",
        "https://l\u{43e}gin.eveonline.com",
        "https://sisilogin.testeveonline.com",
        "login.evepc.163.com",
        "eveonline.com",
        "https://https://login.eveonline.com",
    ]
    .map(bad)
    .into();
    vectors.push(Vector::good(
        "the issuer without its scheme",
        with_claims(&json!({ "iss": "login.eveonline.com" })),
    ));
    let elsewhere = with_claims(&json!({ "iss": "https://id.example/a" }));
    vectors.push(
        Vector::good("another issuer that was asked for", elsewhere)
            .issuers(&["https://id.example/a"]),
    );
    let eves = with_claims(&json!({}));
    vectors.push(
        Vector::bad_claim(
            "claim_invalid",
            "iss",
            "EVE's issuer where another was asked for",
            eves,
        )
        .issuers(&["https://id.example/a"]),
    );
    let bare = with_claims(&json!({ "iss": "id.example/a" }));
    vectors.push(
        Vector::bad_claim(
            "claim_invalid",
            "iss",
            "the scheme missing where the issuer was asked for",
            bare,
        )
        .issuers(&["https://id.example/a"]),
    );
    vectors.push(Vector::bad_claim(
        "claim_missing",
        "iss",
        "no issuer",
        with_claims(&json!({ "iss": null })),
    ));
    vectors
}

fn audiences() -> Vec<Vector> {
    let mut vectors = vec![];
    for audience in [
        json!(CLIENT),
        json!("EVE Online"),
        json!([CLIENT]),
        json!(["EVE Online"]),
        json!(["another-app", "EVE Online"]),
        json!([CLIENT, "another-api"]),
        json!([CLIENT, "eve online"]),
        json!([CLIENT, "EVE Online "]),
        json!([CLIENT, "EVE"]),
        json!("client-id EVE Online"),
        json!("client-id,EVE Online"),
        json!(["client-id EVE Online"]),
        json!(["CLIENT-ID", "EVE Online"]),
        json!(["client-i", "EVE Online"]),
        json!(["client-id2", "EVE Online"]),
        json!(["*", "EVE Online"]),
        json!(["", ""]),
        json!(""),
    ] {
        let name = format!("the audience {audience}");
        vectors.push(Vector::bad_claim(
            "claim_invalid",
            "aud",
            name,
            with_claims(&json!({ "aud": audience })),
        ));
    }
    for (name, audience) in [
        ("no audience", json!(null)),
        ("an empty audience", json!([])),
    ] {
        vectors.push(Vector::bad_claim(
            "claim_missing",
            "aud",
            name,
            with_claims(&json!({ "aud": audience })),
        ));
    }
    let three = with_claims(&json!({ "aud": ["EVE Online", "a third", CLIENT] }));
    vectors.push(Vector::good("more audiences than two", three));
    let one = with_claims(&json!({ "aud": "https://api.example" }));
    vectors.push(
        Vector::good("the audience that was asked for", one.clone())
            .audiences(&["https://api.example"]),
    );
    vectors.push(
        Vector::bad_claim(
            "claim_invalid",
            "aud",
            "one of two audiences that were asked for",
            one,
        )
        .audiences(&["https://api.example", "https://another.example"]),
    );
    vectors.push(
        Vector::bad_claim(
            "claim_invalid",
            "aud",
            "an audience where none was asked for",
            with_claims(&json!({})),
        )
        .audiences(&[]),
    );
    vectors.push(
        Vector::good(
            "no audience where none was asked for",
            with_claims(&json!({ "aud": null })),
        )
        .audiences(&[]),
    );
    for azp in ["another-app", "", "CLIENT-ID", "client-id ", "EVE Online"] {
        let name = format!("the authorized party {azp:?}");
        vectors.push(Vector::bad_claim(
            "claim_invalid",
            "azp",
            name,
            with_claims(&json!({ "azp": azp })),
        ));
    }
    let without = with_claims(&json!({ "azp": null }));
    vectors.push(Vector::good("no authorized party", without.clone()));
    vectors.push(
        Vector::bad_claim(
            "claim_missing",
            "azp",
            "no authorized party where one is required",
            without,
        )
        .require_azp(),
    );
    vectors.push(
        Vector::good(
            "the authorized party where one is required",
            with_claims(&json!({})),
        )
        .require_azp(),
    );
    vectors
}

/// EVE's tokens are characters'; where its API is not the audience they may be anybody's.
fn subjects() -> Vec<Vector> {
    let of = |subject: &str| with_claims(&json!({ "sub": subject, "aud": "https://api.example" }));
    let eves = |subject: &str| with_claims(&json!({ "sub": subject }));
    let mut vectors = vec![];
    for subject in [
        "auth0|5",
        "CHARACTER:EVE:",
        "CHARACTER:EVE:0",
        "CHARACTER:EVE:007",
        "CHARACTER:EVE:-1",
        "CHARACTER:EVE:1.5",
        "CHARACTER:EVE:9007199254740992",
        "CHARACTER:EVE:1 ",
        " CHARACTER:EVE:1",
        "CHARACTER:EVE:1:2",
        "character:eve:1",
        "CHARACTER:SERENITY:1",
        "2112625428",
    ] {
        let name = format!("the subject {subject:?}");
        vectors.push(Vector::bad_claim(
            "claim_invalid",
            "sub",
            format!("{name} at EVE's"),
            eves(subject),
        ));
        vectors.push(Vector::good(name.clone(), of(subject)).audiences(&["https://api.example"]));
        let unchecked = Checks {
            subject: Check::Off,
            ..Checks::default()
        };
        let off = format!("{name} where nobody looks at it");
        vectors.push(Vector::good(off, eves(subject)).checks(unchecked));
    }
    vectors.push(Vector::good(
        "the greatest character",
        eves("CHARACTER:EVE:9007199254740991"),
    ));
    vectors
}

fn others() -> Vec<Vector> {
    let missing = |claim: &'static str| {
        Vector::bad_claim(
            "claim_missing",
            claim,
            format!("no {claim}"),
            with_claims(&json!({ claim: null })),
        )
    };
    vec![
        missing("exp"),
        missing("sub"),
        Vector::bad_claim(
            "claim_invalid",
            "sub",
            "an empty subject",
            with_claims(&json!({ "sub": "" })),
        ),
        Vector::good("no iat", with_claims(&json!({ "iat": null }))),
        Vector::good(
            "no jti, no name, no scopes",
            with_claims(&json!({ "jti": null, "name": null, "scp": null })),
        ),
        Vector::good("an empty jti", with_claims(&json!({ "jti": "" }))),
        Vector::bad_claim("claim_missing", "iss", "no claims", with_payload("{}")),
        // Several faults: the first in the order of the checks tells.
        Vector::bad_claim(
            "claim_invalid",
            "name",
            "a wrong type before a wrong issuer",
            with_claims(&json!({ "name": 5, "iss": "x" })),
        ),
        Vector::bad_claim(
            "claim_invalid",
            "iss",
            "a wrong issuer before a wrong audience",
            with_claims(&json!({ "aud": "x", "iss": "x" })),
        ),
        Vector::bad_claim(
            "claim_invalid",
            "aud",
            "a wrong audience before a wrong authorized party",
            with_claims(&json!({ "aud": "x", "azp": "x" })),
        ),
        Vector::bad_claim(
            "claim_invalid",
            "azp",
            "a wrong authorized party before an end in the past",
            with_claims(&json!({ "azp": "x", "exp": 1 })),
        ),
        Vector::bad(
            "token_expired",
            "an end in the past before a beginning in the future",
            with_claims(&json!({ "exp": 1, "nbf": NOW + 60 })),
        ),
    ]
}

//! `exp`, `nbf` and `iat` (RFC 7519 sections 2 and 4.1.4 to 4.1.6), to the second, with a leeway of ten.

use serde_json::json;

use crate::token::{NOW, with_claim, with_claims};
use crate::vector::{Part, Vector};

const LEEWAY: i64 = 10;
/// The last second of the year 9999.
const LAST: i64 = 253_402_300_799;

pub(crate) const PARTS: &[Part] = &[ends, beginnings, numbers];

fn ends() -> Vec<Vector> {
    let exp = |moment: i64| with_claims(&json!({ "exp": moment }));
    let own = |now: i64| with_claims(&json!({ "exp": now + 1200, "iat": now }));
    vec![
        Vector::good("the last second of the leeway", exp(NOW - LEEWAY + 1)),
        Vector::bad(
            "token_expired",
            "the second after the leeway",
            exp(NOW - LEEWAY),
        ),
        Vector::bad("token_expired", "an end an hour ago", exp(NOW - 3600)),
        Vector::bad("token_expired", "an end in 1970", exp(0)),
        Vector::bad("token_expired", "an end a second after 1970", exp(1)),
        Vector::good("an end in 9999", exp(LAST)),
        Vector::bad(
            "token_expired",
            "a fraction of a second too late",
            with_claim("exp", &format!("{}.999", NOW - LEEWAY)),
        ),
        Vector::good(
            "a fraction that is dropped",
            with_claim("exp", &format!("{}.999", NOW - LEEWAY + 1)),
        ),
        Vector::good("EVE's token in its last second", own(NOW)).at(NOW + 1200 + LEEWAY - 1),
        Vector::bad("token_expired", "EVE's token a second later", own(NOW))
            .at(NOW + 1200 + LEEWAY),
        Vector::bad("token_expired", "EVE's token a year later", own(NOW)).at(NOW + 31_536_000),
        Vector::bad(
            "token_expired",
            "an end in milliseconds gone by",
            with_claims(&json!({ "exp": 1_600_000_000 })),
        ),
    ]
}

fn beginnings() -> Vec<Vector> {
    let mut vectors = vec![];
    for claim in ["nbf", "iat"] {
        let at = |moment: i64| with_claims(&json!({ claim: moment }));
        let early = |name: &str, token: String| {
            Vector::bad_claim(
                "token_not_yet_valid",
                claim,
                format!("{claim} {name}"),
                token,
            )
        };
        vectors.extend([
            Vector::good(
                format!("{claim} in the last second of the leeway"),
                at(NOW + LEEWAY),
            ),
            early("a second after the leeway", at(NOW + LEEWAY + 1)),
            early("an hour from now", at(NOW + 3600)),
            early("in 9999", at(LAST)),
            Vector::good(format!("{claim} in 1970"), at(0)),
            Vector::good(
                format!("{claim} with a fraction beyond the leeway"),
                with_claim(claim, &format!("{}.9", NOW + LEEWAY)),
            ),
        ]);
    }
    vectors.push(
        Vector::bad_claim(
            "token_not_yet_valid",
            "iat",
            "EVE's token before its time",
            with_claims(&json!({})),
        )
        .at(NOW - LEEWAY - 1),
    );
    vectors.push(
        Vector::good(
            "EVE's token at the first second of the leeway",
            with_claims(&json!({})),
        )
        .at(NOW - LEEWAY),
    );
    vectors
}

/// Numbers that are no moments, and other ways to write those that are.
fn numbers() -> Vec<Vector> {
    let mut vectors = vec![];
    for claim in ["exp", "nbf", "iat"] {
        for value in [
            "-1",
            "-0.5",
            "-1700000000",
            "253402300800",
            "9007199254740993",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551615",
            "18446744073709551616",
            "-9223372036854775808",
            "-9223372036854775809",
            "1e300",
            "-1e300",
            "1.7e12",
        ] {
            let name = format!("{claim} {value}");
            vectors.push(Vector::bad_claim(
                "claim_invalid",
                claim,
                name,
                with_claim(claim, value),
            ));
        }
    }
    for value in [
        "1.7000006e9",
        "1700000600.0",
        "17000006E2",
        "170000060000e-2",
        "1700000600.999999999999",
    ] {
        vectors.push(Vector::good(
            format!("exp {value}"),
            with_claim("exp", value),
        ));
    }
    for value in ["1.7e9", "1700000000.5", "0", "-0", "-0.0", "0.25", "1e-300"] {
        vectors.push(Vector::good(
            format!("iat {value}"),
            with_claim("iat", value),
        ));
    }
    vectors
}

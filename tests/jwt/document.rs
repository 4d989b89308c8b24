//! `docs/verification.md` against the public types and the code.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use esi_security::jwt::{Check, Checks, Rules, UnverifiedClaims};
use serde_json::{Value, json};

use crate::support::{CLIENT, NOW, token};

const DOCUMENT: &str = "docs/verification.md";

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// What stands in `text` between two other texts.
fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(begin).expect(begin);
    rest.split_once(end).expect(end).0
}

/// What stands between backquotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn is_check(name: &str) -> bool {
    let rest = name.strip_prefix("verify").or(name.strip_prefix("require"));
    rest.is_some_and(|rest| rest.starts_with(char::is_uppercase))
}

#[test]
fn every_check_and_no_other_is_in_the_document() {
    let (document, types) = (read(DOCUMENT), read("bindings/types.d.ts"));
    let options = between(&types, "\nexport interface VerifyOptions {\n", "\n}\n");
    let names = options
        .lines()
        .filter_map(|line| line.trim().split_once("?:"));
    let public: BTreeSet<_> = names
        .map(|(name, _)| name)
        .filter(|name| is_check(name))
        .collect();
    let told: BTreeSet<_> = quoted(&document)
        .filter(|name| is_check(name) && *name != "requireAzp")
        .collect();
    assert_eq!(told, public);
    assert!(public.contains("verifySignature") && public.contains("requireAtHash"));
}

#[test]
fn every_code_in_the_table_exists() {
    let (document, types) = (read(DOCUMENT), read("bindings/types.d.ts"));
    let union = between(&types, "\nexport type EsiErrorCode =\n", ";");
    let codes: BTreeSet<_> = union.split('"').skip(1).step_by(2).collect();
    let rows: Vec<_> = document
        .lines()
        .filter(|line| line.starts_with('|'))
        .skip(2)
        .collect();
    assert!(rows.len() > 10);
    for row in rows {
        let cell = row.trim_matches('|').rsplit('|').next().unwrap_or_default();
        let named: Vec<_> = quoted(cell).collect();
        assert!(!named.is_empty(), "{row}");
        for code in named {
            assert!(codes.contains(code), "`{code}` in {row}");
        }
    }
}

/// The cells of the table's rows.
fn rows(document: &str) -> Vec<Vec<&str>> {
    let rows = document.lines().filter(|line| line.starts_with('|'));
    rows.skip(2)
        .map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

/// True for the rows about the types of claims.
fn is_of_types(row: &[&str]) -> bool {
    row[0].starts_with('`') && row[0].contains("have the right types")
}

/// Every claim's check turned to `check`.
fn all(check: Check) -> Checks {
    Checks {
        issuer: check,
        audience: check,
        expiry: check,
        not_before: check,
        issued_at: check,
        subject: check,
        jwt_id: check,
        leeway: 10,
    }
}

/// What comes of a token with this claim changed: the code, if it is refused, and for which claim.
fn judge(claim: &str, value: &Value, check: Check) -> Option<&'static str> {
    let rules = Rules {
        require_authorized_party: true,
        ..Rules::eve(CLIENT, "https://login.eveonline.com")
    };
    let mut changes = json!({ "nbf": NOW, claim: value });
    if claim == "scope" {
        // It counts where there is no `scp`.
        changes["scp"] = Value::Null;
    }
    let claims = UnverifiedClaims::decode(&token(&changes)).unwrap().0;
    let error = rules.check(&claims, &all(check), NOW).err()?;
    assert_eq!(error.claim(), Some(claim));
    Some(error.code())
}

#[test]
fn every_claims_row_says_what_the_code_does() {
    let document = read(DOCUMENT);
    let rows = rows(&document);
    let one_claim = |claim: &str| {
        let begin = format!("`{claim}`");
        let mut found = rows
            .iter()
            .filter(|row| row[0].starts_with(&begin) && !is_of_types(row));
        let row = found.next().expect(claim);
        assert!(found.next().is_none(), "{claim}");
        row
    };
    for (claim, option, wrong) in [
        ("iss", "Iss", json!("https://another.example")),
        ("aud", "Aud", json!([CLIENT])),
        ("azp", "Aud", json!("another-app")),
        ("exp", "Exp", json!(1)),
        ("nbf", "Nbf", json!(NOW + 60)),
        ("iat", "Iat", json!(NOW + 60)),
        ("sub", "Sub", json!("user-7")),
        ("sub", "Sub", json!("")),
        ("jti", "Jti", json!(7)),
    ] {
        let row = one_claim(claim);
        let mut options = vec![format!("verify{option}"), format!("require{option}")];
        if claim == "azp" {
            // Whether it must be there is the constructor's to say.
            options.pop();
            assert!(row[0].contains("`requireAzp`"));
        }
        assert!(quoted(row[2]).eq(options), "{row:?}");
        let codes = [Value::Null, wrong.clone()].map(|value| judge(claim, &value, Check::Required));
        assert_eq!(
            quoted(row[3]).map(Some).collect::<Vec<_>>(),
            codes,
            "{row:?}"
        );
        for value in [Value::Null, wrong, json!({ "of": "another type" })] {
            assert_eq!(judge(claim, &value, Check::Off), None, "{row:?}");
        }
    }
    let of_types = rows.iter().filter(|row| is_of_types(row));
    let [descriptions, others] = of_types.collect::<Vec<_>>()[..] else {
        panic!("two rows about types")
    };
    for (row, off) in [(descriptions, Some("claim_invalid")), (others, None)] {
        assert!(quoted(row[3]).eq(["claim_invalid"]));
        assert_eq!(row[2].is_empty(), off.is_some());
        for claim in quoted(row[0]).filter(|name| *name != "null") {
            let wrong = json!({ "of": "another type" });
            assert_eq!(judge(claim, &wrong, Check::Off), off, "{claim}");
            assert_eq!(
                judge(claim, &wrong, Check::IfPresent),
                Some("claim_invalid")
            );
        }
    }
}

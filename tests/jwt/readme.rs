//! The README's chapter on verification, against the public types.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

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
fn every_check_and_no_other_is_in_the_chapter() {
    let (readme, types) = (read("README.md"), read("bindings/types.d.ts"));
    let chapter = between(&readme, "\n## How a token is verified\n", "\n## ");
    let options = between(&types, "\nexport interface VerifyOptions {\n", "\n}\n");
    let names = options
        .lines()
        .filter_map(|line| line.trim().split_once("?:"));
    let public: BTreeSet<_> = names
        .map(|(name, _)| name)
        .filter(|name| is_check(name))
        .collect();
    let told: BTreeSet<_> = quoted(chapter)
        .filter(|name| is_check(name) && *name != "requireAzp")
        .collect();
    assert_eq!(told, public);
    assert!(public.contains("verifySignature") && public.contains("requireAtHash"));
}

#[test]
fn every_code_in_the_chapters_table_exists() {
    let (readme, types) = (read("README.md"), read("bindings/types.d.ts"));
    let chapter = between(&readme, "\n## How a token is verified\n", "\n## ");
    let union = between(&types, "\nexport type EsiErrorCode =\n", ";");
    let codes: BTreeSet<_> = union.split('"').skip(1).step_by(2).collect();
    let rows: Vec<_> = chapter
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

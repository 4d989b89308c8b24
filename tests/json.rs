//! JSON as it stands in a document, beside what `serde_json` makes of the same text.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used)]

use std::borrow::Cow;

use esi_security::Json;
use serde_json::Value;

fn parse(document: &str) -> Json<'_> {
    Json::parse(document.as_bytes()).unwrap()
}

/// The same as `serde_json`'s own value, where no member stands twice.
fn value(json: &Json<'_>) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Flag(flag) => (*flag).into(),
        Json::Whole(number) => (*number).into(),
        Json::Number(number) => (*number).into(),
        Json::Text(text) => text.as_ref().into(),
        Json::List(items) => items.iter().map(value).collect(),
        Json::Object(object) => {
            let members = object.members().iter();
            members
                .map(|(name, member)| (name.clone().into_owned(), value(member)))
                .collect()
        }
    }
}

#[test]
fn a_document_is_what_serde_json_reads_too() {
    for document in [
        "null",
        "true",
        "false",
        "0",
        "-9223372036854775808",
        "9223372036854775807",
        "1.5",
        "1e3",
        "-0",
        r#""""#,
        r#""a \"text\" with \u0041, \u00e9 and \ud83d\ude80, A, é and 🚀""#,
        "[]",
        "[[], {}, [null]]",
        "{}",
        r#"{ "b": 1, "a": {"\u0062": [true, "c"]} }"#,
    ] {
        let expected: Value = serde_json::from_str(document).unwrap();
        assert_eq!(value(&parse(document)), expected, "{document}");
    }
}

#[test]
fn what_is_no_json_is_nothing() {
    let deep = "[".repeat(200) + &"]".repeat(200);
    for document in [
        "",
        "nul",
        "[1",
        "{1:2}",
        "{\"a\"}",
        "1 2",
        "\"\\ud800\"",
        "1e999",
        &deep,
    ] {
        assert_eq!(Json::parse(document.as_bytes()), None, "{document}");
    }
    assert_eq!(Json::parse(b"\"\xff\""), None);
}

#[test]
fn a_number_is_whole_only_as_it_is_written() {
    assert_eq!(parse("5").as_whole(), Some(5));
    assert_eq!(parse("-5").as_whole(), Some(-5));
    assert_eq!(parse("9223372036854775807").as_whole(), Some(i64::MAX));
    for document in ["5.0", "5e0", "-0", "9223372036854775808", "\"5\"", "true"] {
        assert_eq!(parse(document).as_whole(), None, "{document}");
    }
    assert_eq!(
        parse("9223372036854775808"),
        Json::Number(9_223_372_036_854_775_808.0)
    );
}

#[test]
fn each_kind_is_only_its_own() {
    let all = parse(r#"[null, true, 1, 1.5, "a", [], {}]"#);
    let read = |item: &Json<'_>| {
        [
            item.is_null(),
            item.as_flag() == Some(true),
            item.as_whole() == Some(1),
            *item == Json::Number(1.5),
            item.as_text() == Some("a"),
            item.as_list().is_some_and(<[_]>::is_empty),
            item.as_object()
                .is_some_and(|object| object.members().is_empty()),
        ]
    };
    for (index, item) in all.as_list().unwrap().iter().enumerate() {
        let found: Vec<usize> = (0..7).filter(|at| read(item)[*at]).collect();
        assert_eq!(found, [index]);
    }
}

#[test]
fn the_last_of_two_members_counts_and_both_are_there() {
    let document = parse(r#"{"a":1,"b":2,"\u0061":3}"#);
    let object = document.as_object().unwrap();
    assert_eq!(object.get("a"), Some(&Json::Whole(3)));
    assert_eq!(object.get("b"), Some(&Json::Whole(2)));
    assert_eq!(object.get("c"), None);
    let names: Vec<&str> = object
        .members()
        .iter()
        .map(|(name, _)| name.as_ref())
        .collect();
    assert_eq!(names, ["a", "b", "a"]);
}

#[test]
fn only_a_text_with_escapes_is_copied() {
    let document = parse(r#"{"plain":"as it is","esc\u0061ped":"\n"}"#);
    let copied: Vec<bool> = document
        .as_object()
        .unwrap()
        .members()
        .iter()
        .flat_map(|(name, value)| match value {
            Json::Text(text) => [name, text],
            _ => unreachable!(),
        })
        .map(|text| matches!(text, Cow::Owned(_)))
        .collect();
    assert_eq!(copied, [false, false, true, true]);
}

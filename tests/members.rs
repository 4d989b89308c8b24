//! Objects that are written member by member are the JSON that anybody else reads.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used)]

use esi_security::Members;
use serde_json::{Value, json};

const NASTY: &str = "\"\\/\u{0}\n\u{1f}\u{7f}é漢🚀</script>";

#[test]
fn no_members_are_an_object_too() {
    assert_eq!(Members::new().finish(), "{}");
}

#[test]
fn every_member_is_read_as_it_was_given() {
    let mut members = Members::new();
    members.text("text", NASTY);
    members.text("", "");
    members.number("least", i64::MIN);
    members.number("most", i64::MAX);
    members.json("raw", "{\"a\":[1,null]}");
    members.texts("none", &[]);
    members.texts("two", &[NASTY.into(), "b".into()]);
    members.text_or_null("here", Some("c"));
    members.text_or_null("not here", None);
    members.number_or_null("a number", Some(0));
    members.number_or_null("no number", None);
    let read: Value = serde_json::from_str(&members.finish()).unwrap();
    let expected = json!({
        "text": NASTY,
        "": "",
        "least": i64::MIN,
        "most": i64::MAX,
        "raw": { "a": [1, null] },
        "none": [],
        "two": [NASTY, "b"],
        "here": "c",
        "not here": null,
        "a number": 0,
        "no number": null,
    });
    assert_eq!(read, expected);
}

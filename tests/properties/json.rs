//! JSON as text, since much of what can be written is gone once it is parsed: members that stand twice,
//! numbers of any size, any depth.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

use crate::text::text;

/// An object's members in their order, each value as its text.
pub(crate) type Members = Vec<(String, String)>;

const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "1",
    "-1",
    "1.5",
    "1e3",
    "1E+2",
    "1e-400",
    "0.1e1",
    "253402300799",
    "253402300800",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551616",
    "1e308",
    "1e309",
    "-1e999",
    "123456789012345678901234567890",
];

fn string() -> impl Strategy<Value = String> {
    text().prop_map(|text| Value::from(text).to_string())
}

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        1 => select(&["null", "true", "false", "\"\"", "[]", "{}"][..]).prop_map(String::from),
        1 => select(NUMBERS).prop_map(String::from),
        1 => any::<i64>().prop_map(|number| number.to_string()),
        1 => (0..4_000_000_000_u32).prop_map(|number| number.to_string()),
        1 => any::<f64>().prop_map(|number| Value::from(number).to_string()),
        2 => string(),
        1 => (0..300_usize).prop_map(|depth| "[".repeat(depth) + &"]".repeat(depth)),
    ]
}

/// Any JSON.
pub(crate) fn value() -> impl Strategy<Value = String> {
    scalar().prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            vec((text(), inner), 0..4).prop_map(|members| object(&members)),
        ]
    })
}

/// An object as JSON.
pub(crate) fn object(members: &[(String, String)]) -> String {
    let members: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("{}:{value}", Value::from(name.as_str())))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// True if no member stands twice.
pub(crate) fn unique(members: &[(String, String)]) -> bool {
    let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.windows(2).all(|pair| pair[0] != pair[1])
}

/// A change to an object.
#[derive(Clone, Debug)]
enum Change {
    Set(Index, String),
    Remove(Index),
    Repeat(Index, Index),
    Add(String, String),
}

/// The members of an object, as it stands in a document.
pub(crate) fn members(object: &Value) -> Members {
    object
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.clone(), value.to_string()))
        .collect()
}

/// `original` with at most three changes; new members get one of `names`, or any name, and any of
/// `values`.
pub(crate) fn changed(
    original: Members,
    names: &'static [&'static str],
    values: impl Strategy<Value = String> + Clone,
) -> impl Strategy<Value = Members> {
    let name = prop_oneof![4 => select(names).prop_map(String::from), 1 => text()];
    let index = any::<Index>;
    let change = prop_oneof![
        4 => (index(), values.clone()).prop_map(|(at, new)| Change::Set(at, new)),
        2 => index().prop_map(Change::Remove),
        1 => (index(), index()).prop_map(|(at, to)| Change::Repeat(at, to)),
        3 => (name, values).prop_map(|(name, new)| Change::Add(name, new)),
    ];
    vec(change, 0..4).prop_map(move |changes| {
        let mut members = original.clone();
        for change in changes {
            let size = members.len();
            match change {
                Change::Set(at, new) if size > 0 => members[at.index(size)].1 = new,
                Change::Remove(at) if size > 0 => drop(members.remove(at.index(size))),
                Change::Repeat(at, to) if size > 0 => {
                    let again = members[at.index(size)].clone();
                    members.insert(to.index(size), again);
                }
                Change::Add(name, new) => members.push((name, new)),
                Change::Set(..) | Change::Remove(_) | Change::Repeat(..) => {}
            }
        }
        members
    })
}

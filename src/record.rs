//! JSON objects of a known shape, read and written member by member: one way for all of them, which is much less
//! code than what serde derives for each.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::{Map, Value};

/// What stands in storage, in a message or in a document as such an object.
pub(crate) trait FromRecord: Sized {
    /// `None` where a member is missing, or is not what it must be.
    fn from_record(record: Record<'_>) -> Option<Self>;
}

/// The members of an object.
#[derive(Clone, Copy)]
pub(crate) struct Record<'a>(&'a Map<String, Value>);

impl Record<'_> {
    /// A member that must be there.
    pub(crate) fn required<T>(
        self,
        name: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        self.0.get(name).and_then(read)
    }

    /// A member that may be missing, or `null`.
    #[expect(
        clippy::option_option,
        reason = "the outer one says whether it could be read"
    )]
    pub(crate) fn optional<T>(
        self,
        name: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.0.get(name) {
            None | Some(Value::Null) => Some(None),
            Some(value) => read(value).map(Some),
        }
    }

    /// A member that has a default where it is missing.
    pub(crate) fn or_default<T: Default>(
        self,
        name: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        self.0.get(name).map_or_else(|| Some(T::default()), read)
    }

    /// True if there is no member but these.
    pub(crate) fn has_only(self, names: &[&str]) -> bool {
        self.0.keys().all(|name| names.contains(&name.as_str()))
    }
}

/// For the members of objects: an object.
pub(crate) fn object<T: FromRecord>(value: &Value) -> Option<T> {
    T::from_record(Record(value.as_object()?))
}

/// A text, or what is made of one.
pub(crate) fn text<T: From<String>>(value: &Value) -> Option<T> {
    Some(value.as_str()?.to_owned().into())
}

/// A list, of which each entry is read.
pub(crate) fn list<T>(value: &Value, read: impl FnMut(&Value) -> Option<T>) -> Option<Vec<T>> {
    value.as_array()?.iter().map(read).collect()
}

/// A small number that is not below zero.
pub(crate) fn count(value: &Value) -> Option<u32> {
    value.as_u64()?.try_into().ok()
}

/// Any JSON, compiled once. Of a member that stands twice the last counts.
pub(crate) fn parse(json: &str) -> Option<Value> {
    serde_json::from_slice(json.as_bytes()).ok()
}

/// An object, from its JSON.
pub(crate) fn read<T: FromRecord>(json: &str) -> Option<T> {
    object(&parse(json)?)
}

/// What becomes such an object.
pub(crate) trait ToRecord {
    /// Writes what there is.
    fn to_record(&self, members: &mut Members);

    /// The whole object as JSON.
    fn to_json(&self) -> String {
        let mut members = Members::new();
        self.to_record(&mut members);
        members.finish()
    }
}

const NULL: &str = "null";

/// Writes an object, member by member.
pub struct Members(String);

impl Members {
    /// None yet.
    #[expect(clippy::new_without_default, reason = "it is begun to be finished")]
    pub fn new() -> Self {
        Self("{".to_owned())
    }

    /// A member whose value is JSON already. Its name needs no escapes.
    pub fn json(&mut self, name: &str, value: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        for part in ["\"", name, "\":", value] {
            self.0.push_str(part);
        }
    }

    /// A text.
    pub fn text(&mut self, name: &str, value: &str) {
        self.json(name, &quoted(value));
    }

    /// A text, or `null`.
    pub fn text_or_null(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.text(name, value),
            None => self.json(name, NULL),
        }
    }

    /// A list of texts.
    pub fn texts(&mut self, name: &str, values: &[String]) {
        self.json(name, &array(values.iter().map(|value| quoted(value))));
    }

    /// A whole number.
    pub fn number(&mut self, name: &str, value: i64) {
        self.json(name, &value.to_string());
    }

    /// A whole number, or `null`.
    pub fn number_or_null(&mut self, name: &str, value: Option<i64>) {
        match value {
            Some(value) => self.number(name, value),
            None => self.json(name, NULL),
        }
    }

    /// The object.
    pub fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// A text as JSON.
pub(crate) fn quoted(text: &str) -> String {
    // It cannot fail: what is written is in memory.
    serde_json::to_string(text).unwrap_or_default()
}

/// A list of what is JSON already.
pub(crate) fn array(values: impl Iterator<Item = String>) -> String {
    let mut json = String::from("[");
    for value in values {
        if json.len() > 1 {
            json.push(',');
        }
        json.push_str(&value);
    }
    json.push(']');
    json
}

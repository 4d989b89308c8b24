//! JSON objects of a known shape, read and written member by member: one way for all of them, which is much less
//! code than what serde derives for each.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::json::{Json, Object};

/// What stands in storage, in a message or in a document as such an object.
pub(crate) trait FromRecord: Sized {
    /// `None` where a member is missing, or is not what it must be.
    fn from_record(record: Record<'_>) -> Option<Self>;
}

/// The members of an object.
#[derive(Clone, Copy)]
pub(crate) struct Record<'a>(&'a Object<'a>);

impl Record<'_> {
    /// A member that must be there.
    pub(crate) fn required<T>(
        self,
        name: &str,
        read: impl FnOnce(&Json<'_>) -> Option<T>,
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
        read: impl FnOnce(&Json<'_>) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.0.get(name) {
            None | Some(Json::Null) => Some(None),
            Some(value) => read(value).map(Some),
        }
    }

    /// A member that has a default where it is missing.
    pub(crate) fn or_default<T: Default>(
        self,
        name: &str,
        read: impl FnOnce(&Json<'_>) -> Option<T>,
    ) -> Option<T> {
        self.0.get(name).map_or_else(|| Some(T::default()), read)
    }

    /// True if there is no member but these.
    pub(crate) fn has_only(self, names: &[&str]) -> bool {
        self.0
            .members()
            .iter()
            .all(|(name, _)| names.contains(&name.as_ref()))
    }
}

/// For the members of objects: an object.
pub(crate) fn object<T: FromRecord>(value: &Json<'_>) -> Option<T> {
    T::from_record(Record(value.as_object()?))
}

/// A text, or what is made of one.
pub(crate) fn text<T: From<String>>(value: &Json<'_>) -> Option<T> {
    Some(value.as_text()?.to_owned().into())
}

/// A list of texts.
pub(crate) fn texts(value: &Json<'_>) -> Option<Vec<String>> {
    value.to_texts()
}

/// A list of objects.
pub(crate) fn objects<T: FromRecord>(value: &Json<'_>) -> Option<Vec<T>> {
    let mut objects = Vec::new();
    for item in value.as_list()? {
        objects.push(object(item)?);
    }
    Some(objects)
}

/// A flag.
pub(crate) fn flag(value: &Json<'_>) -> Option<bool> {
    value.as_flag()
}

/// A whole number.
pub(crate) fn whole(value: &Json<'_>) -> Option<i64> {
    value.as_whole()
}

/// A small number that is not below zero.
pub(crate) fn count(value: &Json<'_>) -> Option<u32> {
    value.as_whole()?.try_into().ok()
}

/// An object, from its JSON.
pub(crate) fn read<T: FromRecord>(json: &str) -> Option<T> {
    object(&Json::parse(json.as_bytes())?)
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

    fn name(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        for part in ["\"", name, "\":"] {
            self.0.push_str(part);
        }
    }

    /// A member whose value is JSON already. Its name needs no escapes.
    pub fn json(&mut self, name: &str, value: &str) {
        self.name(name);
        self.0.push_str(value);
    }

    /// A text.
    pub fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        push_text(&mut self.0, value);
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
        self.name(name);
        push_list(&mut self.0, values, |json, value| push_text(json, value));
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

/// Writes a text as JSON.
fn push_text(json: &mut String, text: &str) {
    // Hardly any has something to escape, and copying the others as they are is several times as fast.
    let plain = |byte| byte >= b' ' && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        for part in ["\"", text, "\""] {
            json.push_str(part);
        }
    } else {
        // It cannot fail: what is written is in memory.
        json.push_str(&serde_json::to_string(text).unwrap_or_default());
    }
}

/// Writes a list.
fn push_list<T>(json: &mut String, values: &[T], mut push: impl FnMut(&mut String, &T)) {
    json.push('[');
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            json.push(',');
        }
        push(json, value);
    }
    json.push(']');
}

/// A list of objects.
pub(crate) fn to_list(values: &[impl ToRecord]) -> String {
    let mut json = String::new();
    push_list(&mut json, values, |json, value| {
        json.push_str(&value.to_json());
    });
    json
}

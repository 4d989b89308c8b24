//! JSON objects of a known shape, read member by member: one way for all of them, which is much less code
//! than what serde derives for each.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use serde::de::{Deserialize, Deserializer, Error as _};
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

/// For serde.
pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromRecord,
    D: Deserializer<'de>,
{
    let value = Value::deserialize(deserializer)?;
    object(&value).ok_or_else(|| D::Error::custom("no such object"))
}

/// Lets serde read what is read as a record.
macro_rules! deserialize_as_record {
    ($name:ty) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::record::deserialize(deserializer)
            }
        }
    };
}

pub(crate) use deserialize_as_record;

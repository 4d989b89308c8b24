//! JSON as it stands in a document. Texts without escapes are borrowed from it, and members are kept in their order,
//! which is less code and fewer copies than a map of owned ones.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

/// Any JSON value.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Json<'a> {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// A whole number, if it is one as it is written and fits.
    Whole(i64),
    /// Any other number.
    Number(f64),
    /// A text, its escapes resolved.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Self>),
    /// An object.
    Object(Object<'a>),
}

/// The members of an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object<'a>(Vec<(Cow<'a, str>, Json<'a>)>);

/// How many members are compared with each other; with more an object is none of which that is asked.
const MOST_COMPARED: usize = 256;

impl<'a> Json<'a> {
    /// Reads a document; `None` if it is no JSON.
    pub fn parse(document: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(document).ok()
    }

    /// True for `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// A flag.
    pub fn as_flag(&self) -> Option<bool> {
        match self {
            Self::Flag(flag) => Some(*flag),
            _ => None,
        }
    }

    /// A whole number.
    pub fn as_whole(&self) -> Option<i64> {
        match self {
            Self::Whole(number) => Some(*number),
            _ => None,
        }
    }

    /// A text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A list.
    pub fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// A list of texts, copied.
    pub fn to_texts(&self) -> Option<Vec<String>> {
        let mut texts = Vec::new();
        for item in self.as_list()? {
            texts.push(item.as_text()?.to_owned());
        }
        Some(texts)
    }

    /// An object.
    pub fn as_object(&self) -> Option<&Object<'a>> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }
}

impl<'a> Object<'a> {
    /// A member by its name, the last of them where it stands there more than once.
    pub fn get(&self, name: &str) -> Option<&Json<'a>> {
        let found = self.0.iter().rev().find(|(known, _)| known == name);
        found.map(|(_, value)| value)
    }

    /// All members, in their order.
    pub fn members(&self) -> &[(Cow<'a, str>, Json<'a>)] {
        &self.0
    }

    /// True if no member stands there twice, and there are not more than 256: two readers could otherwise see two
    /// different tokens (RFC 7515 section 4, RFC 7519 section 4).
    pub(crate) fn is_unique(&self) -> bool {
        let mut names = self.0.iter().map(|(name, _)| name).enumerate();
        self.0.len() <= MOST_COMPARED
            && names.all(|(index, name)| !self.0.iter().take(index).any(|(other, _)| other == name))
    }
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Json<'de>, E> {
        Ok(Json::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json<'de>, E> {
        Ok(Json::Whole(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json<'de>, E> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "as for any number that is larger"
        )]
        let large = |_| Json::Number(number as f64);
        Ok(i64::try_from(number).map_or_else(large, Json::Whole))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json<'de>, E> {
        Ok(Json::Number(number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.into())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = access.next_entry()? {
            let Json::Text(name) = name else {
                return Err(A::Error::custom("a name that is no text"));
            };
            members.push((name, value));
        }
        Ok(Json::Object(Object(members)))
    }
}

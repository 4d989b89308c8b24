//! Reading what JavaScript passes. Everything may be anything: a wrong type is refused by the
//! argument's name, an option that does not exist too, with what was probably meant.

use std::borrow::Cow;

use esi_security::{Error, Phase, suggestion};
use js_sys::{Array, JSON, Object, Reflect, Symbol};
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;

/// An object of named options.
pub(crate) struct Options<'a> {
    object: Option<&'a Object>,
    phase: Phase,
}

impl<'a> Options<'a> {
    /// `value` must be an object, or nothing at all, with no other options than the known ones.
    pub(crate) fn new(
        value: &'a JsValue,
        phase: Phase,
        known: &[&'static str],
    ) -> Result<Self, Error> {
        if is_nothing(value) {
            return Ok(Self {
                object: None,
                phase,
            });
        }
        let object = value.dyn_ref::<Object>();
        let object = object.filter(|_| !value.is_function() && !Array::is_array(value));
        let Some(object) = object else {
            return Err(invalid(phase, "options", "must be an object"));
        };
        for name in Object::keys(object)
            .iter()
            .filter_map(|key| key.as_string())
        {
            if !known.contains(&name.as_str()) {
                let suggestion = suggestion(&name, known);
                return Err(Error::UnknownOption {
                    phase,
                    name,
                    suggestion,
                });
            }
        }
        Ok(Self {
            object: Some(object),
            phase,
        })
    }

    /// The option as it was given; `None` if it was left out, or is `undefined` or `null`.
    pub(crate) fn value(&self, name: &'static str) -> Result<Option<JsValue>, Error> {
        let Some(object) = self.object else {
            return Ok(None);
        };
        let value = Reflect::get(object, &name.into())
            .map_err(|_| invalid(self.phase, name, "could not be read"))?;
        Ok(Some(value).filter(|value| !is_nothing(value)))
    }

    /// The option as a `T`; `expected` says what that is.
    pub(crate) fn get<T: DeserializeOwned>(
        &self,
        name: &'static str,
        expected: &'static str,
    ) -> Result<Option<T>, Error> {
        let value = self.value(name)?;
        let read = |value| serde_wasm_bindgen::from_value(value);
        value
            .map(|value| read(value).map_err(|_| invalid(self.phase, name, expected)))
            .transpose()
    }

    /// A string.
    pub(crate) fn text(&self, name: &'static str) -> Result<Option<String>, Error> {
        self.get(name, TEXT)
    }

    /// A list of strings.
    pub(crate) fn texts(&self, name: &'static str) -> Result<Option<Vec<String>>, Error> {
        self.get(name, TEXTS)
    }

    /// True or false.
    pub(crate) fn flag(&self, name: &'static str) -> Result<Option<bool>, Error> {
        self.get(name, "must be true or false")
    }

    /// The option as JSON.
    pub(crate) fn json(&self, name: &'static str) -> Result<Option<String>, Error> {
        let value = self.value(name)?;
        value
            .map(|value| json(&value, self.phase, name))
            .transpose()
    }

    /// An object of strings, as pairs.
    pub(crate) fn pairs(&self, name: &'static str) -> Result<Vec<(String, String)>, Error> {
        let wrong = || invalid(self.phase, name, "must be an object of strings");
        let Some(value) = self.value(name)? else {
            return Ok(Vec::new());
        };
        let object: Object = value.dyn_into().map_err(|_| wrong())?;
        // `Headers`, a `Map` or a list: their pairs are no properties, and would be lost without a word.
        if Reflect::has(&object, &Symbol::iterator()) == Ok(true) {
            return Err(wrong());
        }
        let pair = |entry: JsValue| {
            let entry = Array::from(&entry);
            Some((entry.get(0).as_string()?, entry.get(1).as_string()?))
        };
        let pairs = Object::entries(&object);
        pairs
            .iter()
            .map(|entry| pair(entry).ok_or_else(wrong))
            .collect()
    }
}

const TEXT: &str = "must be a string";
const TEXTS: &str = "must be a list of strings";

/// A string.
pub(crate) fn text(value: &JsValue, phase: Phase, name: &'static str) -> Result<String, Error> {
    value.as_string().ok_or_else(|| invalid(phase, name, TEXT))
}

/// A string, or nothing.
pub(crate) fn optional_text(
    value: &JsValue,
    phase: Phase,
    name: &'static str,
) -> Result<Option<String>, Error> {
    if is_nothing(value) {
        return Ok(None);
    }
    text(value, phase, name).map(Some)
}

/// A list of strings; nothing is an empty one.
pub(crate) fn texts(
    value: &JsValue,
    phase: Phase,
    name: &'static str,
) -> Result<Vec<String>, Error> {
    if is_nothing(value) {
        return Ok(Vec::new());
    }
    serde_wasm_bindgen::from_value(value.clone()).map_err(|_| invalid(phase, name, TEXTS))
}

/// A whole number of seconds, negative too; nothing is zero.
pub(crate) fn seconds(value: &JsValue, phase: Phase, name: &'static str) -> Result<i64, Error> {
    if is_nothing(value) {
        return Ok(0);
    }
    let number = value.as_f64().filter(|number| number.is_finite());
    #[expect(clippy::cast_possible_truncation, reason = "saturates, as seconds may")]
    number
        .map(|number| number.floor() as i64)
        .ok_or_else(|| invalid(phase, name, "must be a number of seconds"))
}

/// A length; `default` where nothing is given.
pub(crate) fn length(
    value: &JsValue,
    phase: Phase,
    name: &'static str,
    default: usize,
) -> Result<usize, Error> {
    if is_nothing(value) {
        return Ok(default);
    }
    let number = value
        .as_f64()
        .filter(|n| n.fract() == 0.0 && (0.0..=1e6).contains(n));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked the line before"
    )]
    number
        .map(|number| number as usize)
        .ok_or_else(|| invalid(phase, name, "must be a whole number from 32 to 96"))
}

/// Whatever it is, as JSON; what JSON cannot hold becomes `null`.
pub(crate) fn json(value: &JsValue, phase: Phase, name: &'static str) -> Result<String, Error> {
    let json = JSON::stringify(value).map_err(|_| invalid(phase, name, "must be plain data"))?;
    Ok(JsValue::from(json)
        .as_string()
        .unwrap_or_else(|| "null".into()))
}

/// An error about an argument.
pub(crate) fn invalid(phase: Phase, name: &'static str, reason: &'static str) -> Error {
    Error::InvalidArgument {
        phase,
        name: Cow::Borrowed(name),
        reason,
    }
}

fn is_nothing(value: &JsValue) -> bool {
    value.is_undefined() || value.is_null()
}

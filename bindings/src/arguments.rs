//! Reading what JavaScript passes. Everything may be anything: a wrong type is refused by the
//! argument's name, an option that does not exist too, with what was probably meant.

use esi_security::web::get;
use esi_security::{Error, ErrorKind, Json, Phase, suggestion};
use js_sys::{JSON, Reflect, Symbol};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    // js-sys's own does not catch, and a Proxy that was revoked makes it throw.
    #[wasm_bindgen(catch, js_namespace = Array, js_name = isArray)]
    fn is_array(value: &JsValue) -> Result<bool, JsValue>;
}

/// An object of named options. Only its own members count, not what somebody has put into
/// `Object.prototype`.
pub(crate) struct Options {
    object: JsValue,
    names: Vec<String>,
    phase: Phase,
}

impl Options {
    /// `value` must be an object, or nothing at all, with no other options than the known ones.
    pub(crate) fn new(
        value: &JsValue,
        phase: Phase,
        known: &[&'static str],
    ) -> Result<Self, Error> {
        let wrong = || Error::argument(phase, "options", "must be an object");
        let names = if is_nothing(value) {
            Vec::new()
        } else if value.is_object() && is_array(value) == Ok(false) {
            let keys = Reflect::own_keys(value).map_err(|_| wrong())?;
            keys.iter().filter_map(|key| key.as_string()).collect()
        } else {
            return Err(wrong());
        };
        let unknown = names.iter().find(|name| !known.contains(&name.as_str()));
        if let Some(name) = unknown {
            return Err(ErrorKind::UnknownOption {
                phase,
                suggestion: suggestion(name, known),
                name: name.clone(),
            }
            .into());
        }
        Ok(Self {
            object: value.clone(),
            names,
            phase,
        })
    }

    /// The option as it was given; `None` if it was left out, or is `undefined` or `null`.
    pub(crate) fn value(&self, name: &'static str) -> Result<Option<JsValue>, Error> {
        if !self.names.iter().any(|given| given == name) {
            return Ok(None);
        }
        let value = get(&self.object, name)
            .map_err(|_| Error::argument(self.phase, name, "could not be read"))?;
        Ok(Some(value).filter(|value| !is_nothing(value)))
    }

    /// A string.
    pub(crate) fn text(&self, name: &'static str) -> Result<Option<String>, Error> {
        let value = self.value(name)?;
        value
            .map(|value| text(&value, self.phase, name))
            .transpose()
    }

    /// A list of strings.
    pub(crate) fn texts(&self, name: &'static str) -> Result<Option<Vec<String>>, Error> {
        self.data(name, TEXTS, list)
    }

    /// True or false.
    pub(crate) fn flag(&self, name: &'static str) -> Result<Option<bool>, Error> {
        let wrong = || Error::argument(self.phase, name, "must be true or false");
        let value = self.value(name)?;
        value
            .map(|value| value.as_bool().ok_or_else(wrong))
            .transpose()
    }

    /// A whole number of seconds.
    pub(crate) fn seconds(&self, name: &'static str) -> Result<Option<i64>, Error> {
        let value = self.value(name)?;
        value
            .map(|value| seconds(&value, self.phase, name))
            .transpose()
    }

    /// The option as JSON.
    pub(crate) fn json(&self, name: &'static str) -> Result<Option<String>, Error> {
        let value = self.value(name)?;
        value
            .map(|value| json(&value, self.phase, name))
            .transpose()
    }

    /// Plain data; `expected` says what.
    pub(crate) fn data<T>(
        &self,
        name: &'static str,
        expected: &'static str,
        read: impl FnOnce(&Json<'_>) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        let value = self.value(name)?;
        value
            .map(|value| data(&value, self.phase, name, expected, read))
            .transpose()
    }

    /// An object of strings, as pairs.
    pub(crate) fn pairs(&self, name: &'static str) -> Result<Vec<(String, String)>, Error> {
        const PAIRS: &str = "must be an object of strings";
        // `Headers`, a `Map` or a list: their pairs are no properties, and would be lost without a word.
        let listed = |value: JsValue| Reflect::has(&value, &Symbol::iterator()) != Ok(false);
        if self.value(name)?.is_some_and(listed) {
            return Err(Error::argument(self.phase, name, PAIRS));
        }
        let read = |value: &Json<'_>| {
            let mut pairs = Vec::new();
            for (name, value) in value.as_object()?.members() {
                pairs.push((name.as_ref().to_owned(), value.as_text()?.to_owned()));
            }
            Some(pairs)
        };
        Ok(self.data(name, PAIRS, read)?.unwrap_or_default())
    }
}

const TEXT: &str = "must be a string";
const TEXTS: &str = "must be a list of strings";

/// A string.
pub(crate) fn text(value: &JsValue, phase: Phase, name: &'static str) -> Result<String, Error> {
    value
        .as_string()
        .ok_or_else(|| Error::argument(phase, name, TEXT))
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
    data(value, phase, name, TEXTS, list)
}

fn list(value: &Json<'_>) -> Option<Vec<String>> {
    value.to_texts()
}

/// Plain data by way of JSON: the one way to read it during which no getter of the page can throw into
/// this module.
fn data<T>(
    value: &JsValue,
    phase: Phase,
    name: &'static str,
    expected: &'static str,
    read: impl FnOnce(&Json<'_>) -> Option<T>,
) -> Result<T, Error> {
    let json = json(value, phase, name)?;
    Json::parse(json.as_bytes())
        .as_ref()
        .and_then(read)
        .ok_or_else(|| Error::argument(phase, name, expected))
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
        .ok_or_else(|| Error::argument(phase, name, "must be a number of seconds"))
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
        .ok_or_else(|| Error::argument(phase, name, "must be a whole number from 32 to 96"))
}

/// Whatever it is, as JSON; what JSON cannot hold becomes `null`.
pub(crate) fn json(value: &JsValue, phase: Phase, name: &'static str) -> Result<String, Error> {
    let json =
        JSON::stringify(value).map_err(|_| Error::argument(phase, name, "must be plain data"))?;
    Ok(JsValue::from(json)
        .as_string()
        .unwrap_or_else(|| "null".into()))
}

fn is_nothing(value: &JsValue) -> bool {
    value.is_undefined() || value.is_null()
}

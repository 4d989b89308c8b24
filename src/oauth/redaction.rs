//! Taking a secret out of a text that somebody else wrote. Error pages echo requests, and escape what
//! they echo: for an address, for HTML, for JSON.

use alloc::string::String;

/// `text` without `secret`, however each of its characters was escaped.
pub(super) fn redact(text: &str, secret: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text.chars();
    loop {
        if let Some(after) = strip(rest.as_str(), secret) {
            clean.push_str("[redacted]");
            rest = after.chars();
        } else if let Some(other) = rest.next() {
            clean.push(other);
        } else {
            return clean;
        }
    }
}

fn strip<'a>(text: &'a str, secret: &str) -> Option<&'a str> {
    // As it is, or else with escapes before plain characters: an `&` also begins `&amp;`.
    text.strip_prefix(secret)
        .or_else(|| secret.chars().try_fold(text, strip_character))
}

fn strip_character(text: &str, wanted: char) -> Option<&str> {
    strip_entity(text, wanted)
        .or_else(|| strip_percent(text, wanted))
        .or_else(|| strip_json(text, wanted))
        .or_else(|| text.strip_prefix(wanted))
}

/// `%2B`, by the bytes of its UTF-8; a form writes a space as `+`.
fn strip_percent(text: &str, wanted: char) -> Option<&str> {
    if let (' ', Some(rest)) = (wanted, text.strip_prefix('+')) {
        return Some(rest);
    }
    wanted
        .encode_utf8(&mut [0; 4])
        .bytes()
        .try_fold(text, |text, byte| {
            let (digits, rest) = text.strip_prefix('%')?.split_at_checked(2)?;
            is(digits, 16, byte.into()).then_some(rest)
        })
}

/// `\/` or `\u002b`.
fn strip_json(text: &str, wanted: char) -> Option<&str> {
    let escaped = text.strip_prefix('\\')?;
    escaped.strip_prefix(wanted).or_else(|| {
        let (digits, rest) = escaped.strip_prefix('u')?.split_at_checked(4)?;
        is(digits, 16, wanted.into()).then_some(rest)
    })
}

/// `&amp;`, `&#43;` or `&#x2B;`.
fn strip_entity(text: &str, wanted: char) -> Option<&str> {
    let (entity, rest) = text.strip_prefix('&')?.split_once(';')?;
    let same = match entity.strip_prefix('#') {
        None => matches!(
            (entity, wanted),
            ("amp", '&') | ("lt", '<') | ("gt", '>') | ("quot", '"') | ("apos", '\'')
        ),
        Some(number) => match number.strip_prefix(['x', 'X']) {
            Some(digits) => is(digits, 16, wanted.into()),
            None => is(number, 10, wanted.into()),
        },
    };
    same.then_some(rest)
}

fn is(digits: &str, radix: u32, wanted: u32) -> bool {
    u32::from_str_radix(digits, radix) == Ok(wanted)
}

//! How much of somebody else's text an error may repeat. Servers, gateways and a page's own `fetch` echo
//! requests, in any encoding. So nothing is cut out of a text: it is repeated unchanged, or not at all.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// How much of a text is repeated, in characters.
const LIMIT: usize = 500;

/// How many letters or digits of a secret in a row are too many.
const RUN: usize = 6;

/// From how many bytes on a secret is looked for as it is: it may have too few letters and digits for a run.
const WHOLE: usize = 8;

/// How many layers of escapes are taken off.
const LAYERS: usize = 4;

/// The secret members of a token response, without `_`, `-` and case. After their names, tokens may follow that nobody
/// here knows.
const TOKENS: [&[u8]; 3] = [b"accesstoken", b"refreshtoken", b"idtoken"];

/// The first 500 characters of `text`; `None` where they may hold a part of a secret, or a new token.
pub(super) fn quote(text: &str, secrets: &[&str]) -> Option<String> {
    let end = text.char_indices().nth(LIMIT).map(|(end, _)| end);
    let text = end.and_then(|end| text.get(..end)).unwrap_or(text);
    let spellings = spellings(secrets);
    let mut layer = text.as_bytes().to_vec();
    for _ in 0..LAYERS {
        let mut members = layer.to_ascii_lowercase();
        members.retain(|byte| !b"_-".contains(byte));
        let named = TOKENS.iter().any(|name| contains(&members, name));
        let mut long = secrets.iter().filter(|secret| secret.len() >= WHOLE);
        let whole = long.any(|secret| contains(&layer, secret.as_bytes()));
        if named
            || whole
            || share_a_run(&spellings, &letters(&layer))
            || share_a_run(&spellings, &letters(&without_tags(&layer)))
        {
            return None;
        }
        layer = unescape(&layer);
    }
    Some(text.to_owned())
}

/// The secrets as their letters and digits stand in plain text, in hex, and in base64, where three bytes become
/// four characters, so that there are three ways to begin.
fn spellings(secrets: &[&str]) -> Vec<Vec<u8>> {
    let mut spellings = Vec::new();
    for secret in secrets {
        let mut hex = Vec::new();
        for byte in secret.bytes() {
            for half in [byte >> 4, byte & 15] {
                hex.push(half + if half < 10 { b'0' } else { b'a' - 10 });
            }
        }
        spellings.push(hex);
        spellings.push(letters(secret.as_bytes()));
        for start in 0..3 {
            let rest = secret.as_bytes().get(start..).unwrap_or_default();
            spellings.push(letters(STANDARD.encode(rest).as_bytes()));
        }
    }
    spellings
}

/// The letters and digits of a text, in lower case: separators and case tell nothing apart.
fn letters(text: &[u8]) -> Vec<u8> {
    let mut letters = text.to_ascii_lowercase();
    letters.retain(u8::is_ascii_alphanumeric);
    letters
}

fn share_a_run(secrets: &[Vec<u8>], text: &[u8]) -> bool {
    let mut runs = text.windows(RUN);
    runs.any(|run| secrets.iter().any(|secret| contains(secret, run)))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// A text without what stands between `<` and `>`.
fn without_tags(text: &[u8]) -> Vec<u8> {
    let mut inside = false;
    let mut kept = text.to_vec();
    kept.retain(|byte| {
        inside = *byte == b'<' || inside && *byte != b'>';
        !inside
    });
    kept
}

/// A text with one layer of escapes taken off: of an address, of HTML, of JSON.
fn unescape(mut text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some((first, rest)) = text.split_first() {
        let (byte, rest) = read_escape(text).unwrap_or((*first, rest));
        bytes.push(byte);
        text = rest;
    }
    bytes
}

/// What the escape that `text` begins with stands for, and what follows it. All that is not ASCII is a space.
fn read_escape(text: &[u8]) -> Option<(u8, &[u8])> {
    match text {
        [b'%', rest @ ..] | [b'\\', b'x', rest @ ..] => read_number(rest, 2, 16),
        [b'\\', b'u', rest @ ..] => read_number(rest, 4, 16),
        [b'&', b'#', b'x' | b'X', rest @ ..] => read_reference(rest, 16),
        [b'&', b'#', rest @ ..] => read_reference(rest, 10),
        [b'&', rest @ ..] => read_name(rest),
        [b'\\', b'\\', rest @ ..] => Some((b'\\', rest)),
        // `\/`, `\n`
        [b'\\', _, rest @ ..] => Some((b' ', rest)),
        _ => None,
    }
}

fn read_number(text: &[u8], length: usize, radix: u32) -> Option<(u8, &[u8])> {
    let (digits, rest) = text.split_at_checked(length)?;
    let code = u32::from_str_radix(core::str::from_utf8(digits).ok()?, radix).ok()?;
    let ascii = u8::try_from(code).ok().filter(u8::is_ascii);
    Some((ascii.unwrap_or(b' '), rest))
}

/// A character reference of HTML by number. Where its semicolon is missing, it is read as the shortest that is a
/// printable character: a digit of a secret may follow.
fn read_reference(text: &[u8], radix: u32) -> Option<(u8, &[u8])> {
    let is_digit = |byte: &u8| char::from(*byte).is_digit(radix);
    let end = text.iter().position(|byte| !is_digit(byte));
    let end = end.filter(|end| text.get(*end) == Some(&b';'));
    if let Some((byte, rest)) = end.and_then(|end| read_number(text, end, radix)) {
        return Some((byte, without_semicolon(rest)));
    }
    let zeros = text.iter().take_while(|digit| **digit == b'0').count();
    let digits = text.get(zeros..)?;
    let is_long = radix == 10 && digits.starts_with(b"1");
    read_number(digits, if is_long { 3 } else { 2 }, radix)
}

/// A character reference of HTML by name. Only what may begin another escape matters.
fn read_name(text: &[u8]) -> Option<(u8, &[u8])> {
    let named: [(&[u8], u8); 3] = [(b"amp", b'&'), (b"lt", b'<'), (b"gt", b'>')];
    for (name, byte) in named {
        if let Some(rest) = text.strip_prefix(name) {
            return Some((byte, without_semicolon(rest)));
        }
    }
    let end = text.iter().position(|byte| !byte.is_ascii_alphanumeric())?;
    let rest = text.get(end..)?.strip_prefix(b";")?;
    Some((b' ', rest))
}

fn without_semicolon(text: &[u8]) -> &[u8] {
    text.strip_prefix(b";").unwrap_or(text)
}

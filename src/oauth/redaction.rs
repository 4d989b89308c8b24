//! Taking secrets out of a text that somebody else wrote. Error pages echo requests, and escape what
//! they echo: for an address, for HTML, for JSON, and one inside the other.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

/// How much of a text is looked through, in characters: enough for an error page, and soon done.
const READ_LIMIT: usize = 8192;

/// How often escapes may lie inside each other.
const NESTING: usize = 3;

/// The longest escape that is known, in bytes: `&#x10FFFF;`.
const LONGEST_ESCAPE: usize = 10;

/// A shorter secret (a header such as "1") would riddle the text and betrays nothing.
const SHORTEST_SECRET: usize = 8;

/// The members of a token response that are secret.
const TOKENS: [&[u8]; 2] = [b"access_token", b"refresh_token"];

/// What stands before the first name of a token, where `text` has one, in whatever escapes: after it, tokens
/// may follow that nobody here has seen before.
pub(super) fn names_tokens(text: &str) -> Option<&str> {
    let (bytes, origins) = unescape(text, NESTING);
    let at = (0..bytes.len()).find(|at| {
        let rest = bytes.get(*at..).unwrap_or_default();
        TOKENS.iter().any(|name| rest.starts_with(name))
    })?;
    text.get(..*origins.get(at)?)
}

/// At most `limit` characters from the beginning of `text`, without any of the secrets.
pub(super) fn redact(text: &str, mut secrets: Vec<&str>, limit: usize) -> String {
    let border = text
        .char_indices()
        .nth(READ_LIMIT)
        .map(|(border, _)| border);
    let read = border.and_then(|border| text.get(..border)).unwrap_or(text);
    let mut clean = read.to_owned();
    // The longest first: another may be its beginning, and without that it would not be known any more.
    while let Some(secret) = secrets.iter().copied().max_by_key(|secret| secret.len()) {
        secrets.retain(|other| *other != secret);
        if secret.len() >= SHORTEST_SECRET {
            // As it is, too: what stands before it may make another escape of its beginning.
            clean = without(&clean, secret, 0, false);
            clean = without(&clean, secret, NESTING, border.is_some());
        }
    }
    clean.chars().take(limit).collect()
}

/// `text` without `secret`, `nesting` escapes deep. Where the text was `cut`, what may be the beginning of
/// a secret goes too.
fn without(text: &str, secret: &str, nesting: usize, cut: bool) -> String {
    let (bytes, origins) = unescape(text, nesting);
    let (needle, _) = unescape(secret, nesting);
    let origin = |at: usize| origins.get(at).copied().unwrap_or(text.len());
    let doubtful = if cut {
        secret.len() + LONGEST_ESCAPE
    } else {
        0
    };
    let end = origin(bytes.len().saturating_sub(doubtful));
    let (mut at, mut copied) = (0, 0);
    let mut clean = String::with_capacity(text.len());
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(&needle) {
            clean.push_str(text.get(copied..origin(at).min(end)).unwrap_or_default());
            clean.push_str("[redacted]");
            at += needle.len();
            copied = origin(at);
        } else {
            at += 1;
        }
    }
    clean.push_str(text.get(copied..end).unwrap_or_default());
    clean
}

/// The bytes of a text without its escapes, and without those that come to light then, `nesting` times;
/// and where in the text each comes from.
fn unescape(text: &str, nesting: usize) -> (Vec<u8>, Vec<usize>) {
    let mut bytes = text.as_bytes().to_vec();
    // Those of a character all come from where it begins, so that the text is never cut within one.
    let mut origins = Vec::new();
    for (at, character) in text.char_indices() {
        origins.resize(at + character.len_utf8(), at);
    }
    for _ in 0..nesting {
        let (escaped, places) = (bytes, origins);
        (bytes, origins) = (Vec::new(), Vec::new());
        let mut rest = escaped.as_slice();
        while let Some((first, after)) = rest.split_first() {
            let place = places.get(escaped.len() - rest.len()).copied();
            rest = strip_escape(rest, &mut bytes).unwrap_or_else(|| {
                bytes.push(*first);
                after
            });
            origins.resize(bytes.len(), place.unwrap_or_default());
        }
    }
    // A form writes a space as `+`.
    for space in bytes.iter_mut().filter(|byte| **byte == b' ') {
        *space = b'+';
    }
    (bytes, origins)
}

/// What follows the escape that `text` begins with; what it stands for goes to `bytes`.
fn strip_escape<'a>(text: &'a [u8], bytes: &mut Vec<u8>) -> Option<&'a [u8]> {
    let (first, text) = text.split_first()?;
    match first {
        // `%2B`, by the bytes of its UTF-8.
        b'%' => {
            let (digits, rest) = text.split_at_checked(2)?;
            bytes.push(u8::try_from(number(digits, 16)?).ok()?);
            Some(rest)
        }
        // `\u002b`
        b'\\' if text.first() == Some(&b'u') => {
            let (digits, rest) = text.get(1..)?.split_at_checked(4)?;
            push(number(digits, 16)?, bytes)?;
            Some(rest)
        }
        // `\/`
        b'\\' => {
            let (escaped, rest) = text.split_first()?;
            escaped
                .is_ascii_punctuation()
                .then(|| bytes.push(*escaped))?;
            Some(rest)
        }
        // `&amp;`, `&#43;` or `&#x2B;`
        b'&' => {
            let length = text
                .iter()
                .take(LONGEST_ESCAPE)
                .position(|byte| *byte == b';')?;
            let (entity, rest) = (text.get(..length)?, text.get(length + 1..)?);
            let code = match entity {
                b"amp" => '&'.into(),
                b"lt" => '<'.into(),
                b"gt" => '>'.into(),
                b"quot" => '"'.into(),
                b"apos" => '\''.into(),
                [b'#', b'x' | b'X', digits @ ..] => number(digits, 16)?,
                [b'#', digits @ ..] => number(digits, 10)?,
                _ => return None,
            };
            push(code, bytes)?;
            Some(rest)
        }
        _ => None,
    }
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    u32::from_str_radix(core::str::from_utf8(digits).ok()?, radix).ok()
}

fn push(code: u32, bytes: &mut Vec<u8>) -> Option<()> {
    let character = char::from_u32(code)?;
    bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    Some(())
}

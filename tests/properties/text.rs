//! Texts that nobody sends on purpose.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// What parsers of tokens, addresses, forms and JSON stumble over.
const PIECES: &[&str] = &[
    "",
    "\0",
    "\n",
    "\t",
    " ",
    "\u{7f}",
    "\u{a0}",
    "\u{200b}",
    "\u{202e}",
    "\u{feff}",
    "\u{ffff}",
    "\u{10ffff}",
    "é",
    "漢",
    "🚀",
    "ſ",
    "İ",
    ".",
    "..",
    "-",
    "_",
    "+",
    "/",
    "\\",
    "=",
    "==",
    "%",
    "%0",
    "%00",
    "%25",
    "%2e",
    "%3D",
    "%26",
    "%ff",
    "%F0%9F%9A%80",
    "&",
    "&&",
    "#",
    "?",
    ";",
    ":",
    "@",
    "*",
    "'",
    "\"",
    "<",
    ">",
    "{",
    "}",
    "[",
    "]",
    ",",
    "{}",
    "[]",
    "null",
    "true",
    "0",
    "-0",
    "1e999",
    "\\u0000",
    "\\ud800",
    "https://",
    "http://",
    "HTTPS://",
    "//",
    "localhost",
    "127.0.0.1",
    "[::1]",
    ":443",
    "/.well-known/",
    "code",
    "code=",
    "state=",
    "iss=",
    "error=",
    "access_token=",
    "eyJ",
    "eyJhbGciOiJub25lIn0",
    "AA",
    "AB",
    "Bearer ",
    "__proto__",
];

/// A short piece of text.
pub(crate) fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => select(PIECES).prop_map(String::from),
        2 => prop::char::range(' ', '~').prop_map(String::from),
        1 => any::<char>().prop_map(String::from),
    ]
}

/// Any text.
pub(crate) fn text() -> impl Strategy<Value = String> {
    vec(piece(), 0..12).prop_map(|pieces| pieces.concat())
}

/// A change somewhere in a text.
#[derive(Clone, Debug)]
enum Edit {
    Insert(Index, String),
    Replace(Index, String),
    Delete(Index, usize),
    Repeat(Index, usize),
    Swap(Index, Index),
    Case(Index),
}

impl Edit {
    fn apply(self, text: &mut Vec<char>) {
        let end = |start: usize, length: usize| (start + length).min(text.len());
        let spot = |index: Index| index.index(text.len() + 1);
        match self {
            Self::Insert(at, new) => {
                let at = spot(at);
                text.splice(at..at, new.chars());
            }
            Self::Replace(at, new) => {
                let at = spot(at);
                text.splice(at..end(at, 1), new.chars());
            }
            Self::Delete(at, length) => {
                let at = spot(at);
                text.drain(at..end(at, length));
            }
            Self::Repeat(at, length) => {
                let at = spot(at);
                let again = text[at..end(at, length)].to_vec();
                text.splice(at..at, again);
            }
            Self::Swap(one, other) => {
                let (one, other) = (spot(one), spot(other));
                if one.max(other) < text.len() {
                    text.swap(one, other);
                }
            }
            Self::Case(at) => {
                let at = spot(at);
                if let Some(letter) = text.get_mut(at) {
                    *letter = match letter {
                        'a'..='z' => letter.to_ascii_uppercase(),
                        _ => letter.to_ascii_lowercase(),
                    };
                }
            }
        }
    }
}

fn edit() -> impl Strategy<Value = Edit> {
    let index = any::<Index>;
    let length = || prop_oneof![4 => 1..4_usize, 1 => 1..400_usize];
    prop_oneof![
        (index(), piece()).prop_map(|(at, new)| Edit::Insert(at, new)),
        (index(), piece()).prop_map(|(at, new)| Edit::Replace(at, new)),
        (index(), length()).prop_map(|(at, length)| Edit::Delete(at, length)),
        (index(), length()).prop_map(|(at, length)| Edit::Repeat(at, length)),
        (index(), index()).prop_map(|(one, other)| Edit::Swap(one, other)),
        index().prop_map(Edit::Case),
    ]
}

/// The texts that `original` makes, with one to three changes.
pub(crate) fn edited(original: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    (original, vec(edit(), 1..4)).prop_map(|(original, edits)| {
        let mut characters = original.chars().collect();
        for edit in edits {
            edit.apply(&mut characters);
        }
        characters.into_iter().collect()
    })
}

/// True if `output` holds a piece of `secret` that somebody could use.
pub(crate) fn betrays(output: &str, secret: &str) -> bool {
    let pieces = secret.as_bytes().windows(16);
    pieces
        .filter_map(|piece| std::str::from_utf8(piece).ok())
        .any(|piece| output.contains(piece))
}

/// Whatever came out, printed: none of it may betray the secret that was put in.
#[track_caller]
pub(crate) fn assert_silent(outcome: &impl std::fmt::Debug, secret: &str) {
    let printed = format!("{outcome:?}");
    assert!(!betrays(&printed, secret), "{printed}");
}

//! Scopes (RFC 6749 section 3.3): tokens of printable ASCII, sent as one string between spaces.

use alloc::string::String;

use crate::{Error, Phase};

/// As they are sent.
pub(super) fn in_one(scopes: &[String]) -> String {
    let (mut text, mut before) = (String::new(), "");
    for scope in scopes {
        text.push_str(before);
        text.push_str(scope);
        before = " ";
    }
    text
}

/// Refuses what is no scope token; an empty one too, which would be sent as a stray space.
pub fn check(scopes: &[String], phase: Phase) -> Result<(), Error> {
    let token = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    if scopes
        .iter()
        .all(|scope| !scope.is_empty() && scope.bytes().all(token))
    {
        Ok(())
    } else {
        Err(Error::argument(
            phase,
            "scopes",
            "each scope must be a word of printable ASCII without spaces, quotes and backslashes",
        ))
    }
}

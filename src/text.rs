//! Texts put together, in a tenth of the code of the standard library's `concat` and `join`.

use alloc::string::String;

/// The parts, one behind the other.
pub(crate) fn joined(parts: &[&str]) -> String {
    let mut text = String::new();
    for part in parts {
        text.push_str(part);
    }
    text
}

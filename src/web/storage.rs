//! sessionStorage, which may be blocked, full or missing. It is asked for anew at each use: a page
//! that blocks it does so with an exception on every access.

use alloc::string::String;

fn session_storage() -> Option<web_sys::Storage> {
    web_sys::window()?.session_storage().ok()?
}

/// The row under `key`.
pub(super) fn read(key: &str) -> Option<String> {
    session_storage()?.get_item(key).ok()?
}

/// Writes the row, or takes it away. False if it could not be done.
pub(super) fn write(key: &str, row: Option<&str>) -> bool {
    let Some(storage) = session_storage() else {
        return false;
    };
    match row {
        Some(row) => storage.set_item(key, row),
        None => storage.remove_item(key),
    }
    .is_ok()
}

//! sessionStorage, which may be blocked, full or missing. It is asked for anew at each use: a page
//! that blocks it does so with an exception on every access.

use alloc::string::String;

fn session_storage() -> Option<web_sys::Storage> {
    web_sys::window()?.session_storage().ok()?
}

/// Storage that cannot be read; what it holds is not known.
pub(super) struct Unreadable;

/// The row under `key`; `None` if there is none.
pub(super) fn read(key: &str) -> Result<Option<String>, Unreadable> {
    let storage = session_storage().ok_or(Unreadable)?;
    storage.get_item(key).map_err(|_| Unreadable)
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

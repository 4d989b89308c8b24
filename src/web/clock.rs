//! The wall clock, in seconds since 1970.

/// Now.
#[expect(
    clippy::cast_possible_truncation,
    reason = "seconds fit for a long time"
)]
pub(super) fn now() -> i64 {
    (js_sys::Date::now() / 1000.0).floor() as i64
}

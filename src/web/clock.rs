//! The wall clock, since 1970.

/// Now, in seconds.
pub(super) fn now() -> i64 {
    milliseconds().div_euclid(1000)
}

/// Now, in milliseconds.
#[expect(
    clippy::cast_possible_truncation,
    reason = "milliseconds fit for a long time"
)]
pub(super) fn milliseconds() -> i64 {
    js_sys::Date::now().floor() as i64
}

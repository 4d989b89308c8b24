//! How long to wait after a refresh that did not get through: longer each time, and never two tabs at
//! the same moment.

/// The longest wait, in seconds.
pub const LONGEST: i64 = 300;

/// The longest that a caller is put off, in seconds, while the server has not asked for more.
pub const CALLERS_WAIT: i64 = 5;

/// The longest that a server's `Retry-After` is obeyed, in seconds: a slip of its pen must not keep anybody
/// out for a day.
pub const LONGEST_DEMAND: i64 = 3600;

/// After how many refusals in a row that give no reason the user is asked to log in.
pub const UNEXPLAINED_REFUSALS: u32 = 3;

/// For how many seconds a server that has sent this `Retry-After` is left alone.
pub fn demanded(retry_after: Option<u32>) -> i64 {
    retry_after.map_or(0, |seconds| i64::from(seconds).min(LONGEST_DEMAND))
}

/// Seconds to wait after so many failures in a row: 2, 4, 8 and so on up to [`LONGEST`], of which
/// `jitter` takes up to half away.
pub fn delay(failures: u32, jitter: u8) -> i64 {
    let whole = 2_i64
        .checked_pow(failures)
        .map_or(LONGEST, |seconds| seconds.clamp(2, LONGEST));
    whole - whole * i64::from(jitter) / (2 * i64::from(u8::MAX))
}

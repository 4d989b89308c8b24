//! One session as plain values: what is stored, what an answer does to it, what ends it. Time is a
//! number of seconds since 1970; nothing here knows a browser.

pub mod backoff;
pub mod cache;
pub mod handover;
pub mod lineage;
pub mod login;
pub mod machine;
pub mod marker;
pub mod place;
pub mod refresh;
pub mod skew;
pub mod token_set;

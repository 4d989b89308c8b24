//! EVE Online single sign-on for single-page apps: OAuth 2 with PKCE, verified JWT access tokens,
//! refresh and revocation.
//!
//! The floors point downward only: [`oauth`] and [`jwt`] are the protocols as pure functions, [`session`] is one session
//! as plain values, [`client`] is everything that the library does, over a trait for the outside world, and `web` is the
//! browser behind that trait.

#![no_std]
extern crate alloc;
#[cfg(target_arch = "wasm32")]
extern crate std;

pub mod client;
mod error;
mod json;
pub mod jwt;
pub mod oauth;
mod record;
pub mod session;
mod suggestion;
mod text;
#[cfg(target_arch = "wasm32")]
pub mod web;

pub use client::{EsiSecurity, Options};
pub use error::{Error, ErrorKind, Phase};
pub use json::{Json, Object};
pub use record::Members;
pub use suggestion::suggestion;

//! EVE Online single sign-on for single-page apps: OAuth 2 with PKCE, verified JWT access tokens,
//! refresh and revocation.
//!
//! The floors point downward only: [`oauth`] and [`jwt`] are the protocols as pure functions,
//! [`session`] is what is remembered, and `web` is the browser that performs what they ask for.

#![no_std]
extern crate alloc;
#[cfg(target_arch = "wasm32")]
extern crate std;

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

pub use error::{Error, ErrorKind, Phase};
pub use json::{Json, Object};
pub use record::Members;
pub use suggestion::suggestion;
#[cfg(target_arch = "wasm32")]
pub use web::{EsiSecurity, Options};

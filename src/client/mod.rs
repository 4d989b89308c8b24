//! Everything that the library does: login, refresh, revocation, verification, documents, other tabs, the scheduler. It is
//! ordinary async Rust over one trait, [`Host`], and knows no browser.

mod address;
mod authorize;
#[expect(clippy::module_inception, reason = "the file is named after its type")]
mod client;
mod create;
mod document;
mod environment;
mod events;
mod exchanges;
mod headers;
pub mod host;
mod listeners;
mod lock;
mod login;
mod markers;
mod open_session;
mod options;
mod peers;
mod record;
mod refresh;
mod refresh_lock;
mod revision;
mod revoke;
mod scheduler;
mod security;
mod sender;
mod server;
mod shared;
mod subscription;
mod verified_token;
mod verify;
mod warning;

pub use authorize::{Authorization, SecurityRequirements};
pub use client::Client;
pub use host::Host;
pub use listeners::Snapshot;
pub use login::{AuthUriOptions, LoginOptions, LoginResult};
pub use options::{Options, TokenWorker};
pub use revoke::Revocation;
pub use security::EsiSecurity;
pub use subscription::Subscription;
pub use verify::VerifyOptions;

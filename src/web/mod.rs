//! The browser: performs what the floors below ask for, with `fetch`, storage, WebCrypto,
//! the clock, random bytes and DOM events. Everything that can be decided without them is decided
//! below.

mod address;
mod authorize;
mod clock;
mod document;
mod event;
mod flight;
mod headers;
mod http;
mod login;
mod options;
mod random;
mod refresh;
mod revoke;
mod row;
mod security;
mod server;
mod storage;
mod subtle;
mod timer;
mod verify;
mod warning;

pub use authorize::SecurityRequirements;
pub use login::{AuthUriOptions, LoginOptions, LoginResult};
pub use options::Options;
pub use random::code_verifier;
pub use revoke::Revocation;
pub use security::EsiSecurity;
pub use storage::{CustomStorage, Storage};
pub use verify::VerifyOptions;

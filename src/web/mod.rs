//! The browser: performs what the floors below ask for, with `fetch`, storage, WebCrypto,
//! the clock, random bytes and DOM events. Everything that can be decided without them is decided
//! below. Whoever no longer wants to wait drops the future; a refresh and the exchange of a code go on
//! without it.

mod address;
mod authorize;
mod clock;
mod document;
mod event;
mod flight;
mod headers;
mod http;
mod lock;
mod login;
mod marker;
mod object;
mod options;
mod promise;
mod random;
mod refresh;
mod refresh_lock;
mod revoke;
mod row;
mod security;
mod server;
mod storage;
mod subtle;
mod tabs;
mod timer;
mod token_worker;
mod upkeep;
mod verify;
mod wake;
mod warning;
mod zone;

pub use authorize::SecurityRequirements;
pub use login::{AuthUriOptions, LoginOptions, LoginResult};
pub use object::{get, object, or_null, set};
pub use options::Options;
pub use random::code_verifier;
pub use revoke::Revocation;
pub use security::EsiSecurity;
pub use storage::{CustomStorage, Storage};
pub use token_worker::{TokenClient, TokenWorker, set_token_client};
pub use upkeep::{Snapshot, Subscription};
pub use verify::VerifyOptions;
pub use wake::storage_changed;

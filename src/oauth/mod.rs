//! OAuth 2 as pure functions: what to send, and what an answer means. Nothing here knows a clock,
//! a network or a browser; random bytes are arguments and HTTP is a value.

pub mod authorization_request;
pub mod authorization_response;
pub mod client;
pub mod error_code;
pub mod error_response;
pub mod http;
pub mod metadata;
pub mod pkce;
mod quote;
pub mod revocation;
pub mod scope;
pub mod secret;
pub mod token_request;
pub mod token_response;
pub mod url;

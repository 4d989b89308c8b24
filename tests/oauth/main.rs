//! Native tests of `oauth`: what is sent to an authorization server, and what its answers mean.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod authorization_request;
mod authorization_response;
mod client;
mod error_code;
mod error_response;
mod http;
mod metadata;
mod pkce;
mod quote;
mod revocation;
mod scope;
mod secret;
mod support;
mod token_request;
mod token_response;
mod update;
mod url;

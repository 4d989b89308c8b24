//! Tests of the browser floor in a real browser, through its Rust face. Where something must fail,
//! `fetch` and storage are made to fail; what a server answers is tested with a real one elsewhere.
#![cfg(target_arch = "wasm32")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod address;
mod authorize;
mod custom_storage;
mod event;
mod key_set;
mod locks;
mod login;
mod marker;
mod metadata;
mod network;
mod options;
mod overrides;
mod page;
mod random;
mod redirect;
mod return_to;
mod session;
mod storage;
mod upkeep;
mod verify;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

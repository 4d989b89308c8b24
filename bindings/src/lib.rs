//! What JavaScript sees: the exported class and functions, the conversion of their arguments and
//! results, and the bridge to the one JavaScript error. No logic; `types.d.ts` documents it all.

#![cfg(target_arch = "wasm32")]
// wasm-bindgen's macros make their own copies of these; the public face is `types.d.ts`.
#![allow(
    missing_docs,
    unreachable_pub,
    reason = "exports, documented in types.d.ts"
)]

mod abort;
mod arguments;
mod error;
mod results;
mod security;

use esi_security::oauth::pkce::CodeVerifier;
use esi_security::session::machine::Session;
use esi_security::{Phase, web};
use talc::wasm::{WasmDynamicTalc, new_wasm_dynamic_allocator};
use wasm_bindgen::prelude::*;

/// In less code than the standard library's.
#[global_allocator]
static ALLOCATOR: WasmDynamicTalc = new_wasm_dynamic_allocator();

/// For the package's own loader.
#[wasm_bindgen(js_name = setTokenClient)]
pub fn set_token_client(client: web::TokenClient) {
    web::set_token_client(client);
}

/// For the package's storage adapter: above 0 if the stored record is newer than ours, 0 if it is good still, below 0
/// if its refresh token is used up.
#[wasm_bindgen(js_name = compareRecords)]
pub fn compare_records(stored: &str, ours: &str) -> i8 {
    Session::restore(Some(ours)).compare_record(stored) as i8
}

/// For the package's storage adapter.
#[wasm_bindgen(js_name = storageChanged)]
pub fn storage_changed() {
    web::storage_changed();
}

#[wasm_bindgen(js_name = generateCodeVerifier)]
pub fn generate_code_verifier(bytes: &JsValue) -> Result<String, JsValue> {
    let verifier = arguments::length(bytes, Phase::Login, "bytes", 32)
        .and_then(|length| web::client().code_verifier(length))
        .map_err(error::to_js)?;
    Ok(verifier.secret().expose().into())
}

#[wasm_bindgen(js_name = generateCodeChallenge)]
pub fn generate_code_challenge(verifier: &JsValue) -> Result<String, JsValue> {
    arguments::text(verifier, Phase::Login, "verifier")
        .and_then(|text| CodeVerifier::from_text(&text, Phase::Login))
        .map(|verifier| verifier.challenge())
        .map_err(error::to_js)
}

//! The table through the browser, once with WebCrypto and once on a page that has none, where the Rust backend
//! steps in. Each token comes in by the front door or, where it has letters that no token has and is refused
//! there, out of storage, where anybody can have put it.

use std::rc::Rc;

use esi_security::client::VerifyOptions;
use esi_security::jwt::{Claims, DEFAULT_KID, KeySet, Rules, SignatureCheck};
use esi_security::oauth::metadata::Metadata;
use esi_security::session::place::Place;
use esi_security::{Error, EsiSecurity, Options};
use serde_json::json;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::{console_log, wasm_bindgen_test};

use crate::token::{CLIENT, bytes};
use crate::vector::{Outcome, Vector};
use crate::{TABLE, conclude};

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(module = "/tests/web/page.js")]
extern "C" {
    fn begin();
    fn restore();
    #[wasm_bindgen(js_name = shiftClock)]
    fn shift_clock(seconds: f64);
    #[wasm_bindgen(js_name = removeSubtle)]
    fn remove_subtle();
    #[wasm_bindgen(js_name = countVerifying)]
    fn count_verifying();
    fn verifications() -> u32;
    async fn tick();
}

fn options(vector: &Vector) -> Options {
    let origin = "https://login.eveonline.com";
    Options {
        sso_endpoints: Some(Metadata {
            issuer: origin.into(),
            authorization_endpoint: format!("{origin}/v2/oauth/authorize"),
            token_endpoint: format!("{origin}/v2/oauth/token"),
            revocation_endpoint: None,
            jwks_uri: None,
            token_endpoint_auth_methods_supported: None,
            authorization_response_iss_parameter_supported: false,
        }),
        jwks_key: Some(vector.keys.clone()),
        algorithms: vector.algorithms.clone(),
        audiences: vector.audiences.clone(),
        issuers: vector.issuers.clone(),
        require_azp: vector.require_azp,
        ..Options::new(CLIENT, "https://app.example/callback")
    }
}

/// The clock of the page stands at the vector's moment.
#[expect(clippy::cast_precision_loss, reason = "seconds fit")]
fn set_clock(now: i64) {
    let seconds = (js_sys::Date::now() / 1000.0).floor();
    shift_clock(now as f64 - seconds);
}

async fn verify(vector: &Vector) -> Result<Rc<Claims>, Error> {
    let response = json!({ "access_token": vector.token, "expires_in": 1200 });
    let mut security = EsiSecurity::new(&esi_security::web::client(), options(vector))?;
    let taken = security.update_token(&response.to_string(), None);
    if !has_letters_of_a_token(&vector.token) {
        assert_eq!(taken.unwrap_err().code(), "invalid_response");
        drop(security);
        store(vector);
        security = EsiSecurity::new(&esi_security::web::client(), options(vector))?;
    }
    let options = VerifyOptions {
        kid: vector.kid.map(str::to_owned),
        checks: vector.checks,
    };
    security.verify(&options).await
}

fn has_letters_of_a_token(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

/// As the session's record holds it.
fn store(vector: &Vector) {
    let server = options(vector).sso_endpoints.unwrap().token_endpoint;
    let key = Place::new(CLIENT, &server).session(None);
    let access = json!({
        "token": vector.token,
        "token_type": "Bearer",
        "received_at": vector.now,
        "expires_at": vector.now + 1200,
    });
    let row = json!({ "access": access }).to_string();
    let storage = web_sys::window().unwrap().session_storage();
    storage.unwrap().unwrap().set_item(&key, &row).unwrap();
}

/// Whether anybody has to do arithmetic for it.
fn has_signature_to_check(vector: &Vector) -> bool {
    let allowed = vector
        .algorithms
        .clone()
        .unwrap_or(Rules::eve(CLIENT, "").algorithms);
    let kid = vector.kid.unwrap_or(DEFAULT_KID);
    let keys = KeySet::parse(&vector.keys).unwrap();
    SignatureCheck::prepare(&vector.token, &keys, &allowed, kid).is_ok()
}

/// How it came out otherwise, if so.
async fn failure(vector: &Vector) -> Option<String> {
    begin();
    set_clock(vector.now);
    count_verifying();
    let by_browser = verify(vector).await;
    let asked = verifications();

    begin();
    set_clock(vector.now);
    remove_subtle();
    let by_rust = verify(vector).await;
    restore();

    let name = &vector.name;
    if by_browser != by_rust {
        return Some(format!(
            "{name}: WebCrypto {by_browser:?}, Rust {by_rust:?}"
        ));
    }
    let outcome = by_browser
        .as_ref()
        .map_or_else(Outcome::from, |_| Outcome::Verified);
    if outcome != vector.outcome {
        return Some(format!("{name}: {outcome:?} for {:?}", vector.outcome));
    }
    let unusable = outcome == Outcome::Refused("key_unusable", None);
    if asked != u32::from(has_signature_to_check(vector) && !unusable) {
        return Some(format!("{name}: WebCrypto was asked {asked} times"));
    }
    let payload = || bytes(vector.token.split('.').nth(1).unwrap());
    let other = by_browser.is_ok_and(|claims| claims.raw.as_bytes() != payload());
    other.then(|| format!("{name}: other claims than were signed"))
}

#[wasm_bindgen_test]
async fn every_vector_comes_out_as_it_should_from_both_backends() {
    let (mut table, mut failures) = (vec![], vec![]);
    for part in TABLE.concat() {
        for vector in part() {
            failures.extend(failure(&vector).await);
            table.push(vector);
        }
        tick().await;
    }
    console_log!("{}", conclude(&table, &failures));
}

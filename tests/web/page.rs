//! The page that a test has for itself. See `page.js`.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use esi_security::oauth::metadata::Metadata;
use esi_security::session::place::Place;
use esi_security::{EsiSecurity, Options};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/tests/web/page.js")]
extern "C" {
    fn begin();
    pub(crate) fn restore();

    pub(crate) fn warnings(text: &str) -> u32;
    #[wasm_bindgen(js_name = allWarnings)]
    pub(crate) fn all_warnings() -> Vec<String>;
    pub(crate) fn uncaught() -> Vec<String>;

    #[wasm_bindgen(js_name = failureNames)]
    pub(crate) fn failure_names() -> Vec<String>;
    #[wasm_bindgen(js_name = breakFetch)]
    pub(crate) fn break_fetch(name: &str);
    #[wasm_bindgen(js_name = rejectFetch)]
    pub(crate) fn reject_fetch(name: &str, message: &str);
    #[wasm_bindgen(js_name = echoFetch)]
    pub(crate) fn echo_fetch();
    #[wasm_bindgen(js_name = answerFetch)]
    pub(crate) fn answer_fetch(body: &str);
    #[wasm_bindgen(js_name = holdFetch)]
    pub(crate) fn hold_fetch();
    pub(crate) fn oversleep(milliseconds: u32);
    #[wasm_bindgen(js_name = answerOnWaking)]
    pub(crate) fn answer_on_waking(body: &str);
    #[wasm_bindgen(js_name = grantOnWaking)]
    pub(crate) fn grant_on_waking();
    #[wasm_bindgen(js_name = watchLocks)]
    pub(crate) fn watch_locks();
    #[wasm_bindgen(js_name = heldLocks)]
    pub(crate) fn held_locks() -> Vec<String>;
    #[wasm_bindgen(js_name = settleFetch)]
    pub(crate) fn settle_fetch();
    pub(crate) fn fetched() -> Vec<String>;
    pub(crate) fn fetches() -> u32;
    #[wasm_bindgen(js_name = fetchIsNative)]
    pub(crate) fn fetch_is_native() -> bool;

    #[wasm_bindgen(js_name = lastRequest)]
    fn last_request_js() -> String;
    #[wasm_bindgen(js_name = watchTimeouts)]
    pub(crate) fn watch_timeouts();
    #[wasm_bindgen(js_name = lastTimeout)]
    fn last_timeout() -> u32;
    #[wasm_bindgen(js_name = isLastRequestAborted)]
    pub(crate) fn is_last_request_aborted() -> bool;
    #[wasm_bindgen(js_name = removeTimeouts)]
    pub(crate) fn remove_timeouts();
    #[wasm_bindgen(js_name = tick)]
    async fn tick_js();

    #[wasm_bindgen(js_name = requestWithoutCors)]
    pub(crate) fn request_without_cors(url: &str) -> web_sys::Request;
    #[wasm_bindgen(js_name = requestThatLies)]
    pub(crate) fn request_that_lies(shown: &str, real: &str) -> web_sys::Request;
    #[wasm_bindgen(js_name = requestThatWasSent)]
    pub(crate) fn request_that_was_sent(url: &str) -> web_sys::Request;

    #[wasm_bindgen(js_name = fillStorage)]
    pub(crate) fn fill_storage();
    #[wasm_bindgen(js_name = sealStorage)]
    pub(crate) fn seal_storage();
    #[wasm_bindgen(js_name = lastAttempt)]
    pub(crate) fn last_attempt() -> String;
    #[wasm_bindgen(js_name = blockStorage)]
    pub(crate) fn block_storage();
    #[wasm_bindgen(js_name = removeStorage)]
    pub(crate) fn remove_storage();
    #[wasm_bindgen(js_name = breakStorage)]
    pub(crate) fn break_storage();
    pub(crate) fn rows(part: &str) -> Vec<String>;
    #[wasm_bindgen(js_name = setMarkers)]
    pub(crate) fn set_markers(text: &str);
    #[wasm_bindgen(js_name = blockLocalStorage)]
    pub(crate) fn block_local_storage();
    #[wasm_bindgen(js_name = localRows)]
    pub(crate) fn local_rows(part: &str) -> Vec<String>;

    #[wasm_bindgen(js_name = ownStorage)]
    pub(crate) fn own_storage(manner: &str) -> JsValue;
    #[wasm_bindgen(js_name = ownStorageWithout)]
    pub(crate) fn own_storage_without(method: &str) -> JsValue;
    #[wasm_bindgen(js_name = browserStorage)]
    pub(crate) fn browser_storage(name: &str) -> JsValue;
    #[wasm_bindgen(js_name = holdStorage)]
    pub(crate) fn hold_storage();
    #[wasm_bindgen(js_name = releaseStorage)]
    pub(crate) fn release_storage(is_written: bool);
    #[wasm_bindgen(js_name = arriveInStorage)]
    pub(crate) fn arrive_in_storage(row: &str);
    #[wasm_bindgen(js_name = ownAdapter)]
    pub(crate) fn own_adapter(can_open: bool) -> JsValue;
    #[wasm_bindgen(js_name = keptRow)]
    pub(crate) fn kept_row(key: &str) -> Option<String>;
    #[wasm_bindgen(js_name = keepRow)]
    pub(crate) fn keep_row(key: &str, row: Option<&str>);
    #[wasm_bindgen(js_name = storageOperations)]
    pub(crate) fn storage_operations() -> Vec<String>;
    #[wasm_bindgen(js_name = hurryTimers)]
    pub(crate) fn hurry_timers();
    #[wasm_bindgen(js_name = calmTimers)]
    pub(crate) fn calm_timers();
    #[wasm_bindgen(js_name = longTimers)]
    pub(crate) fn long_timers() -> Vec<u32>;

    #[wasm_bindgen(js_name = replaceableNames)]
    pub(crate) fn replaceable_names() -> Vec<String>;
    #[wasm_bindgen(js_name = throwIn)]
    pub(crate) fn throw_in(name: &str);
    #[wasm_bindgen(js_name = takeAway)]
    pub(crate) fn take_away(name: &str);
    #[wasm_bindgen(js_name = callBackFromStorage)]
    fn call_back_from_storage_js(callback: JsValue);
    #[wasm_bindgen(js_name = callBackIn)]
    fn call_back_in_js(name: &str, callback: JsValue);
    #[wasm_bindgen(js_name = callBackEachTimeIn)]
    fn call_back_each_time_in_js(name: &str, callback: JsValue);
    #[wasm_bindgen(js_name = countChannels)]
    pub(crate) fn count_channels();
    pub(crate) fn channels() -> u32;
    #[wasm_bindgen(js_name = breakLocks)]
    pub(crate) fn break_locks(methods: &str, manner: &str);
    #[wasm_bindgen(js_name = shiftClock)]
    pub(crate) fn shift_clock(seconds: f64);

    pub(crate) fn happen(kind: &str);
    pub(crate) fn record(kind: &str, part: &str);
    pub(crate) fn events() -> Vec<String>;
    #[wasm_bindgen(js_name = listenAndThrow)]
    pub(crate) fn listen_and_throw(kind: &str);
    #[wasm_bindgen(js_name = listenAndCall)]
    fn listen_and_call_js(kind: &str, callback: JsValue);

    pub(crate) fn parameter(address: &str, name: &str) -> Option<String>;
    #[wasm_bindgen(js_name = goTo)]
    pub(crate) fn go_to(address: &str);
    #[wasm_bindgen(js_name = historyState)]
    pub(crate) fn history_state() -> String;

    #[wasm_bindgen(js_name = publicKey)]
    async fn public_key_js(algorithm: &str) -> JsValue;
    #[wasm_bindgen(js_name = token)]
    async fn token_js(algorithm: &str, claims: &str) -> JsValue;
    #[wasm_bindgen(js_name = removeRandom)]
    pub(crate) fn remove_random();
    #[wasm_bindgen(js_name = refuseImporting)]
    pub(crate) fn refuse_importing(reason: &str);
    #[wasm_bindgen(js_name = watchImporting)]
    pub(crate) fn watch_importing();
    #[wasm_bindgen(js_name = lastImported)]
    pub(crate) fn last_imported() -> String;
    #[wasm_bindgen(js_name = oddMethodCount)]
    pub(crate) fn odd_method_count() -> u32;
    #[wasm_bindgen(js_name = breakCrypto)]
    pub(crate) fn break_crypto(method: &str, index: u32);
    #[wasm_bindgen(js_name = silenceCrypto)]
    pub(crate) fn silence_crypto(method: &str);
    #[wasm_bindgen(js_name = oddSubtleCount)]
    pub(crate) fn odd_subtle_count() -> u32;
    #[wasm_bindgen(js_name = breakSubtle)]
    pub(crate) fn break_subtle(index: u32);
    #[wasm_bindgen(js_name = blockCrypto)]
    pub(crate) fn block_crypto();
    #[wasm_bindgen(js_name = countVerifying)]
    pub(crate) fn count_verifying();
    pub(crate) fn verifications() -> u32;
    #[wasm_bindgen(js_name = removeSubtle)]
    pub(crate) fn remove_subtle();
}

pub(crate) const EVENT: &str = "esi:token-refreshed";

/// What the test before did to the page is undone when this is made, and what this one did when it
/// ends. Each has a client of its own, and so a session of its own.
pub(crate) struct Page {
    pub(crate) client_id: String,
}

impl Page {
    pub(crate) fn new() -> Self {
        thread_local! {
            static NUMBER: Cell<u32> = const { Cell::new(0) };
        }
        begin();
        NUMBER.set(NUMBER.get() + 1);
        Self {
            client_id: format!("client-{}", NUMBER.get()),
        }
    }

    /// Options with a given server, so that nothing needs the network but the token endpoint.
    pub(crate) fn options(&self) -> Options {
        Options {
            sso_endpoints: Some(server("https://sso.example")),
            ..self.options_for_eve()
        }
    }

    /// Options with EVE's server, whose documents are fetched.
    pub(crate) fn options_for_eve(&self) -> Options {
        Options {
            // Nothing happens but what the test does; `upkeep.rs` tests what happens by itself.
            auto_refresh: false,
            ..Options::new(&self.client_id, &redirect_uri())
        }
    }

    pub(crate) fn security(&self) -> EsiSecurity {
        crate::page::open(self.options()).unwrap()
    }

    /// One that believes no document without asking.
    pub(crate) fn security_at_once(&self) -> EsiSecurity {
        crate::page::open(Options {
            cache_max_age: 0,
            ..self.options()
        })
        .unwrap()
    }

    /// One that can be refreshed, and has to be.
    pub(crate) fn expired(&self) -> EsiSecurity {
        let security = self.security();
        security.update_token(EXPIRED, None).unwrap();
        security
    }

    /// The stored session.
    pub(crate) fn row(&self) -> Option<String> {
        storage().get_item(&self.session_key()).unwrap()
    }

    /// Stores a session as a frame of this tab would.
    pub(crate) fn set_row(&self, row: Option<&str>) {
        let key = self.session_key();
        match row {
            Some(row) => storage().set_item(&key, row),
            None => storage().remove_item(&key),
        }
        .unwrap();
    }

    /// The stored logins.
    pub(crate) fn logins(&self) -> serde_json::Value {
        let row = storage().get_item(&self.place().logins()).unwrap();
        row.map_or(serde_json::json!([]), |row| {
            serde_json::from_str(&row).unwrap()
        })
    }

    pub(crate) fn session_key(&self) -> String {
        self.place().session(None)
    }

    fn place(&self) -> Place {
        Place::new(&self.client_id, "https://sso.example/token")
    }
}

/// Stores a key set of the server's as if it had just been fetched.
pub(crate) fn store_keys(keys: &str) {
    let row = serde_json::json!({ "fetched_at": now(), "text": keys }).to_string();
    let place = Place::document("https://sso.example/keys");
    storage().set_item(&place, &row).unwrap();
}

fn storage() -> web_sys::Storage {
    let storage = web_sys::window().unwrap().session_storage();
    storage.unwrap().unwrap()
}

impl Drop for Page {
    fn drop(&mut self) {
        restore();
        assert!(fetch_is_native());
    }
}

/// A refresh token that was kept elsewhere, as EsiPy's users write it.
pub(crate) const EXPIRED: &str =
    r#"{"access_token":"","expires_in":-1,"refresh_token":"refresh+token/=="}"#;

pub(crate) const TOKENS: &str = r#"{"access_token":"the-access-token","expires_in":1200,"token_type":"Bearer","refresh_token":"refresh+token/=="}"#;

pub(crate) fn server(origin: &str) -> Metadata {
    Metadata {
        issuer: origin.into(),
        authorization_endpoint: format!("{origin}/authorize"),
        token_endpoint: format!("{origin}/token"),
        revocation_endpoint: Some(format!("{origin}/revoke")),
        jwks_uri: Some(format!("{origin}/keys")),
        token_endpoint_auth_methods_supported: None,
        authorization_response_iss_parameter_supported: false,
    }
}

/// What the last `fetch` was asked.
pub(crate) fn last_request() -> serde_json::Value {
    serde_json::from_str(&last_request_js()).unwrap()
}

pub(crate) fn origin() -> String {
    web_sys::window().unwrap().location().origin().unwrap()
}

pub(crate) fn href() -> String {
    web_sys::window().unwrap().location().href().unwrap()
}

pub(crate) fn redirect_uri() -> String {
    format!("{}/callback", origin())
}

pub(crate) fn now() -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "seconds fit")]
    let now = (js_sys::Date::now() / 1000.0) as i64;
    now
}

pub(crate) fn listen_and_call(kind: &str, callback: impl Fn() + 'static) {
    let callback = Closure::<dyn Fn()>::new(callback);
    listen_and_call_js(kind, callback.into_js_value());
}

pub(crate) fn call_back_in(name: &str, callback: impl Fn() + 'static) {
    let callback = Closure::<dyn Fn()>::new(callback);
    call_back_in_js(name, callback.into_js_value());
}

pub(crate) fn call_back_each_time_in(name: &str, callback: impl Fn() + 'static) {
    let callback = Closure::<dyn Fn()>::new(callback);
    call_back_each_time_in_js(name, callback.into_js_value());
}

pub(crate) fn call_back_from_storage(callback: impl Fn() + 'static) {
    let callback = Closure::<dyn Fn()>::new(callback);
    call_back_from_storage_js(callback.into_js_value());
}

pub(crate) async fn public_key(algorithm: &str) -> String {
    public_key_js(algorithm).await.as_string().unwrap()
}

pub(crate) async fn token(algorithm: &str, claims: &serde_json::Value) -> String {
    let token = token_js(algorithm, &claims.to_string()).await;
    token.as_string().unwrap()
}

/// Waits until an answer is waited for so many milliseconds; for `watch_timeouts`.
pub(crate) async fn timeout_of(milliseconds: u32) {
    while last_timeout() != milliseconds {
        tick().await;
    }
}

/// Lets everything happen that is waiting to.
pub(crate) async fn tick() {
    tick_js().await;
}

type Work<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// All of it at once.
pub(crate) async fn all(mut work: Vec<Work<'_>>) {
    poll_fn(|context| {
        work.retain_mut(|part| part.as_mut().poll(context).is_pending());
        if work.is_empty() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

/// An object of this page.
pub(crate) fn open(options: Options) -> Result<EsiSecurity, esi_security::Error> {
    EsiSecurity::new(&esi_security::web::client(), options)
}

//! Storage of the page's own: a synchronous one, one that breaks its word in every way, and the npm package's adapter, which
//! is synchronous too, and gives a promise while it writes behind. `tests/js/` tests the adapter itself.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use esi_security::client::AuthUriOptions;
use esi_security::client::host::Area;
use esi_security::session::machine::State;
use esi_security::web::{self, storage_changed};
use esi_security::{EsiSecurity, Options};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::page::{
    EVENT, EXPIRED, Page, TOKENS, all, arrive_in_storage, break_fetch, browser_storage, events,
    happen, hold_storage, keep_row, kept_row, listen_and_call, own_adapter, own_storage,
    own_storage_without, record, release_storage, rows, storage_operations, tick, uncaught,
    warnings,
};

const MEMORY_ONLY: &str = "in this page's memory";

fn kept_in(page: &Page, object: &JsValue) -> EsiSecurity {
    crate::page::open(Options {
        storage: web::custom_storage(object.clone()),
        ..page.options()
    })
    .unwrap()
}

/// A stored session, made by an object that is gone.
fn stored(page: &Page) -> String {
    kept_in(page, &own_storage("at once"))
        .update_token(TOKENS, None)
        .unwrap();
    storage_operations();
    kept_row(&page.session_key()).unwrap()
}

fn with_token(token: &str) -> String {
    format!(r#"{{"access_token":"{token}","expires_in":1200,"refresh_token":"r-{token}"}}"#)
}

#[wasm_bindgen_test]
fn what_lacks_a_method_is_none() {
    for method in ["getItem", "setItem", "removeItem"] {
        assert!(web::custom_storage(own_storage_without(method)).is_none());
    }
    for other in [JsValue::NULL, JsValue::UNDEFINED, "local".into(), 7.into()] {
        assert!(web::custom_storage(other).is_none());
    }
}

/// Under another name it would be another session, with the same refresh token.
#[wasm_bindgen_test]
fn the_browsers_own_are_known() {
    let _page = Page::new();
    for (name, storage) in [
        ("sessionStorage", Area::Session),
        ("localStorage", Area::Local),
    ] {
        assert!(web::custom_storage(browser_storage(name)).unwrap() == storage);
    }
}

#[wasm_bindgen_test]
fn one_that_answers_at_once_is_like_the_browsers() {
    let page = Page::new();
    record(EVENT, "/session/");
    let (object, key) = (own_storage("at once"), page.session_key());
    let security = kept_in(&page, &object);
    assert_eq!(security.state(), State::SignedOut);
    security.update_token(TOKENS, None).unwrap();
    assert_eq!(events().len(), 1, "told before the call returns");
    let row = kept_row(&key).unwrap();
    assert!(row.contains("the-access-token"));
    assert!(rows("/session/").is_empty());

    // The same object is the same session, another one is not.
    assert_eq!(kept_in(&page, &object).state(), State::Active);
    drop(security);
    let security = kept_in(&page, &own_storage("at once"));
    assert_eq!(security.state(), State::Active, "from the stored row");

    // It is looked at before each use.
    keep_row(&key, None);
    assert_eq!(security.state(), State::SignedOut);
    keep_row(&key, Some(&row));
    assert_eq!(security.state(), State::Active);
    drop(security.revoke());
    assert_eq!(kept_row(&key), None);
}

#[wasm_bindgen_test]
async fn tokens_are_announced_and_handed_out_only_once_they_are_written() {
    let page = Page::new();
    let security = kept_in(&page, &own_adapter(true));
    record(EVENT, "/session/");
    hold_storage();
    security.update_token(TOKENS, None).unwrap();
    assert_eq!(security.state(), State::Active, "here it is at once");
    let got = Rc::new(Cell::new(0));
    let count = || got.set(got.get() + 1);
    let token = async {
        security.get_access_token().await.unwrap();
        count();
    };
    // The page is about to be left.
    let login = async {
        let uri = security.get_auth_uri(AuthUriOptions::default()).await;
        uri.unwrap();
        count();
    };
    let looking = async {
        tick().await;
        assert!(events().is_empty());
        assert_eq!(got.get(), 0);
        release_storage(true);
    };
    all(vec![Box::pin(token), Box::pin(login), Box::pin(looking)]).await;
    tick().await;
    assert_eq!((got.get(), events().len()), (2, 1));
}

#[wasm_bindgen_test]
async fn a_revocation_ends_once_the_record_is_removed() {
    let page = Page::new();
    break_fetch("a TypeError");
    let security = kept_in(&page, &own_adapter(true));
    security.update_token(TOKENS, None).unwrap();
    hold_storage();
    let revocation = security.revoke();
    assert_eq!(security.state(), State::SignedOut);
    let ended = Rc::new(Cell::new(false));
    let revoking = async {
        assert!(revocation.await.is_ok());
        ended.set(true);
    };
    let looking = async {
        tick().await;
        assert!(!ended.get());
        release_storage(true);
    };
    all(vec![Box::pin(revoking), Box::pin(looking)]).await;
    assert!(ended.get());
}

#[wasm_bindgen_test]
async fn an_adapter_that_could_not_write_is_warned_of_once() {
    let page = Page::new();
    let security = kept_in(&page, &own_adapter(true));
    record(EVENT, "none");
    for _ in 0..2 {
        hold_storage();
        security.update_token(TOKENS, None).unwrap();
        release_storage(false);
        tick().await;
    }
    assert_eq!(events().len(), 2, "told all the same");
    assert_eq!(warnings(MEMORY_ONLY), 1);
}

/// What only a promise would tell is not guessed at.
#[wasm_bindgen_test]
fn a_record_that_cannot_be_read_at_once_is_neither_opened_nor_lost() {
    let page = Page::new();
    let storage = |can_open| web::custom_storage(own_adapter(can_open)).unwrap();
    let refused = crate::page::open(Options {
        storage: Some(storage(false)),
        ..page.options()
    });
    let error = refused.err().unwrap();
    assert_eq!(error.code(), "invalid_argument");
    assert!(error.to_string().starts_with("`storage` returns promises"));

    let adapter = own_adapter(true);
    let security = kept_in(&page, &adapter);
    security.update_token(TOKENS, None).unwrap();
    let key = format!("{}second", page.session_key());
    keep_row(&key, Some("unread"));
    js_sys::Reflect::set(&adapter, &"open".into(), &closed()).unwrap();
    let second = || Some("second".to_owned());
    let access_alone = r#"{"access_token":"a","expires_in":1200}"#;
    let error = security.update_token(access_alone, second()).unwrap_err();
    assert_eq!(error.code(), "invalid_argument");
    assert!(error.to_string().starts_with("`tokenIdentifier`"));
    assert_eq!(kept_row(&key).as_deref(), Some("unread"));
    assert_eq!(security.token_identifier(), None, "nothing has changed");

    // As in any other storage, a refresh token replaces the one before.
    security.update_token(&with_token("b"), second()).unwrap();
    assert!(kept_row(&key).unwrap().contains("r-b"));
    assert_eq!(kept_row(&format!("{key}/damaged")), None);
    assert_eq!(security.state(), State::Active);
}

fn closed() -> JsValue {
    js_sys::Function::new_no_args("return false").into()
}

/// The marker and the channel may not have told of it.
#[wasm_bindgen_test]
async fn what_another_page_has_written_is_read_before_a_refresh_and_after_the_bfcache() {
    let page = Page::new();
    break_fetch("a TypeError");
    let key = page.session_key();
    let security = kept_in(&page, &own_adapter(true));
    security.update_token(EXPIRED, None).unwrap();
    let newer = |token: &str, version: u32| {
        kept_row(&key)
            .unwrap()
            .replace(r#"{"refresh_token""#, &format!(r#"{{"access":{{"token":"{token}","token_type":"Bearer","received_at":1,"expires_at":9999999999}},"refresh_token""#))
            .replace(&format!(r#""rotation":{}"#, version - 1), &format!(r#""rotation":{version}"#))
    };
    arrive_in_storage(&newer("theirs", 1));
    let refreshed = security.refresh(&[]).await.unwrap();
    assert_eq!(refreshed.access_token.expose(), "theirs");

    security.update_token(EXPIRED, None).unwrap();
    arrive_in_storage(&newer("later", 2));
    happen("pageshow");
    tick().await;
    assert_eq!(security.state(), State::Active, "without a refresh");
    assert_eq!(security.get_access_token().await.unwrap(), "later");
}

/// The adapter has read a record late, or again.
#[wasm_bindgen_test]
async fn whoever_has_subscribed_is_told_of_a_record_that_has_come() {
    let page = Page::new();
    let row = stored(&page);
    keep_row(&page.session_key(), None);
    let security = kept_in(&page, &own_adapter(true));
    let states = Rc::new(RefCell::new(Vec::new()));
    let told = Rc::clone(&states);
    let _subscription = security.subscribe(move |snapshot| told.borrow_mut().push(snapshot.state));
    tick().await;
    keep_row(&page.session_key(), Some(&row));
    tick().await;
    assert_eq!(*states.borrow(), [State::SignedOut]);
    storage_changed();
    tick().await;
    assert_eq!(*states.borrow(), [State::SignedOut, State::Active]);
}

const BROKEN: [&str; 6] = [
    "it throws",
    "it throws null",
    "a number",
    "a list",
    "a symbol",
    "a Proxy that was revoked",
];

#[wasm_bindgen_test]
async fn one_that_breaks_its_word_loses_no_session() {
    for manner in BROKEN {
        let page = Page::new();
        break_fetch("a TypeError");
        record(EVENT, "none");
        let security = kept_in(&page, &own_storage(manner));
        assert_eq!(security.state(), State::SignedOut, "{manner}");
        for _ in 0..2 {
            security.update_token(TOKENS, None).unwrap();
            assert_eq!(security.state(), State::Active, "{manner}");
            let token = security.get_access_token().await.unwrap();
            assert_eq!(token, "the-access-token", "{manner}");
        }
        assert_eq!(events().len(), 2, "{manner}");
        let revoked = security.revoke().await.unwrap();
        assert_eq!(revoked.answer.unwrap_err().code(), "network_error");
        assert_eq!(security.state(), State::SignedOut, "{manner}");
        security.update_token(EXPIRED, None).unwrap();
        assert_eq!(security.state(), State::Expiring, "{manner}");
        assert_eq!(warnings(MEMORY_ONLY), 1, "{manner}");
        assert!(uncaught().is_empty(), "{manner}: {:?}", uncaught());
    }
}

/// Once the refresh token in it may be used up.
#[wasm_bindgen_test]
fn what_cannot_be_replaced_is_removed() {
    let page = Page::new();
    let row = stored(&page);
    let object = own_storage("at once");
    let full = own_storage("it throws");
    let method = js_sys::Reflect::get(&full, &"setItem".into()).unwrap();
    js_sys::Reflect::set(&object, &"setItem".into(), &method).unwrap();
    let security = kept_in(&page, &object);
    security.update_token(EXPIRED, None).unwrap();
    assert_eq!(kept_row(&page.session_key()), Some(row));
    assert_eq!(security.state(), State::Expiring);
    security.update_token(&with_token("newer"), None).unwrap();
    assert_eq!(kept_row(&page.session_key()), None);
    assert_eq!(security.state(), State::Active);
}

#[wasm_bindgen_test]
fn a_damaged_record_is_set_aside_here_too() {
    let page = Page::new();
    let key = page.session_key();
    for damaged in ["{", "[]"] {
        keep_row(&key, Some(damaged));
        let security = kept_in(&page, &own_storage("at once"));
        assert_eq!(security.state(), State::SignedOut);
        assert_eq!(kept_row(&key).as_deref(), Some(damaged));
        let aside = kept_row(&format!("{key}/damaged"));
        assert_eq!(aside.as_deref(), Some(damaged));
    }
}

/// The adapter may bring it late.
#[wasm_bindgen_test]
fn a_damaged_record_that_comes_late_is_set_aside_too() {
    let page = Page::new();
    let key = page.session_key();
    let security = kept_in(&page, &own_adapter(true));
    keep_row(&key, Some("{"));
    assert_eq!(security.state(), State::SignedOut);
    assert_eq!(kept_row(&key).as_deref(), Some("{"));
    assert_eq!(kept_row(&format!("{key}/damaged")).as_deref(), Some("{"));
}

/// No borrow may be held while the page's own code runs.
#[wasm_bindgen_test]
async fn it_may_call_back() {
    let page = Page::new();
    let (object, calls) = (own_storage("at once"), Rc::new(Cell::new(0)));
    let (inner, options, count) = (object.clone(), page.options(), Rc::clone(&calls));
    let options = Rc::new(Cell::new(Some(options)));
    let done = Rc::new(Cell::new(false));
    let called_back = Rc::clone(&done);
    let callback = move |_: JsValue| {
        count.set(count.get() + 1);
        // The first time it is asked, for the session that is being opened.
        if let Some(options) = options.take() {
            let storage = web::custom_storage(inner.clone()).unwrap();
            let same = crate::page::open(Options {
                storage: Some(storage),
                ..options
            })
            .unwrap();
            same.update_token(TOKENS, None).unwrap();
            called_back.set(true);
        }
        JsValue::NULL
    };
    let callback = wasm_bindgen::closure::Closure::<dyn Fn(JsValue) -> JsValue>::new(callback);
    js_sys::Reflect::set(&object, &"getItem".into(), callback.as_ref()).unwrap();
    let security = kept_in(&page, &object);
    assert!(calls.get() > 1 && done.get());
    listen_and_call(EVENT, move || drop(kept_row("")));
    security.update_token(TOKENS, None).unwrap();
    assert!(kept_row(&page.session_key()).is_some());
    assert!(uncaught().is_empty());
}

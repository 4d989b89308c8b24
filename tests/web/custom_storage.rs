//! Storage of the page's own: one that answers at once, one that takes its time, and one that breaks its
//! word in every way.

use std::cell::Cell;
use std::rc::Rc;

use esi_security::session::machine::State;
use esi_security::web::{AuthUriOptions, Storage, VerifyOptions};
use esi_security::{EsiSecurity, Options};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::page::{
    EVENT, EXPIRED, Page, TOKENS, all, break_fetch, browser_storage, events, fetched, hold_storage,
    hurry_timers, keep_row, kept_row, listen_and_call, long_timers, own_storage,
    own_storage_without, record, release_storage, rows, storage_operations, tick, uncaught,
    warnings,
};

const MEMORY_ONLY: &str = "in this page's memory";

fn kept_in(page: &Page, object: &JsValue) -> EsiSecurity {
    EsiSecurity::new(Options {
        storage: Storage::custom(object.clone()).unwrap(),
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
        assert!(Storage::custom(own_storage_without(method)).is_none());
    }
    for other in [JsValue::NULL, JsValue::UNDEFINED, "local".into(), 7.into()] {
        assert!(Storage::custom(other).is_none());
    }
}

/// Under another name it would be another session, with the same refresh token.
#[wasm_bindgen_test]
fn the_browsers_own_are_known() {
    let _page = Page::new();
    for (name, storage) in [
        ("sessionStorage", Storage::Session),
        ("localStorage", Storage::Local),
    ] {
        assert!(Storage::custom(browser_storage(name)).unwrap() == storage);
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
async fn one_that_takes_its_time_is_read_once_and_waited_for() {
    for manner in ["later", "with a thenable"] {
        let page = Page::new();
        stored(&page);
        let security = kept_in(&page, &own_storage(manner));
        assert_eq!(security.state(), State::SignedOut, "{manner}");
        security.restored().await;
        assert_eq!(security.state(), State::Active, "{manner}");
        keep_row(&page.session_key(), None);
        assert_eq!(security.state(), State::Active, "{manner}");
        let operations = storage_operations();
        assert_eq!(operations.len(), 1, "{operations:?}");
    }
}

#[wasm_bindgen_test]
async fn every_asynchronous_method_waits_for_the_session() {
    let page = Page::new();
    break_fetch("a TypeError");
    stored(&page);
    let object = own_storage("later");
    let token = kept_in(&page, &object).get_access_token().await.unwrap();
    assert_eq!(token, "the-access-token");
    let error = kept_in(&page, &object).refresh(&[]).await.unwrap_err();
    assert_eq!(error.code(), "network_error", "it has something to send");
    let security = kept_in(&page, &object);
    let verified = security.verify(&VerifyOptions::default()).await;
    assert_ne!(verified.unwrap_err().code(), "no_token");
    let security = kept_in(&page, &object);
    let verified = security
        .verify_without_signature(&VerifyOptions::default())
        .await;
    assert_eq!(verified.unwrap_err().code(), "token_malformed");
    let revoked = kept_in(&page, &object).revoke().await.unwrap();
    assert_eq!(revoked.answer.unwrap_err().code(), "network_error");
    assert_eq!(kept_row(&page.session_key()), None);
}

/// What is revoked while the session is still being read is what will have been read.
#[wasm_bindgen_test]
async fn a_revocation_waits_for_the_session_too() {
    let page = Page::new();
    break_fetch("a TypeError");
    stored(&page);
    hold_storage();
    let security = kept_in(&page, &own_storage("held"));
    let revocation = security.revoke();
    let released = async {
        tick().await;
        assert!(fetched().is_empty());
        release_storage();
    };
    all(vec![
        Box::pin(released),
        Box::pin(async { assert!(revocation.await.is_ok()) }),
    ])
    .await;
    assert_eq!(fetched(), ["https://sso.example/revoke"]);
    assert_eq!(kept_row(&page.session_key()), None);
    assert_eq!(security.state(), State::SignedOut);
}

/// As if it had come after the session: newer tokens win, and keep the refresh token that they do not
/// bring.
#[wasm_bindgen_test]
async fn an_update_may_come_before_the_session() {
    for (update, refresh_token) in [
        (with_token("newer"), "r-newer"),
        (
            r#"{"access_token":"newer","expires_in":1200}"#.into(),
            "refresh+token/==",
        ),
    ] {
        let page = Page::new();
        stored(&page);
        let security = kept_in(&page, &own_storage("later"));
        security.update_token(&update, None).unwrap();
        assert_eq!(security.state(), State::Active);
        assert_eq!(security.get_access_token().await.unwrap(), "newer");
        let row = kept_row(&page.session_key()).unwrap();
        assert!(
            row.contains("newer") && row.contains(refresh_token),
            "{row}"
        );
    }
}

#[wasm_bindgen_test]
async fn a_session_is_told_and_handed_out_only_once_it_is_written() {
    for manner in ["held", "read at once, written later"] {
        let page = Page::new();
        stored(&page);
        let security = kept_in(&page, &own_storage(manner));
        security.restored().await;
        hold_storage();
        record(EVENT, "/session/");
        let got = Rc::new(Cell::new(false));
        security.update_token(TOKENS, None).unwrap();
        // In memory it is there at once, and what becomes of the older row meanwhile is no news.
        keep_row(&page.session_key(), None);
        assert_eq!(security.state(), State::Active, "{manner}");
        let waiting = async {
            security.get_access_token().await.unwrap();
            assert!(kept_row(&page.session_key()).is_some(), "{manner}");
            got.set(true);
        };
        let looking = async {
            for _ in 0..3 {
                tick().await;
            }
            assert!(events().is_empty(), "{manner}");
            assert!(!got.get(), "{manner}");
            release_storage();
        };
        all(vec![Box::pin(waiting), Box::pin(looking)]).await;
        tick().await;
        assert_eq!(events().len(), 1, "{manner}");
        assert_eq!(security.state(), State::Active, "{manner}");
    }
}

/// Never two at once, never an older one over a newer one.
#[wasm_bindgen_test]
async fn writes_keep_their_order() {
    let page = Page::new();
    let security = kept_in(&page, &own_storage("held"));
    security.restored().await;
    storage_operations();
    hold_storage();
    for token in ["first", "second", "third"] {
        security.update_token(&with_token(token), None).unwrap();
        tick().await;
    }
    let begun = storage_operations();
    assert_eq!(begun.len(), 1, "{begun:?}");
    assert!(begun[0].contains("first"), "{begun:?}");
    release_storage();
    security.restored().await;
    let then = storage_operations();
    assert_eq!(then.len(), 1, "{then:?}");
    assert!(then[0].contains("third"), "{then:?}");
    assert!(kept_row(&page.session_key()).unwrap().contains("third"));

    hold_storage();
    break_fetch("a TypeError");
    security.update_token(TOKENS, None).unwrap();
    let revocation = security.revoke();
    assert_eq!(security.state(), State::SignedOut);
    release_storage();
    revocation.await.unwrap();
    assert_eq!(kept_row(&page.session_key()), None);
}

/// Whoever sends the pilot away waits until it is safe.
#[wasm_bindgen_test]
async fn a_login_begins_after_the_last_write() {
    let page = Page::new();
    let security = kept_in(&page, &own_storage("later"));
    security.update_token(TOKENS, None).unwrap();
    security
        .get_auth_uri(AuthUriOptions::default())
        .await
        .unwrap();
    assert!(kept_row(&page.session_key()).is_some());
}

const BROKEN: [&str; 13] = [
    "it throws",
    "it throws null",
    "it rejects",
    "it rejects with nothing",
    "it rejects later",
    "it never answers",
    "its then is never called back",
    "its then throws",
    "its then cannot be read",
    "a number",
    "a list",
    "a symbol",
    "a promise of an object",
];

#[wasm_bindgen_test]
async fn one_that_breaks_its_word_loses_no_session() {
    for manner in BROKEN.into_iter().chain(["a Proxy that was revoked"]) {
        let page = Page::new();
        hurry_timers();
        break_fetch("a TypeError");
        record(EVENT, "none");
        let security = kept_in(&page, &own_storage(manner));
        security.restored().await;
        assert_eq!(security.state(), State::SignedOut, "{manner}");
        for _ in 0..2 {
            security.update_token(TOKENS, None).unwrap();
            assert_eq!(security.state(), State::Active, "{manner}");
            let token = security.get_access_token().await.unwrap();
            assert_eq!(token, "the-access-token", "{manner}");
        }
        tick().await;
        // Changes that come before their write has ended are told of together.
        assert!((1..=2).contains(&events().len()), "{manner}");
        let revoked = security.revoke().await.unwrap();
        assert_eq!(revoked.answer.unwrap_err().code(), "network_error");
        assert_eq!(security.state(), State::SignedOut, "{manner}");
        security.update_token(EXPIRED, None).unwrap();
        assert_eq!(security.state(), State::Expiring, "{manner}");
        security.restored().await;
        assert_eq!(warnings(MEMORY_ONLY), 1, "{manner}");
        assert!(uncaught().is_empty(), "{manner}: {:?}", uncaught());
    }
}

/// Five seconds for the first look and five for the first write, and then nobody waits any more.
#[wasm_bindgen_test]
async fn one_that_never_answers_is_not_waited_for_again_and_again() {
    let page = Page::new();
    hurry_timers();
    let security = kept_in(&page, &own_storage("it never answers"));
    for _ in 0..3 {
        security.update_token(TOKENS, None).unwrap();
        security.get_access_token().await.unwrap();
    }
    // The first update's own wait ends here too.
    tick().await;
    let mut timers = long_timers();
    // One minute is how long nobody looks after the session.
    timers.retain(|time| *time != 60_000);
    assert!(timers.iter().all(|time| *time == 5000), "{timers:?}");
    // The update, the token and whoever looks after the session wait for the same write.
    assert_eq!(timers.len(), 4, "{timers:?}");
}

/// The newest session is written once it does.
#[wasm_bindgen_test]
async fn one_that_answers_late_is_written_after_all() {
    let page = Page::new();
    let security = kept_in(&page, &own_storage("held"));
    security.restored().await;
    hurry_timers();
    hold_storage();
    security.update_token(&with_token("first"), None).unwrap();
    security.restored().await;
    security.update_token(&with_token("second"), None).unwrap();
    security.restored().await;
    assert_eq!(kept_row(&page.session_key()), None);
    release_storage();
    tick().await;
    security.restored().await;
    assert!(kept_row(&page.session_key()).unwrap().contains("second"));
}

/// Once the refresh token in it may be used up.
#[wasm_bindgen_test]
async fn what_cannot_be_replaced_is_removed() {
    for manner in ["it throws", "it rejects"] {
        let page = Page::new();
        let row = stored(&page);
        let object = own_storage("later");
        let full = own_storage(manner);
        let method = js_sys::Reflect::get(&full, &"setItem".into()).unwrap();
        js_sys::Reflect::set(&object, &"setItem".into(), &method).unwrap();
        let security = kept_in(&page, &object);
        security.restored().await;
        security.update_token(EXPIRED, None).unwrap();
        security.restored().await;
        assert_eq!(kept_row(&page.session_key()), Some(row), "{manner}");
        assert_eq!(security.state(), State::Expiring, "{manner}");
        security.update_token(&with_token("newer"), None).unwrap();
        security.restored().await;
        assert_eq!(kept_row(&page.session_key()), None, "{manner}");
        assert_eq!(security.state(), State::Active, "{manner}");
    }
}

/// Another page of this storage was faster, and the older tokens of this one cannot be written.
#[wasm_bindgen_test]
async fn a_newer_row_stays_and_is_taken_over() {
    let page = Page::new();
    let (row, key) = (stored(&page), page.session_key());
    let security = kept_in(&page, &own_storage("read at once, refused later"));
    hold_storage();
    let same_grant = TOKENS.replace("the-access-token", "ours");
    security.update_token(&same_grant, None).unwrap();
    let newer = row
        .replace("the-access-token", "theirs")
        .replace("refresh+token/==", "rotated")
        .replace(r#""rotation":0"#, r#""rotation":1"#);
    keep_row(&key, Some(&newer));
    release_storage();
    security.restored().await;
    assert_eq!(kept_row(&key), Some(newer));
    assert_eq!(security.get_access_token().await, Ok("theirs".into()));
}

#[wasm_bindgen_test]
async fn a_damaged_record_is_set_aside_here_too() {
    for manner in ["at once", "later", "read at once, written later"] {
        let page = Page::new();
        let key = page.session_key();
        for damaged in ["{", "[]"] {
            keep_row(&key, Some(damaged));
            let security = kept_in(&page, &own_storage(manner));
            security.restored().await;
            assert_eq!(security.state(), State::SignedOut, "{manner}");
            assert_eq!(kept_row(&key), None, "{manner}");
            let aside = kept_row(&format!("{key}/damaged"));
            assert_eq!(aside.as_deref(), Some(damaged), "{manner}");
        }
        // Tokens that came before it was read are not swept away with it.
        keep_row(&key, Some("null"));
        let security = kept_in(&page, &own_storage(manner));
        security.update_token(TOKENS, None).unwrap();
        security.restored().await;
        assert!(kept_row(&key).unwrap().contains("the-access-token"));
        assert_eq!(kept_row(&format!("{key}/damaged")).as_deref(), Some("null"));
    }
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
            let storage = Storage::custom(inner.clone()).unwrap();
            let same = EsiSecurity::new(Options { storage, ..options }).unwrap();
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

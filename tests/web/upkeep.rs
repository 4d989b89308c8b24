//! What a session does by itself, and what the page is told of it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use esi_security::client::Snapshot;
use esi_security::session::machine::{Reason, State};
use esi_security::{EsiSecurity, Options};
use serde_json::{Value, json};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::page::{
    EXPIRED, Page, TOKENS, break_fetch, events, fetches, happen, hold_fetch, hurry_timers,
    long_timers, now, record, settle_fetch, shift_clock, tick,
};

const CHANGED: &str = "esi:session-changed";
const EXPIRING: &str = "esi:token-expiring";

/// How many seconds of the life of `TOKENS` are left when they are to be refreshed.
const MARGIN: f64 = 60.0;
const LIFE: f64 = 1200.0;

/// One that looks after its session.
fn automatic(page: &Page) -> EsiSecurity {
    let options = Options {
        auto_refresh: true,
        ..page.options()
    };
    crate::page::open(options).unwrap()
}

fn told() -> Vec<Value> {
    let parse = |text: &String| serde_json::from_str::<Value>(text).unwrap()["detail"].clone();
    events().iter().map(parse).collect()
}

/// Lets whatever is going to happen by itself happen: a refresh takes its turn among the tabs first.
async fn settle() {
    for _ in 0..50 {
        tick().await;
    }
}

/// Waits for a request. A refresh of the test before may hold the lock still: all tests have the same grant.
async fn until_fetched() {
    for _ in 0..5_000 {
        if fetches() > 0 {
            break;
        }
        tick().await;
    }
    settle().await;
}

fn change(from: &str, to: &str, reason: &str) -> Value {
    json!({ "tokenIdentifier": null, "from": from, "to": to, "reason": reason })
}

/// Whatever a page is told when it may have slept; where nothing was told, a timer looks once a minute.
#[wasm_bindgen_test]
async fn it_is_refreshed_in_time_whatever_wakes_the_page() {
    for kind in [
        "visibilitychange",
        "resume",
        "pageshow",
        "online",
        "storage",
    ] {
        let page = Page::new();
        let security = automatic(&page);
        security.update_token(TOKENS, None).unwrap();
        hold_fetch();
        shift_clock(LIFE - MARGIN - 1.0);
        happen(kind);
        settle().await;
        assert_eq!(fetches(), 0, "{kind}: too early");
        assert_eq!(security.state(), State::Active);
        shift_clock(1.0);
        happen(kind);
        until_fetched().await;
        assert_eq!(fetches(), 1, "{kind}");
        assert_eq!(security.state(), State::Refreshing);
        happen(kind);
        settle().await;
        assert_eq!(fetches(), 1, "{kind}: one is under way already");
        settle_fetch();
        settle().await;
    }
}

#[wasm_bindgen_test]
async fn a_timer_is_never_set_for_longer_than_a_minute() {
    let page = Page::new();
    hurry_timers();
    let security = automatic(&page);
    hold_fetch();
    // A year: longer than a browser's timer can be set for, which then fires at once.
    let year = json!({ "access_token": "t", "expires_in": 31_536_000, "refresh_token": "r" });
    security.update_token(&year.to_string(), None).unwrap();
    settle().await;
    let timers = long_timers();
    assert!(!timers.is_empty());
    assert!(timers.iter().all(|time| *time <= 60_000), "{timers:?}");
    assert_eq!(fetches(), 0);

    // Ten seconds before it is due a timer is set for just these.
    shift_clock(31_536_000.0 - MARGIN - 10.0);
    happen("online");
    tick().await;
    // A refresh of an earlier test may set timers of its own.
    assert!(long_timers().contains(&10_000));
}

/// A page that has nothing to wait for costs nothing.
#[wasm_bindgen_test]
async fn nobody_looks_after_a_session_that_nothing_is_due_of() {
    let page = Page::new();
    hurry_timers();
    let security = automatic(&page);
    settle().await;
    assert_eq!(long_timers(), [0_u32; 0]);
    let unknown = r#"{"access_token":"of-unknown-life","refresh_token":"r"}"#;
    security.update_token(unknown, None).unwrap();
    hold_fetch();
    settle().await;
    assert_eq!(long_timers(), [0_u32; 0]);
    assert_eq!(fetches(), 0, "nobody has asked for it");
}

#[wasm_bindgen_test]
async fn without_it_only_who_needs_a_token_refreshes() {
    let page = Page::new();
    record(EXPIRING, "/session/");
    let security = page.security();
    security.update_token(TOKENS, None).unwrap();
    tick().await;
    break_fetch("a TypeError");
    shift_clock(LIFE - MARGIN);
    happen("online");
    settle().await;
    assert_eq!(security.state(), State::Expiring);
    assert_eq!(fetches(), 0);
    let expiry = security.token_expiry();
    assert_eq!(
        told(),
        [json!({ "tokenIdentifier": null, "tokenExpiry": expiry })]
    );
    // While it lives it serves.
    assert_eq!(
        security.get_access_token().await.unwrap(),
        "the-access-token"
    );
    assert_eq!(
        fetches(),
        2,
        "and once more, for nobody knows whether the first was served"
    );
}

#[wasm_bindgen_test]
async fn a_refresh_token_alone_is_used_at_once() {
    let page = Page::new();
    hold_fetch();
    let security = automatic(&page);
    security.update_token(EXPIRED, None).unwrap();
    until_fetched().await;
    assert_eq!(fetches(), 1);
    settle_fetch();
    settle().await;
}

/// Nobody is told to try again in vain: after a pause, or when the network is back.
#[wasm_bindgen_test]
async fn what_did_not_get_through_is_tried_again() {
    let page = Page::new();
    // The other tabs are given a second before it is sent once more.
    hurry_timers();
    break_fetch("a TypeError");
    let security = automatic(&page);
    security.update_token(EXPIRED, None).unwrap();
    settle().await;
    assert_eq!(security.state(), State::Offline);
    let tried = fetches();
    happen("visibilitychange");
    settle().await;
    assert_eq!(fetches(), tried, "not yet");
    happen("online");
    settle().await;
    assert!(fetches() > tried, "the network is back");
}

#[wasm_bindgen_test]
async fn one_that_was_given_up_is_left_alone() {
    let page = Page::new();
    let security = automatic(&page);
    security.update_token(TOKENS, None).unwrap();
    tick().await;
    drop(security);
    hold_fetch();
    shift_clock(LIFE);
    happen("online");
    settle().await;
    assert_eq!(fetches(), 0);
}

#[wasm_bindgen_test]
async fn the_margin_is_the_sessions() {
    let page = Page::new();
    let first = page.security();
    first.update_token(TOKENS, None).unwrap();
    shift_clock(LIFE - 300.0);
    assert_eq!(first.state(), State::Active);
    let second = crate::page::open(Options {
        refresh_margin: 300,
        ..page.options()
    })
    .unwrap();
    assert_eq!(second.state(), State::Expiring);
    assert_eq!(first.state(), State::Expiring);
    let none = crate::page::open(Options {
        refresh_margin: 0,
        ..page.options()
    })
    .unwrap();
    assert_eq!(none.state(), State::Active);
    // Another session of the same object has its margin too.
    second.update_token(TOKENS, Some("other".into())).unwrap();
    shift_clock(LIFE - 300.0);
    assert_eq!(second.state(), State::Expiring);
}

#[wasm_bindgen_test]
async fn the_page_is_told_of_every_change_and_why() {
    let page = Page::new();
    record(CHANGED, "/session/");
    let security = page.security();
    tick().await;
    assert_eq!(told(), [Value::Null; 0], "nothing has changed");
    security.update_token(TOKENS, None).unwrap();
    tick().await;
    shift_clock(LIFE - MARGIN);
    happen("online");
    tick().await;
    // What comes and goes at once is left out.
    security.update_token(EXPIRED, None).unwrap();
    security.update_token(TOKENS, None).unwrap();
    tick().await;
    page.set_row(None);
    happen("storage");
    tick().await;
    assert_eq!(
        told(),
        [
            change("signed-out", "active", "update"),
            change("active", "expiring", "time"),
            change("expiring", "active", "update"),
            change("active", "signed-out", "storage"),
        ]
    );
}

/// Two objects of one session are one session.
#[wasm_bindgen_test]
async fn a_change_is_told_once() {
    let page = Page::new();
    record(CHANGED, "/session/");
    let (one, two) = (page.security(), page.security());
    one.update_token(TOKENS, None).unwrap();
    tick().await;
    assert_eq!(told(), [change("signed-out", "active", "update")]);
    drop(two);
    // A third finds it as it is.
    let three = page.security();
    tick().await;
    assert_eq!(told().len(), 1);
    assert_eq!(three.snapshot().reason, Reason::Update);
}

type Seen = Rc<RefCell<Vec<Snapshot>>>;

fn seen(security: &EsiSecurity) -> (Seen, esi_security::client::Subscription) {
    let seen = Seen::default();
    let into = Rc::clone(&seen);
    let subscription = security.subscribe(move |now| into.borrow_mut().push(now.clone()));
    (seen, subscription)
}

#[wasm_bindgen_test]
async fn who_subscribes_is_told_at_once_and_of_each_change_until_they_leave() {
    let page = Page::new();
    let security = page.security();
    let (seen, subscription) = seen(&security);
    let signed_out = Snapshot {
        state: State::SignedOut,
        reason: Reason::Storage,
        token_identifier: None,
        token_expiry: None,
    };
    assert_eq!(*seen.borrow(), [signed_out]);
    tick().await;
    assert_eq!(seen.borrow().len(), 1);
    security.update_token(TOKENS, None).unwrap();
    assert_eq!(seen.borrow().len(), 1, "a moment later");
    tick().await;
    let active = Snapshot {
        state: State::Active,
        reason: Reason::Update,
        token_identifier: None,
        token_expiry: Some(now() + 1200),
    };
    assert_eq!(seen.borrow().last(), Some(&active));
    assert_eq!(security.snapshot(), active);
    // Whose session it is, is part of it.
    security.update_token(TOKENS, Some("other".into())).unwrap();
    tick().await;
    let identifier = seen.borrow().last().unwrap().token_identifier.clone();
    assert_eq!(identifier.as_deref(), Some("other"));
    assert_eq!(seen.borrow().len(), 3);

    drop(subscription);
    security.update_token(EXPIRED, None).unwrap();
    tick().await;
    assert_eq!(seen.borrow().len(), 3);
}

#[wasm_bindgen_test]
async fn a_listener_may_do_what_it_likes() {
    let page = Page::new();
    let security = page.security();
    let inner = Rc::new(RefCell::new(None));
    let calls = Rc::new(Cell::new(0));
    let outer = security.subscribe({
        let (security, inner, calls) = (security.clone(), Rc::clone(&inner), Rc::clone(&calls));
        move |now| {
            calls.set(calls.get() + 1);
            if now.state == State::Active {
                // It subscribes another, leaves, and changes the session.
                inner.replace(Some(security.subscribe(|_| {})));
                inner.replace(None);
                security.update_token(EXPIRED, None).unwrap();
            }
        }
    });
    security.update_token(TOKENS, None).unwrap();
    settle().await;
    assert_eq!(security.state(), State::Expiring);
    assert_eq!(calls.get(), 3, "the change that it made is told too");
    drop(outer);
}

/// Each is told of what it has not seen, whoever else has.
#[wasm_bindgen_test]
async fn who_subscribes_late_misses_nothing_and_hears_nothing_twice() {
    let page = Page::new();
    let security = page.security();
    let (early, _first) = seen(&security);
    tick().await;
    security.update_token(TOKENS, None).unwrap();
    let (late, _second) = seen(&security);
    assert_eq!(late.borrow().last().unwrap().state, State::Active);
    tick().await;
    assert_eq!(late.borrow().len(), 1, "it knows already");
    assert_eq!(early.borrow().len(), 2);

    // There and back again before anybody was told, but for one who came meanwhile.
    let before = page.row();
    page.set_row(None);
    let (between, _third) = seen(&security);
    assert_eq!(between.borrow().last().unwrap().state, State::SignedOut);
    page.set_row(before.as_deref());
    tick().await;
    assert_eq!(between.borrow().last().unwrap().state, State::Active);
}

#[wasm_bindgen_test]
async fn a_listener_may_own_another_subscription() {
    let page = Page::new();
    let security = page.security();
    let (inner_seen, inner) = seen(&security);
    let outer = security.subscribe(move |_| {
        let _ = &inner;
    });
    drop(outer);
    security.update_token(TOKENS, None).unwrap();
    tick().await;
    assert_eq!(inner_seen.borrow().len(), 1, "both are gone");
}

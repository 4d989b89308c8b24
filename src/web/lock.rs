//! Web Locks, of a lock manager that the page may have replaced.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};

use js_sys::{Array, Function, Object, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use super::object::{get, set};
use super::promise::settled;
use super::timer::abort_after;
use crate::client::host::{HeldLock, Lock, LockAnswer, LockMode};

#[wasm_bindgen]
extern "C" {
    type LockManager;

    #[wasm_bindgen(method, catch)]
    fn request(
        this: &LockManager,
        name: &str,
        options: &Object,
        callback: &JsValue,
    ) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn query(this: &LockManager) -> Result<JsValue, JsValue>;
}

/// A lock that is held until this is dropped, or until another page steals it.
struct WebLock(Rc<Request>);

/// What has become of one request for a lock.
#[derive(Default)]
struct Request {
    /// Settles the promise for which the browser holds the lock; `None` until it is granted.
    release: RefCell<Option<Function>>,
    /// If the lock is granted late, it is released at once.
    is_abandoned: Cell<bool>,
    is_stolen: Cell<bool>,
}

impl Lock for WebLock {
    fn is_stolen(&self) -> bool {
        self.0.is_stolen.get()
    }
}

impl Drop for WebLock {
    fn drop(&mut self) {
        self.0.is_abandoned.set(true);
        if let Some(release) = self.0.release.take() {
            let _ = release.call0(&JsValue::UNDEFINED);
        }
    }
}

/// Not on a page that is served over plain http.
fn manager() -> Option<LockManager> {
    let navigator = get(&js_sys::global(), "navigator").ok()?;
    let locks = get(&navigator, "locks").ok()?;
    locks.is_object().then(|| locks.unchecked_into())
}

/// All locks that any page of this origin holds; none if the browser does not say.
pub(super) async fn held() -> Vec<HeldLock> {
    let text = |lock: &JsValue, member: &str| get(lock, member).ok()?.as_string();
    let query = async {
        let answer = settled(&manager()?.query().ok()?).await.ok()?;
        get(&answer, "held").ok()?.dyn_into::<Array>().ok()
    };
    let held = query.await.unwrap_or_default().into_iter();
    let held = held.filter_map(|lock| {
        let (name, client) = (text(&lock, "name")?, text(&lock, "clientId")?);
        Some(HeldLock { name, client })
    });
    held.collect()
}

/// Requests the lock of that name.
pub(super) async fn request(name: String, mode: LockMode) -> LockAnswer {
    let Some(locks) = manager() else {
        return LockAnswer::Unavailable;
    };
    let (option, value) = match mode {
        LockMode::IfAvailable => ("ifAvailable", true.into()),
        LockMode::Steal => ("steal", true.into()),
        LockMode::Wait(timeout_ms) => {
            let signal = abort_after(timeout_ms);
            ("signal", signal.map_or(JsValue::UNDEFINED, JsValue::from))
        }
    };
    let is_theft = matches!(mode, LockMode::Steal);
    let options = Object::new();
    set(&options, option, &value);
    let lock = WebLock(Rc::default());
    let state = &lock.0;
    let answered = Promise::new(&mut |resolve, reject| {
        let state = Rc::clone(state);
        let callback = {
            let state = Rc::clone(&state);
            Closure::once_into_js(move |granted: JsValue| {
                let _ = resolve.call0(&JsValue::UNDEFINED);
                if granted.is_null() || state.is_abandoned.get() {
                    return JsValue::UNDEFINED;
                }
                // The lock is held for as long as this promise is pending.
                let held = Promise::new(&mut |release, _| {
                    state.release.replace(Some(release));
                });
                held.into()
            })
        };
        let requested = locks.request(&name, &options, &callback);
        spawn_local(async move {
            let failed = match requested {
                Ok(promise) => settled(&promise).await.err(),
                Err(error) => Some(error),
            };
            if let Some(error) = failed {
                state.is_stolen.set(true);
                let _ = reject.call1(&JsValue::UNDEFINED, &error);
            }
        });
    });
    match JsFuture::from(answered).await {
        Ok(_) if state.release.borrow().is_some() => LockAnswer::Granted(Box::new(lock)),
        Ok(_) => LockAnswer::Taken,
        Err(_) if is_aborted(&value) => LockAnswer::TimedOut,
        // Another page has stolen it: WebKit tells so before it grants what was stolen.
        Err(error) if is_theft && is_abort(&error) => LockAnswer::Taken,
        Err(_) => LockAnswer::Unavailable,
    }
}

/// True for the error of a lock that was stolen, and of a page that is being left.
fn is_abort(error: &JsValue) -> bool {
    get(error, "name").is_ok_and(|name| name == "AbortError")
}

/// True for a signal whose time is over.
fn is_aborted(signal: &JsValue) -> bool {
    signal.is_object() && get(signal, "aborted").is_ok_and(|aborted| aborted.is_truthy())
}

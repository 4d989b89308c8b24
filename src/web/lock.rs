//! Web Locks: what one tab of an origin holds, no other has. The browser releases the locks of a tab that
//! is closed or has crashed.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::Cell;

use js_sys::{Array, Function, Object, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use super::object::{get, set};
use super::promise::settled;
use super::timer::abort_after;

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

/// A lock that is held until this is dropped, or it is stolen.
pub(super) struct Lock {
    release: Function,
    stolen: Rc<Cell<bool>>,
}

impl Lock {
    /// True if nobody has stolen it. A tab that was frozen may not have been told yet; it will have been when the
    /// browser has answered a question.
    pub(super) async fn is_held(&self) -> bool {
        names().await;
        !self.stolen.get()
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.release.call0(&JsValue::UNDEFINED);
    }
}

/// How a lock was come by.
pub(super) enum Turn {
    /// There are no locks in this browser, or on this page.
    Unlocked,
    /// It was free.
    Free(Lock),
    /// Somebody else had held it, or still does, but for so long that it was taken away.
    Contended(Lock),
}

/// The lock of that name, for which no single tab is waited for longer than `patience` milliseconds: it may be
/// frozen while it holds it. Many may stand in line before this one, though, each in its time.
pub(super) async fn take(name: &str, patience: u32) -> Turn {
    let Some(locks) = manager() else {
        return Turn::Unlocked;
    };
    if let Some(lock) = request(&locks, name, ("ifAvailable", true.into())).await {
        return Turn::Free(lock);
    }
    loop {
        let holder = holder(name).await;
        // A browser without such signals waits for as long as it takes.
        let signal = abort_after(patience).map_or(JsValue::UNDEFINED, JsValue::from);
        if let Some(lock) = request(&locks, name, ("signal", signal)).await {
            return Turn::Contended(lock);
        }
        if self::holder(name).await == holder {
            let stolen = request(&locks, name, ("steal", true.into())).await;
            return stolen.map_or(Turn::Unlocked, Turn::Contended);
        }
    }
}

/// A lock that many tabs hold at once; its name is what it is for.
pub(super) async fn share(name: &str) -> Option<Lock> {
    request(&manager()?, name, ("mode", "shared".into())).await
}

/// Lets go of it, and waits until that is known: the browser takes it back in its own time, but before it looks who
/// holds one. A next try from this page finds it free.
pub(super) async fn release(lock: Option<Lock>) {
    drop(lock);
    names().await;
}

/// The names of all locks that any tab of this origin holds.
pub(super) async fn names() -> Vec<String> {
    let mut names = Vec::new();
    for (name, _) in held().await {
        names.extend(name);
    }
    names
}

/// The browser's name for the page that holds this lock.
async fn holder(name: &str) -> Option<String> {
    let mut held = held().await.into_iter();
    held.find(|(held, _)| held.as_deref() == Some(name))?.1
}

/// All locks that any tab of this origin holds, and who does.
async fn held() -> Vec<(Option<String>, Option<String>)> {
    let query = async {
        let answer = manager()?.query().ok()?;
        let answer = settled(&answer).await.ok()?;
        let held = get(&answer, "held").ok()?;
        held.dyn_into::<Array>().ok()
    };
    let text = |lock: &JsValue, member: &str| get(lock, member).ok()?.as_string();
    let mut all = Vec::new();
    for lock in query.await.unwrap_or_default() {
        all.push((text(&lock, "name"), text(&lock, "clientId")));
    }
    all
}

/// Not on a page that is served over plain http.
fn manager() -> Option<LockManager> {
    let navigator = get(&js_sys::global(), "navigator").ok()?;
    let locks = get(&navigator, "locks").ok()?;
    locks.is_object().then(|| locks.unchecked_into())
}

/// `None` if it is not to be had on these terms.
async fn request(locks: &LockManager, name: &str, terms: (&str, JsValue)) -> Option<Lock> {
    let options = Object::new();
    set(&options, terms.0, &terms.1);
    let stolen = Rc::new(Cell::new(false));
    let refusal = Rc::clone(&stolen);
    // The lock is held for as long as the promise that the callback gives is pending.
    let granted = Promise::new(&mut |grant, refuse| {
        let callback = Closure::once_into_js(move |lock: JsValue| {
            if lock.is_null() {
                let _ = grant.call0(&JsValue::UNDEFINED);
                return JsValue::UNDEFINED;
            }
            let held = Promise::new(&mut |release, _| {
                let _ = grant.call1(&JsValue::UNDEFINED, &release);
            });
            held.into()
        });
        let requested = locks.request(name, &options, &callback);
        let stolen = Rc::clone(&refusal);
        spawn_local(async move {
            let refused = match requested {
                Ok(promise) => settled(&promise).await.is_err(),
                Err(_) => true,
            };
            if refused {
                stolen.set(true);
                let _ = refuse.call0(&JsValue::UNDEFINED);
            }
        });
    });
    let release = JsFuture::from(granted).await.ok()?;
    let release = release.dyn_into().ok()?;
    Some(Lock { release, stolen })
}

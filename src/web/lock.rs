//! Web Locks: a lock that one tab of an origin holds is free in no other. The browser releases the locks of a tab
//! that is closed or has crashed. A page may have replaced the lock manager, so every answer has a deadline.

use alloc::rc::Rc;
use alloc::string::String;
use core::cell::{Cell, RefCell};

use js_sys::{Array, Function, Object, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use super::object::{get, set};
use super::promise::{settled, settled_within};
use super::timer::{abort_after, within};

/// How long the browser may take to answer, in milliseconds. After that the library goes on without locks.
const ANSWER_TIMEOUT_MS: u32 = 4_000;

/// How many tabs in a row may hold the lock for too long before it is stolen from any holder.
const MOST_HOLDERS: u32 = 4;

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

/// A lock that is held until this is dropped, or until another tab steals it.
pub(super) struct Lock(Rc<Request>);

/// What has become of one request for a lock.
#[derive(Default)]
struct Request {
    /// Settles the promise for which the browser holds the lock; `None` until it is granted.
    release: RefCell<Option<Function>>,
    /// Nobody wants it any more: if it is granted late, it is released at once.
    abandoned: Cell<bool>,
    stolen: Cell<bool>,
}

impl Lock {
    /// True if no other tab has stolen it. The news of a theft reaches a thawed tab before the answer to a query, so
    /// the browser is queried first.
    pub(super) async fn is_held(&self) -> bool {
        held().await;
        !self.0.stolen.get()
    }

    fn is_granted(&self) -> bool {
        self.0.release.borrow().is_some()
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.0.abandoned.set(true);
        if let Some(release) = self.0.release.take() {
            let _ = release.call0(&JsValue::UNDEFINED);
        }
    }
}

/// How a lock was acquired.
pub(super) enum Acquired {
    /// This browser or page has no locks, or they do not answer.
    Unavailable,
    /// It was free.
    Free(Lock),
    /// Another tab had held it, or it was stolen from one that held it for too long.
    Contended(Lock),
}

/// What came of a request.
enum Answer {
    Granted(Lock),
    /// Another tab holds it.
    Taken,
    /// The request was rejected, or is no request at all.
    Failed,
    /// The deadline has passed.
    Late,
}

/// Acquires the lock of that name. No holder is waited for longer than `timeout_ms`: its tab may be frozen. Several
/// tabs may be queued before this one, each with its own time, up to [`MOST_HOLDERS`].
pub(super) async fn acquire(name: &str, timeout_ms: u32) -> Acquired {
    let Some(locks) = manager() else {
        return Acquired::Unavailable;
    };
    let free = ("ifAvailable", true.into());
    match request(&locks, name, free, ANSWER_TIMEOUT_MS).await {
        Answer::Granted(lock) => return Acquired::Free(lock),
        Answer::Taken => {}
        Answer::Failed | Answer::Late => return Acquired::Unavailable,
    }
    for _ in 0..MOST_HOLDERS {
        let before = holder(name).await;
        let signal = abort_after(timeout_ms).map_or(JsValue::UNDEFINED, JsValue::from);
        // The browser's own deadline comes first where it has one, and takes the request out of the queue.
        let timeout_ms = timeout_ms.saturating_add(ANSWER_TIMEOUT_MS);
        match request(&locks, name, ("signal", signal), timeout_ms).await {
            Answer::Granted(lock) => return Acquired::Contended(lock),
            Answer::Late if holder(name).await == before => break,
            Answer::Late => {}
            Answer::Taken | Answer::Failed => return Acquired::Unavailable,
        }
    }
    match request(&locks, name, ("steal", true.into()), ANSWER_TIMEOUT_MS).await {
        Answer::Granted(lock) => Acquired::Contended(lock),
        _ => Acquired::Unavailable,
    }
}

/// Releases it, once the browser has answered a query: what this page has just written to localStorage reaches the other
/// processes on another way. Then waits until the browser has taken the lock back, which it does before it answers the
/// next query, so that the next request of this page finds it free.
pub(super) async fn release(lock: Option<Lock>) {
    held().await;
    drop(lock);
    held().await;
}

/// The browser's name for the page that holds this lock.
async fn holder(name: &str) -> Option<String> {
    let mut held = held().await.into_iter();
    let lock = held.find(|lock| text(lock, "name").as_deref() == Some(name))?;
    text(&lock, "clientId")
}

fn text(lock: &JsValue, member: &str) -> Option<String> {
    get(lock, member).ok()?.as_string()
}

/// All locks that any tab of this origin holds; none if the browser does not say.
async fn held() -> Array {
    let query = async {
        let answer = manager()?.query().ok()?;
        let answer = settled_within(ANSWER_TIMEOUT_MS, &answer).await.ok()?;
        let held = get(&answer, "held").ok()?;
        held.dyn_into::<Array>().ok()
    };
    query.await.unwrap_or_default()
}

/// Not on a page that is served over plain http.
fn manager() -> Option<LockManager> {
    let navigator = get(&js_sys::global(), "navigator").ok()?;
    let locks = get(&navigator, "locks").ok()?;
    locks.is_object().then(|| locks.unchecked_into())
}

async fn request(
    locks: &LockManager,
    name: &str,
    (option, value): (&str, JsValue),
    timeout_ms: u32,
) -> Answer {
    let options = Object::new();
    set(&options, option, &value);
    let lock = Lock(Rc::default());
    let state = &lock.0;
    let answered = Promise::new(&mut |resolve, reject| {
        let state = Rc::clone(state);
        let callback = {
            let state = Rc::clone(&state);
            Closure::once_into_js(move |granted: JsValue| {
                let _ = resolve.call0(&JsValue::UNDEFINED);
                if granted.is_null() || state.abandoned.get() {
                    return JsValue::UNDEFINED;
                }
                // The lock is held for as long as this promise is pending.
                let held = Promise::new(&mut |release, _| {
                    state.release.replace(Some(release));
                });
                held.into()
            })
        };
        let requested = locks.request(name, &options, &callback);
        spawn_local(async move {
            let failed = match requested {
                Ok(promise) => settled(&promise).await.is_err(),
                Err(_) => true,
            };
            if failed {
                state.stolen.set(true);
                let _ = reject.call0(&JsValue::UNDEFINED);
            }
        });
    });
    match within(timeout_ms, JsFuture::from(answered)).await {
        None => Answer::Late,
        Some(Ok(_)) if lock.is_granted() => Answer::Granted(lock),
        Some(Ok(_)) => Answer::Taken,
        Some(Err(_)) if is_aborted(&value) => Answer::Late,
        Some(Err(_)) => Answer::Failed,
    }
}

/// True for a signal whose time is up.
fn is_aborted(signal: &JsValue) -> bool {
    signal.is_object() && get(signal, "aborted").is_ok_and(|aborted| aborted.is_truthy())
}

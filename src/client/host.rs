//! The platform that the client runs on: the browser in production, a simulator in tests. The client makes every
//! decision; an implementation only performs it.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::Poll;

use crate::jwt::{SignatureCheck, Verdict};
use crate::oauth::http::{Request, Response};
use crate::{Error, Members};

/// The return type of all asynchronous methods. One type for all of them keeps the generated code small.
pub type LocalFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// How late a timer may be in a page that runs, in milliseconds: browsers delay those of a hidden page by up to a second.
const LATE_MS: u32 = 1_000;

/// How long after a late timer an answer is waited for, in milliseconds.
const UNREAD_MARGIN_MS: u32 = 1_000;

/// The output of `work`; `None` if it takes longer than `ms` milliseconds. In a page that was frozen, or whose machine
/// has slept, the timer may come before an answer that is already there. So after a late timer the wait goes on for a
/// second.
pub async fn within<T>(host: &dyn Host, ms: u32, mut work: LocalFuture<'_, T>) -> Option<T> {
    let mut timer: LocalFuture<'_, ()> = Box::pin(deadline(host, ms));
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => timer.as_mut().poll(context).map(|()| None),
    })
    .await
}

async fn deadline(host: &dyn Host, ms: u32) {
    let began_at = host.now_ms();
    host.sleep(ms).await;
    let waited_ms = host.now_ms().saturating_sub(began_at);
    if waited_ms > i64::from(ms.saturating_add(LATE_MS)) {
        host.sleep(UNREAD_MARGIN_MS).await;
    }
}

/// The platform that the client runs on. No method may panic. A method may run code of the page, which may call the
/// client again; so no `RefCell` is borrowed during a call.
pub trait Host {
    /// The wall clock, in milliseconds since 1970.
    fn now_ms(&self) -> i64;

    /// A clock that is never set, in milliseconds since any moment.
    fn monotonic_ms(&self) -> u64;

    /// Fills `bytes` with random bytes. False if there is no source of them.
    fn random(&self, bytes: &mut [u8]) -> bool;

    /// Runs the task to its end.
    fn spawn(&self, task: LocalFuture<'static, ()>);

    /// Completes after `ms` milliseconds; later if the page sleeps meanwhile.
    fn sleep(&self, ms: u32) -> LocalFuture<'static, ()>;

    /// The item under `key`.
    fn item(&self, area: Area, key: &str) -> Box<dyn Item>;

    /// Makes the item under `key` readable. False if its storage returns a promise, which only an asynchronous caller
    /// can await.
    fn open_item(&self, area: Area, key: &str) -> bool;

    /// Reads the item into the host's copy again. `None` if the host has no copy, because [`Item::read`] reads the
    /// storage itself.
    fn reload_item(&self, area: Area, key: &str) -> Option<LocalFuture<'static, ()>>;

    /// The keys of all items in that area, as far as they can be listed.
    fn keys(&self, area: Area) -> Vec<String>;

    /// Completes when all writes to that area have ended, with true if everything is stored. `None` if [`Item::write`]
    /// stores at once.
    fn stored(&self, area: Area) -> Option<LocalFuture<'static, bool>>;

    /// Sends the request, and waits `timeout_ms` milliseconds for its response.
    fn fetch<'a>(
        &'a self,
        request: &'a Request,
        route: &'a Route,
        timeout_ms: u32,
    ) -> LocalFuture<'a, Result<Response, FetchError>>;

    /// Connects this page to the token worker. `script` is the URL of its script; an empty one is the package's own.
    fn connect_worker(&self, script: &str);

    /// Whether the token worker with that script is in use: `off`, `idle`, `connecting`, `connected` or `unavailable`.
    fn worker_status(&self, script: &str) -> String;

    /// Requests the Web Lock of that name. If the future is dropped, the lock is not held.
    fn lock(&self, name: &str, mode: LockMode) -> LocalFuture<'static, LockAnswer>;

    /// The locks that pages of the origin hold. When it completes, [`Lock::is_stolen`] knows of every earlier theft.
    fn held_locks(&self) -> LocalFuture<'static, Vec<HeldLock>>;

    /// Opens the `BroadcastChannel` of that name. `None` where there is none.
    fn open_channel(&self, name: &str, receive: Option<Receiver>) -> Option<Box<dyn Channel>>;

    /// Checks a signature.
    fn check_signature<'a>(
        &'a self,
        check: &'a SignatureCheck<'a>,
    ) -> LocalFuture<'a, Result<Verdict, Error>>;

    /// Parses an absolute address, or one relative to `base`.
    fn parse_url(&self, address: &str, base: Option<&str>) -> Option<Url>;

    /// The page; `None` in a worker.
    fn page(&self) -> Option<&dyn Page>;

    /// Dispatches a DOM event of that type with that `detail`.
    fn dispatch(&self, kind: &str, detail: Members);

    /// Prints a warning for developers.
    fn warn(&self, text: &str);
}

/// Where records are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    /// sessionStorage: one tab, until it is closed.
    Session,
    /// localStorage: all tabs of the origin.
    Local,
    /// Memory: one page, until it is left.
    Memory,
    /// A storage object that the page passed, by the number that the host gave it.
    Custom(u32),
}

impl Area {
    /// True if another tab may hold the same session.
    pub(super) fn is_shared(self) -> bool {
        self != Self::Memory
    }

    /// True if sessions in this area need a version marker. In localStorage they need none, because all tabs share the
    /// record.
    pub(super) fn has_marker(self) -> bool {
        self.is_shared() && self != Self::Local
    }
}

/// One item of a storage area. It remembers the acknowledged value, so that an unchanged one is detected without a
/// copy.
pub trait Item {
    /// The value now; `None` if there is none.
    fn read(&self) -> Result<Option<String>, Unreadable>;

    /// Writes the value, or removes it. False if that failed.
    fn write(&self, value: Option<&str>) -> bool;

    /// True if the value differs from the acknowledged one. False if it cannot be read.
    fn is_changed(&self) -> bool;

    /// Remembers the current value as the acknowledged one.
    fn acknowledge(&self);
}

/// Storage that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

/// Who sends a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// The page.
    Page,
    /// A `fetch` function that the page passed, by the number that the host gave it.
    Custom(u32),
    /// The token worker with that script.
    Worker(String),
}

/// Why there is no response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchError {
    /// The token worker has certainly not sent the request.
    NotSent,
    /// The timeout has passed.
    TimedOut,
    /// The platform failed.
    Failed {
        /// The name of its error.
        name: Option<String>,
        /// The message of its error.
        message: Option<String>,
    },
}

/// How a lock is requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockMode {
    /// Only if no other page holds it.
    IfAvailable,
    /// Queued behind earlier requests, for at most this many milliseconds.
    Wait(u32),
    /// At once, from any holder.
    Steal,
}

/// The outcome of a lock request.
pub enum LockAnswer {
    /// It is held now.
    Granted(Box<dyn Lock>),
    /// Another page holds it.
    Taken,
    /// The timeout has passed.
    TimedOut,
    /// This page has no Web Locks.
    Unavailable,
}

/// A lock that is held until this is dropped.
pub trait Lock {
    /// True once another page has stolen it.
    fn is_stolen(&self) -> bool;
}

/// A lock and the page that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldLock {
    /// The lock's name.
    pub name: String,
    /// The browser's id of that page (`clientId`).
    pub client: String,
}

/// The callback for received messages.
pub type Receiver = Rc<dyn Fn(&str)>;

/// A channel to the other tabs, open until this is dropped.
pub trait Channel {
    /// Sends a message. False if it cannot be sent.
    fn send(&self, message: &str) -> bool;
}

/// A parsed URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// The whole URL, normalised.
    pub href: String,
    /// Its origin.
    pub origin: String,
    /// Its path.
    pub path: String,
    /// Its query without `?`.
    pub query: String,
    /// Its fragment without `#`.
    pub fragment: String,
}

/// The page that the client runs in.
pub trait Page {
    /// Its address.
    fn address(&self) -> Option<String>;

    /// Navigates to another URL. False if the page may not navigate.
    fn navigate(&self, address: &str) -> bool;

    /// Replaces the URL of the current history entry. The entry and its state stay.
    fn replace_address(&self, address: &str);
}

/// What happens to a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageEvent {
    /// The page is left, for good or into the bfcache (`pagehide`), or it is prerendered and not shown yet.
    Hidden,
    /// The page is shown, for the first time or from the bfcache (`pageshow`).
    Shown,
    /// The network is back.
    Online,
    /// The session may have changed: the page became visible or was resumed, or storage was written.
    Resumed,
}

//! Web Locks. One tab of an origin at a time holds a lock of a name. The browser releases the locks of a tab that is
//! closed or has crashed. A page may have replaced the lock manager, so every request has a timeout.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::environment::Environment;
use super::host::{HeldLock, Lock, LockAnswer, LockMode};

/// How long the browser may take to answer a request, in milliseconds. After that the client continues without a lock.
const ANSWER_TIMEOUT_MS: u32 = 4_000;

/// How a lock was acquired.
pub(super) enum Acquired {
    /// This browser or page has no locks, or they do not answer.
    Unavailable,
    /// It was free.
    Free(Box<dyn Lock>),
    /// Another tab held it before, or it was stolen from a tab that held it for longer than the timeout.
    Contended(Box<dyn Lock>),
    /// Other tabs have held it until nothing was left to wait, or until the browser did not answer any more.
    Spent,
}

/// How long a caller waits for a lock, in milliseconds.
pub(super) struct Wait {
    /// For one holder.
    timeout_ms: u32,
    /// What is left for all holders, after all waits so far.
    left_ms: u32,
}

impl Wait {
    /// Waits `timeout_ms` for one holder. All waits together take four times as long at most: of several tabs that wait for a
    /// frozen tab one steals the lock, and the others wait for that one.
    pub(super) fn new(timeout_ms: u32) -> Self {
        Self {
            timeout_ms,
            left_ms: timeout_ms.saturating_mul(4),
        }
    }
}

/// Acquires the lock. Waits for one holder, and then steals the lock, because that holder's tab may be frozen. If others
/// have taken the lock meanwhile, waits for them, as long as anything is left to wait. So pages that steal the lock from
/// each other cannot delay the caller for ever.
pub(super) async fn acquire(environment: &Environment, name: &str, wait: &mut Wait) -> Acquired {
    match request(environment, name, LockMode::IfAvailable).await {
        LockAnswer::Granted(lock) => return Acquired::Free(lock),
        LockAnswer::Taken => {}
        LockAnswer::TimedOut | LockAnswer::Unavailable => return Acquired::Unavailable,
    }
    while wait.left_ms > 0 {
        let timeout_ms = wait.left_ms.min(wait.timeout_ms);
        let before = holder(environment, name).await;
        let began_at = environment.host.monotonic_ms();
        let answer = request(environment, name, LockMode::Wait(timeout_ms)).await;
        let waited_ms = environment.host.monotonic_ms().saturating_sub(began_at);
        // A tab that was frozen has not waited for longer.
        let waited_ms = u32::try_from(waited_ms).unwrap_or(u32::MAX).min(timeout_ms);
        match answer {
            LockAnswer::Granted(lock) => {
                wait.left_ms -= waited_ms;
                return Acquired::Contended(lock);
            }
            LockAnswer::TimedOut => wait.left_ms -= timeout_ms,
            LockAnswer::Taken | LockAnswer::Unavailable => return Acquired::Spent,
        }
        if timeout_ms == wait.timeout_ms && holder(environment, name).await == before {
            match request(environment, name, LockMode::Steal).await {
                LockAnswer::Granted(lock) => return Acquired::Contended(lock),
                // Of several tabs that steal at the same moment, the last one has the lock.
                LockAnswer::Taken => {}
                LockAnswer::TimedOut | LockAnswer::Unavailable => return Acquired::Spent,
            }
        }
    }
    Acquired::Spent
}

/// True if no other tab has stolen the lock. Queries the browser first: a tab that thaws learns of a theft before it
/// gets the answer to the query. Queries it again if the tab may have been frozen since, and the answer be older than
/// the theft.
pub(super) async fn is_held(environment: &Environment, lock: &dyn Lock) -> bool {
    let asked_at = environment.host.now_ms();
    held(environment).await;
    let waited_ms = environment.host.now_ms().saturating_sub(asked_at);
    if !(0..=ANSWER_TIMEOUT_MS.into()).contains(&waited_ms) {
        held(environment).await;
    }
    !lock.is_stolen()
}

/// Releases the lock. Queries the browser before, because this page's writes to localStorage reach other processes on
/// another path. Queries it again after that: when the second answer comes, the lock is free for the next request of
/// this page.
pub(super) async fn release(environment: &Environment, lock: Option<Box<dyn Lock>>) {
    held(environment).await;
    drop(lock);
    held(environment).await;
}

async fn request(environment: &Environment, name: &str, mode: LockMode) -> LockAnswer {
    let timeout_ms = match mode {
        // The request's abort signal fires first, where the browser has one, and removes the request from the queue.
        LockMode::Wait(timeout_ms) => timeout_ms.saturating_add(ANSWER_TIMEOUT_MS),
        LockMode::IfAvailable | LockMode::Steal => ANSWER_TIMEOUT_MS,
    };
    let answer = environment.within(timeout_ms, environment.host.lock(name, mode));
    answer.await.unwrap_or(LockAnswer::TimedOut)
}

/// The browser's id of the page that holds this lock (`clientId`).
async fn holder(environment: &Environment, name: &str) -> Option<String> {
    let mut held = held(environment).await.into_iter();
    held.find(|lock| lock.name == name).map(|lock| lock.client)
}

/// The locks that any tab of this origin holds; none if the browser does not answer.
async fn held(environment: &Environment) -> Vec<HeldLock> {
    let answer = environment.within(ANSWER_TIMEOUT_MS, environment.host.held_locks());
    answer.await.unwrap_or_default()
}

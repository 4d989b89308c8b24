//! Web Locks: a lock that one tab of an origin holds is free in no other. The browser releases the locks of a tab that is
//! closed or has crashed. A page may have replaced the lock manager, so every answer has a deadline.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::environment::Environment;
use super::host::{HeldLock, Lock, LockAnswer, LockMode};

/// How long the browser may take to answer, in milliseconds. After that the client goes on without locks.
const ANSWER_TIMEOUT_MS: u32 = 4_000;

/// How many tabs in a row may hold the lock for too long before it is stolen from any holder.
const MOST_HOLDERS: u32 = 4;

/// How a lock was acquired.
pub(super) enum Acquired {
    /// This browser or page has no locks, or they do not answer.
    Unavailable,
    /// It was free.
    Free(Box<dyn Lock>),
    /// Another tab had held it, or it was stolen from one that held it for too long.
    Contended(Box<dyn Lock>),
}

/// Acquires the lock of that name. No holder is waited for longer than `timeout_ms`: its tab may be frozen. Several tabs
/// may be queued before this one, each with its own time, up to [`MOST_HOLDERS`].
pub(super) async fn acquire(environment: &Environment, name: &str, timeout_ms: u32) -> Acquired {
    match request(environment, name, LockMode::IfAvailable).await {
        LockAnswer::Granted(lock) => return Acquired::Free(lock),
        LockAnswer::Taken => {}
        LockAnswer::TimedOut | LockAnswer::Unavailable => return Acquired::Unavailable,
    }
    for _ in 0..MOST_HOLDERS {
        let before = holder(environment, name).await;
        match request(environment, name, LockMode::Wait(timeout_ms)).await {
            LockAnswer::Granted(lock) => return Acquired::Contended(lock),
            LockAnswer::TimedOut if holder(environment, name).await == before => break,
            LockAnswer::TimedOut => {}
            LockAnswer::Taken | LockAnswer::Unavailable => return Acquired::Unavailable,
        }
    }
    match request(environment, name, LockMode::Steal).await {
        LockAnswer::Granted(lock) => Acquired::Contended(lock),
        _ => Acquired::Unavailable,
    }
}

/// True if no other tab has stolen the lock. The news of a theft reaches a thawed tab before the answer to a query, so
/// the browser is queried first.
pub(super) async fn is_held(environment: &Environment, lock: &dyn Lock) -> bool {
    held(environment).await;
    !lock.is_stolen()
}

/// Releases the lock, once the browser has answered a query: what this page has just written to localStorage reaches the
/// other processes on another way. Then waits until the browser has taken the lock back, which it does before it answers
/// the next query, so that the next request of this page finds it free.
pub(super) async fn release(environment: &Environment, lock: Option<Box<dyn Lock>>) {
    held(environment).await;
    drop(lock);
    held(environment).await;
}

async fn request(environment: &Environment, name: &str, mode: LockMode) -> LockAnswer {
    let timeout_ms = match mode {
        // The browser's own deadline comes first where it has one, and takes the request out of the queue.
        LockMode::Wait(timeout_ms) => timeout_ms.saturating_add(ANSWER_TIMEOUT_MS),
        LockMode::IfAvailable | LockMode::Steal => ANSWER_TIMEOUT_MS,
    };
    let answer = environment.within(timeout_ms, environment.host.lock(name, mode));
    answer.await.unwrap_or(LockAnswer::TimedOut)
}

/// The browser's name for the page that holds this lock.
async fn holder(environment: &Environment, name: &str) -> Option<String> {
    let mut held = held(environment).await.into_iter();
    held.find(|lock| lock.name == name).map(|lock| lock.client)
}

/// The locks that any tab of this origin holds; none if the browser does not answer.
async fn held(environment: &Environment) -> Vec<HeldLock> {
    let answer = environment.within(ANSWER_TIMEOUT_MS, environment.host.held_locks());
    answer.await.unwrap_or_default()
}

//! The host, with what all files need of it: the time in seconds, random values, timeouts, and warnings that are
//! printed once.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::future::Future;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::host::{self, Host};
use super::warning::Warning;
use crate::oauth::pkce::{CodeVerifier, VERIFIER_BYTES};
use crate::text::joined;
use crate::{Error, ErrorKind, Phase};

/// How long asynchronous storage may take to read or write, in milliseconds.
pub(super) const STORAGE_TIMEOUT_MS: u32 = 5_000;

/// The environment of one page.
pub(super) struct Environment {
    pub(super) host: Rc<dyn Host>,
    warned: RefCell<Vec<Warning>>,
}

impl Environment {
    pub(super) fn new(host: Rc<dyn Host>) -> Self {
        Self {
            host,
            warned: RefCell::default(),
        }
    }

    /// Seconds since 1970.
    pub(super) fn now(&self) -> i64 {
        self.host.now_ms().div_euclid(1000)
    }

    /// A code verifier of `length` random bytes, 32 to 96 (RFC 7636 section 4.1).
    pub(super) fn code_verifier(&self, length: usize) -> Result<CodeVerifier, Error> {
        let mut bytes = [0; *VERIFIER_BYTES.end()];
        match bytes.get_mut(..length) {
            Some(bytes) => CodeVerifier::from_random(self.fill(bytes)?),
            None => CodeVerifier::from_random(&[]),
        }
    }

    /// A random `state` of 256 bits (RFC 6749 section 10.10).
    pub(super) fn state(&self) -> Result<String, Error> {
        let mut bytes = [0; 32];
        Ok(URL_SAFE_NO_PAD.encode(self.fill(&mut bytes)?))
    }

    fn fill<'a>(&self, bytes: &'a mut [u8]) -> Result<&'a [u8], Error> {
        let phase = Phase::Login;
        if self.host.random(bytes) {
            Ok(bytes)
        } else {
            Err(ErrorKind::CryptoUnavailable { phase }.into())
        }
    }

    /// A random byte that spreads the retries of several tabs over time; 0 without a random source.
    pub(super) fn jitter(&self) -> u8 {
        let mut byte = [0];
        self.host.random(&mut byte);
        let [jitter] = byte;
        jitter
    }

    /// Prints the warning, once in the life of a page.
    pub(super) fn warn(&self, warning: Warning) {
        let mut warned = self.warned.borrow_mut();
        if warned.contains(&warning) {
            return;
        }
        warned.push(warning);
        drop(warned);
        self.host
            .warn(&joined(&["esi-security: ", &warning.text()]));
    }

    /// Runs the task to its end.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.host.spawn(Box::pin(task));
    }

    /// The output of `work`; `None` if it takes longer than `ms` milliseconds.
    pub(super) fn within<'a, T: 'a>(
        &'a self,
        ms: u32,
        work: impl Future<Output = T> + 'a,
    ) -> impl Future<Output = Option<T>> + 'a {
        host::within(&*self.host, ms, Box::pin(work))
    }
}

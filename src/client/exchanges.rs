//! The exchanges of codes in flight. A code that is sent twice can end the session (RFC 6749 section 4.1.2).

use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;

use super::shared::Shared;
use crate::Error;
use crate::oauth::secret::Secret;
use crate::oauth::token_response::TokenResponse;

/// Identifies an exchange: the code, and the storage key of the login records.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct ExchangeKey {
    pub(super) logins: String,
    pub(super) code: Secret,
}

/// An exchange in flight.
#[derive(Clone)]
pub(super) struct Exchange {
    /// The `state` parameter of the login, if there is a login record.
    pub(super) state: Option<String>,
    pub(super) outcome: Shared<Result<TokenResponse, Error>>,
}

/// All exchanges in flight of a page.
#[derive(Default)]
pub(super) struct Exchanges(RefCell<Vec<(ExchangeKey, Exchange)>>);

impl Exchanges {
    pub(super) fn get(&self, key: &ExchangeKey) -> Option<Exchange> {
        let all = self.0.borrow();
        let found = all.iter().find(|(other, _)| other == key);
        found.map(|(_, exchange)| exchange.clone())
    }

    pub(super) fn insert(&self, key: ExchangeKey, exchange: Exchange) {
        self.0.borrow_mut().push((key, exchange));
    }

    pub(super) fn remove(&self, key: &ExchangeKey) {
        self.0.borrow_mut().retain(|(other, _)| other != key);
    }
}

//! The browser as the client's [`Host`]. Each method is performed by the file of its noun; nothing is decided here.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use wasm_bindgen_futures::spawn_local;

use super::storage::Storages;
use super::{
    channel, clock, console, event, fetch, lock, subtle, timer, token_worker, url, window,
};
use crate::client::Host;
use crate::client::host::{
    Area, Channel, FetchError, HeldLock, Item, LocalFuture, LockAnswer, LockMode, Page, Receiver,
    Route, Url,
};
use crate::jwt::{SignatureCheck, Verdict};
use crate::oauth::http::{Request, Response};
use crate::{Error, Members};

/// The browser, and what this page has given it.
#[derive(Default)]
pub(super) struct Browser {
    pub(super) storages: Storages,
    pub(super) fetches: fetch::CustomFetches,
}

impl Host for Browser {
    fn now_ms(&self) -> i64 {
        clock::milliseconds()
    }

    fn monotonic_ms(&self) -> u64 {
        clock::monotonic()
    }

    fn random(&self, bytes: &mut [u8]) -> bool {
        getrandom::fill(bytes).is_ok()
    }

    fn spawn(&self, task: LocalFuture<'static, ()>) {
        spawn_local(task);
    }

    fn sleep(&self, ms: u32) -> LocalFuture<'static, ()> {
        Box::pin(timer::sleep(ms))
    }

    fn item(&self, area: Area, key: &str) -> Box<dyn Item> {
        self.storages.item(area, key)
    }

    fn open_item(&self, area: Area, key: &str) -> bool {
        self.storages.open(area, key)
    }

    fn reload_item(&self, area: Area, key: &str) -> Option<LocalFuture<'static, ()>> {
        self.storages.reload(area, key)
    }

    fn keys(&self, area: Area) -> Vec<String> {
        self.storages.keys(area)
    }

    fn stored(&self, area: Area) -> Option<LocalFuture<'static, bool>> {
        self.storages.stored(area)
    }

    fn fetch<'a>(
        &'a self,
        request: &'a Request,
        route: &'a Route,
        timeout_ms: u32,
    ) -> LocalFuture<'a, Result<Response, FetchError>> {
        match route {
            Route::Page => Box::pin(fetch::send(self, request, None, timeout_ms)),
            Route::Custom(number) => {
                let custom = self.fetches.get(*number);
                Box::pin(fetch::send(self, request, custom, timeout_ms))
            }
            Route::Worker(script) => Box::pin(token_worker::send(script, request, timeout_ms)),
        }
    }

    fn connect_worker(&self, script: &str) {
        token_worker::connect(script);
    }

    fn worker_status(&self, script: &str) -> String {
        token_worker::status(script)
    }

    fn lock(&self, name: &str, mode: LockMode) -> LocalFuture<'static, LockAnswer> {
        Box::pin(lock::request(name.into(), mode))
    }

    fn held_locks(&self) -> LocalFuture<'static, Vec<HeldLock>> {
        Box::pin(lock::held())
    }

    fn open_channel(&self, name: &str, receive: Option<Receiver>) -> Option<Box<dyn Channel>> {
        channel::open(name, receive)
    }

    fn check_signature<'a>(
        &'a self,
        check: &'a SignatureCheck<'a>,
    ) -> LocalFuture<'a, Result<Verdict, Error>> {
        Box::pin(subtle::verdict(self, check))
    }

    fn parse_url(&self, address: &str, base: Option<&str>) -> Option<Url> {
        url::parse(address, base)
    }

    fn page(&self) -> Option<&dyn Page> {
        window::page()
    }

    fn dispatch(&self, kind: &str, detail: Members) {
        event::dispatch(kind, detail);
    }

    fn warn(&self, text: &str) {
        console::warn(text);
    }
}

//! The browser as the client's host: one adapter a file, none with a decision in it.

mod authorize;
mod browser;
mod channel;
mod clock;
mod console;
mod event;
mod fetch;
mod lock;
mod object;
mod page_events;
mod promise;
mod storage;
mod subtle;
mod timer;
mod token_worker;
mod url;
mod window;
mod zone;

use alloc::rc::Rc;
use core::cell::OnceCell;

use js_sys::Function;
use wasm_bindgen::JsValue;

pub use authorize::authorize;
pub use object::{get, object, or_null, set};
pub use storage::CustomStorage;
pub use token_worker::{TokenClient, set_token_client};

use crate::client::Client;
use crate::client::host::{Area, PageEvent};
use browser::Browser;

std::thread_local! {
    static PAGE: OnceCell<(Rc<Browser>, Client)> = const { OnceCell::new() };
}

/// The client of this page.
pub fn client() -> Client {
    page().1
}

fn page() -> (Rc<Browser>, Client) {
    if let Some(page) = PAGE.with(|page| page.get().cloned()) {
        return page;
    }
    let browser = Rc::new(Browser::default());
    let client = Client::new(Rc::clone(&browser) as Rc<_>);
    let page = (browser, client);
    if PAGE.with(|known| known.set(page.clone())).is_ok() {
        page_events::listen(&page.1);
    }
    page
}

/// The storage area of an object with the methods `getItem`, `setItem` and `removeItem`; `None` if it lacks one. The same
/// object has the same area.
pub fn custom_storage(object: JsValue) -> Option<Area> {
    page().0.storages.add(object)
}

/// The number of a function that sends requests in place of `fetch`: it gets a `Request` and gives a promise of a
/// `Response`.
pub fn custom_fetch(function: Function) -> Option<u32> {
    page().0.fetches.add(function)
}

/// Tells the client that a storage of the page's own has changed.
pub fn storage_changed() {
    client().on_page(PageEvent::Resumed);
}

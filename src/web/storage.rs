//! Where records are kept: the browser's two storages, this page's memory, or an object of the page's
//! own. Each may be blocked, full or missing, or not do what it should, so it is asked for anew at each use: a page that
//! blocks it does so with an exception on every access.
//!
//! Storage is synchronous. The npm package puts an adapter (`js/storage.js`) in front of an object of the page's own, which
//! may give promises: the adapter answers from its copy, and writes behind.

use js_sys::{Array, JsString, Map, Promise, Reflect};
use wasm_bindgen::prelude::*;

use super::object::get;
use super::promise::settled;
use super::warning::Warning;

#[wasm_bindgen]
extern "C" {
    /// What has the methods of the browser's storages.
    #[derive(Clone, PartialEq)]
    pub type CustomStorage;

    #[wasm_bindgen(method, structural, catch, js_name = getItem)]
    fn get_item(this: &CustomStorage, key: &JsString) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, structural, catch, js_name = setItem)]
    fn set_item(this: &CustomStorage, key: &JsString, row: &str) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, structural, catch, js_name = removeItem)]
    fn remove_item(this: &CustomStorage, key: &JsString) -> Result<JsValue, JsValue>;

    // Only the adapter has these.
    #[wasm_bindgen(method, structural, catch)]
    fn open(this: &CustomStorage, key: &JsString) -> Result<bool, JsValue>;

    #[wasm_bindgen(method, structural, catch)]
    fn read(this: &CustomStorage, key: &JsString) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, structural, catch, getter)]
    fn written(this: &CustomStorage) -> Result<JsValue, JsValue>;
}

#[wasm_bindgen]
extern "C" {
    type Global;

    #[wasm_bindgen(method, structural, catch, getter, js_name = localStorage)]
    fn local_storage(this: &Global) -> Result<CustomStorage, JsValue>;

    #[wasm_bindgen(method, structural, catch, getter, js_name = sessionStorage)]
    fn session_storage(this: &Global) -> Result<CustomStorage, JsValue>;
}

std::thread_local! {
    static MEMORY: Map = Map::new();
}

/// Where a session is kept.
#[derive(Clone, PartialEq)]
pub enum Storage {
    /// sessionStorage: this tab has it until it is closed.
    Session,
    /// localStorage: every tab of the origin has it, and tomorrow's too.
    Local,
    /// Memory: this page has it until it is left.
    Memory,
    /// An object of the page's own, with synchronous methods; the same object is the same storage.
    Custom(CustomStorage),
}

impl Default for Storage {
    /// sessionStorage; memory in a worker, which has none.
    fn default() -> Self {
        if web_sys::window().is_some() {
            Self::Session
        } else {
            Self::Memory
        }
    }
}

/// Storage that cannot be read; what it holds is not known.
pub(super) struct Unreadable;

impl Storage {
    /// An object with the methods `getItem`, `setItem` and `removeItem`; `None` if it lacks one.
    pub fn custom(object: JsValue) -> Option<Self> {
        let has = |name: &str| {
            let method = get(&object, name);
            method.is_ok_and(|method| method.is_function())
        };
        if !["getItem", "setItem", "removeItem"].into_iter().all(has) {
            return None;
        }
        // Under a second name it would be a second session, with the same rotating refresh token.
        let same = |storage: &Self| storage.object().is_ok_and(|own| *own == object);
        let known = [Self::Session, Self::Local].into_iter().find(same);
        Some(known.unwrap_or_else(|| Self::Custom(object.unchecked_into())))
    }

    /// True if another tab may hold the same session: what a page keeps in memory is its own.
    pub(super) fn is_shared(&self) -> bool {
        *self != Self::Memory
    }

    /// True if the session needs a version marker: in localStorage the tabs share the record itself.
    pub(super) fn has_marker(&self) -> bool {
        self.is_shared() && *self != Self::Local
    }

    /// The keys of everything in it, as far as that is known.
    pub(super) fn keys(&self) -> Array {
        let keys = self.object().and_then(|object| Reflect::own_keys(&object));
        keys.unwrap_or_default()
    }

    fn object(&self) -> Result<CustomStorage, JsValue> {
        let global: Global = js_sys::global().unchecked_into();
        match self {
            Self::Custom(object) => Ok(object.clone()),
            Self::Local => global.local_storage(),
            Self::Session | Self::Memory => global.session_storage(),
        }
    }

    fn get(&self, key: &JsString) -> Result<JsValue, JsValue> {
        match self {
            Self::Memory => Ok(MEMORY.with(|rows| rows.get(key))),
            _ => self.object()?.get_item(key),
        }
    }

    fn put(&self, key: &JsString, row: Option<&str>) -> Result<JsValue, JsValue> {
        match (self, row) {
            (Self::Memory, Some(row)) => Ok(MEMORY.with(|rows| rows.set(key, &row.into())).into()),
            (Self::Memory, None) => Ok(MEMORY.with(|rows| rows.delete(key)).into()),
            (_, Some(row)) => self.object()?.set_item(key, row),
            (_, None) => self.object()?.remove_item(key),
        }
    }

    /// The row under `key`, as JavaScript has it: to compare two costs less than to copy one. `None` if there is
    /// none.
    pub(super) fn read(&self, key: &JsString) -> Result<Option<JsString>, Unreadable> {
        row(self.get(key))
    }

    /// Writes the row, or takes it away. False if it could not be done.
    pub(super) fn write(&self, key: &JsString, row: Option<&str>) -> bool {
        self.put(key, row).is_ok()
    }

    /// Makes the record under `key` known to the adapter. False if the page's storage gives a promise of it, for which only
    /// `create` waits.
    pub(super) fn open(&self, key: &JsString) -> bool {
        match self {
            Self::Custom(object) => object.open(key).unwrap_or(true),
            _ => true,
        }
    }

    /// Has the adapter read the page's storage again. Every other storage is read at each use.
    pub(super) async fn reload(&self, key: &JsString) {
        if let Self::Custom(object) = self
            && let Ok(read) = object.read(key)
        {
            let _ = settled(&read).await;
        }
    }

    /// True if there is nothing to wait for: every storage but the adapter has written when `write` returns.
    pub(super) fn is_written(&self) -> bool {
        self.unwritten().is_none()
    }

    /// Waits until the adapter has written everything, or has failed to: then it has given up after five seconds.
    pub(super) async fn written(&self) {
        if let Some(unwritten) = self.unwritten()
            && settled(&unwritten).await != Ok(JsValue::TRUE)
        {
            Warning::MemoryOnly.once();
        }
    }

    fn unwritten(&self) -> Option<Promise> {
        match self {
            Self::Custom(object) => object.written().ok()?.dyn_into().ok(),
            _ => None,
        }
    }
}

fn row(answer: Result<JsValue, JsValue>) -> Result<Option<JsString>, Unreadable> {
    let row = answer.map_err(|_| Unreadable)?;
    if row.is_undefined() || row.is_null() {
        return Ok(None);
    }
    row.dyn_into().map(Some).map_err(|_| Unreadable)
}

//! Where records are kept: the browser's two storages, this page's memory, or an object of the page's own. Each may be
//! blocked, full or missing, or not do what it should, so it is asked for anew at each use: a page that blocks it does so
//! with an exception on every access.
//!
//! Storage is synchronous. The npm package puts an adapter (`js/storage.js`) in front of an object of the page's own, which
//! may give promises: the adapter answers from its copy, and writes behind.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;

use js_sys::{JsString, Map, Promise, Reflect};
use wasm_bindgen::prelude::*;

use super::object::get;
use super::promise::settled;
use crate::client::host::{Area, Item, LocalFuture, Unreadable};

#[wasm_bindgen]
extern "C" {
    /// What has the methods of the browser's storages.
    #[derive(Clone, PartialEq)]
    pub type CustomStorage;

    #[wasm_bindgen(method, structural, catch, js_name = getItem)]
    fn get_item(this: &CustomStorage, key: &JsString) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, structural, catch, js_name = setItem)]
    fn set_item(this: &CustomStorage, key: &JsString, record: &str) -> Result<JsValue, JsValue>;

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

fn session_storage() -> Result<CustomStorage, JsValue> {
    let global: Global = js_sys::global().unchecked_into();
    global.session_storage()
}

fn local_storage() -> Result<CustomStorage, JsValue> {
    let global: Global = js_sys::global().unchecked_into();
    global.local_storage()
}

/// The storages of this page.
#[derive(Default)]
pub(super) struct Storages {
    memory: Map,
    custom: RefCell<Vec<CustomStorage>>,
}

impl Storages {
    /// The area of an object with the methods `getItem`, `setItem` and `removeItem`; `None` if it lacks one.
    pub(super) fn add(&self, object: JsValue) -> Option<Area> {
        let has = |name: &str| {
            let method = get(&object, name);
            method.is_ok_and(|method| method.is_function())
        };
        if !["getItem", "setItem", "removeItem"].into_iter().all(has) {
            return None;
        }
        // Under a second name it would be a second session, with the same rotating refresh token.
        let is_same = |storage: Result<CustomStorage, JsValue>| {
            storage.is_ok_and(|storage| *storage == object)
        };
        if is_same(session_storage()) {
            return Some(Area::Session);
        }
        if is_same(local_storage()) {
            return Some(Area::Local);
        }
        let storage: CustomStorage = object.unchecked_into();
        let mut custom = self.custom.borrow_mut();
        let known = custom.iter().position(|known| *known == storage);
        let index = known.unwrap_or_else(|| {
            custom.push(storage);
            custom.len() - 1
        });
        u32::try_from(index).ok().map(Area::Custom)
    }

    fn get(&self, area: Area) -> Storage {
        match area {
            Area::Session => Storage::Session,
            Area::Local => Storage::Local,
            Area::Memory => Storage::Memory(self.memory.clone()),
            Area::Custom(number) => Storage::Custom(self.custom(number)),
        }
    }

    fn custom(&self, number: u32) -> Option<CustomStorage> {
        let custom = self.custom.borrow();
        custom.get(usize::try_from(number).ok()?).cloned()
    }

    pub(super) fn item(&self, area: Area, key: &str) -> Box<dyn Item> {
        Box::new(StoredItem {
            storage: self.get(area),
            key: key.into(),
            known: RefCell::default(),
        })
    }

    /// Makes the item known to the adapter. False if the page's storage gives a promise of it, for which only `create`
    /// waits.
    pub(super) fn open(&self, area: Area, key: &str) -> bool {
        match self.get(area) {
            // What is no adapter has no such method.
            Storage::Custom(Some(object)) => object.open(&key.into()).unwrap_or(true),
            _ => true,
        }
    }

    /// Has the adapter read the page's storage again. Every other storage is read at each look.
    pub(super) fn reload(&self, area: Area, key: &str) -> Option<LocalFuture<'static, ()>> {
        let Storage::Custom(Some(object)) = self.get(area) else {
            return None;
        };
        let reading = object.read(&key.into()).ok()?;
        Some(Box::pin(async move { drop(settled(&reading).await) }))
    }

    /// The keys of all items, as far as they can be listed.
    pub(super) fn keys(&self, area: Area) -> Vec<String> {
        let object = self.get(area).object();
        let keys = object.and_then(|object| Reflect::own_keys(&object));
        let keys = keys.unwrap_or_default().into_iter();
        keys.filter_map(|key| key.as_string()).collect()
    }

    /// Completes once the adapter has written everything, with false if it could not. `None` if there is nothing to wait
    /// for: every other storage has written at once.
    pub(super) fn stored(&self, area: Area) -> Option<LocalFuture<'static, bool>> {
        let Storage::Custom(Some(object)) = self.get(area) else {
            return None;
        };
        let unwritten: Promise = object.written().ok()?.dyn_into().ok()?;
        Some(Box::pin(async move {
            settled(&unwritten).await == Ok(JsValue::TRUE)
        }))
    }
}

/// A storage, as it is found at each use.
enum Storage {
    Session,
    Local,
    Memory(Map),
    Custom(Option<CustomStorage>),
}

impl Storage {
    fn object(&self) -> Result<CustomStorage, JsValue> {
        match self {
            Self::Session => session_storage(),
            Self::Local => local_storage(),
            Self::Memory(_) | Self::Custom(None) => Err(JsValue::UNDEFINED),
            Self::Custom(Some(object)) => Ok(object.clone()),
        }
    }

    fn get(&self, key: &JsString) -> Result<JsValue, JsValue> {
        match self {
            Self::Memory(items) => Ok(items.get(key)),
            _ => self.object()?.get_item(key),
        }
    }

    fn put(&self, key: &JsString, value: Option<&str>) -> Result<(), JsValue> {
        match (self, value) {
            (Self::Memory(items), Some(value)) => drop(items.set(key, &value.into())),
            (Self::Memory(items), None) => drop(items.delete(key)),
            (_, Some(value)) => drop(self.object()?.set_item(key, value)?),
            (_, None) => drop(self.object()?.remove_item(key)?),
        }
        Ok(())
    }
}

/// An item, and the value that is known, as JavaScript has it: to compare two costs less than to copy one.
struct StoredItem {
    storage: Storage,
    key: JsString,
    known: RefCell<Option<JsString>>,
}

impl StoredItem {
    fn value(&self) -> Result<Option<JsString>, Unreadable> {
        let value = self.storage.get(&self.key).map_err(|_| Unreadable)?;
        if value.is_undefined() || value.is_null() {
            return Ok(None);
        }
        value.dyn_into().map(Some).map_err(|_| Unreadable)
    }
}

impl Item for StoredItem {
    fn read(&self) -> Result<Option<String>, Unreadable> {
        self.value().map(|value| value.map(String::from))
    }

    fn write(&self, value: Option<&str>) -> bool {
        self.storage.put(&self.key, value).is_ok()
    }

    fn is_changed(&self) -> bool {
        self.value()
            .is_ok_and(|value| value != *self.known.borrow())
    }

    fn acknowledge(&self) {
        if let Ok(value) = self.value() {
            self.known.replace(value);
        }
    }
}

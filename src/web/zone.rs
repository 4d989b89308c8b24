//! zone.js, which Angular loads: whatever is begun in a zone belongs to it, and a page whose zone has a timer pending is
//! never stable for Angular. So timers, channels and listeners are begun in the root zone.

use core::mem;

use wasm_bindgen::prelude::*;

use super::object::get;

#[wasm_bindgen]
extern "C" {
    type Zone;

    #[wasm_bindgen(method, catch)]
    fn run(this: &Zone, work: &mut dyn FnMut()) -> Result<JsValue, JsValue>;
}

/// Does the work in the root zone, or as it is where there are no zones.
pub(super) fn in_root_zone(work: &mut dyn FnMut()) {
    let mut done = false;
    let mut work = || {
        if !mem::replace(&mut done, true) {
            work();
        }
    };
    if let Some(root) = root() {
        let _ = root.run(&mut work);
    }
    work();
}

fn root() -> Option<Zone> {
    let zones = get(&js_sys::global(), "Zone").ok()?;
    if !zones.is_function() {
        return None;
    }
    let root = get(&zones, "root").ok()?;
    root.is_object().then(|| root.unchecked_into())
}

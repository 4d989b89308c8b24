//! DOM events on `window`. A listener that throws is the browser's to report and stops nothing.

use web_sys::{CustomEvent, CustomEventInit};

use super::object::object;
use crate::Members;

/// Dispatches a `CustomEvent` of that type.
pub(super) fn dispatch(kind: &str, detail: Members) {
    let Some(window) = web_sys::window() else {
        return;
    };
    let init = CustomEventInit::new();
    init.set_detail(&object(detail));
    if let Ok(event) = CustomEvent::new_with_event_init_dict(kind, &init) {
        // False only says that a listener called `preventDefault`, which means nothing here.
        let _ = window.dispatch_event(&event);
    }
}

//! The browser's own question before the page is left.

use leptos::prelude::*;

/// Asks before the page is left, while `busy` holds: during a call, or with text that is not saved.
pub fn ask_before_leaving(busy: Signal<bool>) {
    let handle = window_event_listener(leptos::ev::beforeunload, move |event| {
        if busy.get_untracked() {
            event.prevent_default();
            // Older browsers ask only for a return value.
            event.set_return_value("?");
        }
    });
    on_cleanup(move || handle.remove());
}

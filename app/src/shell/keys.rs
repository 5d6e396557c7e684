//! The keys that work on every page. By place on the keyboard (`code`), so that they are the same in every layout;
//! none fires while an input method composes.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

use super::Stores;
use crate::telephony::commands;

/// Listens on the whole window. Called once, where the desk is mounted.
pub(super) fn listen(stores: Stores) {
    let handle = window_event_listener(leptos::ev::keydown, move |event| {
        if pressed(stores, &event) {
            event.prevent_default();
        }
    });
    on_cleanup(move || handle.remove());
}

/// True if the key was one of ours.
fn pressed(stores: Stores, event: &KeyboardEvent) -> bool {
    // 229: browsers that report the end of a composition before its last key (A11).
    let composing = event.is_composing() || event.key_code() == 229;
    let plain_alt = event.alt_key() && !event.ctrl_key() && !event.meta_key() && !event.shift_key();
    if composing || !plain_alt || event.repeat() || stores.session.wants_sign_in() {
        return false;
    }
    match event.code().as_str() {
        "KeyA" => commands::answer(stores),
        "KeyP" => commands::toggle_hold(stores),
        "KeyM" => stores.mute.toggle(),
        "KeyR" => commands::toggle_ready(stores),
        "KeyC" => {
            if stores.telephony.bar.get_untracked().dial.is_ok() {
                stores.dialler.open_empty(stores);
            }
        }
        _ => return false,
    }
    true
}

//! Questions before the page is left: the browser's own, and ours before another page of the desk.

use leptos::prelude::*;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Element, Event, MouseEvent};

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

/// Stops links of the desk and the browser's back button while `busy` holds, and says where they lead. `here` is the
/// page's own address, which the browser may not show yet while the page is being made.
pub fn ask_before_going(here: String, busy: Signal<bool>, ask: impl Fn(String) + Clone + 'static) {
    let Some(window) = web_sys::window() else { return };
    let on_link = {
        let ask = ask.clone();
        Closure::<dyn FnMut(MouseEvent)>::new(move |event: MouseEvent| {
            let plain =
                event.button() == 0 && !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key());
            if let Some(path) = link_under(&event)
                && plain
                && busy.get_untracked()
            {
                event.prevent_default();
                event.stop_propagation();
                ask(path);
            }
        })
    };
    let on_back = Closure::<dyn FnMut(Event)>::new(move |event: Event| {
        let Some(window) = web_sys::window() else { return };
        let to = window.location().pathname().unwrap_or_default();
        if to == here || !busy.get_untracked() {
            return;
        }
        event.stop_immediate_propagation();
        // The step is taken already: it is taken back.
        if let Ok(history) = window.history() {
            drop(history.push_state_with_url(&JsValue::NULL, "", Some(&here)));
        }
        ask(to);
    });
    // Before the router hears of it, which listens at the window as well.
    let (click, back) = (on_link.as_ref().unchecked_ref(), on_back.as_ref().unchecked_ref());
    drop(window.add_event_listener_with_callback_and_bool("click", click, true));
    drop(window.add_event_listener_with_callback_and_bool("popstate", back, true));
    let listening = StoredValue::new_local((on_link, on_back));
    on_cleanup(move || {
        let Some(window) = web_sys::window() else { return };
        let _ = listening.try_with_value(|(on_link, on_back)| {
            let (click, back) = (on_link.as_ref().unchecked_ref(), on_back.as_ref().unchecked_ref());
            drop(window.remove_event_listener_with_callback_and_bool("click", click, true));
            drop(window.remove_event_listener_with_callback_and_bool("popstate", back, true));
        });
    });
}

/// The address of the desk's own link that was pressed, if it opens in this tab.
fn link_under(event: &MouseEvent) -> Option<String> {
    let link = event.target()?.dyn_into::<Element>().ok()?.closest("a[href^='/']").ok()??;
    if link.has_attribute("target") { None } else { link.get_attribute("href") }
}

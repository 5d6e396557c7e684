//! Where the keyboard goes when a call ends: to the first empty field of the inquiry, unless somebody types elsewhere.

use domain::ids::InteractionId;
use leptos::prelude::*;

use super::inquiry_form::PREFIX;
use crate::platform::clock::page_ms;
use crate::platform::element;
use crate::records::form::{Form, fields_id};
use crate::shell::Stores;

/// Who pressed a key in another field within so many milliseconds is still typing there.
const STILL_TYPING_MS: f64 = 3_000.0;

/// Watches keys and the end of calls. Called where the form is mounted.
pub(super) fn keep(stores: Stores) {
    let last_key = StoredValue::new(f64::NEG_INFINITY);
    let keys = window_event_listener(leptos::ev::keydown, move |_| {
        if element::typing() {
            last_key.set_value(page_ms());
        }
    });
    on_cleanup(move || keys.remove());
    let call =
        Memo::new(move |_| stores.telephony.call.with(|call| call.as_ref().map(|call| (call.id, call.call.is_over()))));
    Effect::new(move |before: Option<Option<(InteractionId, bool)>>| {
        let now = call.get();
        if let (Some(Some((was, false))), Some((is, true))) = (before, now)
            && was == is
        {
            let typing = page_ms() - last_key.get_value() < STILL_TYPING_MS && element::typing();
            let here =
                element::focused().is_some_and(|at| at.closest(".inquiry-pane").is_ok_and(|pane| pane.is_some()));
            if !typing {
                first_empty(stores);
            } else if !here {
                stores.inquiries.form.marked.set(true);
            }
        }
        now
    });
}

/// Gives the focus to the first empty field.
pub(crate) fn first_empty(stores: Stores) {
    let form = stores.inquiries.form;
    if form.of.get_untracked().is_some()
        && let Some(key) = form.form.with_untracked(Form::first_empty)
    {
        element::focus_by_id(&fields_id(PREFIX, key));
    }
}

//! 保存 of an inquiry, and the keys that save.

use domain::agents::Shown;
use domain::ids::InquiryId;
use domain::records::Key;
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::customers::Saved;
use wire::drafts::DraftOf;
use wire::inquiries::SaveInquiry;
use wire::telephony::Choice;

use super::model::{self, Open, Place};
use crate::customers;
use crate::records::form::Form;
use crate::shell::Stores;
use crate::telephony::{Mode, commands};

/// Saves what is typed; true if nothing is left to be saved.
pub(super) async fn save(stores: Stores) -> bool {
    let inquiries = stores.inquiries;
    let store = inquiries.form;
    if store.form.with_untracked(|form| !form.in_conflict() && !form.can_save()) {
        return true;
    }
    let Some(customer) = untrack(|| inquiries.customer(stores)) else { return false };
    let Some(sent) = store.begin() else { return false };
    let about = match inquiries.open.get_untracked() {
        Some(open) => open.call,
        None => match inquiries.place.get_untracked() {
            Place::Call(call) => Some(call),
            Place::Customer(_) | Place::Nowhere => None,
        },
    };
    let save = store.form.with_untracked(|form| SaveInquiry {
        id: InquiryId(form.id().0),
        version: form.version(),
        customer,
        interaction: about,
        changes: form.changes(),
        attachments: form.files().iter().map(|file| file.file).collect(),
    });
    match stores.heard(wire::inquiries::save(save).await) {
        Ok(Saved::Stored(inquiry)) => {
            inquiries.open.set(Some(Open::of(&inquiry)));
            store.stored(stores, &sent, DraftOf::Inquiry(inquiry.id), model::record(&inquiry));
            true
        }
        Ok(Saved::Conflict { now, conflicts }) => {
            store.clashed(stores, model::record(&now), conflicts);
            false
        }
        Err(why) => {
            store.failed(why);
            false
        }
    }
}

/// Shows what is behind a mask; the server writes down that somebody looked.
pub(super) fn unmask(stores: Stores, key: Key) {
    let store = stores.inquiries.form;
    let Some(open) = stores.inquiries.open.get_untracked() else { return };
    spawn_local(async move {
        match stores.heard(wire::inquiries::unmask(open.id, key).await) {
            Ok(value) => store.form.update(|form: &mut Form| form.unmask(key, value)),
            Err(why) => store.trouble.set(Some(why)),
        }
    });
}

/// Whether it is Ctrl+Enter, with or without Shift; on a Mac ⌘ as well.
pub(crate) fn is_save_key(event: &KeyboardEvent) -> bool {
    let composing = event.is_composing() || event.key_code() == 229;
    event.key() == "Enter"
        && (event.ctrl_key() || event.meta_key())
        && !event.alt_key()
        && !composing
        && !event.repeat()
}

/// Ctrl+Enter saves the form that has the focus; Ctrl+Shift+Enter both, and goes 待機.
pub(crate) fn save_by_key(stores: Stores, and_ready: bool, in_record: bool) {
    spawn_local(async move {
        if !and_ready {
            if in_record {
                customers::save(stores).await;
            } else {
                save(stores).await;
            }
            return;
        }
        let typed = |form: RwSignal<Form>| form.with_untracked(Form::is_dirty);
        let record = stores.customers.record;
        let new = untrack(|| stores.customers.target.with(|target| target.customer().is_none()));
        let inquiry = typed(stores.inquiries.form.form);
        if (typed(record.form) || new && inquiry) && !customers::save(stores).await || inquiry && !save(stores).await {
            return;
        }
        if stores.telephony.bar.get_untracked().mode == Mode::Here(Shown::AfterCall) {
            commands::choose(stores, Choice::Ready);
        }
    });
}

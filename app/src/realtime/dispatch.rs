//! The only place where what the server says changes a model.

use leptos::prelude::{Set, Update};
use wire::events::{Desk, DeskEvent};

use crate::shell::Stores;

/// Everything anew.
pub(super) fn snapshot(stores: Stores, desk: &Desk) {
    stores.session.changed(desk.me.clone());
    stores.telephony.update(|telephony| telephony.snapshot(desk));
    stores.telephony.keep_to(desk.call_rules);
    // What changed while the line was cut is not told one by one: pages with lists ask again.
    stores.calls_changed.set(Vec::new());
    stores.settings_changed.update(|n| *n += 1);
    stores.fields_changed.update(|n| *n += 1);
    stores.customers_changed.update(|n| *n += 1);
    stores.customers.heard(None);
}

/// A change.
pub(super) fn event(stores: Stores, event: &DeskEvent) {
    match event {
        DeskEvent::Me { me } => stores.session.changed(me.clone()),
        DeskEvent::Softphone { .. }
        | DeskEvent::Call { .. }
        | DeskEvent::CallGone { .. }
        | DeskEvent::Queues { .. } => stores.telephony.update(|telephony| telephony.apply(event)),
        DeskEvent::CustomerPressed { call, key } => stores.keypad.heard(stores, *call, *key),
        DeskEvent::CallsChanged { calls } => stores.calls_changed.set(calls.clone()),
        DeskEvent::FieldsChanged => stores.fields_changed.update(|n| *n += 1),
        DeskEvent::SettingsChanged | DeskEvent::LinesChanged => stores.settings_changed.update(|n| *n += 1),
        DeskEvent::CallRules { rules } => stores.telephony.keep_to(*rules),
        DeskEvent::CustomerChanged { customer } => {
            stores.customers_changed.update(|n| *n += 1);
            stores.customers.heard(Some(*customer));
        }
        DeskEvent::Import { import } => stores.imports.heard(import),
        DeskEvent::Draft { of, draft, client } if *client != stores.client => {
            stores.records.heard(*of, draft.as_deref().cloned(), Some(stores.client));
        }
        DeskEvent::Draft { .. } => {}
        DeskEvent::TollAlarm { alarm } => stores.toll_alarm.set(Some(alarm.clone())),
    }
}

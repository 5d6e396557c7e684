//! 保存 of a customer's record, and what else is asked of the server about it.

use domain::ids::{CustomerId, InteractionId};
use domain::records::Key;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::customers::{SaveCustomer, Saved};
use wire::drafts::DraftOf;

use super::model::{self, Opened, Target};
use crate::records::form::Form;
use crate::shell::Stores;

/// Saves what is typed; true if nothing is left to be saved.
pub(crate) async fn save(stores: Stores) -> bool {
    let customers = stores.customers;
    let store = customers.record;
    if store.form.with_untracked(|form| !form.in_conflict() && !form.can_save()) {
        return true;
    }
    let target = customers.target.get_untracked();
    let Some(sent) = store.begin() else { return false };
    let save = store.form.with_untracked(|form| SaveCustomer {
        id: CustomerId(form.id().0),
        version: form.version(),
        changes: form.changes(),
        interaction: target.call(),
    });
    if save.version.is_some() && save.changes.is_empty() {
        // In each conflict the other one's value was taken: it is stored already.
        store.busy.set(false);
        store.keep_draft(stores);
        store.saved_at.set(Some(stores.clock.now()));
        return true;
    }
    match stores.heard(wire::customers::save(save).await) {
        Ok(Saved::Stored(customer)) => {
            if let Some(call) = target.call() {
                customers.said.set(Some((call, Some(customer.id))));
            }
            store.stored(stores, &sent, DraftOf::Customer(customer.id), model::record(&customer));
            if target == Target::New {
                customers.opened.set(Opened::Customer(customer.id));
            }
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

/// Says which customer a call belongs to; none: none of those who have the number (A7).
pub(super) fn choose(stores: Stores, call: InteractionId, customer: Option<CustomerId>) {
    let customers = stores.customers;
    spawn_local(async move {
        match stores.heard(wire::customers::choose(call, customer).await) {
            Ok(()) => {
                customers.failed.set(None);
                customers.said.set(Some((call, customer)));
                // A past call is told by no event of its own.
                if customers.opened.get_untracked() == Opened::Call(call) {
                    customers.heard(None);
                }
            }
            Err(why) => customers.failed.set(Some(why)),
        }
    });
}

/// Shows what is behind a mask; the server writes down that somebody looked.
pub(super) fn unmask(stores: Stores, key: Key) {
    let store = stores.customers.record;
    let Some(DraftOf::Customer(id)) = store.of.get_untracked() else { return };
    spawn_local(async move {
        match stores.heard(wire::customers::unmask(id, key).await) {
            Ok(value) => store.form.update(|form: &mut Form| form.unmask(key, value)),
            Err(why) => store.trouble.set(Some(why)),
        }
    });
}

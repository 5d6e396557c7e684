//! Who else has the record open (A8).

use core::time::Duration;

use domain::ids::CustomerId;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::records::form::Form;
use crate::shell::Stores;

/// How often this tab says what it has open, and hears who else has; the server forgets after 30 s.
const SAID_AGAIN: Duration = Duration::from_secs(5);

/// Says what is open while the pane is on display. Called where the pane is mounted.
pub(super) fn keep(stores: Stores) {
    let customers = stores.customers;
    let shown = Memo::new(move |_| customers.target.with(super::model::Target::customer));
    let editing = Memo::new(move |_| customers.record.form.with(Form::is_dirty));
    let again = RwSignal::new(0_u32);
    let ticking = set_interval_with_handle(move || again.update(|n| *n += 1), SAID_AGAIN);
    Effect::new(move |before: Option<Option<CustomerId>>| {
        let (now, editing) = (shown.get(), editing.get());
        again.track();
        // Nothing was open and nothing is: there is nothing to be said.
        if stores.line.is_up() && (now.is_some() || before.flatten().is_some()) {
            say(stores, now, editing);
        }
        now
    });
    on_cleanup(move || {
        if let Ok(ticking) = ticking {
            ticking.clear();
        }
        if customers.target.try_with_untracked(|target| target.customer().is_some()).unwrap_or_default() {
            say(stores, None, false);
        }
    });
}

fn say(stores: Stores, id: Option<CustomerId>, editing: bool) {
    spawn_local(async move {
        let customers = stores.customers;
        let me = stores.session.me_untracked().map(|me| me.user);
        if let Ok(viewers) = stores.heard(wire::customers::viewing(id, editing).await)
            && customers.target.get_untracked().customer() == id
        {
            let others: Vec<_> = viewers.into_iter().filter(|viewer| Some(viewer.id) != me).collect();
            if customers.viewers.with_untracked(|known| *known != others) {
                customers.viewers.set(others);
            }
        }
    });
}

//! The popups of a call: one that rings, one that is dialled, up or held, and the grey line of an offer that ended
//! by itself. None takes the focus.

use core::time::Duration;

use leptos::prelude::*;

use super::farewell::FarewellLine;
use super::in_call::InCallPopup;
use super::incoming::IncomingPopup;
use super::model::Mode;
use crate::shell::use_stores;

/// For how long the last line of a call that came to nothing stays.
const STAYS: Duration = Duration::from_secs(4);

/// Whichever popup the own call asks for.
#[component]
pub(crate) fn CallPopups() -> impl IntoView {
    let stores = use_stores();
    let telephony = stores.telephony;
    // A softphone held by another tab rings there.
    let here = Memo::new(move |_| matches!(telephony.bar.get().mode, Mode::Here(_)));
    let ringing = Memo::new(move |_| telephony.offer.with(|offer| offer.as_ref().map(|offer| offer.id)));
    let live = Memo::new(move |_| telephony.live.with(|live| live.as_ref().map(|live| live.id)));
    // Each call starts unfolded.
    Effect::new(move |before: Option<Option<_>>| {
        let now = live.get();
        if before.flatten() != now {
            telephony.folded.set(false);
        }
        now
    });
    let farewell = telephony.farewell;
    Effect::new(move || {
        if farewell.with(Option::is_some) {
            let seen = set_timeout_with_handle(move || telephony.farewell_was_seen(), STAYS);
            on_cleanup(move || {
                if let Ok(seen) = seen {
                    seen.clear();
                }
            });
        }
    });
    view! {
        {move || (here.get() && ringing.get().is_some()).then(|| view! { <IncomingPopup /> })}
        {move || {
            (here.get() && live.get().is_some() && !telephony.folded.get()).then(|| view! { <InCallPopup /> })
        }}
        {move || (here.get() && farewell.with(Option::is_some)).then(|| view! { <FarewellLine /> })}
    }
}

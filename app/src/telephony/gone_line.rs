//! The one grey line that is left of an offer that ended by itself.

use leptos::prelude::*;
use wire::events::Gone;

use super::words;
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::Popup;

/// Says why the ringing stopped.
#[component]
pub(super) fn GoneLine() -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let gone = stores.telephony.gone;
    let who = move || gone.get().map(|gone| words::party_name(text.get(), &gone.party));
    let why = move || {
        let words = text.get();
        gone.get().map(|gone| match gone.why {
            Gone::Abandoned | Gone::Finished => words.customer_hung_up,
            Gone::Missed => words.offer_missed,
            Gone::Declined => words.offer_declined,
        })
    };
    view! {
        <Popup label=move || text.get().incoming state="plain" place="call" head=move || view! { <span class="cut">{who}</span> }>
            <p class="popup-gone" role="status">
                {why}
            </p>
        </Popup>
    }
}

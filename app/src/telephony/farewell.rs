//! The one grey line that is left of a call that ended without the agent's doing.

use domain::telephony::Outcome;
use leptos::prelude::*;
use wire::events::Gone;

use super::model::Bye;
use super::words;
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::Popup;

/// Says why the ringing or the call stopped.
#[component]
pub(super) fn FarewellLine() -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let farewell = stores.telephony.farewell;
    let who = move || farewell.get().map(|bye| words::party_name(text.get(), &bye.party));
    let why = move || {
        let words = text.get();
        farewell.get().map(|bye| match bye.why {
            Bye::Gone(Gone::Abandoned | Gone::Finished) | Bye::Ended(Outcome::CustomerHungUp) => words.customer_hung_up,
            Bye::Gone(Gone::Missed) => words.offer_missed,
            Bye::Gone(Gone::Declined) => words.offer_declined,
            Bye::Gone(Gone::ServerStopped) => words.offer_server_stopped,
            Bye::Gone(Gone::Broken) => words.offer_broke,
            Bye::Ended(outcome) => words.outcome(outcome),
        })
    };
    let label = move || {
        let words = text.get();
        match farewell.get().map(|bye| bye.why) {
            Some(Bye::Ended(_)) => words.call_ended,
            Some(Bye::Gone(_)) | None => words.incoming,
        }
    };
    view! {
        <Popup label=label state="plain" place="call" head=move || view! { <span class="cut">{who}</span> }>
            <p class="popup-gone" role="status">
                {why}
            </p>
        </Popup>
    }
}

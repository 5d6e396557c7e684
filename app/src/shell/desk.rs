//! The desk: the customer on the left, the timeline of what is on display in the centre.

use leptos::prelude::*;

use crate::interactions::LiveTimeline;
use crate::telephony::CustomerPane;
use crate::text::use_text;

/// The desk.
#[component]
pub(super) fn DeskPage() -> impl IntoView {
    let text = use_text();
    view! {
        <h1 class="said-only">{move || text.get().menu_desk}</h1>
        <div class="desk">
            <CustomerPane />
            <LiveTimeline />
        </div>
    }
}

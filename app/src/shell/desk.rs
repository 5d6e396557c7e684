//! The desk: the customer on the left, the timeline of what is on display in the centre.

use leptos::prelude::*;

use crate::interactions::LiveTimeline;
use crate::telephony::CustomerPane;

/// The desk.
#[component]
pub(super) fn DeskPage() -> impl IntoView {
    view! {
        <div class="desk">
            <CustomerPane />
            <LiveTimeline />
        </div>
    }
}

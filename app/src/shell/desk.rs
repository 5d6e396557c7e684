//! The desk: the customer on the left, the timeline of what is on display in the centre; on a phone's width one of the
//! two, chosen at the foot.

use leptos::prelude::*;

use crate::interactions::LiveTimeline;
use crate::telephony::CustomerPane;
use crate::text::{Messages, use_text};
use crate::ui::Icon;

/// A pane of the desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pane {
    Customer,
    Work,
}

impl Pane {
    const ALL: [Self; 2] = [Self::Customer, Self::Work];

    /// The name that the style hangs on.
    fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Work => "work",
        }
    }

    fn icon(self) -> Icon {
        match self {
            Self::Customer => Icon::UserCircle,
            Self::Work => Icon::Headset,
        }
    }

    fn label(self, words: &Messages) -> &'static str {
        match self {
            Self::Customer => words.pane_customer,
            Self::Work => words.pane_work,
        }
    }
}

/// The desk.
#[component]
pub(super) fn DeskPage() -> impl IntoView {
    let text = use_text();
    let seen = RwSignal::new(Pane::Work);
    let tab = move |pane: Pane| {
        view! {
            <button
                type="button"
                class="foot-tab"
                aria-pressed=move || if seen.get() == pane { "true" } else { "false" }
                on:click=move |_| seen.set(pane)
            >
                <Icon name=pane.icon() large=true />
                <span>{move || pane.label(text.get())}</span>
            </button>
        }
    };
    view! {
        <h1 class="said-only">{move || text.get().menu_desk}</h1>
        <div class="desk" data-pane=move || seen.get().name()>
            <CustomerPane />
            <LiveTimeline />
            <div class="foot-tabs" role="group" aria-label=move || text.get().panes>
                {Pane::ALL.map(tab).collect_view()}
            </div>
        </div>
    }
}

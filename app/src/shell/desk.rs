//! The desk: the customer on the left, the timeline of what is on display in the centre; on a phone's width one of the
//! two, chosen at the foot.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};

use super::use_stores;
use crate::customers::RecordPane;
use crate::customers::model::Opened;
use crate::interactions::LiveTimeline;
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
    follow_address();
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
            <RecordPane />
            <LiveTimeline />
            <div class="foot-tabs" role="group" aria-label=move || text.get().panes>
                {Pane::ALL.map(tab).collect_view()}
            </div>
        </div>
    }
}

/// The address says who is opened, and what is opened stands in the address.
fn follow_address() {
    let stores = use_stores();
    let opened = stores.customers.opened;
    let search = use_location().search;
    let navigate = use_navigate();
    Effect::new(move |before: Option<()>| {
        let (named, inquiry) = search.with(|search| Opened::of_query(search));
        // Back from another page: whoever was on display still is.
        let back = before.is_none() && named == Opened::Nothing;
        if !back && opened.get_untracked() != named {
            opened.set(named);
        }
        if inquiry.is_some() {
            stores.inquiries.wanted.set(inquiry);
        }
    });
    Effect::new(move || {
        let opened = opened.get();
        if search.with_untracked(|search| Opened::of_query(search).0) != opened {
            navigate(&opened.address(), NavigateOptions { replace: true, ..NavigateOptions::default() });
        }
    });
}

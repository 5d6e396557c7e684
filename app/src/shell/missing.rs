//! An address that leads nowhere.

use leptos::prelude::*;

use crate::text::use_text;
use crate::ui::EmptyState;

/// Says so, and points to the menu.
#[component]
pub(super) fn MissingPage() -> impl IntoView {
    let text = use_text();
    view! {
        <h1 class="said-only">{move || text.get().error_page_missing}</h1>
        <EmptyState
            fact=move || text.get().error_page_missing
            help=Signal::derive(move || Some(text.get().error_page_missing_help.to_owned()))
        />
    }
}

//! What a list or pane says while there is nothing in it.

use leptos::prelude::*;

/// A sentence of fact, one of what to do, and the button that does it.
#[component]
pub fn EmptyState(
    /// What is so.
    #[prop(into)]
    fact: Signal<String>,
    /// What to do.
    #[prop(optional, into)]
    help: MaybeProp<String>,
    /// The button.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty-state">
            <p class="empty-state-fact">{move || fact.get()}</p>
            {move || help.get().map(|help| view! { <p class="empty-state-help">{help}</p> })}
            {children.map(|children| children())}
        </div>
    }
}

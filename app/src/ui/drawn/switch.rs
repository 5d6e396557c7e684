//! On or off, at once.

use leptos::prelude::*;

/// A switch whose change takes effect at once; in a form that is saved, a tick is used instead.
#[component]
pub fn Switch(
    /// What it switches.
    #[prop(into)]
    label: Signal<String>,
    /// Whether it is on.
    #[prop(into)]
    on: Signal<bool>,
    /// Asks for the other state.
    #[prop(into)]
    on_change: Callback<(bool,)>,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class="switch"
            role="switch"
            aria-checked=move || if on.get() { "true" } else { "false" }
            on:click=move |_| on_change.run((!on.get_untracked(),))
        >
            <span class="switch-track" aria-hidden="true"></span>
            <span>{move || label.get()}</span>
        </button>
    }
}

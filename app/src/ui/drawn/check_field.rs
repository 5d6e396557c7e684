//! Yes or no, in a form that is saved.

use leptos::prelude::*;

use super::field::{Ties, texts_below};

/// A tick with its words beside it.
#[component]
pub fn CheckField(
    /// Its words and name.
    #[prop(into)]
    label: Signal<String>,
    /// Whether it is ticked.
    value: RwSignal<bool>,
    /// A line of help under it.
    #[prop(optional, into)]
    help: MaybeProp<String>,
    /// What is wrong with it.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// Its id, by which an [`ErrorSummary`](super::ErrorSummary) jumps to it.
    #[prop(optional, into)]
    id: Option<String>,
) -> impl IntoView {
    let ties = Ties::new(id);
    let described_by = ties.described_by(&help, error);
    view! {
        <div class="field">
            <label class="check" for=ties.field.clone()>
                <input
                    type="checkbox"
                    id=ties.field.clone()
                    prop:checked=move || value.get()
                    aria-invalid=move || error.with(Option::is_some).then_some("true")
                    aria-describedby=described_by
                    on:change:target=move |event| value.set(event.target().checked())
                />
                <span>{move || label.get()}</span>
            </label>
            {texts_below(&ties, help, error)}
        </div>
    }
}

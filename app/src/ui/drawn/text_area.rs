//! Several lines of text.

use leptos::prelude::*;

use super::field::{Ties, label_row, texts_below};

/// A labelled text of several lines, which grows with what is written (CSS `field-sizing`).
#[component]
pub fn TextArea(
    /// Its label and name.
    #[prop(into)]
    label: Signal<String>,
    /// What is in it.
    value: RwSignal<String>,
    /// Marked as required, in words.
    #[prop(optional)]
    required: bool,
    /// A line of help under it.
    #[prop(optional, into)]
    help: MaybeProp<String>,
    /// What is wrong with it.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// Its least height in lines.
    #[prop(default = 4)]
    rows: u32,
    /// Its id, by which an [`ErrorSummary`](super::ErrorSummary) jumps to it.
    #[prop(optional, into)]
    id: Option<String>,
) -> impl IntoView {
    let ties = Ties::new(id);
    let described_by = ties.described_by(&help, error);
    view! {
        <div class="field">
            {label_row(&ties, label, required)}
            <textarea
                class="field-input"
                id=ties.field.clone()
                rows=rows
                autocomplete="off"
                aria-required=required.then_some("true")
                aria-invalid=move || error.with(Option::is_some).then_some("true")
                aria-describedby=described_by
                prop:value=move || value.get()
                on:input:target=move |event| value.set(event.target().value())
            ></textarea>
            {texts_below(&ties, help, error)}
        </div>
    }
}

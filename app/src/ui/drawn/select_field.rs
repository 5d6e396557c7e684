//! One of several.

use leptos::prelude::*;

use super::field::{Ties, label_row, texts_below};

/// One entry of a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What is stored.
    pub value: String,
    /// What is read.
    pub label: String,
}

impl Choice {
    /// An entry.
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into() }
    }
}

/// A labelled choice of one, by the browser's own control.
#[component]
pub fn SelectField(
    /// Its label and name.
    #[prop(into)]
    label: Signal<String>,
    /// The chosen entry's value; empty: none.
    value: RwSignal<String>,
    /// The entries; add one with an empty value where choosing none is allowed.
    #[prop(into)]
    choices: Signal<Vec<Choice>>,
    /// Marked as required, in words.
    #[prop(optional)]
    required: bool,
    /// A line of help under it.
    #[prop(optional, into)]
    help: MaybeProp<String>,
    /// What is wrong with it.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// Cannot be changed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// Its id, by which an [`ErrorSummary`](super::ErrorSummary) jumps to it.
    #[prop(optional, into)]
    id: Option<String>,
) -> impl IntoView {
    let ties = Ties::new(id);
    let described_by = ties.described_by(&help, error);
    let options = move || {
        let chosen = value.get();
        choices
            .get()
            .into_iter()
            .map(|choice| {
                let selected = choice.value == chosen;
                view! {
                    <option value=choice.value prop:selected=selected>
                        {choice.label}
                    </option>
                }
            })
            .collect_view()
    };
    view! {
        <div class="field">
            {label_row(&ties, label, required)}
            <div class="field-box" data-select="">
                <select
                    class="field-input"
                    id=ties.field.clone()
                    autocomplete="off"
                    disabled=move || disabled.get()
                    aria-required=required.then_some("true")
                    aria-invalid=move || error.with(Option::is_some).then_some("true")
                    aria-describedby=described_by
                    on:change:target=move |event| value.set(event.target().value())
                >
                    {options}
                </select>
            </div>
            {texts_below(&ties, help, error)}
        </div>
    }
}

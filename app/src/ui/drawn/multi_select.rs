//! Several of many.

use leptos::prelude::*;

use super::field::{Ties, texts_below};
use super::{Choice, new_id};
use crate::text::use_text;

/// A list of ticks with a line to filter it by typing. What is ticked stays on top.
#[component]
pub fn MultiSelect(
    /// Its label and name.
    #[prop(into)]
    label: Signal<String>,
    /// The values that are ticked.
    value: RwSignal<Vec<String>>,
    /// The entries.
    #[prop(into)]
    choices: Signal<Vec<Choice>>,
    /// What is said when there is nothing to choose from.
    #[prop(optional, into)]
    empty: MaybeProp<String>,
    /// A line of help under it.
    #[prop(optional, into)]
    help: MaybeProp<String>,
    /// What is wrong with it.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// The id of its filter line, by which an [`ErrorSummary`](super::ErrorSummary) jumps to it.
    #[prop(optional, into)]
    id: Option<String>,
) -> impl IntoView {
    let text = use_text();
    let ties = Ties::new(id);
    let legend_id = new_id("legend");
    let described_by = ties.described_by(&help, error);
    let filter = RwSignal::new(String::new());
    // Sorted when the list is opened or filtered, never while somebody ticks: rows hold still under the pointer.
    let shown = Memo::new(move |_| {
        let wanted = filter.get().to_lowercase();
        let ticked = value.get_untracked();
        let mut shown: Vec<Choice> =
            choices.get().into_iter().filter(|choice| choice.label.to_lowercase().contains(&wanted)).collect();
        shown.sort_by_key(|choice| !ticked.contains(&choice.value));
        shown
    });
    let toggle = move |entry: &str, ticked: bool| {
        value.update(|values| {
            values.retain(|value| value != entry);
            if ticked {
                values.push(entry.to_owned());
            }
        });
    };
    let row = move |choice: Choice| {
        let Choice { value: entry, label } = choice;
        let ticked = {
            let entry = entry.clone();
            Memo::new(move |_| value.with(|values| values.contains(&entry)))
        };
        view! {
            <li>
                <label class="check">
                    <input
                        type="checkbox"
                        prop:checked=move || ticked.get()
                        on:change:target=move |event| toggle(&entry, event.target().checked())
                    />
                    <span class="cut">{label}</span>
                </label>
            </li>
        }
    };
    let legend = legend_id.clone();
    view! {
        <div class="field" role="group" aria-labelledby=legend aria-describedby=described_by>
            <span class="field-label" id=legend_id>
                {move || label.get()} <span class="num">" ("{move || value.with(Vec::len)}")"</span>
            </span>
            <div class="multi-select">
                <input
                    class="field-input"
                    id=ties.field.clone()
                    type="search"
                    autocomplete="off"
                    aria-label=move || text.get().search
                    placeholder=move || text.get().search
                    prop:value=move || filter.get()
                    on:input:target=move |event| filter.set(event.target().value())
                />
                <ul class="multi-select-list">
                    <For each=move || shown.get() key=|choice| choice.value.clone() children=row />
                </ul>
                {move || {
                    shown
                        .with(Vec::is_empty)
                        .then(|| empty.get())
                        .flatten()
                        .map(|empty| view! { <p class="field-help">{empty}</p> })
                }}
            </div>
            {texts_below(&ties, help, error)}
        </div>
    }
}

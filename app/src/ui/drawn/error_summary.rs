//! All that is wrong with a form, in one place.

use leptos::prelude::*;

use super::Icon;
use crate::platform::element;
use crate::ui::icon_names;

/// One wrong field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field's id.
    pub field: String,
    /// Its label.
    pub label: String,
    /// What is wrong with it.
    pub words: String,
}

/// A heading and one line a wrong field; a line jumps to its field. Read out as soon as it appears.
#[component]
pub fn ErrorSummary(
    /// `入力内容を確認してください (2件)`
    #[prop(into)]
    heading: Signal<String>,
    /// The wrong fields; nothing is shown while there are none.
    #[prop(into)]
    errors: Signal<Vec<FieldError>>,
) -> impl IntoView {
    let lines = move || {
        errors
            .get()
            .into_iter()
            .map(|FieldError { field, label, words }| {
                view! {
                    <li>
                        <button type="button" class="error-summary-line" on:click=move |_| {
                            element::focus_by_id(&field);
                        }>
                            {label}
                            ": "
                            {words}
                        </button>
                    </li>
                }
            })
            .collect_view()
    };
    view! {
        <div class="error-summary" role="alert">
            {move || {
                (!errors.with(Vec::is_empty))
                    .then(|| {
                        view! {
                            <p class="error-summary-heading">
                                <Icon name=icon_names::Icon::Warning />
                                <span>{heading.get()}</span>
                            </p>
                            <ul>{lines()}</ul>
                        }
                    })
            }}
        </div>
    }
}

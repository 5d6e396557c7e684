//! What all fields have: a label above, help and error below, and the ties between them.

use leptos::prelude::*;

use super::{Icon, new_id};
use crate::text::use_text;
use crate::ui::icon_names;

/// The ids that tie a field to its texts.
#[derive(Clone, Debug)]
pub(super) struct Ties {
    pub(super) field: String,
    pub(super) help: String,
    pub(super) error: String,
}

impl Ties {
    pub(super) fn new(id: Option<String>) -> Self {
        let field = id.unwrap_or_else(|| new_id("field"));
        Self { help: format!("{field}-help"), error: format!("{field}-error"), field }
    }

    /// What `aria-describedby` names: the error first.
    pub(super) fn described_by(
        &self,
        help: &MaybeProp<String>,
        error: Signal<Option<String>>,
    ) -> impl Fn() -> Option<String> + Send + Sync + Clone + use<> {
        let Self { help: help_id, error: error_id, field: _ } = self.clone();
        let help = *help;
        move || match (error.with(Option::is_some), help.get().is_some()) {
            (true, true) => Some(format!("{error_id} {help_id}")),
            (true, false) => Some(error_id.clone()),
            (false, true) => Some(help_id.clone()),
            (false, false) => None,
        }
    }
}

/// The label above a field; required fields say so in words.
pub(super) fn label_row(ties: &Ties, label: Signal<String>, required: bool) -> impl IntoView + use<> {
    let text = use_text();
    view! {
        <label class="field-label" for=ties.field.clone()>
            {move || label.get()}
            {required.then(|| view! { <span class="field-required">" "{move || text.get().required}</span> })}
        </label>
    }
}

/// Help and error under a field.
pub(super) fn texts_below(
    ties: &Ties,
    help: MaybeProp<String>,
    error: Signal<Option<String>>,
) -> impl IntoView + use<> {
    let Ties { help: help_id, error: error_id, field: _ } = ties.clone();
    view! {
        {move || help.get().map(|help| view! { <p class="field-help" id=help_id.clone()>{help}</p> })}
        {move || {
            error
                .get()
                .map(|error| {
                    view! {
                        <p class="field-error" id=error_id.clone()>
                            <Icon name=icon_names::Icon::Warning />
                            <span>{error}</span>
                        </p>
                    }
                })
        }}
    }
}

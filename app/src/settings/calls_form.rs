//! 通話: how every desk handles calls.

use leptos::prelude::*;
use wire::settings::CallRules;

use super::form::{FormFrame, FormState, field_id};
use super::store::SettingsStore;
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::CheckField;

/// The form of what holds for every call.
#[component]
pub(super) fn CallsForm(
    /// The settings.
    settings: SettingsStore,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let saved = settings.now().call_rules;
    let microphone_only_in_calls = RwSignal::new(saved.microphone_only_in_calls);
    let form = FormState::new(saved, true, move || CallRules {
        microphone_only_in_calls: microphone_only_in_calls.get(),
        ..saved
    });
    let fill = move |rules: &CallRules| microphone_only_in_calls.set(rules.microphone_only_in_calls);
    view! {
        <h1 class="said-only">{move || text.get().settings_title}</h1>
        <FormFrame
            form=form
            settings=settings
            title=move || text.get().settings_calls
            labels=|words| vec![("microphone_only_in_calls", words.microphone_only_in_calls)]
            on_save=move || form.save(stores, settings, wire::settings::save_call_rules, move |rules| fill(rules))
            on_undo=move || fill(&form.stored.get_untracked())
            deletable=None
        >
            <CheckField
                label=move || text.get().microphone_only_in_calls
                value=microphone_only_in_calls
                help=Signal::derive(move || Some(text.get().microphone_only_in_calls_help.to_owned()))
                id=field_id("microphone_only_in_calls")
                error=form.error_of("microphone_only_in_calls")
            />
        </FormFrame>
    }
}

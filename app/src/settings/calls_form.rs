//! 通話: how every desk handles calls.

use leptos::prelude::*;
use wire::settings::CallRules;

use super::form::{FormFrame, FormState, field_id};
use super::store::SettingsStore;
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::{CheckField, TextField};

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
    let full_hold = RwSignal::new(saved.full_hold);
    let limit = RwSignal::new(saved.after_call_limit_seconds.to_string());
    let extension = RwSignal::new(saved.after_call_extension_seconds.to_string());
    let form = FormState::new(saved, true, move || CallRules {
        version: 0,
        microphone_only_in_calls: microphone_only_in_calls.get(),
        full_hold: full_hold.get(),
        // What is no number at all is refused by the server with the bounds.
        after_call_limit_seconds: limit.get().trim().parse().unwrap_or(u16::MAX),
        after_call_extension_seconds: extension.get().trim().parse().unwrap_or(0),
    });
    let fill = move |rules: &CallRules| {
        microphone_only_in_calls.set(rules.microphone_only_in_calls);
        full_hold.set(rules.full_hold);
        limit.set(rules.after_call_limit_seconds.to_string());
        extension.set(rules.after_call_extension_seconds.to_string());
    };
    view! {
        <h1 class="said-only">{move || text.get().settings_title}</h1>
        <FormFrame
            form=form
            settings=settings
            title=move || text.get().settings_calls
            labels=|words| {
                vec![
                    ("microphone_only_in_calls", words.microphone_only_in_calls),
                    ("full_hold", words.full_hold),
                    ("after_call_limit_seconds", words.after_call_limit),
                    ("after_call_extension_seconds", words.after_call_extension),
                ]
            }
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
            <CheckField
                label=move || text.get().full_hold
                value=full_hold
                help=Signal::derive(move || Some(text.get().full_hold_help.to_owned()))
                id=field_id("full_hold")
                error=form.error_of("full_hold")
            />
            <TextField
                label=move || text.get().after_call_limit
                value=limit
                inputmode="numeric"
                help=Signal::derive(move || Some(text.get().after_call_limit_help.to_owned()))
                id=field_id("after_call_limit_seconds")
                error=form.error_of("after_call_limit_seconds")
            />
            <TextField
                label=move || text.get().after_call_extension
                value=extension
                inputmode="numeric"
                id=field_id("after_call_extension_seconds")
                error=form.error_of("after_call_extension_seconds")
            />
        </FormFrame>
    }
}

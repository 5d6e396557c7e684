//! An extension and whose it is.

use domain::ids::{ExtensionId, UserId};
use leptos::prelude::*;
use uuid::Uuid;
use wire::settings::{Deletable, Extension};

use super::form::{FormFrame, FormState, field_id};
use super::model::person;
use super::store::SettingsStore;
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::{Choice, SelectField, TextField};

/// The form of an extension.
#[component]
pub(super) fn ExtensionForm(
    /// Which.
    id: Uuid,
    /// The settings.
    settings: SettingsStore,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let found = settings.now().extensions.into_iter().find(|extension| extension.id.0 == id);
    let exists = found.is_some();
    let saved = found.unwrap_or_else(|| Extension { id: ExtensionId(id), number: String::new(), user: None });
    let owner = |extension: &Extension| extension.user.map(|user| user.to_string()).unwrap_or_default();
    let number = RwSignal::new(saved.number.clone());
    let user = RwSignal::new(owner(&saved));
    let form = FormState::new(saved, exists, move || Extension {
        id: ExtensionId(id),
        number: number.get(),
        user: user.get().parse::<UserId>().ok(),
    });
    let fill = move |extension: &Extension| {
        number.set(extension.number.clone());
        user.set(owner(extension));
    };
    let users = move || {
        let words = text.get();
        let mut choices = vec![Choice::new("", words.extension_unassigned)];
        settings.all.with(|all| {
            choices.extend(
                all.iter().flat_map(|all| &all.users).map(|user| Choice::new(user.id.to_string(), person(user))),
            );
        });
        choices
    };
    let title = move || {
        let number = number.get();
        if number.is_empty() { text.get().settings_extensions.to_owned() } else { number }
    };
    view! {
        <FormFrame
            form=form
            settings=settings
            title=title
            labels=|words| vec![("number", words.extension_number), ("user", words.extension_user)]
            on_save=move || form.save(stores, settings, wire::settings::save_extension, move |extension| fill(extension))
            on_undo=move || fill(&form.stored.get_untracked())
            deletable=Some(Deletable::Extension(ExtensionId(id)))
        >
            <TextField
                label=move || text.get().extension_number
                value=number
                required=true
                inputmode="numeric"
                help=Signal::derive(move || Some(text.get().extension_help.to_owned()))
                id=field_id("number")
                error=form.error_of("number")
            />
            <SelectField label=move || text.get().extension_user value=user choices=Signal::derive(users) id=field_id("user") error=form.error_of("user") />
        </FormFrame>
    }
}

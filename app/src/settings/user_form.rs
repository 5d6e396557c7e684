//! A user: login, name, role, password.

use domain::ids::UserId;
use domain::roles::Role;
use leptos::prelude::*;
use uuid::Uuid;
use wire::settings::User;

use super::form::{FormFrame, FormState, field_id};
use super::model::ROLES;
use super::store::SettingsStore;
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::{CheckField, Choice, SelectField, TextField};

/// The form of a user.
#[component]
pub(super) fn UserForm(
    /// Which.
    id: Uuid,
    /// The settings.
    settings: SettingsStore,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let found = settings.now().users.into_iter().find(|user| user.id.0 == id);
    let exists = found.is_some();
    let saved = found.unwrap_or_else(|| User {
        version: 0,
        id: UserId(id),
        login: String::new(),
        name: String::new(),
        role: Role::Agent,
        active: true,
        password: None,
    });
    let login = RwSignal::new(saved.login.clone());
    let name = RwSignal::new(saved.name.clone());
    let role = RwSignal::new(saved.role.as_str().to_owned());
    let active = RwSignal::new(saved.active);
    let password = RwSignal::new(String::new());
    let form = FormState::new(saved, exists, move || User {
        version: 0,
        id: UserId(id),
        login: login.get(),
        name: name.get(),
        role: Role::parse(&role.get()).unwrap_or(Role::Agent),
        active: active.get(),
        password: Some(password.get()).filter(|password| !password.is_empty()),
    });
    let fill = move |user: &User| {
        login.set(user.login.clone());
        name.set(user.name.clone());
        role.set(user.role.as_str().to_owned());
        active.set(user.active);
        password.set(String::new());
    };
    let roles = move || {
        let words = text.get();
        ROLES.map(|role| Choice::new(role.as_str(), words.role(role))).to_vec()
    };
    let title = move || if name.with(String::is_empty) { text.get().settings_users.to_owned() } else { name.get() };
    let password_label =
        move || if form.exists.get() { text.get().user_password_reset } else { text.get().user_password_new };
    view! {
        <FormFrame
            form=form
            settings=settings
            title=title
            labels=|words| {
                vec![
                    ("login", words.login_name),
                    ("name", words.display_name),
                    ("role", words.user_role),
                    ("active", words.settings_active),
                    ("password", words.password),
                ]
            }
            on_save=move || form.save(stores, settings, wire::settings::save_user, move |user| fill(user))
            on_undo=move || fill(&form.stored.get_untracked())
            deletable=None
        >
            <TextField label=move || text.get().display_name value=name required=true id=field_id("name") error=form.error_of("name") />
            <TextField label=move || text.get().login_name value=login required=true id=field_id("login") error=form.error_of("login") />
            <SelectField label=move || text.get().user_role value=role choices=Signal::derive(roles) id=field_id("role") error=form.error_of("role") />
            <TextField
                label=password_label
                value=password
                kind="password"
                autocomplete="new-password"
                help=Signal::derive(move || Some(text.get().user_password_help.to_owned()))
                id=field_id("password")
                error=form.error_of("password")
            />
            <CheckField label=move || text.get().settings_active value=active id=field_id("active") error=form.error_of("active") />
        </FormFrame>
    }
}

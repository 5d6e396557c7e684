//! A number of ours: its trunk, its queue, and who may show it when calling out (A25).

use domain::ids::{NumberId, QueueId, TrunkId, UserId};
use leptos::prelude::*;
use uuid::Uuid;
use wire::settings::{Deletable, Granted, Number};

use super::form::{FormFrame, FormState, field_id};
use super::model::person;
use super::store::SettingsStore;
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::{Choice, MultiSelect, SelectField, TextField};

const NOBODY: &str = "nobody";
const EVERYBODY: &str = "everybody";
const USERS: &str = "users";

fn grant_name(granted: &Granted) -> &'static str {
    match granted {
        Granted::Nobody => NOBODY,
        Granted::Everybody => EVERYBODY,
        Granted::Users(_) => USERS,
    }
}

fn granted_users(granted: &Granted) -> Vec<String> {
    match granted {
        Granted::Users(users) => users.iter().map(ToString::to_string).collect(),
        Granted::Nobody | Granted::Everybody => Vec::new(),
    }
}

fn typed_number(number: &Number) -> String {
    number.shown.as_ref().map_or_else(|| number.number.clone(), |shown| shown.shown.clone())
}

/// The form of a number.
#[component]
pub(super) fn NumberForm(
    /// Which.
    id: Uuid,
    /// The settings.
    settings: SettingsStore,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let now = settings.now();
    let first_trunk = now.trunks.first().map_or(TrunkId(Uuid::nil()), |trunk| trunk.id);
    let found = now.numbers.into_iter().find(|number| number.id.0 == id);
    let exists = found.is_some();
    // What is stored is compared as it would be sent: as the number is read.
    let as_sent = |number: Number| Number { number: typed_number(&number), shown: None, ..number };
    let saved = found.map_or_else(
        || Number {
            version: 0,
            id: NumberId(id),
            number: String::new(),
            shown: None,
            label: String::new(),
            trunk: first_trunk,
            queue: None,
            granted: Granted::Everybody,
        },
        as_sent,
    );
    let number = RwSignal::new(saved.number.clone());
    let label = RwSignal::new(saved.label.clone());
    let trunk = RwSignal::new(saved.trunk.to_string());
    let queue = RwSignal::new(saved.queue.map(|queue| queue.to_string()).unwrap_or_default());
    let grant = RwSignal::new(grant_name(&saved.granted).to_owned());
    let users = RwSignal::new(granted_users(&saved.granted));
    let form = FormState::new(saved, exists, move || Number {
        version: 0,
        id: NumberId(id),
        number: number.get(),
        shown: None,
        label: label.get(),
        trunk: trunk.get().parse().unwrap_or(TrunkId(Uuid::nil())),
        queue: queue.get().parse::<QueueId>().ok(),
        granted: match grant.get().as_str() {
            EVERYBODY => Granted::Everybody,
            USERS => Granted::Users(users.get().iter().filter_map(|user| user.parse::<UserId>().ok()).collect()),
            _ => Granted::Nobody,
        },
    });
    let fill = move |saved: &Number| {
        number.set(typed_number(saved));
        label.set(saved.label.clone());
        trunk.set(saved.trunk.to_string());
        queue.set(saved.queue.map(|queue| queue.to_string()).unwrap_or_default());
        grant.set(grant_name(&saved.granted).to_owned());
        users.set(granted_users(&saved.granted));
    };
    let trunks = move || {
        settings.all.with(|all| {
            all.iter()
                .flat_map(|all| &all.trunks)
                .map(|trunk| Choice::new(trunk.id.to_string(), trunk.name.clone()))
                .collect()
        })
    };
    let queues = move || {
        let mut choices = vec![Choice::new("", text.get().number_no_queue)];
        settings.all.with(|all| {
            choices.extend(
                all.iter()
                    .flat_map(|all| &all.queues)
                    .map(|queue| Choice::new(queue.id.to_string(), queue.name.clone())),
            );
        });
        choices
    };
    let grants = move || {
        let words = text.get();
        vec![
            Choice::new(NOBODY, words.granted_nobody),
            Choice::new(EVERYBODY, words.granted_everybody),
            Choice::new(USERS, words.granted_users),
        ]
    };
    let agents = move || {
        settings.all.with(|all| {
            all.iter().flat_map(|all| &all.users).map(|user| Choice::new(user.id.to_string(), person(user))).collect()
        })
    };
    let title =
        move || if number.with(String::is_empty) { text.get().settings_numbers.to_owned() } else { number.get() };
    let send = move |number: Number| async move { wire::settings::save_number(number).await.map(as_sent) };
    view! {
        <FormFrame
            form=form
            settings=settings
            title=title
            labels=|words| {
                vec![
                    ("number", words.number_e164),
                    ("label", words.number_label),
                    ("trunk", words.number_trunk),
                    ("queue", words.number_queue),
                    ("granted", words.number_presented),
                ]
            }
            on_save=move || form.save(stores, settings, send, move |number| fill(number))
            on_undo=move || fill(&form.stored.get_untracked())
            deletable=Some(Deletable::Number(NumberId(id)))
        >
            <TextField
                label=move || text.get().number_e164
                value=number
                required=true
                inputmode="tel"
                help=Signal::derive(move || Some(text.get().number_e164_help.to_owned()))
                id=field_id("number")
                error=form.error_of("number")
            />
            <TextField label=move || text.get().number_label value=label id=field_id("label") error=form.error_of("label") />
            <SelectField label=move || text.get().number_trunk value=trunk choices=Signal::derive(trunks) required=true id=field_id("trunk") error=form.error_of("trunk") />
            <SelectField label=move || text.get().number_queue value=queue choices=Signal::derive(queues) id=field_id("queue") error=form.error_of("queue") />
            <SelectField
                label=move || text.get().number_presented
                value=grant
                choices=Signal::derive(grants)
                help=Signal::derive(move || Some(text.get().caller_numbers_help.to_owned()))
                id=field_id("granted")
                error=form.error_of("granted")
            />
            <Show when=move || grant.with(|grant| grant == USERS)>
                <MultiSelect label=move || text.get().caller_number_grants value=users choices=Signal::derive(agents) />
            </Show>
        </FormFrame>
    }
}

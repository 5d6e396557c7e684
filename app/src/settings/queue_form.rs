//! A queue: members, ring time, music, and whether it answers before an agent does (A29, A30).

use domain::ids::{FileId, QueueId, UserId};
use domain::routing::Rule;
use leptos::prelude::*;
use uuid::Uuid;
use wire::settings::{Deletable, Queue};

use super::form::{FormFrame, FormState, field_id};
use super::model::person;
use super::store::SettingsStore;
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::{CheckField, Choice, MultiSelect, SelectField, TextField};

const LONGEST_IDLE: &str = "longest_idle";

fn ids(members: &[UserId]) -> Vec<String> {
    members.iter().map(ToString::to_string).collect()
}

/// The form of a queue.
#[component]
pub(super) fn QueueForm(
    /// Which.
    id: Uuid,
    /// The settings.
    settings: SettingsStore,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let found = settings.now().queues.into_iter().find(|queue| queue.id.0 == id);
    let exists = found.is_some();
    let saved = found.unwrap_or_else(|| Queue {
        version: 0,
        id: QueueId(id),
        name: String::new(),
        rule: Rule::LongestIdle,
        members: Vec::new(),
        may_answer: true,
        ring_seconds: 20,
        music: None,
    });
    let name = RwSignal::new(saved.name.clone());
    let rule = RwSignal::new(LONGEST_IDLE.to_owned());
    let members = RwSignal::new(ids(&saved.members));
    // The agent's question is the other way round: "shall it never answer by itself?"
    let never_answers = RwSignal::new(!saved.may_answer);
    let ring_seconds = RwSignal::new(saved.ring_seconds.to_string());
    let music = RwSignal::new(saved.music.map(|music| music.to_string()).unwrap_or_default());
    let form = FormState::new(saved, exists, move || Queue {
        version: 0,
        id: QueueId(id),
        name: name.get(),
        rule: Rule::LongestIdle,
        members: members.get().iter().filter_map(|user| user.parse().ok()).collect(),
        may_answer: !never_answers.get(),
        // What is no number at all becomes 0, which the server refuses with the bounds.
        ring_seconds: ring_seconds.get().trim().parse().unwrap_or(0),
        music: music.get().parse::<FileId>().ok(),
    });
    let fill = move |queue: &Queue| {
        name.set(queue.name.clone());
        members.set(ids(&queue.members));
        never_answers.set(!queue.may_answer);
        ring_seconds.set(queue.ring_seconds.to_string());
        music.set(queue.music.map(|music| music.to_string()).unwrap_or_default());
    };
    let rules = move || vec![Choice::new(LONGEST_IDLE, text.get().rule_longest_idle)];
    let agents = move || {
        settings.all.with(|all| {
            all.iter().flat_map(|all| &all.users).map(|user| Choice::new(user.id.to_string(), person(user))).collect()
        })
    };
    let pieces = move || {
        let mut choices = vec![Choice::new("", text.get().music_default)];
        settings.all.with(|all| {
            choices.extend(
                all.iter()
                    .flat_map(|all| &all.music)
                    .map(|music| Choice::new(music.id.to_string(), music.name.clone())),
            );
        });
        choices
    };
    let title = move || if name.with(String::is_empty) { text.get().settings_queues.to_owned() } else { name.get() };
    view! {
        <FormFrame
            form=form
            settings=settings
            title=title
            labels=|words| {
                vec![
                    ("name", words.queue_name),
                    ("members", words.queue_members),
                    ("rule", words.queue_rule),
                    ("ring_seconds", words.queue_ring_time),
                    ("music", words.queue_music),
                    ("may_answer", words.queue_never_answers),
                ]
            }
            on_save=move || form.save(stores, settings, wire::settings::save_queue, move |queue| fill(queue))
            on_undo=move || fill(&form.stored.get_untracked())
            deletable=Some(Deletable::Queue(QueueId(id)))
        >
            <TextField label=move || text.get().queue_name value=name required=true id=field_id("name") error=form.error_of("name") />
            <MultiSelect label=move || text.get().queue_members value=members choices=Signal::derive(agents) id=field_id("members") error=form.error_of("members") />
            <SelectField label=move || text.get().queue_rule value=rule choices=Signal::derive(rules) id=field_id("rule") error=form.error_of("rule") />
            <TextField
                label=move || text.get().queue_ring_time
                value=ring_seconds
                required=true
                inputmode="numeric"
                help=Signal::derive(move || Some(text.get().queue_ring_time_help.to_owned()))
                id=field_id("ring_seconds")
                error=form.error_of("ring_seconds")
            />
            <SelectField label=move || text.get().queue_music value=music choices=Signal::derive(pieces) id=field_id("music") error=form.error_of("music") />
            <CheckField
                label=move || text.get().queue_never_answers
                value=never_answers
                help=Signal::derive(move || Some(text.get().queue_never_answers_help.to_owned()))
                id=field_id("may_answer")
                error=form.error_of("may_answer")
            />
        </FormFrame>
    }
}

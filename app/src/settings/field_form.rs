//! The form of a field, and beside it the agents' form with that field as it would be.

use domain::ids::{ChoiceId, FieldId};
use domain::records::{Choices, Entered, Field, Key, Owner};
use domain::roles::Role;
use leptos::prelude::*;
use uuid::Uuid;
use wire::ApiError;
use wire::records::Fields;

use super::field_choices::ChoicesEditor;
use super::fields_model::{KINDS, blank, default_form, default_of, kind_of, kind_words, name_of, parents, preview};
use super::form::{FormFrame, FormState, field_id};
use super::model::ROLES;
use super::store::SettingsStore;
use crate::records::form::{Act, Form, FormFields};
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::{CheckField, Choice, SelectField, TextField};

/// The form of a field.
#[component]
pub(super) fn FieldForm(
    /// Which.
    id: FieldId,
    /// Whose.
    owner: Owner,
    /// All fields.
    fields: RwSignal<Option<Fields>>,
    /// The settings, for the form's frame.
    settings: SettingsStore,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let found = fields.with_untracked(|all| all.as_ref().and_then(|all| all.get(id)).cloned());
    let exists = found.is_some();
    let saved = found.unwrap_or_else(|| blank(id, owner));
    let choices = saved.kind.choices().cloned().unwrap_or_default();
    let label = RwSignal::new(saved.label.clone());
    let kind = RwSignal::new(name_of(&saved.kind).to_owned());
    let help = RwSignal::new(saved.help.clone());
    let required = RwSignal::new(saved.required);
    let active = RwSignal::new(saved.active);
    let sensitive = RwSignal::new(saved.sensitive.map(Role::as_str).unwrap_or_default().to_owned());
    let parent = RwSignal::new(choices.parent.map(|parent| parent.to_string()).unwrap_or_default());
    let options = RwSignal::new(choices.options);
    let default = RwSignal::new(saved.default.clone());
    let position = saved.position;
    let typed = move || Field {
        id,
        owner,
        label: label.get(),
        kind: kind_of(&kind.get(), Choices { parent: parent.get().parse().ok(), options: options.get() }),
        required: required.get(),
        help: help.get(),
        default: default.get(),
        sensitive: Role::parse(&sensitive.get()),
        active: active.get(),
        position,
    };
    let form = FormState::new(saved, exists, typed);
    let fill = move |field: &Field| {
        let choices = field.kind.choices().cloned().unwrap_or_default();
        label.set(field.label.clone());
        kind.set(name_of(&field.kind).to_owned());
        help.set(field.help.clone());
        required.set(field.required);
        active.set(field.active);
        sensitive.set(field.sensitive.map(Role::as_str).unwrap_or_default().to_owned());
        parent.set(choices.parent.map(|parent| parent.to_string()).unwrap_or_default());
        options.set(choices.options);
        default.set(field.default.clone());
    };
    let all = move || fields.get().unwrap_or_default();
    let kinds = move || {
        let words = text.get();
        KINDS.map(|name| Choice::new(name, kind_words(words, name))).to_vec()
    };
    let roles = move || {
        let words = text.get();
        let mut choices = vec![Choice::new("", words.field_not_sensitive)];
        choices.extend(ROLES.map(|role| Choice::new(role.as_str(), words.role(role))));
        choices
    };
    let above = move || {
        let mut choices = vec![Choice::new("", text.get().none)];
        let parents = form.draft.with(|draft| parents(&all(), draft));
        choices.extend(parents.into_iter().map(|(id, label)| Choice::new(id.to_string(), label)));
        choices
    };
    let chooses = Memo::new(move |_| matches!(kind.get().as_str(), "choice" | "multiple_choice"));
    let parents_choices = Memo::new(move |_| {
        let parent = parent.get().parse::<FieldId>().ok();
        let offered = |all: &Fields| {
            let choices = all.get(parent?)?.kind.choices()?;
            Some(choices.options.iter().map(|option| (option.id, option.label.clone())).collect::<Vec<_>>())
        };
        fields.with(|all| all.as_ref().and_then(offered)).unwrap_or_default()
    });
    let tried =
        RwSignal::new(form.draft.with_untracked(|draft| preview(&fields.get_untracked().unwrap_or_default(), draft)));
    Effect::new(move |before: Option<()>| {
        let now = form.draft.with(|draft| preview(&all(), draft));
        if before.is_some() {
            tried.set(now);
        }
    });
    let title = move || if label.with(String::is_empty) { text.get().field_new.to_owned() } else { label.get() };
    view! {
        <div class="field-workbench">
            <FormFrame
                form=form
                settings=settings
                title=title
                labels=|words| {
                    vec![
                        ("label", words.field_label),
                        ("kind", words.field_kind),
                        ("help", words.field_help),
                        ("default", words.field_default),
                        ("parent", words.field_parent),
                        ("choices", words.field_choices),
                        ("sensitive", words.field_sensitive),
                    ]
                }
                on_save=move || {
                    form.save(stores, settings, wire::records::save_field, move |field| {
                        fill(field);
                        stores.fields_changed.update(|n| *n += 1);
                    });
                }
                on_undo=move || fill(&form.stored.get_untracked())
                deletable=None
            >
                <TextField label=move || text.get().field_label value=label required=true id=field_id("label") error=form.error_of("label") />
                <SelectField
                    label=move || text.get().field_kind
                    value=kind
                    choices=Signal::derive(kinds)
                    help=Signal::derive(move || form.exists.get().then(|| text.get().field_kind_help.to_owned()))
                    id=field_id("kind")
                    error=form.error_of("kind")
                />
                <Show when=move || chooses.get()>
                    <SelectField
                        label=move || text.get().field_parent
                        value=parent
                        choices=Signal::derive(above)
                        help=Signal::derive(move || Some(text.get().field_parent_help.to_owned()))
                        id=field_id("parent")
                        error=form.error_of("parent")
                    />
                    <ChoicesEditor
                        options=options
                        stored=Signal::derive(move || stored_choices(&form.stored.get()))
                        above=parents_choices
                        wrong=Signal::derive(move || wrong_choices(form.wrong.get()))
                    />
                </Show>
                <CheckField label=move || text.get().required value=required help=Signal::derive(move || Some(text.get().field_required_help.to_owned())) id=field_id("required") />
                <TextField label=move || text.get().field_help value=help id=field_id("help") error=form.error_of("help") />
                <DefaultField draft=form.draft value=default />
                <SelectField
                    label=move || text.get().field_sensitive
                    value=sensitive
                    choices=Signal::derive(roles)
                    help=Signal::derive(move || Some(text.get().field_sensitive_help.to_owned()))
                    id=field_id("sensitive")
                    error=form.error_of("sensitive")
                />
                <CheckField
                    label=move || text.get().field_active
                    value=active
                    help=Signal::derive(move || Some(text.get().field_active_help.to_owned()))
                    id=field_id("active")
                />
            </FormFrame>
            <section class="field-preview" aria-labelledby="field-preview-title">
                <h2 id="field-preview-title">{move || text.get().field_preview}</h2>
                <FormFields form=tried prefix="preview" on_act=move |(act,): (Act,)| tried.update(|form| form.act(&act)) />
            </section>
        </div>
    }
}

/// What a new record begins with, entered in a field of the same kind; none where that makes no sense.
#[component]
fn DefaultField(
    /// The field.
    draft: Memo<Field>,
    /// What it begins with.
    value: RwSignal<Option<domain::records::Value>>,
) -> impl IntoView {
    let text = use_text();
    let key = move || Key::Field(draft.with_untracked(|draft| draft.id));
    // Another kind, or other choices, make another input; what is typed into it does not.
    let shape = Memo::new(move |_| draft.with(|draft| Field { default: None, label: String::new(), ..draft.clone() }));
    move || {
        shape.track();
        let words = text.get();
        let form = draft.with_untracked(|draft| default_form(draft, words))?;
        let form: RwSignal<Form> = RwSignal::new(form);
        let act = move |(act,): (Act,)| {
            form.update(|form| form.act(&act));
            if let Act::Enter(_, entered) = &act {
                value.set(draft.with_untracked(|draft| default_of(draft, entered)));
            }
        };
        // An entry of before that the field of now does not take is gone from the draft as well.
        let entered = form.with_untracked(|form| form.changes().into_iter().find(|change| change.key == key()));
        let now = entered.map_or(Entered::Text(String::new()), |change| change.after);
        let fits = draft.with_untracked(|draft| default_of(draft, &now));
        if fits != value.get_untracked() {
            value.set(fits);
        }
        Some(view! { <FormFields form=form prefix="default" on_act=act /> })
    }
}

fn stored_choices(stored: &Field) -> Vec<ChoiceId> {
    stored.kind.choices().map(|choices| choices.options.iter().map(|option| option.id).collect()).unwrap_or_default()
}

/// What is wrong with the choices, by their place.
fn wrong_choices(wrong: Option<ApiError>) -> Vec<(usize, wire::Problem)> {
    let Some(ApiError::Invalid { fields }) = wrong else { return Vec::new() };
    let place = |name: &str| name.strip_prefix("choices.")?.split('.').next()?.parse().ok();
    fields.into_iter().filter_map(|field| Some((place(&field.field)?, field.problem))).collect()
}

/// The id of a choice to be made.
pub(super) fn new_choice() -> ChoiceId {
    ChoiceId(Uuid::new_v4())
}

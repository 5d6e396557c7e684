//! The choices of a field: added, renamed, moved, retired, and offered under a choice of the field above.

use domain::ids::ChoiceId;
use domain::records::Choice;
use leptos::prelude::*;
use wire::Problem;

use super::field_form::new_choice;
use super::fields_model::{Edit, edit};
use crate::text::use_text;
use crate::ui::{Button, Choice as Entry, Icon, Look, SelectField, TextField};

/// The list of choices.
#[component]
pub(super) fn ChoicesEditor(
    /// As they are to be.
    options: RwSignal<Vec<Choice>>,
    /// Those that are stored: they can be retired, not taken away, because records may hold them.
    #[prop(into)]
    stored: Signal<Vec<ChoiceId>>,
    /// The choices of the field above; none without one.
    above: Memo<Vec<(ChoiceId, String)>>,
    /// What is wrong, by place.
    #[prop(into)]
    wrong: Signal<Vec<(usize, Problem)>>,
) -> impl IntoView {
    let text = use_text();
    let adding = RwSignal::new(String::new());
    let under = RwSignal::new(String::new());
    let chosen_above = move || under.get().parse::<ChoiceId>().ok();
    let entries = move || {
        let mut entries = vec![Entry::new("", text.get().choices_of_all)];
        entries.extend(above.get().into_iter().map(|(id, label)| Entry::new(id.to_string(), label)));
        entries
    };
    let act = move |done: Edit| options.update(|options| edit(options, &done));
    let add = move || {
        let under = untrack(chosen_above);
        // Several at once, one a line, as they are pasted from a table.
        for label in adding.get_untracked().split(['\n', '\t']) {
            act(Edit::Add(new_choice(), label.to_owned(), under));
        }
        adding.set(String::new());
    };
    let rows = move || options.with(|options| options.iter().map(|option| option.id).enumerate().collect::<Vec<_>>());
    let row = move |(at, id): (usize, ChoiceId)| {
        let read =
            move |part: fn(&Choice) -> String| options.with(|options| options.get(at).map(part).unwrap_or_default());
        let name = move || read(|option| option.label.clone());
        let retired = move || options.with(|options| options.get(at).is_some_and(|option| !option.active));
        let offered = move || {
            let above = chosen_above()?;
            Some(options.with(|options| options.get(at).is_some_and(|option| option.under.contains(&above))))
        };
        let problem = move || {
            wrong.with(|wrong| {
                wrong.iter().find(|(place, _)| *place == at).map(|(_, problem)| text.get().problem(problem))
            })
        };
        let is_stored = move || stored.with(|stored| stored.contains(&id));
        let drop_it = move || act(if untrack(is_stored) { Edit::Retire(at) } else { Edit::Remove(at) });
        let drop_words = move || match (is_stored(), retired()) {
            (true, false) => text.get().choice_retire,
            (true, true) => text.get().choice_take_back,
            (false, _) => text.get().choice_remove,
        };
        view! {
            <li class="choice-edit" data-retired=move || retired().then_some("")>
                {move || {
                    offered()
                        .map(|on| {
                            view! {
                                <input
                                    type="checkbox"
                                    class="check-box"
                                    aria-label=move || text.get().choice_offered(name())
                                    prop:checked=on
                                    on:change=move |_| {
                                        if let Some(above) = untrack(chosen_above) {
                                            act(Edit::Under(at, above));
                                        }
                                    }
                                />
                            }
                        })
                }}
                <input
                    class="field-input"
                    type="text"
                    autocomplete="off"
                    aria-label=move || text.get().choice_name(at + 1)
                    aria-invalid=move || problem().map(|_| "true")
                    prop:value=name
                    on:input:target=move |event| act(Edit::Rename(at, event.target().value()))
                />
                <Button label=move || text.get().move_up icon=Icon::ArrowUp icon_only=true look=Look::Plain on_press=move || act(Edit::Move(at, true)) />
                <Button label=move || text.get().move_down icon=Icon::ArrowDown icon_only=true look=Look::Plain on_press=move || act(Edit::Move(at, false)) />
                <Button label=drop_words icon=Signal::derive(move || Some(if retired() { Icon::ArrowCounterClockwise } else { Icon::X })) icon_only=true look=Look::Plain on_press=drop_it />
                <p class="field-error" role="alert">
                    {problem}
                </p>
            </li>
        }
    };
    view! {
        <fieldset class="choices-edit">
            <legend class="field-label">{move || text.get().field_choices}</legend>
            <Show when=move || !above.with(Vec::is_empty)>
                <SelectField label=move || text.get().choices_under value=under choices=Signal::derive(entries) help=Signal::derive(move || Some(text.get().choices_under_help.to_owned())) />
            </Show>
            <ul>
                <For each=rows key=|row| *row children=row />
            </ul>
            <div
                class="choice-add"
                on:keydown=move |event| {
                    // Adds here; it must not save the whole form. An IME's Enter only ends the word.
                    if event.key() == "Enter" && !event.is_composing() {
                        event.prevent_default();
                        add();
                    }
                }
            >
                <TextField label=move || text.get().choice_add value=adding />
                <Button label=move || text.get().add icon=Icon::Plus on_press=add />
            </div>
        </fieldset>
    }
}

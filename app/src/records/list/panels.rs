//! What opens under the head of a list: its conditions and its columns.

use std::sync::Arc;

use domain::time::Timestamp;
use leptos::html;
use leptos::prelude::*;
use wire::customers::Filter;
use wire::record_files::Column;
use wire::records::Fields;

use super::model::{self, About};
use super::store::ListStore;
use crate::format;
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::{Button, Choice, Icon, Look, SelectField};

/// The conditions that hold, each to be taken away.
#[component]
pub(super) fn FilterChips(
    /// The list.
    list: ListStore,
    /// The defined fields.
    fields: RwSignal<Arc<Fields>>,
) -> impl IntoView {
    let text = use_text();
    let chips = move || {
        let words = text.get();
        let fields = fields.get();
        let writers = list.writers.get();
        let chip = |filter: Filter| {
            let day = |at| format::iso_day(at);
            let about = model::subject(&filter, list.owner, &fields, words);
            let says = format!("{about}: {}", model::condition(&filter, &fields, words, &writers, day));
            let name = words.lists_filter_remove(&says);
            view! {
                <button
                    type="button"
                    class="chip list-filter"
                    aria-label=name
                    on:click=move |_| list.filters.update(|filters| filters.retain(|other| *other != filter))
                >
                    {says}
                    <Icon name=Icon::X />
                </button>
            }
        };
        let chips = list.filters.get().into_iter().map(chip).collect::<Vec<_>>();
        (!chips.is_empty()).then(|| view! { <div class="list-filters">{chips}</div> })
    };
    view! { {chips} }
}

/// Setting a condition: about what, and which.
#[component]
pub(super) fn FiltersPanel(
    /// The list.
    list: ListStore,
    /// The defined fields.
    fields: RwSignal<Arc<Fields>>,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let about = RwSignal::new("0".to_owned());
    let which = RwSignal::new("0".to_owned());
    let (from, to) = (NodeRef::<html::Input>::new(), NodeRef::<html::Input>::new());
    let subjects = Memo::new(move |_| fields.with(|fields| model::subjects(list.owner, fields, text.get())));
    let writers = Memo::new(move |_| {
        // Oneself can be asked for before anything of oneself was seen.
        let mut writers = list.writers.get();
        if let Some(me) = stores.session.me()
            && !writers.iter().any(|(id, _)| *id == me.user)
        {
            writers.insert(0, (me.user, me.name));
        }
        writers
    });
    let chosen = Memo::new(move |_| {
        let at = about.with(|about| about.parse::<usize>().unwrap_or(0));
        subjects.with(|subjects| subjects.get(at).map(|(about, _)| *about))
    });
    let conditions = Memo::new(move |_| {
        let about = chosen.get()?;
        Some(fields.with(|fields| writers.with(|writers| model::conditions(about, fields, writers))))
    });
    Effect::new(move || {
        chosen.track();
        which.set("0".to_owned());
    });
    let subject_choices = move || {
        subjects.with(|subjects| {
            subjects.iter().enumerate().map(|(at, (_, label))| Choice::new(at.to_string(), label.clone())).collect()
        })
    };
    let condition_choices = move || {
        let words = text.get();
        let (fields, writers) = (fields.get(), writers.get());
        let all = conditions.get().unwrap_or_default().into_iter().enumerate();
        all.map(|(at, filter)| {
            Choice::new(at.to_string(), model::condition(&filter, &fields, words, &writers, |_| String::new()))
        })
        .collect()
    };
    let add = move || {
        let filter = if chosen.get_untracked() == Some(About::Span) {
            let day = |input: NodeRef<html::Input>, after: u32| {
                input.get_untracked().and_then(|input| format::day_began(&input.value(), after))
            };
            // The last day belongs to it as a whole.
            let (from, to) = (day(from, 0), day(to, 1));
            let span = Filter::Between(from.unwrap_or(Timestamp(i64::MIN)), to.unwrap_or(Timestamp(i64::MAX)));
            (from.is_some() || to.is_some()).then_some(span)
        } else {
            let at = which.with_untracked(|which| which.parse::<usize>().unwrap_or(0));
            conditions.get_untracked().and_then(|conditions| conditions.get(at).cloned())
        };
        if let Some(filter) = filter {
            if let Filter::By(id) = filter {
                let writer = writers.get_untracked().into_iter().find(|(known, _)| *known == id);
                if !list.writers.with_untracked(|known| known.iter().any(|(known, _)| *known == id)) {
                    list.writers.update(|known| known.extend(writer));
                }
            }
            list.filters.update(|filters| *filters = model::with_filter(filters, filter));
        }
    };
    let date = move |input: NodeRef<html::Input>, last: bool| {
        let label = move || if last { text.get().lists_to } else { text.get().lists_from };
        view! {
            <label class="field">
                <span class="field-label">{label}</span>
                <input class="field-input" type="date" autocomplete="off" node_ref=input />
            </label>
        }
    };
    let what = move || {
        if chosen.get() == Some(About::Span) {
            view! { {date(from, false)} {date(to, true)} }.into_any()
        } else {
            view! {
                <SelectField
                    label=move || text.get().lists_condition
                    value=which
                    choices=Signal::derive(condition_choices)
                />
            }
            .into_any()
        }
    };
    view! {
        <div class="list-panel" role="group" aria-label=move || text.get().lists_filter>
            <SelectField
                label=move || text.get().lists_subject
                value=about
                choices=Signal::derive(subject_choices)
            />
            {what}
            <Button label=move || text.get().lists_filter_add on_press=add />
        </div>
    }
}

/// The columns: those on display in their order, then the others.
#[component]
pub(super) fn ColumnsPanel(
    /// The list.
    list: ListStore,
    /// The defined fields.
    fields: RwSignal<Arc<Fields>>,
    /// The columns on display.
    shown: Memo<Vec<Column>>,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let all = Memo::new(move |_| {
        let mut all = shown.get();
        let others = fields.with(|fields| model::offered(list.owner, fields));
        all.extend(others.into_iter().filter(|column| shown.with(|shown| !shown.contains(column))));
        all
    });
    let row = move |column: Column| {
        let label = move || fields.with(|fields| model::heading(column, fields, text.get()));
        let ticked = move || shown.with(|shown| shown.contains(&column));
        let is_first = move || shown.with(|shown| shown.first() == Some(&column));
        view! {
            <li>
                <label class="check">
                    <input
                        type="checkbox"
                        prop:checked=ticked
                        on:change:target=move |event| {
                            list.choose(stores, model::toggled(&shown.get_untracked(), column));
                            // The last one stays.
                            event.target().set_checked(untrack(ticked));
                        }
                    />
                    <span class="cut">{label}</span>
                </label>
                <Show when=move || ticked() && !is_first()>
                    <Button
                        label=move || text.get().lists_column_earlier(label())
                        icon=Icon::ArrowUp
                        icon_only=true
                        look=Look::Plain
                        on_press=move || list.choose(stores, model::earlier(&shown.get_untracked(), column))
                    />
                </Show>
            </li>
        }
        .into_any()
    };
    view! {
        <ul class="list-panel list-columns" aria-label=move || text.get().lists_columns>
            <For each=move || all.get() key=|column| *column children=row />
        </ul>
    }
}

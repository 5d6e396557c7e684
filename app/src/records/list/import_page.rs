//! Customers out of a file: which column goes where, how far it is, and what was not taken.

use std::sync::Arc;

use domain::roles::Permission;
use leptos::html;
use leptos::prelude::*;
use wire::ApiError;
use wire::record_files::{Duplicates, Import, ImportState};
use wire::records::Fields;

use super::import_model;
use super::import_rows::ImportRowsTable;
use super::import_store::ImportStore;
use super::model::grouped;
use super::store::keep_fields;
use crate::format;
use crate::platform::upload::chosen;
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::{Button, Choice, EmptyState, Icon, Look, SelectField};

/// The page.
#[component]
pub(crate) fn ImportPage() -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let imports = stores.imports;
    let may = Memo::new(move |_| stores.session.may(Permission::MoveRecords));
    let open = Memo::new(move |_| imports.now.with(Option::is_some));
    // Asked again whenever the line is back: what was told meanwhile was not heard.
    Effect::new(move || {
        if may.get() && stores.line.is_up() {
            match imports.now.with_untracked(|now| now.as_ref().map(|now| now.id)) {
                Some(id) => imports.open(stores, id),
                None => imports.look(stores),
            }
        }
    });
    let why_not = move || {
        let words = text.get();
        let why = imports.failed.get()?;
        if let ApiError::Invalid { fields } = &why {
            Some(fields.iter().map(|field| words.problem(&field.problem)).collect::<Vec<_>>().join(" "))
        } else {
            Some(words.error(&why))
        }
    };
    let page = move || {
        if open.get() {
            view! { <OneImport imports=imports /> }.into_any()
        } else {
            view! { <ChooseFile imports=imports /> }.into_any()
        }
    };
    let all = move || {
        if !may.get() {
            return view! { <EmptyState fact=move || text.get().error_forbidden /> }.into_any();
        }
        view! {
            <p class="field-error" role="alert">
                {why_not}
            </p>
            {page}
        }
        .into_any()
    };
    view! {
        <div class="import-page scrolls">
            <header class="import-head">
                <h1>{move || text.get().imports_title}</h1>
                <a class="button" data-look="plain" data-size="desk" href="/customers">
                    <span class="button-icon">
                        <Icon name=Icon::CaretLeft />
                    </span>
                    {move || text.get().imports_back}
                </a>
            </header>
            {all}
        </div>
    }
}

/// A file to be chosen, and the imports before.
#[component]
fn ChooseFile(
    /// The imports.
    imports: ImportStore,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let file = NodeRef::<html::Input>::new();
    let send = move |_| {
        if let Some(input) = file.get_untracked()
            && let Some(chosen) = chosen(&input)
        {
            input.set_value("");
            imports.send(stores, chosen);
        }
    };
    let sending = move || {
        imports.sent.get().map(|hundredths| {
            view! { <Progress label=text.get().imports_sending(hundredths) done=u64::from(hundredths) of=100 /> }
        })
    };
    let past = move || {
        let words = text.get();
        imports.past.get().filter(|past| !past.is_empty()).map(|past| {
            let row = |import: Import| {
                let id = import.id;
                view! {
                    <tr>
                        <td class="num">{format::dated(import.begun.at, text.language())}</td>
                        <td class="cut">
                            <button type="button" class="import-open" on:click=move |_| imports.open(stores, id)>
                                {import.name.clone()}
                            </button>
                        </td>
                        <td>{import_model::state(import.state, words)}</td>
                        <td class="num">{counts(text.get(), &import)}</td>
                    </tr>
                }
            };
            view! {
                <h2>{words.imports_past}</h2>
                <table class="table" aria-label=words.imports_past>
                    <tbody>{past.into_iter().map(row).collect_view()}</tbody>
                </table>
            }
        })
    };
    view! {
        <section class="import-part">
            <div class="file-field">
                <input
                    class="said-only"
                    id="import-file"
                    type="file"
                    accept=".csv,.txt,.tsv,text/csv"
                    node_ref=file
                    aria-label=move || text.get().imports_choose
                    aria-describedby="import-help"
                    on:change=send
                />
                <label class="button" data-look="accent" data-size="form" for="import-file" aria-hidden="true">
                    {move || text.get().imports_choose}
                </label>
            </div>
            <p class="field-help" id="import-help">
                {move || text.get().imports_help}
            </p>
            {sending}
        </section>
        <section class="import-part">{past}</section>
    }
}

/// What became of the rows so far.
fn counts(words: &crate::text::Messages, import: &Import) -> String {
    words.imports_counts(
        grouped(import.created),
        grouped(import.updated),
        grouped(import.skipped),
        grouped(import.refused),
    )
}

/// How far something is.
#[component]
fn Progress(
    /// In words.
    label: String,
    /// So much.
    done: u64,
    /// Of so much.
    of: u64,
) -> impl IntoView {
    view! {
        <div class="import-progress">
            <progress aria-label=label.clone() max=of.to_string() prop:value=done.to_string()></progress>
            <span class="num">{label}</span>
        </div>
    }
}

/// An import that was opened.
#[component]
fn OneImport(
    /// The imports.
    imports: ImportStore,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let fields = keep_fields(stores);
    let state = Memo::new(move |_| imports.now.with(|now| now.as_ref().map(|now| now.state)));
    let how = RwSignal::new(String::new());
    Effect::new(move || {
        let known = imports.now.with(|now| now.as_ref().map(|now| now.duplicates)).unwrap_or_default();
        let at = import_model::WAYS.iter().position(|way| *way == known).unwrap_or(0);
        if state.get() != Some(ImportState::Mapping) || how.with_untracked(String::is_empty) {
            how.set(at.to_string());
        }
    });
    let chosen = move || {
        let at = how.with(|how| how.parse::<usize>().unwrap_or(0));
        import_model::WAYS.get(at).copied().unwrap_or_default()
    };
    let ways = move || {
        let words = text.get();
        let choice = |(at, how): (usize, &Duplicates)| Choice::new(at.to_string(), import_model::way(*how, words));
        import_model::WAYS.iter().enumerate().map(choice).collect()
    };
    let maps = move || matches!(state.get(), Some(ImportState::Mapping | ImportState::Stopped));
    let why_not = move || {
        let words = text.get();
        imports
            .now
            .with(|now| now.as_ref().and_then(|now| import_model::why_not(&now.mapping, words).map(str::to_owned)))
    };
    let about = move || {
        let words = text.get();
        imports.now.with(|now| {
            now.as_ref().map(|now| {
                view! {
                    <h2 class="cut">{now.name.clone()}</h2>
                    <p class="field-help num">
                        {format!("{}: {} · {}", words.imports_encoding, now.encoding, words.imports_rows(grouped(now.rows)))}
                    </p>
                }
            })
        })
    };
    let far = move || {
        let words = text.get();
        imports.now.with(|now| {
            now.as_ref().filter(|now| now.state != ImportState::Mapping).map(|now| {
                let label = words.imports_far(grouped(now.done), grouped(now.rows));
                view! {
                    <Progress label=label done=now.done of=now.rows.max(1) />
                    <p class="num" role="status">
                        {format!("{} · {}", import_model::state(now.state, words), counts(words, now))}
                    </p>
                }
            })
        })
    };
    let acts = move || match state.get() {
        Some(ImportState::Running) => view! {
            <Button label=move || text.get().imports_stop on_press=move || imports.stop(stores) />
        }
        .into_any(),
        Some(now @ (ImportState::Mapping | ImportState::Stopped)) => {
            let start = move || {
                if now == ImportState::Stopped { text.get().imports_go_on } else { text.get().imports_start }
            };
            view! {
                <Button
                    label=start
                    look=Look::Accent
                    why_not=Signal::derive(why_not)
                    on_press=move || imports.run(stores, untrack(chosen))
                />
            }
            .into_any()
        }
        Some(ImportState::Done) | None => ().into_any(),
    };
    let another = move || {
        imports.now.set(None);
        imports.failed.set(None);
        imports.look(stores);
    };
    view! {
        <section class="import-part">
            {about} {far}
            <Show when=maps>
                <SelectField
                    label=move || text.get().imports_duplicates
                    value=how
                    choices=Signal::derive(ways)
                    help=Signal::derive(move || Some(text.get().imports_duplicates_help.to_owned()))
                />
            </Show>
            <div class="import-acts">
                {acts} <Button label=move || text.get().imports_another look=Look::Plain on_press=another />
            </div>
        </section>
        <Show when=move || state.get() == Some(ImportState::Mapping)>
            <Mapping imports=imports fields=fields />
        </Show>
        <ImportRowsTable imports=imports duplicates=true />
        <ImportRowsTable imports=imports duplicates=false />
    }
}

/// Which column goes where, over the first rows.
#[component]
fn Mapping(
    /// The imports.
    imports: ImportStore,
    /// The defined fields.
    fields: RwSignal<Arc<Fields>>,
) -> impl IntoView {
    let text = use_text();
    // Drawn once: what is chosen changes nothing else here.
    let (header, sample) = imports
        .now
        .with_untracked(|now| now.as_ref().map(|now| (now.header.clone(), now.sample.clone())).unwrap_or_default());
    let head = move |(at, title): (usize, String)| {
        let name = title.clone();
        let options = move || {
            let now = imports.now.with(|now| now.as_ref().and_then(|now| now.mapping.get(at).copied().flatten()));
            let now = now.map(|key| key.to_string()).unwrap_or_default();
            let option = |(value, label): (String, String)| {
                let selected = value == now;
                view! {
                    <option value=value prop:selected=selected>
                        {label}
                    </option>
                }
            };
            let targets = fields.with(|fields| import_model::targets(fields, text.get()));
            targets.into_iter().map(option).collect_view()
        };
        view! {
            <th scope="col">
                <span class="cut">{title}</span>
                <div class="field-box" data-select="">
                    <select
                        class="field-input"
                        aria-label=move || text.get().imports_to(&name)
                        on:change:target=move |event| {
                            let key = event.target().value().parse().ok();
                            imports.now.update(|now| {
                                if let Some(place) = now.as_mut().and_then(|now| now.mapping.get_mut(at)) {
                                    *place = key;
                                }
                            });
                        }
                    >
                        {options}
                    </select>
                </div>
            </th>
        }
    };
    let row = |cells: Vec<String>| {
        view! { <tr>{cells.into_iter().map(|cell| view! { <td class="cut">{cell}</td> }).collect_view()}</tr> }
    };
    view! {
        <section class="import-part import-table scrolls" tabindex="0" aria-label=move || text.get().imports_mapping>
            <table class="table" aria-label=move || text.get().imports_mapping>
                <thead>
                    <tr>{header.into_iter().enumerate().map(head).collect_view()}</tr>
                </thead>
                <tbody>{sample.into_iter().map(row).collect_view()}</tbody>
            </table>
        </section>
    }
}

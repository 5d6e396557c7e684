//! Rows of an import that were not taken: refused, with why; or of customers who are there already, to be decided.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::record_files::{Duplicates, ImportRow, ImportState};

use super::import_model;
use super::import_store::ImportStore;
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::{Button, Look};

/// What can be decided about a duplicate.
const DECISIONS: [Duplicates; 3] = [Duplicates::Update, Duplicates::Create, Duplicates::Skip];

/// The rows.
#[component]
pub(super) fn ImportRowsTable(
    /// The imports.
    imports: ImportStore,
    /// Those that wait as duplicates; else those that were refused.
    duplicates: bool,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let rows = RwSignal::new(Vec::<ImportRow>::new());
    let next = RwSignal::new(None::<u64>);
    let ticked = RwSignal::new(Vec::<u64>::new());
    let asked = StoredValue::new(0_u32);
    // How many there are, and of which import; while it runs they are counted, and read when it stands.
    let there = Memo::new(move |_| {
        imports.now.with(|now| {
            let now = now.as_ref()?;
            let count = if duplicates { import_model::waiting(now) } else { now.refused };
            Some((now.id, count, now.state))
        })
    });
    let count = Memo::new(move |_| there.get().map_or(0, |(_, count, _)| count));
    let load = move |after: Option<u64>| {
        let Some((id, _, _)) = there.get_untracked() else { return };
        asked.update_value(|asked| *asked = asked.wrapping_add(1));
        let this = asked.get_value();
        spawn_local(async move {
            let answer = stores.heard(wire::record_files::import_rows(id, duplicates, after).await);
            // Another import may be on display, or the page closed.
            if asked.try_get_value() != Some(this) {
                return;
            }
            match answer {
                Ok(page) => {
                    next.set(page.next);
                    rows.update(|rows| {
                        if after.is_none() {
                            rows.clear();
                        }
                        rows.extend(page.rows);
                    });
                }
                Err(why) => imports.failed.set(Some(why)),
            }
        });
    };
    Effect::new(move || {
        let Some((_, count, state)) = there.get() else { return };
        ticked.set(Vec::new());
        if count == 0 {
            rows.set(Vec::new());
            next.set(None);
        } else if state != ImportState::Running {
            load(None);
        }
    });
    let title = move || {
        let words = text.get();
        let words = if duplicates { words.imports_waiting } else { words.imports_refused };
        format!("{words} ({})", count.get())
    };
    let decide = move |how: Duplicates| {
        let label = move || {
            let words = text.get();
            let what = import_model::way(how, words);
            match ticked.with(Vec::len) {
                0 => words.imports_decide_all(what),
                count => words.imports_decide(what, count),
            }
        };
        view! { <Button label=label on_press=move || imports.decide(stores, ticked.get_untracked(), how) /> }
    };
    let row = move |row: ImportRow| {
        let line = row.line;
        let why = {
            let row = row.clone();
            move || {
                imports.now.with(|now| {
                    let header = now.as_ref().map(|now| now.header.as_slice()).unwrap_or_default();
                    import_model::reasons(&row, header, text.get())
                })
            }
        };
        let name =
            if row.duplicate_name.is_empty() { text.get_untracked().no_name.to_owned() } else { row.duplicate_name };
        let who = row.duplicate_of.map(|id| {
            view! { <a href=format!("/?customer={id}")>{name}</a> }
        });
        let tick = duplicates.then(|| {
            view! {
                <td class="list-tick">
                    <input
                        type="checkbox"
                        aria-label=move || text.get().lists_tick(text.get().imports_line(line))
                        prop:checked=move || ticked.with(|ticked| ticked.contains(&line))
                        on:change:target=move |event| {
                            let on = event.target().checked();
                            ticked.update(|ticked| {
                                ticked.retain(|other| *other != line);
                                if on {
                                    ticked.push(line);
                                }
                            });
                        }
                    />
                </td>
            }
        });
        view! {
            <tr>
                {tick} <td class="num">{move || text.get().imports_line(line)}</td>
                <td class="import-why">
                    {if duplicates { who.into_any() } else { view! { <span>{why}</span> }.into_any() }}
                </td>
                <td class="cut">{row.cells.join(" · ")}</td>
            </tr>
        }
        .into_any()
    };
    view! {
        <section class="import-part" hidden=move || count.get() == 0 aria-label=title>
            <h2>{title}</h2>
            {duplicates.then(|| view! { <div class="import-acts">{DECISIONS.map(decide).into_iter().collect_view()}</div> })}
            <table class="table" aria-label=title>
                <tbody>
                    <For each=move || rows.get() key=|row| row.line children=row />
                </tbody>
            </table>
            <Show when=move || next.get().is_some()>
                <Button label=move || text.get().audit_more look=Look::Plain on_press=move || load(next.get_untracked()) />
            </Show>
        </section>
    }
}

//! 操作履歴: who changed what, the latest first.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::ApiError;
use wire::settings::AuditRow;

use super::audit_words;
use super::store::SettingsStore;
use crate::format;
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::{Button, Column, EmptyState, Skeleton, Sorted, Table};

/// Rows that the server gives at once.
const PAGE: usize = 100;

/// Lays lines that came between those that are there, the latest first, each once: whatever came first.
fn merge(rows: &mut Vec<AuditRow>, page: Vec<AuditRow>) {
    rows.extend(page);
    rows.sort_by_key(|row| core::cmp::Reverse(row.n));
    rows.dedup_by_key(|row| row.n);
}

/// The audit log.
#[component]
pub(super) fn AuditPage(
    /// The settings, for the names behind the log's ids.
    settings: SettingsStore,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let rows = RwSignal::new(None::<Vec<AuditRow>>);
    let more = RwSignal::new(false);
    let failed = RwSignal::new(None::<ApiError>);
    let busy = RwSignal::new(false);
    let load = move |before: Option<i64>| {
        busy.set(true);
        spawn_local(async move {
            let answer = stores.heard(wire::settings::audit(before).await);
            // The page may be closed by now.
            if busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(page) => {
                    failed.set(None);
                    let had = rows.with_untracked(|rows| rows.as_ref().map_or(0, Vec::len));
                    // Older lines that were asked for stay when newer ones come: whether there are still older ones
                    // only the answer about the oldest can say.
                    if before.is_some() || had <= PAGE {
                        more.set(page.len() >= PAGE);
                    }
                    rows.update(|rows| merge(rows.get_or_insert_default(), page));
                }
                Err(why) => failed.set(Some(why)),
            }
        });
    };
    Effect::new(move || {
        stores.settings_changed.track();
        load(None);
    });
    let columns = move || {
        let words = text.get();
        vec![
            Column::new(words.audit_time).sorted(Sorted::Down),
            Column::new(words.audit_who),
            Column::new(words.audit_what),
            Column::new(words.audit_target),
            Column::new(words.audit_detail),
        ]
    };
    let shown = Memo::new(move |_| rows.get().unwrap_or_default());
    let empty = Memo::new(move |_| rows.with(|rows| rows.as_ref().is_some_and(Vec::is_empty)));
    let loading = Memo::new(move |_| rows.with(Option::is_none) && failed.with(Option::is_none));
    let before = move || rows.with_untracked(|rows| rows.as_ref().and_then(|rows| rows.last()).map(|row| row.n));
    view! {
        <section class="settings-page">
            <header class="list-head">
                <h1>{move || text.get().settings_audit}</h1>
            </header>
            {move || {
                failed
                    .get()
                    .map(|why| {
                        view! {
                            <EmptyState fact=move || text.get().error(&why)>
                                <Button label=move || text.get().retry on_press=move || load(None) />
                            </EmptyState>
                        }
                    })
            }}
            <Show when=move || loading.get()>
                <Skeleton label=move || text.get().loading lines=8 />
            </Show>
            <Show when=move || empty.get()>
                <EmptyState fact=move || text.get().audit_empty />
            </Show>
            <div class="list-table settings-audit" hidden=move || shown.with(Vec::is_empty)>
                <Table
                    label=move || text.get().settings_audit
                    columns=Signal::derive(columns)
                    rows=shown
                    key=|row: &AuditRow| row.n
                    cells=move |row: AuditRow| view! { <Cells row=row settings=settings /> }
                    busy=busy
                />
            </div>
            <Show when=move || more.get()>
                <footer class="table-foot">
                    <Button label=move || text.get().audit_more busy=busy on_press=move || load(before()) />
                </footer>
            </Show>
        </section>
    }
}

#[component]
fn Cells(
    /// The line.
    row: AuditRow,
    /// The settings.
    settings: SettingsStore,
) -> impl IntoView {
    let text = use_text();
    let AuditRow { n: _, at, who, what: code, subject, detail } = row;
    let about = move || settings.all.with(|all| audit_words::subject(all.as_ref(), &subject));
    let what = {
        let code = code.clone();
        move || audit_words::what(text.get(), &code)
    };
    let changes = Memo::new(move |_| {
        let words = text.get();
        settings.all.with(|all| audit_words::detail(words, all.as_ref(), &code, &detail))
    });
    view! {
        <td class="num">{move || format::date_time(at, text.language())}</td>
        <td class="cut">{move || who.clone().unwrap_or_else(|| text.get().audit_by_system.to_owned())}</td>
        <td class="cut">{what}</td>
        <td class="cut">{about}</td>
        <td class="cut" data-tip=move || changes.get()>
            {move || changes.get()}
        </td>
    }
}

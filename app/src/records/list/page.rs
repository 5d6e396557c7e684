//! 顧客 and お問合せ: the page over one of the two lists.

use core::time::Duration;
use std::sync::Arc;

use domain::records::Owner;
use domain::roles::Permission;
use leptos::html;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use wire::record_files::Column as Of;
use wire::records::Fields;

use super::erase::EraseDialog;
use super::merge::MergeDialog;
use super::model::{self, Cell, Drawn};
use super::panels::{ColumnsPanel, FilterChips, FiltersPanel};
use super::store::{ListStore, keep_fields};
use crate::format;
use crate::platform::element;
use crate::shell::{Stores, use_stores};
use crate::telephony::words;
use crate::text::{Text, use_text};
use crate::ui::{Button, Column, EmptyState, Icon, Look, Skeleton, Sorted, Table};

/// Asked when the typing pauses for so long.
const PAUSE: Duration = Duration::from_millis(150);
/// What others change is looked at again at most so often.
const CALM: Duration = Duration::from_secs(1);

/// What is open under the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Panel {
    Filters,
    Columns,
}

/// What stands under the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    Waiting,
    Failed,
    Nothing,
    Rows,
}

/// What is asked before it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// Whether two customers are one.
    Merge,
    /// Whether a customer is to be erased.
    Erase,
}

/// A list.
#[component]
pub(crate) fn RecordsPage(
    /// Of customers or of inquiries.
    owner: Owner,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let list = stores.list(owner);
    keep_asking(stores, list);
    let panel = RwSignal::new(None::<Panel>);
    let question = RwSignal::new(None::<Question>);
    let may_move = Memo::new(move |_| stores.session.may(Permission::MoveRecords));
    let may_merge = Memo::new(move |_| owner == Owner::Customer && stores.session.may(Permission::MergeAndErase));
    let fields = keep_fields(stores);
    let shown = Memo::new(move |_| fields.with(|fields| list.columns(fields)));
    let title = move || match owner {
        Owner::Customer => text.get().menu_customers,
        Owner::Inquiry => text.get().menu_inquiries,
    };
    let rows = Memo::new(move |_| {
        let words = text.get();
        shown.with(|columns| {
            fields.with(|fields| {
                list.page.with(|page| {
                    let rows = page.as_ref().map(|page| page.rows.as_slice()).unwrap_or_default();
                    rows.iter().map(|row| model::drawn(row, columns, fields, words)).collect::<Vec<_>>()
                })
            })
        })
    });
    let body = NodeRef::<html::Div>::new();
    let toggle = move |which: Panel| panel.update(|open| *open = if *open == Some(which) { None } else { Some(which) });
    let opener = move |which: Panel, label: fn(Text) -> String| {
        view! {
            <Button
                label=move || label(text)
                look=Look::Plain
                expanded=Signal::derive(move || panel.get() == Some(which))
                on_press=move || toggle(which)
            />
        }
    };
    let filters = move || match list.filters.with(Vec::len) {
        0 => text.get().lists_filter.to_owned(),
        count => format!("{} ({count})", text.get().lists_filter),
    };
    let nothing_came = Memo::new(move |_| list.failed.with(Option::is_some) && list.page.with(Option::is_none));
    let why_not = move || list.failed.with(|failed| failed.as_ref().map(|why| text.get().error(why)));
    // Rows that are on display stay: what is wrong is said above them.
    let stale = move || if nothing_came.get() { None } else { why_not() };
    let body_shows = Memo::new(move |_| match list.page.with(|page| page.as_ref().map(|page| page.rows.is_empty())) {
        None if list.failed.with(Option::is_some) => Body::Failed,
        None => Body::Waiting,
        Some(true) => Body::Nothing,
        Some(false) => Body::Rows,
    });
    let instead = move || match body_shows.get() {
        Body::Waiting => view! { <Skeleton label=move || text.get().loading lines=8 /> }.into_any(),
        Body::Failed => view! {
            <EmptyState fact=move || why_not().unwrap_or_default()>
                <Button label=move || text.get().retry on_press=move || list.load(stores, false) />
            </EmptyState>
        }
        .into_any(),
        Body::Nothing => view! { <Nothing list=list /> }.into_any(),
        Body::Rows => ().into_any(),
    };
    let range = move || {
        list.page.with(|page| page.as_ref().and_then(|page| model::range(text.get(), list.pages_before(), page)))
    };
    let no_before = move || (list.pages_before() == 0).then(|| text.get().previous_page.to_owned());
    let no_next = move || {
        list.page
            .with(|page| page.as_ref().is_none_or(|page| page.next.is_none()))
            .then(|| text.get().next_page.to_owned())
    };
    view! {
        <div class="list-page record-list">
            <header class="list-head">
                <h1>{title}</h1>
                <SearchLine list=list body=body />
                <OrderChoice list=list />
                <Button
                    label=filters
                    look=Look::Plain
                    icon=Icon::FadersHorizontal
                    expanded=Signal::derive(move || panel.get() == Some(Panel::Filters))
                    on_press=move || toggle(Panel::Filters)
                />
                {opener(Panel::Columns, |text| text.get().lists_columns.to_owned())}
                <Show when=move || may_move.get()>
                    <Files list=list fields=fields shown=shown />
                </Show>
                <p class="field-error" role="alert">
                    {stale}
                </p>
                <FilterChips list=list fields=fields />
                {move || match panel.get() {
                    Some(Panel::Filters) => view! { <FiltersPanel list=list fields=fields /> }.into_any(),
                    Some(Panel::Columns) => view! { <ColumnsPanel list=list fields=fields shown=shown /> }.into_any(),
                    None => ().into_any(),
                }}
                <Show when=move || may_merge.get() && !list.ticked.with(Vec::is_empty)>
                    <Ticked list=list question=question />
                </Show>
            </header>
            <div
                class="list-body"
                node_ref=body
                on:pointerenter=move |_| list.touched.set_value(true)
                on:pointerleave=move |_| list.touched.set_value(false)
                on:focusin=move |_| list.touched.set_value(true)
                on:focusout=move |_| list.touched.set_value(false)
            >
                {instead}
                <RecordsTable list=list title=Signal::derive(move || title().to_owned()) rows=rows fields=fields shown=shown ticks=may_merge />
            </div>
            <footer class="table-foot">
                <span class="num" role="status">
                    {range}
                </span>
                <Button
                    label=move || text.get().previous_page
                    icon=Icon::CaretLeft
                    look=Look::Plain
                    why_not=Signal::derive(no_before)
                    on_press=move || list.back(stores)
                />
                <Button
                    label=move || text.get().next_page
                    icon=Icon::CaretRight
                    look=Look::Plain
                    why_not=Signal::derive(no_next)
                    on_press=move || list.forward(stores)
                />
            </footer>
            <Show when=move || may_merge.get()>
                <MergeDialog list=list question=question fields=fields />
                <EraseDialog list=list question=question />
            </Show>
        </div>
    }
}

/// Asks when what is wanted changes, when the typing pauses, and when somebody changes a record.
fn keep_asking(stores: Stores, list: ListStore) {
    Effect::new(move |before: Option<String>| {
        let (search, _, _) = list.question();
        match before {
            None => list.open(stores),
            Some(before) if before != search => later(PAUSE, move || list.begin(stores)),
            Some(_) => list.begin(stores),
        }
        search
    });
    Effect::new(move |before: Option<()>| {
        stores.customers_changed.track();
        if before.is_some() {
            later(CALM, move || list.load(stores, true));
        }
    });
    Effect::new(move || {
        if stores.line.is_up() && list.failed.with_untracked(Option::is_some) {
            list.load(stores, true);
        }
    });
}

/// Does it after a while, unless the effect that asks runs again before or its page goes.
fn later(wait: Duration, act: impl FnOnce() + 'static) {
    let timer = set_timeout_with_handle(act, wait);
    on_cleanup(move || {
        if let Ok(timer) = timer {
            timer.clear();
        }
    });
}

/// Search as you type; the arrow leads to the rows.
#[component]
fn SearchLine(
    /// The list.
    list: ListStore,
    /// Where its rows are.
    body: NodeRef<html::Div>,
) -> impl IntoView {
    let text = use_text();
    let hint = move || match list.owner {
        Owner::Customer => text.get().lists_search_customers,
        Owner::Inquiry => text.get().lists_search_inquiries,
    };
    view! {
        <input
            class="field-input list-search"
            type="search"
            autocomplete="off"
            aria-label=hint
            placeholder=hint
            prop:value=move || list.search.get()
            on:input:target=move |event| list.search.set(event.target().value())
            on:keydown=move |event| {
                if event.key() == "ArrowDown" && !event.is_composing() && let Some(body) = body.get_untracked() {
                    event.prevent_default();
                    element::focus_within(&body, "tbody tr[tabindex='0']");
                }
            }
        />
    }
}

/// The order of the rows.
#[component]
fn OrderChoice(
    /// The list.
    list: ListStore,
) -> impl IntoView {
    let text = use_text();
    let options = move || {
        let now = list.sort.get();
        let option = |(n, sort): (usize, &wire::customers::Sort)| {
            view! {
                <option value=n.to_string() prop:selected=*sort == now>
                    {model::order(*sort, text.get())}
                </option>
            }
        };
        model::ORDERS.iter().enumerate().map(option).collect_view()
    };
    view! {
        <div class="field-box list-order" data-select="">
            <select
                class="field-input"
                aria-label=move || text.get().lists_order
                on:change:target=move |event| {
                    let chosen = event.target().value().parse::<usize>().ok().and_then(|at| model::ORDERS.get(at));
                    if let Some(sort) = chosen {
                        list.sort.set(*sort);
                    }
                }
            >
                {options}
            </select>
        </div>
    }
}

/// Out of the house as a file, and in.
#[component]
fn Files(
    /// The list.
    list: ListStore,
    /// The defined fields.
    fields: RwSignal<Arc<Fields>>,
    /// The columns on display.
    shown: Memo<Vec<Of>>,
) -> impl IntoView {
    let text = use_text();
    let address = move || {
        let words = text.get();
        shown.with(|columns| {
            let headings: Vec<String> =
                fields.with(|fields| columns.iter().map(|column| model::heading(*column, fields, words)).collect());
            model::export_address(list.owner, &list.query(), columns, &headings)
        })
    };
    view! {
        <div class="list-files">
            <a class="button" data-look="outlined" data-size="desk" href=address download="">
                {move || text.get().lists_export}
            </a>
            {(list.owner == Owner::Customer)
                .then(|| {
                    view! {
                        <a class="button" data-look="outlined" data-size="desk" href="/customers/import">
                            <span class="button-icon">
                                <Icon name=Icon::UploadSimple />
                            </span>
                            {move || text.get().lists_import}
                        </a>
                    }
                })}
        </div>
    }
}

/// What can be done with the rows that are ticked.
#[component]
fn Ticked(
    /// The list.
    list: ListStore,
    /// What is asked.
    question: RwSignal<Option<Question>>,
) -> impl IntoView {
    let text = use_text();
    let count = move || list.ticked.with(Vec::len);
    view! {
        <div class="list-ticked" role="group" aria-label=move || text.get().lists_ticked(count())>
            <span class="num" role="status">
                {move || text.get().lists_ticked(count())}
            </span>
            <Button
                label=move || text.get().lists_merge
                why_not=Signal::derive(move || (count() != 2).then(|| text.get().lists_merge_two.to_owned()))
                on_press=move || question.set(Some(Question::Merge))
            />
            <Button
                label=move || text.get().lists_erase
                look=Look::Plain
                icon=Icon::Trash
                why_not=Signal::derive(move || (count() != 1).then(|| text.get().lists_erase_one.to_owned()))
                on_press=move || question.set(Some(Question::Erase))
            />
            <Button label=move || text.get().lists_untick look=Look::Plain on_press=move || list.ticked.set(Vec::new()) />
        </div>
    }
}

/// Nothing to show, and why.
#[component]
fn Nothing(
    /// The list.
    list: ListStore,
) -> impl IntoView {
    let text = use_text();
    let asked = Memo::new(move |_| !list.search.with(String::is_empty) || !list.filters.with(Vec::is_empty));
    let says = move || {
        let words = text.get();
        match (asked.get(), list.owner) {
            (true, _) => (words.lists_no_match, words.lists_no_match_help),
            (false, Owner::Customer) => (words.lists_no_customers, words.lists_no_customers_help),
            (false, Owner::Inquiry) => (words.lists_no_inquiries, words.lists_no_inquiries_help),
        }
    };
    let all = move || {
        list.search.set(String::new());
        list.filters.set(Vec::new());
    };
    view! {
        <EmptyState fact=move || says().0 help=Signal::derive(move || Some(says().1.to_owned()))>
            <Show when=move || asked.get()>
                <Button label=move || text.get().lists_filter_clear on_press=all />
            </Show>
        </EmptyState>
    }
}

/// The rows.
#[component]
fn RecordsTable(
    /// The list.
    list: ListStore,
    /// Its name.
    title: Signal<String>,
    /// The rows.
    rows: Memo<Vec<Drawn>>,
    /// The defined fields.
    fields: RwSignal<Arc<Fields>>,
    /// The columns on display.
    shown: Memo<Vec<Of>>,
    /// Whether rows can be ticked.
    ticks: Memo<bool>,
) -> impl IntoView {
    let text = use_text();
    let navigate = StoredValue::new_local(use_navigate());
    let columns = move || {
        let words = text.get();
        let tick = ticks.get().then(|| Column::acts(words.choose));
        let (shown, fields, sort) = (shown.get(), fields.get(), list.sort.get());
        let by = model::sorted_column(sort, list.owner, &shown);
        let head = |(at, column): (usize, &Of)| {
            let label = model::heading(*column, &fields, words);
            let numeric = model::is_numeric(*column, &fields);
            let sorted = (by == Some(at)).then_some(if sort.descending { Sorted::Down } else { Sorted::Up });
            Column { sorted, ..if numeric { Column::number(label) } else { Column::new(label) } }
        };
        tick.into_iter().chain(shown.iter().enumerate().map(head)).collect::<Vec<_>>()
    };
    let cells = move |row: Drawn| {
        let tick = tick_cell(text, list, &row, ticks);
        let cells = row.cells.into_iter().map(move |cell| cell_view(text, cell)).collect_view();
        view! {
            {tick}
            {cells}
        }
        .into_any()
    };
    view! {
        <div class="list-table" hidden=move || rows.with(Vec::is_empty)>
            <Table
                label=title
                columns=Signal::derive(columns)
                rows=rows
                key=Drawn::clone
                cells=cells
                on_open=move |row: Drawn| navigate.with_value(|navigate| navigate(&row.address(), NavigateOptions::default()))
                on_tick=move |row: Drawn| {
                    if ticks.get_untracked() {
                        list.tick(&row);
                    }
                }
                busy=list.busy
            />
        </div>
    }
}

fn tick_cell(text: Text, list: ListStore, row: &Drawn, ticks: Memo<bool>) -> Option<AnyView> {
    if !ticks.get_untracked() {
        return None;
    }
    let row = row.clone();
    let (id, name) = (row.customer, row.name.clone());
    Some(
        view! {
            <td class="list-tick">
                <input
                    type="checkbox"
                    tabindex="-1"
                    aria-label=move || text.get().lists_tick(&name)
                    prop:checked=move || list.ticked.with(|ticked| ticked.iter().any(|row| row.customer == id))
                    on:change=move |_| list.tick(&row)
                />
            </td>
        }
        .into_any(),
    )
}

fn cell_view(text: Text, cell: Cell) -> AnyView {
    match cell {
        Cell::Text(words) => view! { <td class="cut">{words}</td> }.into_any(),
        Cell::Number(number) => view! {
            <td class="num" data-numeric="">
                {number}
            </td>
        }
        .into_any(),
        Cell::Time(at) => view! {
            <td class="num">{move || at.map(|at| format::dated(at, text.language()))}</td>
        }
        .into_any(),
        Cell::Phones(numbers) => {
            view! { <td class="list-phones">{numbers.into_iter().map(|number| phone(text, number)).collect_view()}</td> }
                .into_any()
        }
    }
}

/// A number with its handset.
fn phone(text: Text, number: String) -> AnyView {
    let stores = use_stores();
    let (shown, called) = (number.clone(), number.clone());
    view! {
        <span class="list-phone num">
            {shown}
            <Button
                label=move || text.get().call_this_number(&called)
                icon=Icon::Phone
                icon_only=true
                look=Look::Plain
                why_not=Signal::derive(move || {
                    stores.telephony.bar.get().dial.err().map(|why| words::why(text.get(), why).to_owned())
                })
                on_press=move || stores.dialler.open_with(stores, number.clone())
            />
        </span>
    }
    .into_any()
}

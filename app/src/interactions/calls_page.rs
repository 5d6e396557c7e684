//! 通話一覧: every call, the abandoned ones apart, and one press to call back.

use domain::ids::InteractionId;
use domain::telephony::{Direction, Outcome};
use leptos::prelude::*;
use wire::interactions::{CallFilter, CallRow, MOST_COUNTED};

use super::call_detail::CallDetailPane;
use super::list_store::ListStore;
use super::model;
use crate::format;
use crate::shell::use_stores;
use crate::telephony::words;
use crate::text::{Messages, use_text};
use crate::ui::{Button, Chip, Column, EmptyState, Icon, Look, Skeleton, Sorted, Tab, Table, Tabs, Tone};

/// What tells rows apart, and an old state of a row from its new one.
type RowKey = (InteractionId, Option<Outcome>, Option<i64>, Option<i64>);

fn key(row: &CallRow) -> RowKey {
    (row.id, row.outcome, row.talked_ms, row.called_back_at.map(|at| at.0))
}

/// The call list.
#[component]
pub(crate) fn CallsPage() -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let list = ListStore::new();
    let chosen = RwSignal::new(None::<InteractionId>);

    Effect::new(move |before: Option<(CallFilter, String)>| {
        let now = (list.filter.get(), list.search.get());
        match before {
            None => list.begin(stores),
            Some(before) if before.1 != now.1 => {
                // Asked when the typing pauses.
                let asking =
                    set_timeout_with_handle(move || list.begin(stores), core::time::Duration::from_millis(200));
                on_cleanup(move || {
                    if let Ok(asking) = asking {
                        asking.clear();
                    }
                });
            }
            Some(before) if before.0 != now.0 => list.begin(stores),
            Some(_) => {}
        }
        now
    });
    Effect::new(move |before: Option<()>| {
        stores.calls_changed.track();
        if before.is_some() {
            list.load(stores, true);
        }
    });

    let tabs = move || {
        let words = text.get();
        [
            (CallFilter::All, words.calls_all),
            (CallFilter::Inbound, words.direction_inbound),
            (CallFilter::Outbound, words.direction_outbound),
            (CallFilter::Abandoned, words.calls_abandoned),
        ]
        .map(|(key, label)| Tab { key, label: label.to_owned(), count: None })
        .to_vec()
    };
    let search = RwSignal::new(String::new());
    Effect::new(move || list.search.set(search.get()));

    let columns = move || {
        let words = text.get();
        vec![
            Column::new(words.calls_time).sorted(Sorted::Down),
            Column::new(words.calls_direction),
            Column::new(words.calls_customer),
            Column::number(words.calls_number),
            Column::new(words.calls_queue),
            Column::new(words.calls_agent),
            Column::number(words.calls_waited),
            Column::number(words.calls_talked),
            Column::new(words.calls_result),
            Column::acts(words.call_back),
        ]
    };
    let rows =
        Memo::new(move |_| list.page.with(|page| page.as_ref().map(|page| page.rows.clone()).unwrap_or_default()));
    let chosen_key = Memo::new(move |_| {
        let id = chosen.get()?;
        rows.with(|rows| rows.iter().find(|row| row.id == id).map(key))
    });
    let empty = Memo::new(move |_| list.page.with(|page| page.as_ref().is_some_and(|page| page.rows.is_empty())));
    let loading = Memo::new(move |_| list.page.with(Option::is_none) && list.failed.with(Option::is_none));
    let arrived = move || {
        let count = list.held_back.with(|new| {
            list.page.with(|shown| match (shown, new) {
                (Some(shown), Some(new)) => model::arrived(shown, new),
                (_, _) => 0,
            })
        });
        (count > 0).then(|| {
            view! { <Button label=move || text.get().calls_new(count) look=Look::Plain icon=Icon::ArrowUp on_press=move || list.show_new() /> }
        })
    };
    let why_not = move || {
        let words = text.get();
        list.failed.with(|failed| failed.as_ref().map(|why| words.error(why)))
    };
    let nothing_came = Memo::new(move |_| list.failed.with(Option::is_some) && list.page.with(Option::is_none));
    // Rows that are on display stay: what is wrong is said above them.
    let stale = move || if nothing_came.get() { None } else { why_not() };
    Effect::new(move || {
        if stores.line.is_up() && list.failed.with_untracked(Option::is_some) {
            list.load(stores, true);
        }
    });
    let range = move || {
        list.page.with(|page| {
            page.as_ref().filter(|page| !page.rows.is_empty()).map(|page| {
                let from = list.rows_before() + 1;
                let to = list.rows_before() + u64::try_from(page.rows.len()).unwrap_or(u64::MAX);
                if page.total > MOST_COUNTED {
                    text.get().list_range_over(from, to, MOST_COUNTED)
                } else {
                    text.get().list_range(from, to, page.total)
                }
            })
        })
    };
    let no_before = move || (!list.has_before()).then(|| text.get().previous_page.to_owned());
    let no_next = move || {
        list.page
            .with(|page| page.as_ref().is_none_or(|page| page.next.is_none()))
            .then(|| text.get().next_page.to_owned())
    };
    view! {
        <div class="list-page" data-detail=move || chosen.get().map(|_| "")>
                <header class="list-head">
                    <h1 id="calls-title">{move || text.get().calls_title}</h1>
                    <input
                        class="field-input list-search num"
                        type="search"
                        inputmode="tel"
                        autocomplete="off"
                        aria-label=move || text.get().calls_search
                        placeholder=move || text.get().calls_search
                        prop:value=move || search.get()
                        on:input:target=move |event| search.set(event.target().value())
                    />
                    {arrived}
                <p class="field-error" role="alert">
                    {stale}
                </p>
                    <Tabs
                        label=move || text.get().calls_title
                        tabs=Signal::derive(tabs)
                        chosen=list.filter
                        on_choose=move |filter: CallFilter| list.filter.set(filter)
                    />
                </header>
                <div
                    class="list-body"
                    role="tabpanel"
                    aria-label=move || text.get().calls_title
                    on:pointerenter=move |_| list.touched.set(true)
                    on:pointerleave=move |_| {
                        list.touched.set(false);
                        list.show_new();
                    }
                    on:focusin=move |_| list.touched.set(true)
                    on:focusout=move |_| list.touched.set(false)
                >
                    {move || {
                        nothing_came
                            .get()
                            .then(|| {
                                view! {
                                    <EmptyState fact=move || why_not().unwrap_or_default()>
                                        <Button label=move || text.get().retry on_press=move || list.load(stores, false) />
                                    </EmptyState>
                                }
                            })
                    }}
                    <Show when=move || loading.get()>
                        <Skeleton label=move || text.get().loading lines=8 />
                    </Show>
                    <Show when=move || empty.get() && list.failed.with(Option::is_none)>
                        <NoCalls list=list />
                    </Show>
                    <div class="list-table" hidden=move || rows.with(Vec::is_empty)>
                        <Table
                            label=move || text.get().calls_title
                            columns=Signal::derive(columns)
                            rows=rows
                            key=key
                            cells=move |row: CallRow| view! { <Cells row=row /> }
                            chosen=chosen_key
                            on_open=move |row: CallRow| chosen.set(Some(row.id))
                            busy=list.busy
                        />
                    </div>
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
            {move || chosen.get().map(|id| view! { <CallDetailPane id=id on_close=move || chosen.set(None) /> })}
        </div>
    }
}

/// Nothing to show, and why.
#[component]
fn NoCalls(
    /// The list.
    list: ListStore,
) -> impl IntoView {
    let text = use_text();
    let says = move |words: &'static Messages| {
        if !list.search.with(String::is_empty) {
            return (words.calls_no_match, None);
        }
        match list.filter.get() {
            CallFilter::Abandoned => (words.abandoned_empty, Some(words.abandoned_empty_help.to_owned())),
            CallFilter::All | CallFilter::Inbound | CallFilter::Outbound => {
                (words.calls_empty, Some(words.calls_empty_help.to_owned()))
            }
        }
    };
    view! { <EmptyState fact=move || says(text.get()).0 help=Signal::derive(move || says(text.get()).1) /> }
}

/// The cells of a row.
#[component]
fn Cells(
    /// The call.
    row: CallRow,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let row = StoredValue::new(row);
    let with = move |read: fn(&Messages, &CallRow) -> String| move || row.with_value(|row| read(text.get(), row));
    let time = move || row.with_value(|row| format::date_time(row.started_at, text.language()));
    let icon = row.with_value(|row| match row.direction {
        Direction::Inbound => Icon::PhoneIncoming,
        Direction::Outbound => Icon::PhoneOutgoing,
    });
    let result = move || {
        let words = text.get();
        row.with_value(|row| match row.outcome {
            None => words.calls_live.to_owned(),
            Some(Outcome::CustomerHungUp | Outcome::AgentHungUp) => words.calls_connected.to_owned(),
            Some(
                outcome @ (Outcome::Abandoned
                | Outcome::Cancelled
                | Outcome::Failed { .. }
                | Outcome::Lost
                | Outcome::AgentLost),
            ) => words.outcome(outcome).to_owned(),
        })
    };
    let called_back = row.with_value(|row| row.called_back_at.is_some());
    let number = row.with_value(|row| row.party.number.clone());
    view! {
        <td class="num">{time}</td>
        <td>
            <span class="call-direction">
                <Icon name=icon />
                {with(|words, row| words.direction(row.direction).to_owned())}
            </span>
        </td>
        <td class="cut">{with(|words, row| words::party_name(words, &row.party))}</td>
        <td class="num" data-numeric="">
            {with(|words, row| words::party_number(words, &row.party))}
        </td>
        <td class="cut">
            {with(|_, row| row.queue.as_ref().map(|queue| queue.name.clone()).unwrap_or_default())}
        </td>
        <td class="cut">
            {with(|_, row| row.agent.as_ref().map(|agent| agent.name.clone()).unwrap_or_default())}
        </td>
        <td class="num" data-numeric="">
            {with(|_, row| row.waited_ms.map(model::span).unwrap_or_default())}
        </td>
        <td class="num" data-numeric="">
            {with(|_, row| row.talked_ms.map(model::span).unwrap_or_default())}
        </td>
        <td>
            <span class="call-end">
                <span class="cut">{result}</span>
                {called_back.then(|| view! { <Chip label=move || text.get().called_back tone=Tone::Good /> })}
            </span>
        </td>
        <td class="table-acts">
            {number
                .map(|number| {
                    let shown = number.shown.clone();
                    view! {
                        <Button
                            label=move || text.get().call_back_to(&shown)
                            icon=Icon::Phone
                            icon_only=true
                            look=Look::Plain
                            why_not=Signal::derive(move || {
                                stores.telephony.bar.get().dial.err().map(|why| words::why(text.get(), why).to_owned())
                            })
                            on_press=move || stores.dialler.open_with(stores, number.shown.clone())
                        />
                    }
                })}
        </td>
    }
}

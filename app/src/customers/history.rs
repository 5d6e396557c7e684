//! 対応履歴: what the customer had with us, any channel, the newest first; each opens its detail.

use domain::ids::{CustomerId, InteractionId};
use domain::records::Key;
use domain::time::Timestamp;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::ApiError;
use wire::customers::Entry;
use wire::inquiries::Inquiry;
use wire::interactions::CallRow;
use wire::records::{Fields, Shown};

use crate::format;
use crate::interactions::CallFacts;
use crate::shell::use_stores;
use crate::text::{Text, use_text};
use crate::ui::{Button, Chip, EmptyState, Icon, Look, Skeleton};

/// The history of a customer.
#[component]
pub(crate) fn History(
    /// Whose.
    customer: CustomerId,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let entries = RwSignal::new(None::<Vec<Entry>>);
    let next = RwSignal::new(None::<Timestamp>);
    let failed = RwSignal::new(None::<ApiError>);
    let load = move |before: Option<Timestamp>| {
        spawn_local(async move {
            let answer = stores.heard(wire::customers::timeline(customer, before).await);
            // Somebody else may be on display by now.
            if entries.try_get_untracked().is_none() {
                return;
            }
            match answer {
                Ok(page) => {
                    failed.set(None);
                    entries.update(|entries| {
                        let known = entries.get_or_insert_default();
                        // Asked anew, older pages that were read stay.
                        let older = page.next.filter(|_| before.is_none()).map_or_else(Vec::new, |oldest| {
                            known.extract_if(.., |entry| began(entry) < oldest).collect()
                        });
                        if before.is_none() {
                            known.clear();
                        }
                        if older.is_empty() {
                            next.set(page.next);
                        }
                        known.extend(page.entries.into_iter().chain(older));
                    });
                }
                Err(why) => failed.set(Some(why)),
            }
        });
    };
    // The own call stands in it from its end on.
    let ended = Memo::new(move |_| {
        stores.telephony.call.with(|call| call.as_ref().map(|call| (call.id, call.outcome.is_some())))
    });
    Effect::new(move |before: Option<u32>| {
        let (who, n) = stores.customers.changed.get();
        ended.get();
        if before.is_none() || who.is_none() || who == Some(customer) {
            load(None);
        }
        n
    });
    let rows = move || {
        let words = text.get();
        match (entries.get(), failed.get()) {
            (None, Some(why)) => view! {
                <EmptyState fact=move || text.get().error(&why)>
                    <Button label=move || text.get().retry on_press=move || load(None) />
                </EmptyState>
            }
            .into_any(),
            (None, None) => view! { <Skeleton label=move || text.get().loading lines=4 /> }.into_any(),
            (Some(entries), _) if entries.is_empty() => {
                view! { <p class="history-empty">{words.history_empty}</p> }.into_any()
            }
            (Some(_), _) => view! {
                <ol class="history-rows">
                    <For each=move || entries.get().unwrap_or_default() key=entry_key children=move |entry| row(text, entry) />
                </ol>
                <Show when=move || next.get().is_some()>
                    <Button label=move || text.get().audit_more look=Look::Plain on_press=move || load(next.get_untracked()) />
                </Show>
            }
            .into_any(),
        }
    };
    // Drawn anew only when what there is to draw changes its kind, so that an opened detail stays open.
    let kind = Memo::new(move |_| {
        (entries.with(|entries| entries.as_ref().map(Vec::is_empty)), failed.with(Option::is_some), text.language())
    });
    view! {
        <section class="history" aria-label=move || text.get().history>
            <h3 class="history-heading">{move || text.get().history}</h3>
            {move || {
                kind.get();
                untrack(rows)
            }}
        </section>
    }
}

fn began(entry: &Entry) -> Timestamp {
    match entry {
        Entry::Call(row) => row.started_at,
        Entry::Inquiry(inquiry) => inquiry.created.at,
    }
}

/// What tells entries apart, and an old state of one from its new one.
fn entry_key(entry: &Entry) -> (u128, i64) {
    match entry {
        Entry::Call(row) => (row.id.0.as_u128(), row.talked_ms.unwrap_or(-1) * 2 + i64::from(row.outcome.is_some())),
        Entry::Inquiry(inquiry) => (inquiry.id.0.as_u128(), i64::from(inquiry.version)),
    }
}

fn row(text: Text, entry: Entry) -> AnyView {
    match entry {
        Entry::Call(call) => call_row(text, call),
        Entry::Inquiry(inquiry) => inquiry_row(text, inquiry),
    }
}

/// Time, channel, what it was, and at its end what can be done with it.
fn line(
    text: Text,
    at: Timestamp,
    channel: impl Fn() -> &'static str + Copy + Send + Sync + 'static,
    says: impl Fn() -> String + Send + Sync + 'static,
) -> impl IntoView {
    view! {
        <time class="history-time num">{move || format::date_time(at, text.language())}</time>
        <Chip label=move || channel().to_owned() />
        <span class="history-says cut">{says}</span>
    }
}

fn call_row(text: Text, call: CallRow) -> AnyView {
    let stores = use_stores();
    let (id, at) = (call.id, call.started_at);
    let open = RwSignal::new(false);
    let says = move || {
        let words = text.get();
        let parts = [
            Some(words.direction(call.direction).to_owned()),
            call.outcome.map(|outcome| words.outcome(outcome).to_owned()),
            call.talked_ms.map(crate::interactions::span),
            call.agent.as_ref().map(|agent| agent.name.clone()),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    };
    view! {
        <li class="history-entry">
            <div class="history-line">
                <button
                    type="button"
                    class="history-open"
                    aria-expanded=move || if open.get() { "true" } else { "false" }
                    on:click=move |_| open.update(|open| *open = !*open)
                >
                    {line(text, at, move || text.get().channel_phone, says)}
                </button>
                <Button
                    label=move || text.get().write_inquiry
                    icon=Icon::PencilLine
                    icon_only=true
                    look=Look::Plain
                    on_press=move || stores.inquiries.about_call(stores, id)
                />
            </div>
            {move || open.get().then(|| view! { <CallDetails id=id /> })}
        </li>
    }
    .into_any()
}

/// What is known of a call, asked for when it is opened.
#[component]
fn CallDetails(
    /// Which.
    id: InteractionId,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let answer = RwSignal::new(None);
    spawn_local(async move {
        let fresh = stores.heard(wire::interactions::call(id).await);
        // It may be closed by now.
        drop(answer.try_set(Some(fresh)));
    });
    move || match answer.get() {
        None => view! { <Skeleton label=move || text.get().loading lines=3 /> }.into_any(),
        Some(Err(why)) => view! { <p class="field-error">{text.get().error(&why)}</p> }.into_any(),
        Some(Ok(detail)) => view! { <div class="history-detail"><CallFacts detail=detail /></div> }.into_any(),
    }
}

/// An inquiry opens in its form, where it can be changed.
fn inquiry_row(text: Text, inquiry: Inquiry) -> AnyView {
    let stores = use_stores();
    let (id, at) = (inquiry.id, inquiry.created.at);
    let by = inquiry.created.name.clone();
    let pressed = move || if stores.inquiries.is_open(id) { "true" } else { "false" };
    let says = {
        let inquiry = inquiry.clone();
        move || {
            let words = stores.records.fields.with(|fields| fields.as_deref().map(|fields| summary(fields, &inquiry)));
            [words, by.clone()].into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
        }
    };
    view! {
        <li class="history-entry">
            <div class="history-line">
                <button
                    type="button"
                    class="history-open"
                    aria-pressed=pressed
                    on:click=move |_| stores.inquiries.open(stores, &inquiry)
                >
                    {line(text, at, move || text.get().an_inquiry, says)}
                </button>
            </div>
        </li>
    }
    .into_any()
}

/// The first filled fields of an inquiry, in words.
fn summary(fields: &Fields, inquiry: &Inquiry) -> String {
    let words = |field: &domain::records::Field| match inquiry.values.get(&Key::Field(field.id))? {
        Shown::Plain(value) => Some(value.text(|id| fields.choice(id).map(str::to_owned)).replace('\n', " ")),
        Shown::Masked { .. } => None,
    };
    fields.inquiry.iter().filter_map(words).take(4).collect::<Vec<_>>().join(" · ")
}

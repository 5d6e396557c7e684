//! What is known of one call: facts, log, the SIP cause of a failure.

use domain::ids::InteractionId;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::ApiError;
use wire::interactions::CallDetail;

use super::model;
use super::timeline::Timeline;
use crate::customers::model::Opened;
use crate::format;
use crate::shell::use_stores;
use crate::telephony::model::quality;
use crate::telephony::words;
use crate::text::use_text;
use crate::ui::{Button, EmptyState, Icon, Look, Skeleton};

/// The pane beside the list.
#[component]
pub(super) fn CallDetailPane(
    /// Which call.
    id: InteractionId,
    /// The pane is to be closed.
    on_close: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let answer = RwSignal::new(None::<Result<CallDetail, ApiError>>);
    let again = RwSignal::new(0_u32);
    let changes = stores.changes_of(move || Some(id));
    Effect::new(move || {
        changes.track();
        again.track();
        spawn_local(async move {
            let fresh = stores.heard(wire::interactions::call(id).await);
            // The pane may be closed by now.
            drop(answer.try_set(Some(fresh)));
        });
    });
    let body = move || match answer.get() {
        None => view! { <Skeleton label=move || text.get().loading lines=6 /> }.into_any(),
        Some(Err(why)) => view! {
            <EmptyState fact=move || text.get().error(&why)>
                <Button label=move || text.get().retry on_press=move || again.update(|n| *n += 1) />
            </EmptyState>
        }
        .into_any(),
        Some(Ok(detail)) => view! { <CallFacts detail=detail /> }.into_any(),
    };
    view! {
        <aside
            class="list-detail"
            aria-labelledby="call-detail-title"
            on:keydown=move |event| {
                if event.key() == "Escape" {
                    on_close();
                }
            }
        >
            <header class="pane-head">
                <h2 id="call-detail-title">{move || text.get().call_details}</h2>
                <a class="record-head-end" href=Opened::Call(id).address()>
                    {move || text.get().open_customer}
                </a>
                <Button label=move || text.get().close icon=Icon::X icon_only=true look=Look::Plain on_press=on_close />
            </header>
            <div class="list-detail-body scrolls">{body}</div>
        </aside>
    }
}

/// The facts of a call, and its log.
#[component]
pub(crate) fn CallFacts(
    /// The call.
    detail: CallDetail,
) -> impl IntoView {
    let text = use_text();
    let detail = Signal::stored(detail);
    let facts = move || {
        let words = text.get();
        detail.with(|detail| {
            let row = &detail.row;
            let facts = [
                (words.calls_time, Some(format::date_time(row.started_at, text.language()))),
                (words.calls_direction, Some(words.direction(row.direction).to_owned())),
                (words.calls_customer, Some(words::party_name(words, &row.party))),
                (words.calls_number, Some(words::party_number(words, &row.party))),
                (words.calls_our_number, row.our_number.as_ref().map(|number| number.shown.clone())),
                (words.calls_queue, row.queue.as_ref().map(|queue| queue.name.clone())),
                (words.calls_agent, row.agent.as_ref().map(|agent| agent.name.clone())),
                (words.calls_waited, row.waited_ms.map(model::span)),
                (words.calls_talked, row.talked_ms.map(model::span)),
                (words.calls_result, row.outcome.map(|outcome| words.outcome(outcome).to_owned())),
            ];
            // What goes on is not summed up yet; what never became a call has no sound.
            let sound = row.talked_ms.map(|_| quality::measured(words, detail.quality));
            let sound = sound.into_iter().flatten().map(|(label, said)| (label, Some(said)));
            facts
                .into_iter()
                .chain(sound)
                .filter_map(|(label, value)| value.map(|value| (label, value)))
                .map(|(label, value)| {
                    view! {
                        <dt>{label}</dt>
                        <dd class="num">{value}</dd>
                    }
                })
                .collect_view()
        })
    };
    let cause = move || {
        let words = text.get();
        detail.with(|detail| {
            model::sip_cause(words, detail.row.outcome, detail.sip_reason.as_deref())
                .map(|cause| view! { <p class="call-cause">{cause}</p> })
        })
    };
    view! {
        <dl class="facts">{facts}</dl>
        {cause}
        <h3 class="call-detail-heading">{move || text.get().timeline}</h3>
        <Timeline detail=detail />
    }
}

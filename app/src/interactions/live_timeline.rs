//! The centre of the desk: the timeline of the own call, from the first ring to the end of after-call work.

use domain::agents::Shown;
use domain::records::Key;
use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::ApiError;
use wire::events::Party;
use wire::interactions::CallDetail;

use super::model;
use super::timeline::Timeline;
use crate::customers::History;
use crate::customers::model::Target;
use crate::shell::use_stores;
use crate::telephony::{Mode, words};
use crate::text::{Messages, use_text};
use crate::ui::{Button, EmptyState, Skeleton};

/// How soon a log that was not there yet is asked for again, in milliseconds.
const AGAIN_MS: u32 = 300;

/// The call on display.
#[component]
pub(crate) fn LiveTimeline() -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let telephony = stores.telephony;
    let target = stores.customers.target;
    // Ringing is the popup's: the desk belongs to what the agent works on.
    let call = Memo::new(move |_| target.with(Target::call));
    let customer = Memo::new(move |_| target.with(Target::customer));
    let own_id = move || stores.customers.own.with(|own| own.as_ref().map(|own| own.id));
    let own = Memo::new(move |_| call.get().is_some() && call.get() == own_id());
    let detail = RwSignal::new(None::<CallDetail>);
    let failed = RwSignal::new(None::<ApiError>);
    let again = RwSignal::new(0_u32);
    let changes = stores.changes_of(move || call.get());
    Effect::new(move || {
        let wanted = call.get();
        // Each step of the call adds to its log.
        telephony.call.track();
        changes.track();
        again.track();
        let Some(wanted) = wanted else {
            detail.set(None);
            failed.set(None);
            return;
        };
        spawn_local(async move {
            let answer = stores.heard(wire::interactions::call(wanted).await);
            if call.get_untracked() != Some(wanted) {
                return;
            }
            match answer {
                Ok(answer) => {
                    failed.set(None);
                    // A slower answer may be an older one: logs only grow.
                    let newer = detail.with_untracked(|shown| {
                        shown
                            .as_ref()
                            .is_none_or(|shown| shown.row.id != wanted || shown.events.len() <= answer.events.len())
                    });
                    if newer {
                        detail.set(Some(answer));
                    }
                }
                // The call reached this desk before its log did.
                Err(ApiError::NotFound) => {
                    Timeout::new(AGAIN_MS, move || {
                        if call.try_get_untracked().flatten() == Some(wanted) && detail.with_untracked(Option::is_none)
                        {
                            again.update(|n| *n += 1);
                        }
                    })
                    .forget();
                }
                Err(why) => failed.set(Some(why)),
            }
        });
    });

    let heading = move || {
        let words = text.get();
        let said = |party: &Party| (words::party_name(words, party), words::party_number(words, party));
        if own.get() {
            return telephony.call.with(|call| call.as_ref().map(|call| said(&call.party)));
        }
        let of_call = detail.with(|detail| detail.as_ref().map(|detail| said(&detail.row.party)));
        of_call.filter(|_| call.get().is_some()).or_else(|| {
            let name = stores.customers.record.form.with(|form| form.view(Key::Name).map(|view| view.text()));
            let name = name.map(|name| if name.is_empty() { words.no_name.to_owned() } else { name });
            name.filter(|_| customer.get().is_some()).map(|name| (name, String::new()))
        })
    };
    let result = move || {
        let words = text.get();
        telephony.call.with(|call| {
            let call = call.as_ref().filter(|_| own.get())?;
            let outcome = call.outcome?;
            let cause = model::sip_cause(words, Some(outcome), call.sip_reason.as_deref());
            Some(view! {
                <p class="call-result" role="status">
                    <span>{words.outcome(outcome)}</span>
                    {cause.map(|cause| view! { <span class="call-cause">{cause}</span> })}
                </p>
            })
        })
    };
    let shown = move || detail.with(Option::is_some);
    let rings = Memo::new(move |_| telephony.bar.get().mode == Mode::Here(Shown::Ringing));
    let body = move || {
        if let Some(why) = failed.get()
            && !shown()
        {
            let fact = move || text.get().error(&why);
            return view! {
                <EmptyState fact=fact>
                    <Button label=move || text.get().retry on_press=move || again.update(|n| *n += 1) />
                </EmptyState>
            }
            .into_any();
        }
        match detail.get() {
            Some(detail) => view! { <Timeline detail=Signal::stored(detail) /> }.into_any(),
            None => view! { <Skeleton label=move || text.get().loading lines=4 /> }.into_any(),
        }
    };
    view! {
        <section class="centre" aria-label=move || text.get().conversations>
            <Show
                when=move || call.get().is_some() || customer.get().is_some()
                fallback=move || {
                    view! {
                        <EmptyState
                            fact=move || {
                                let words = text.get();
                                if rings.get() { words.why_answer_in_popup } else { words.desk_empty_calls }
                            }
                            help=Signal::derive(move || next_step(text.get(), telephony.bar.get().mode).map(str::to_owned))
                        />
                    }
                }
            >
                <header class="centre-head">
                    {move || {
                        heading()
                            .map(|(name, number)| {
                                view! {
                                    <h2 class="cut">{name}</h2>
                                    <span class="num">{number}</span>
                                }
                            })
                    }}
                    {result}
                </header>
                <div class="centre-body scrolls" tabindex="0" role="group" aria-label=move || text.get().timeline>
                    {move || call.get().map(|_| view! { <div class="centre-call">{body}</div> })}
                    {move || customer.get().map(|customer| view! { <History customer=customer /> })}
                </div>
            </Show>
        </section>
    }
}

/// What brings the next call to somebody who has none; nothing where one is at hand, or comes to another screen.
fn next_step(words: &'static Messages, mode: Mode) -> Option<&'static str> {
    match mode {
        Mode::NoExtension => Some(words.ask_for_extension),
        Mode::LoggedOut | Mode::Here(Shown::LoggedOut) => Some(words.desk_empty_calls_logged_out),
        Mode::Here(Shown::Ready) => Some(words.desk_empty_calls_ready),
        Mode::Here(Shown::NotReady(_) | Shown::Break(_)) => Some(words.desk_empty_calls_help),
        Mode::Elsewhere
        | Mode::Here(Shown::Ringing | Shown::Dialling | Shown::Talking | Shown::Held | Shown::AfterCall) => None,
    }
}

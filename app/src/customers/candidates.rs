//! Customers in a few words: what the popup says of the caller, and whom to choose where several have the number (A7).

use domain::ids::InteractionId;
use leptos::prelude::*;
use wire::customers::Candidate;
use wire::events::Party;

use super::saving;
use crate::format;
use crate::shell::{Stores, use_stores};
use crate::text::{Text, use_text};
use crate::ui::Icon;

/// How many the popup has room for.
const IN_POPUP: usize = 5;

/// The last contact, in one line.
fn last_contact(text: Text, candidate: &Candidate) -> String {
    let words = text.get();
    match candidate.last_contact {
        Some(at) => words.last_contact(format::date_time(at, text.language())),
        None => words.first_contact.to_owned(),
    }
}

/// A customer as a row that can be pressed: name, numbers, last contact.
pub(super) fn candidate_row(text: Text, candidate: &Candidate, on_press: impl Fn() + Send + Sync + 'static) -> AnyView {
    let name = if candidate.name.is_empty() { text.get().no_name.to_owned() } else { candidate.name.clone() };
    let numbers = candidate.phones.iter().map(|number| number.shown.as_str()).collect::<Vec<_>>().join(", ");
    let first = candidate.details.first().map(|(_, value)| value.clone());
    let below = [Some(numbers), first, Some(last_contact(text, candidate))];
    let below = below.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
    view! {
        <li>
            <button type="button" class="candidate" on:click=move |_| on_press()>
                <span class="candidate-name">
                    <span class="cut">{name}</span>
                    <span class="candidate-reading cut">{candidate.reading.clone()}</span>
                </span>
                <span class="candidate-below cut num">{below}</span>
            </button>
        </li>
    }
    .into_any()
}

/// Those who have the number of a call, the most recent first, and a new customer last.
fn choice(stores: Stores, text: Text, call: InteractionId, most: usize) -> impl Fn() -> Option<AnyView> + Send + Sync {
    let customers = stores.customers;
    move || {
        let found = customers.matches.get().filter(|(of, _)| *of == call).map(|(_, found)| found)?;
        let rows = found
            .iter()
            .take(most)
            .map(|candidate| {
                let id = candidate.id;
                candidate_row(text, candidate, move || saving::choose(stores, call, Some(id)))
            })
            .collect_view();
        Some(
            view! {
                <p class="candidates-words">{text.get().several_customers(found.len())}</p>
                <ul class="candidates" aria-label=text.get().customer>
                    {rows}
                    <li>
                        <button type="button" class="candidate" on:click=move |_| saving::choose(stores, call, None)>
                            <span class="candidate-name">
                                <Icon name=Icon::UserCircleDashed />
                                {text.get().new_customer}
                            </span>
                        </button>
                    </li>
                </ul>
            }
            .into_any(),
        )
    }
}

/// Whom to choose, in the pane.
#[component]
pub(super) fn Picker(
    /// Of which call.
    call: InteractionId,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    view! { <div class="record-pick">{choice(stores, text, call, usize::MAX)}</div> }
}

/// In the popup: whom to choose, or what is known of the one customer: up to three fields and the last contact.
#[component]
pub(crate) fn PartyFacts(
    /// Of which call.
    call: InteractionId,
    /// The caller.
    #[prop(into)]
    party: Signal<Option<Party>>,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let customers = stores.customers;
    let pick = choice(stores, text, call, IN_POPUP);
    let customer = Memo::new(move |_| party.with(|party| party.as_ref().and_then(|party| party.customer)));
    let many = Memo::new(move |_| party.with(|party| party.as_ref().map_or(0, |party| party.candidates)));
    let choosing = Memo::new(move |_| {
        many.get() > 0 && customer.get().is_none() && customers.said.get().is_none_or(|(of, _)| of != call)
    });
    // So much room from the start that nothing below moves when the answer comes: a press may be on its way.
    let rows = move || if choosing.get() { (many.get() as usize).min(IN_POPUP) + 1 } else { 0 };
    let known = move || {
        let (_, found) = customers.matches.get().filter(|(of, _)| *of == call)?;
        let candidate = found.into_iter().find(|candidate| Some(candidate.id) == customer.get())?;
        let facts = candidate
            .details
            .iter()
            .map(|(label, value)| {
                view! {
                    <dt>{label.clone()}</dt>
                    <dd class="cut">{value.clone()}</dd>
                }
            })
            .collect_view();
        Some(
            view! {
                <dl class="popup-facts">{facts}</dl>
                <p class="popup-last">{last_contact(text, &candidate)}</p>
            }
            .into_any(),
        )
    };
    let body = move || match (choosing.get(), customer.get()) {
        (true, _) => pick(),
        (false, Some(_)) => known(),
        (false, None) => None,
    };
    view! {
        <div
            class="popup-known"
            data-known=move || (customer.get().is_some() && !choosing.get()).then_some("")
            style=("--rows", move || rows().to_string())
        >
            {body}
        </div>
    }
}

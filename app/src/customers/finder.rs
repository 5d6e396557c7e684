//! The pane while nobody is on display: finding a customer, making one, and what was left half-written.

use core::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use wire::customers::Candidate;
use wire::drafts::DraftOf;

use super::candidates::candidate_row;
use super::model::Opened;
use crate::format;
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::{Button, EmptyState, Icon};

/// Asked when the typing pauses for so long.
const PAUSE: Duration = Duration::from_millis(150);

/// The search, and what stands below it.
#[component]
pub(super) fn Finder() -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let navigate = use_navigate();
    let go = StoredValue::new_local(move |opened: Opened| navigate(&opened.address(), NavigateOptions::default()));
    let open = move |opened: Opened| go.with_value(|go| go(opened));
    let search = RwSignal::new(String::new());
    let found = RwSignal::new(None::<Result<Vec<Candidate>, wire::ApiError>>);
    Effect::new(move || {
        let wanted = search.get().trim().to_owned();
        if wanted.is_empty() {
            found.set(None);
            return;
        }
        let asking = set_timeout_with_handle(
            move || {
                spawn_local(async move {
                    let answer = stores.heard(wire::customers::find(wanted.clone()).await);
                    // The pane may be gone, and more may be typed by now.
                    if search.try_get_untracked().is_some_and(|now| now.trim() == wanted) {
                        found.set(Some(answer));
                    }
                });
            },
            PAUSE,
        );
        on_cleanup(move || {
            if let Ok(asking) = asking {
                asking.clear();
            }
        });
    });
    let register = move || {
        view! { <Button label=move || text.get().register_customer icon=Icon::Plus on_press=move || open(Opened::New) /> }
    };
    let body = move || match found.get() {
        None => view! { <Nobody /> }.into_any(),
        Some(Err(why)) => view! { <EmptyState fact=move || text.get().error(&why) /> }.into_any(),
        Some(Ok(found)) if found.is_empty() => {
            view! { <EmptyState fact=move || text.get().no_customer_match>{register()}</EmptyState> }.into_any()
        }
        Some(Ok(found)) => {
            let rows = found
                .iter()
                .map(|candidate| {
                    let id = candidate.id;
                    candidate_row(text, candidate, move || open(Opened::Customer(id)))
                })
                .collect_view();
            view! {
                <ul class="candidates" aria-label=move || text.get().customer_search>
                    {rows}
                </ul>
                <div class="finder-new">{register()}</div>
            }
            .into_any()
        }
    };
    let drafts = move || {
        let words = text.get();
        let rows = stores
            .records
            .drafts()
            .into_iter()
            .map(|(of, at)| {
                let what = match of {
                    DraftOf::Customer(_) | DraftOf::CallCustomer(_) | DraftOf::NewCustomer => words.customer,
                    DraftOf::CallInquiry(_) | DraftOf::CustomerInquiry(_) | DraftOf::Inquiry(_) => words.inquiry,
                };
                let time = format::date_time(at, text.language());
                view! {
                    <li>
                        <button type="button" class="candidate" on:click=move |_| reopen(stores, of, open)>
                            <span class="candidate-name">{what}</span>
                            <span class="candidate-below num">{time}</span>
                        </button>
                    </li>
                }
            })
            .collect_view();
        let any = !stores.records.drafts().is_empty();
        any.then(|| {
            view! {
                <h3 class="finder-heading">{words.drafts}</h3>
                <ul class="candidates" aria-label=words.drafts>
                    {rows}
                </ul>
            }
        })
    };
    view! {
        <div class="finder">
            <input
                class="field-input"
                type="search"
                autocomplete="off"
                aria-label=move || text.get().customer_search
                placeholder=move || text.get().customer_search_hint
                prop:value=move || search.get()
                on:input:target=move |event| search.set(event.target().value())
            />
            <div class="finder-body scrolls">{body}{move || search.with(String::is_empty).then(drafts)}</div>
        </div>
    }
}

/// The two lines of the empty pane.
#[component]
fn Nobody() -> impl IntoView {
    let text = use_text();
    view! { <EmptyState fact=move || text.get().customer_empty /> }
}

/// Opens what a draft was written in.
fn reopen(stores: crate::shell::Stores, of: DraftOf, open: impl Fn(Opened) + Copy + 'static) {
    match of {
        DraftOf::Customer(id) | DraftOf::CustomerInquiry(id) => open(Opened::Customer(id)),
        DraftOf::CallCustomer(call) | DraftOf::CallInquiry(call) => open(Opened::Call(call)),
        DraftOf::NewCustomer => open(Opened::New),
        DraftOf::Inquiry(id) => spawn_local(async move {
            if let Ok(inquiry) = stores.heard(wire::inquiries::inquiry(id).await) {
                stores.inquiries.wanted.set(Some(id));
                open(Opened::Customer(inquiry.customer));
            }
        }),
    }
}

//! The page of the demo's customer.

use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::ApiError;
use wire::demo::{Act, Phone};

use super::phone::PhoneCard;
use crate::text::use_text;
use crate::ui::{EmptyState, Skeleton};

/// The phone is looked at this often, in milliseconds.
const LOOK_MS: u32 = 500;

/// The customer's page.
#[component]
pub(crate) fn DemoPage() -> impl IntoView {
    let text = use_text();
    let answer = RwSignal::new(None::<Result<Phone, ApiError>>);
    let alive = StoredValue::new(());
    // A look that was asked for before a press says nothing about after it.
    let presses = StoredValue::new(0_u32);
    spawn_local(async move {
        while alive.try_get_value().is_some() {
            let before = presses.get_value();
            let seen = wire::demo::phone().await;
            if presses.try_get_value() == Some(before) {
                answer.set(Some(seen));
            }
            TimeoutFuture::new(LOOK_MS).await;
        }
    });
    let trouble = RwSignal::new(None::<ApiError>);
    let act = move |act: Act| {
        presses.update_value(|presses| *presses = presses.wrapping_add(1));
        trouble.set(None);
        spawn_local(async move {
            let done = wire::demo::act(act).await;
            presses.update_value(|presses| *presses = presses.wrapping_add(1));
            match done {
                Ok(phone) => answer.set(Some(Ok(phone))),
                Err(error) => trouble.set(Some(error)),
            }
        });
    };
    let phone =
        Memo::new(move |_| answer.with(|answer| answer.as_ref().and_then(|answer| answer.as_ref().ok()).cloned()));
    let known = Memo::new(move |_| phone.with(Option::is_some));
    let failed = Memo::new(move |_| {
        answer.with(|answer| match answer {
            Some(Err(error)) => Some(error.clone()),
            Some(Ok(_)) | None => None,
        })
    });
    let nothing = move || match failed.get() {
        // Outside of demo mode there is no such page.
        Some(ApiError::NotFound) => view! {
            <EmptyState
                fact=move || text.get().error_page_missing
                help=Signal::derive(move || Some(text.get().error_page_missing_help.to_owned()))
            />
        }
        .into_any(),
        Some(error) => view! { <EmptyState fact=move || text.get().error(&error) /> }.into_any(),
        None => view! { <Skeleton label=move || text.get().loading /> }.into_any(),
    };
    view! {
        <main class="demo">
            <p class="demo-strip">{move || text.get().demo_strip} " · " {move || text.get().demo_mode_notice}</p>
            <header class="demo-intro">
                <h1>{move || text.get().demo_title}</h1>
                <p>
                    {move || text.get().demo_help} " "
                    <a href="/" target="_blank" rel="noopener">
                        {move || text.get().demo_open_desk}
                    </a>
                </p>
            </header>
            <div class="demo-phones">
                <Show when=move || known.get() fallback=nothing>
                    <PhoneCard phone=phone trouble=trouble act=Callback::new(move |(wanted,): (Act,)| act(wanted)) />
                </Show>
            </div>
        </main>
    }
}

//! The left pane while no customer records exist: who the call says it is.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::words;
use crate::platform::clipboard;
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::{Button, EmptyState, Icon, Look, use_toasts};

/// 顧客情報: the number of the call on display, filled in and locked to it (S22).
#[component]
pub(crate) fn CustomerPane() -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let toasts = use_toasts();
    // Ringing is the popup's: the pane belongs to what the agent works on.
    let call = Memo::new(move |_| {
        let telephony = stores.telephony;
        if telephony.offer.with(Option::is_some) { None } else { telephony.call.get() }
    });
    let name = move || {
        let words = text.get();
        call.with(|call| call.as_ref().map(|call| words::party_name(words, &call.party)))
    };
    let number = move || {
        let words = text.get();
        call.with(|call| call.as_ref().map(|call| words::party_number(words, &call.party))).unwrap_or_default()
    };
    let digits = Memo::new(move |_| {
        call.with(|call| {
            call.as_ref().and_then(|call| call.party.number.as_ref()).map(|number| number.e164.to_string())
        })
    });
    let copy = move || {
        if let Some(digits) = digits.get_untracked() {
            spawn_local(async move {
                if clipboard::copy(&digits).await {
                    toasts.say(text.get_untracked().copied);
                }
            });
        }
    };
    view! {
        <section class="customer-pane" aria-label=move || text.get().customer>
            <header class="pane-head">
                <h2>{move || text.get().customer}</h2>
            </header>
            <Show
                when=move || call.with(Option::is_some)
                fallback=move || view! { <EmptyState fact=move || text.get().customer_empty /> }
            >
                <div class="customer-body">
                    <p class="customer-name">
                        <Icon name=Icon::UserCircleDashed large=true />
                        <span class="cut">{name}</span>
                    </p>
                    <div class="field">
                        <label class="field-label" for="customer-phone">
                            {move || text.get().phone}
                        </label>
                        <div class="field-box customer-phone">
                            <input id="customer-phone" class="field-input num" readonly=true prop:value=number />
                            <Show when=move || digits.with(Option::is_some)>
                                <Button
                                    label=move || text.get().copy_number
                                    icon=Icon::Copy
                                    icon_only=true
                                    look=Look::Plain
                                    on_press=copy
                                />
                            </Show>
                        </div>
                    </div>
                </div>
            </Show>
        </section>
    }
}

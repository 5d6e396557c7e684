//! お問合せ情報, below the customer's record.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::attachments::Attachments;
use super::model::Place;
use super::{focus, saving};
use crate::format;
use crate::records::form::{Act, FormFields};
use crate::records::{FormHead, FormTroubles, SaveRow};
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::{Button, EmptyState, Icon, Look, Skeleton, use_toasts};

/// What the ids of its fields begin with.
pub(super) const PREFIX: &str = "inquiry";

/// The form.
#[component]
pub(crate) fn InquiryForm() -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let toasts = use_toasts();
    let inquiries = stores.inquiries;
    let store = inquiries.form;
    focus::keep(stores);
    let act = move |act: Act| {
        if let Some(Act::Unmask(key)) = store.act(stores, text, toasts, act) {
            saving::unmask(stores, key);
        }
    };
    let dial = Signal::derive(move || {
        let bar = stores.telephony.bar.get();
        bar.dial.err().map(|why| crate::telephony::words::why(text.get(), why).to_owned())
    });
    let save = move || {
        spawn_local(async move {
            saving::save(stores).await;
        });
    };
    let keys = move |event: leptos::ev::KeyboardEvent| {
        if saving::is_save_key(&event) {
            event.prevent_default();
            saving::save_by_key(stores, event.shift_key(), false);
        }
    };
    let why_not = Signal::derive(move || {
        inquiries.customer(stores).is_none().then(|| text.get().inquiry_needs_customer.to_owned())
    });
    let hint = Signal::derive(move || {
        let words = text.get();
        let first = inquiries.customer(stores).is_none();
        Some(if first { words.inquiry_needs_customer } else { words.save_keys }.to_owned())
    });
    let written = move || {
        inquiries.open.get().map(|open| {
            let time = format::date_time(open.created.at, text.language());
            let words = text.get().inquiry_by(open.created.name.unwrap_or_default(), time);
            view! { <span class="record-written num cut">{words}</span> }
        })
    };
    // Where a stored one is open, a new one can be begun.
    let fresh = Memo::new(move |_| {
        inquiries.open.with(|open| {
            let open = open.as_ref()?;
            match inquiries.place.get() {
                Place::Nowhere => None,
                Place::Customer(customer) if customer != open.customer => None,
                place @ (Place::Call(_) | Place::Customer(_)) => Some(place),
            }
        })
    });
    let open = Memo::new(move |_| store.of.with(Option::is_some));
    let waiting = move || {
        if let Some(why) = inquiries.failed.get() {
            return view! { <EmptyState fact=move || text.get().error(&why) /> }.into_any();
        }
        match inquiries.place.get() {
            Place::Nowhere => view! { <EmptyState fact=move || text.get().inquiry_needs_customer /> }.into_any(),
            Place::Call(_) | Place::Customer(_) => {
                view! { <Skeleton label=move || text.get().loading lines=4 /> }.into_any()
            }
        }
    };
    view! {
        <section class="record-half inquiry-pane" aria-label=move || text.get().inquiry on:keydown=keys>
            <FormHead store=store title=move || text.get().inquiry>
                {written}
                <Show when=move || fresh.get().is_some()>
                    <Button
                        label=move || text.get().new_inquiry
                        icon=Icon::Plus
                        icon_only=true
                        look=Look::Plain
                        on_press=move || {
                            if let Some(place) = fresh.get_untracked() {
                                inquiries.write_new(stores, place);
                            }
                        }
                    />
                </Show>
            </FormHead>
            <div class="record-body scrolls">
                <Show when=move || open.get() fallback=waiting>
                    <FormTroubles store=store prefix=PREFIX />
                    <FormFields form=store.form prefix=PREFIX dial=dial on_act=move |(done,)| act(done) />
                    <Attachments />
                </Show>
            </div>
            <Show when=move || open.get()>
                <SaveRow store=store why_not=why_not hint=hint on_save=save />
            </Show>
        </section>
    }
}

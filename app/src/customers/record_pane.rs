//! The left of the desk: 顧客情報 and, sharing its height by a line that can be moved, お問合せ情報.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use super::candidates::Picker;
use super::finder::Finder;
use super::model::{Opened, Target};
use super::{saving, viewing};
use crate::inquiries::InquiryForm;
use crate::platform::storage;
use crate::records::form::{Act, FormFields};
use crate::records::{FormHead, FormTroubles, SaveRow};
use crate::shell::use_stores;
use crate::telephony::words;
use crate::text::use_text;
use crate::ui::{Button, EmptyState, Icon, Look, Skeleton, Splitter, use_toasts};

/// Where the line between the two forms is remembered.
const SPLIT: &str = "madoguchi.split.record";

/// Record and inquiry.
#[component]
pub(crate) fn RecordPane() -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let customers = stores.customers;
    viewing::keep(stores);
    let somebody = Memo::new(move |_| customers.target.with(|target| *target != Target::Nobody));
    let share = RwSignal::new(storage::get(SPLIT).and_then(|share| share.parse().ok()).unwrap_or(50.0_f64));
    let moved = move |to: f64| {
        share.set(to);
        storage::set(SPLIT, &format!("{to:.1}"));
    };
    let both = move || {
        view! {
            <Splitter label=move || text.get().splitter share=share on_move=move |(to,)| moved(to) />
            <InquiryForm />
        }
    };
    view! {
        <div
            class="record-pane"
            data-shared=move || somebody.get().then_some("")
            style=("--split", move || format!("{:.1}%", share.get()))
        >
            <CustomerRegion />
            <Show when=move || somebody.get()>{both()}</Show>
        </div>
    }
}

/// 顧客情報
#[component]
fn CustomerRegion() -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let toasts = use_toasts();
    let customers = stores.customers;
    let store = customers.record;
    let target = customers.target;
    let act = move |act: Act| {
        if let Some(Act::Unmask(key)) = store.act(stores, text, toasts, act) {
            saving::unmask(stores, key);
        }
    };
    let dial =
        Signal::derive(move || stores.telephony.bar.get().dial.err().map(|why| words::why(text.get(), why).to_owned()));
    let save = move || {
        spawn_local(async move {
            saving::save(stores).await;
        });
    };
    let keys = move |event: leptos::ev::KeyboardEvent| {
        if crate::inquiries::is_save_key(&event) {
            event.prevent_default();
            crate::inquiries::save_by_key(stores, event.shift_key(), true);
        }
    };
    let unregistered = Memo::new(move |_| target.with(|target| matches!(target, Target::Unregistered { .. })));
    let hint = Signal::derive(move || {
        let new = target.with(|target| matches!(target, Target::Unregistered { .. } | Target::New));
        new.then(|| text.get().saves_as_new.to_owned())
    });
    let viewers = move || {
        let words = text.get();
        customers.viewers.with(|viewers| {
            let names = |editing: bool| {
                let names: Vec<_> = viewers
                    .iter()
                    .filter(|viewer| viewer.editing == editing)
                    .map(|viewer| viewer.name.as_str())
                    .collect();
                (!names.is_empty()).then(|| names.join("・"))
            };
            names(true)
                .map(|names| words.being_edited(names))
                .or_else(|| names(false).map(|names| words.being_viewed(names)))
        })
    };
    let title = move || if unregistered.get() { text.get().unregistered_customer } else { text.get().customer };
    // Drawn anew only when it becomes something else: saving an unregistered customer leaves the fields where they are.
    let body = Memo::new(move |_| match (customers.failed.get(), target.get()) {
        (Some(why), _) => Body::Failed(why),
        (None, Target::Nobody) => Body::Nobody,
        (None, Target::Pick { call }) => Body::Pick(call),
        (None, Target::Customer { .. } | Target::Unregistered { .. } | Target::New) => Body::Form,
    });
    let body = move || match body.get() {
        Body::Failed(why) => view! { <EmptyState fact=move || text.get().error(&why) /> }.into_any(),
        Body::Nobody => view! { <Finder /> }.into_any(),
        Body::Pick(call) => view! { <Picker call=call /> }.into_any(),
        Body::Form => view! { <Loaded /> }.into_any(),
    };
    let open = Memo::new(move |_| store.of.get().is_some());
    provide_context(Drawn { act: Callback::new(move |(done,)| act(done)), dial });
    view! {
        <section class="record-half customer-pane" aria-label=move || text.get().customer on:keydown=keys>
            <FormHead store=store title=title>
                <span class="record-viewers cut" role="status" data-tip=viewers>
                    {viewers}
                </span>
                <Leave />
            </FormHead>
            <div class="record-body scrolls">
                <Show when=move || open.get()>
                    <FormTroubles store=store prefix=PREFIX />
                </Show>
                {body}
            </div>
            <Show when=move || open.get()>
                <SaveRow store=store hint=hint on_save=save />
            </Show>
        </section>
    }
}

/// What the region shows below its heading.
#[derive(Clone, PartialEq)]
enum Body {
    Failed(wire::ApiError),
    Nobody,
    Pick(domain::ids::InteractionId),
    Form,
}

/// What the ids of the record's fields begin with.
const PREFIX: &str = "customer";

/// What the fields need of the region around them.
#[derive(Clone, Copy)]
struct Drawn {
    act: Callback<(Act,)>,
    dial: Signal<Option<String>>,
}

/// The fields, as soon as they are there.
#[component]
fn Loaded() -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let Drawn { act, dial } = expect_context();
    let store = stores.customers.record;
    view! {
        <Show
            when=move || store.of.with(Option::is_some)
            fallback=move || view! { <Skeleton label=move || text.get().loading lines=5 /> }
        >
            <FormFields form=store.form prefix=PREFIX dial=dial on_act=act />
        </Show>
    }
}

/// Back to the call, or to nobody.
#[component]
fn Leave() -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let customers = stores.customers;
    let navigate = use_navigate();
    let leave = StoredValue::new_local(move || {
        customers.opened.set(Opened::Nothing);
        navigate("/", NavigateOptions::default());
    });
    let opened = Memo::new(move |_| customers.opened.get() != Opened::Nothing);
    let label = move || {
        let words = text.get();
        if customers.own.with(Option::is_some) { words.back_to_call } else { words.close }
    };
    view! {
        <Show when=move || opened.get()>
            <Button
                label=label
                icon=Signal::derive(move || {
                    Some(if customers.own.with(Option::is_some) { Icon::PhoneCall } else { Icon::X })
                })
                icon_only=true
                look=Look::Plain
                on_press=move || leave.with_value(|leave| leave())
            />
        </Show>
    }
}

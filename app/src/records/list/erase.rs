//! 消去: a customer for good, and the certificate of it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::ApiError;
use wire::customers::Certificate;

use super::model::{self, Row};
use super::page::Question;
use super::store::ListStore;
use crate::format;
use crate::platform::clipboard;
use crate::shell::use_stores;
use crate::text::{Text, use_text};
use crate::ui::{Button, Dialog, Look, TextField, use_toasts};

/// Says what will be gone, wants the name typed, and shows the certificate.
#[component]
pub(super) fn EraseDialog(
    /// The list.
    list: ListStore,
    /// What is asked.
    question: RwSignal<Option<Question>>,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let toasts = use_toasts();
    let typed = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let failed = RwSignal::new(None::<ApiError>);
    let certificate = RwSignal::new(None::<Certificate>);
    let open = Memo::new(move |_| question.get() == Some(Question::Erase));
    let close = move || {
        question.set(None);
        typed.set(String::new());
        failed.set(None);
        certificate.set(None);
    };
    let whom = move || list.ticked.with(|ticked| ticked.first().cloned());
    let wanted = move || whom().map(|row: Row| model::to_confirm(&row, text.get())).unwrap_or_default();
    let why_not = move || {
        let wanted = wanted();
        (typed.with(|typed| typed.trim() != wanted)).then(|| text.get().lists_erase_type(&wanted))
    };
    let erase = move || {
        let Some(row) = untrack(whom) else { return };
        busy.set(true);
        spawn_local(async move {
            let answer = stores.heard(wire::customers::erase(row.customer).await);
            busy.set(false);
            match answer {
                Ok(written) => {
                    failed.set(None);
                    certificate.set(Some(written));
                    list.ticked.set(Vec::new());
                    list.load(stores, false);
                }
                Err(why) => failed.set(Some(why)),
            }
        });
    };
    let copy = move || {
        let Some(written) = certificate.get_untracked() else { return };
        let lines = facts(text, &written).map(|(label, value)| format!("{label}: {value}")).join("\n");
        spawn_local(async move {
            if clipboard::copy(&lines).await {
                toasts.say(text.get_untracked().copied);
            }
        });
    };
    let ask = move || {
        view! {
            <p>{move || text.get().lists_erase_says}</p>
            <TextField label=move || text.get().lists_erase_type(wanted()) value=typed first=true />
            <p class="field-error" role="alert">
                {move || failed.get().map(|why| text.get().error(&why))}
            </p>
        }
        .into_any()
    };
    let shown = move |written: &Certificate| {
        let fact = |(label, value): (&'static str, String)| {
            view! {
                <dt>{label}</dt>
                <dd class="num">{value}</dd>
            }
        };
        view! { <dl class="facts certificate">{facts(text, written).map(fact).into_iter().collect_view()}</dl> }
            .into_any()
    };
    let acts = move || {
        if certificate.with(Option::is_some) {
            view! {
                <Button label=move || text.get().copy on_press=copy />
                <Button label=move || text.get().close look=Look::Accent on_press=close />
            }
            .into_any()
        } else {
            view! {
                <Button label=move || text.get().cancel on_press=close />
                <Button
                    label=move || text.get().lists_erase_do
                    look=Look::Danger
                    why_not=Signal::derive(why_not)
                    busy=busy
                    on_press=erase
                />
            }
            .into_any()
        }
    };
    let title = move || match (certificate.with(Option::is_some), whom()) {
        (false, Some(row)) => text.get().lists_erase_title(model::to_confirm(&row, text.get())),
        (_, _) => text.get().lists_certificate.to_owned(),
    };
    view! {
        <Dialog open=open title=title on_close=move || close() acts=move || view! { {acts} }>
            {move || certificate.with(|written| written.as_ref().map_or_else(ask, shown))}
        </Dialog>
    }
}

/// What a certificate says.
fn facts(text: Text, written: &Certificate) -> [(&'static str, String); 10] {
    let words = text.get_untracked();
    [
        (words.lists_certificate_id, written.id.to_string()),
        (words.lists_certificate_customer, written.customer.to_string()),
        (words.lists_certificate_when, format::dated(written.erased.at, text.language())),
        (words.lists_certificate_by, written.erased.name.clone().unwrap_or_default()),
        (words.lists_certificate_fields, written.fields.to_string()),
        (words.phone, written.phones.to_string()),
        (words.an_inquiry, written.inquiries.to_string()),
        (words.attachments, written.files.to_string()),
        (words.drafts, written.drafts.to_string()),
        (words.in_call, written.calls.to_string()),
    ]
}

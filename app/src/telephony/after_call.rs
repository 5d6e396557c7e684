//! The question on the way out of after-call work (S30, A6).

use leptos::prelude::*;
use wire::drafts::DraftOf;
use wire::telephony::Leave;

use super::commands;
use crate::inquiries;
use crate::platform::element;
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::{Button, Dialog, Look};

/// The id of 戻って入力.
const GO_BACK: &str = "leave-go-back";

/// Says what has not been written, and only that; going back is what Enter does.
#[component]
pub(crate) fn AfterCallQuestion() -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let leaving = stores.telephony.leaving;
    let stay = move || leaving.set(false);
    // The question may be drawn after its dialog has opened: what Enter does is given the focus by hand.
    Effect::new(move || {
        if leaving.get() {
            request_animation_frame(|| {
                element::focus_by_id(GO_BACK);
            });
        }
    });
    let go_back = move || {
        stay();
        // After the dialog has given the focus back to where it was.
        request_animation_frame(move || inquiries::first_empty(stores));
    };
    let says = move || {
        let words = text.get();
        let missing = stores.customers.missing.get();
        let (customer, fields, inquiry) =
            missing.map_or((true, Vec::new(), true), |missing| (missing.customer, missing.fields, missing.inquiry));
        let fields = (!fields.is_empty()).then(|| words.missing_fields(fields.join("・")));
        let lines = match (customer, inquiry) {
            (true, true) => [Some(words.nothing_saved.to_owned()), fields],
            (true, false) => [Some(words.missing_record.to_owned()), fields],
            (false, true) => [fields, Some(words.inquiry_not_saved.to_owned())],
            (false, false) => [fields, None],
        };
        lines.into_iter().flatten().map(|line| view! { <p>{line}</p> }).collect_view()
    };
    let no_draft = Signal::derive(move || {
        let own = stores.customers.own.get()?;
        let customer = own.party.customer;
        let of_it = |of: DraftOf| match of {
            DraftOf::CallCustomer(call) | DraftOf::CallInquiry(call) => call == own.id,
            DraftOf::Customer(id) | DraftOf::CustomerInquiry(id) => Some(id) == customer,
            DraftOf::NewCustomer | DraftOf::Inquiry(_) => false,
        };
        let any = stores.records.drafts().into_iter().any(|(of, _)| of_it(of));
        (!any).then(|| text.get().no_draft.to_owned())
    });
    view! {
        <Dialog
            open=leaving
            title=move || text.get().nothing_saved_title
            on_close=stay
            acts=move || {
                view! {
                    <Button
                        label=move || text.get().go_ready_anyway
                        on_press=move || commands::leave_after_call(stores, Leave::Anyway)
                    />
                    <Button
                        label=move || text.get().keep_draft
                        why_not=no_draft
                        on_press=move || commands::leave_after_call(stores, Leave::KeepDraft)
                    />
                    <Button label=move || text.get().go_back id=GO_BACK first=true look=Look::Accent on_press=go_back />
                }
            }
        >
            {says}
        </Dialog>
    }
}

//! The question on the way out of after-call work (S30, A6).

use leptos::prelude::*;

use super::commands;
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::{Button, Dialog};

/// Says that neither record nor inquiry has been saved; going back is what Enter does.
#[component]
pub(crate) fn AfterCallQuestion() -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let leaving = stores.telephony.leaving;
    let stay = move || leaving.set(false);
    view! {
        <Dialog
            open=leaving
            title=move || text.get().nothing_saved_title
            on_close=stay
            acts=move || {
                view! {
                    <Button label=move || text.get().go_ready_anyway on_press=move || commands::leave_after_call(stores) />
                    <Button label=move || text.get().go_back first=true look=crate::ui::Look::Accent on_press=stay />
                }
            }
        >
            <p>{move || text.get().nothing_saved}</p>
        </Dialog>
    }
}

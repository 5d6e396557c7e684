//! Changing the own password.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::ApiError;

use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::{Button, Dialog, TextField, use_toasts};

/// The dialog behind パスワードの変更.
#[component]
pub(crate) fn ChangePassword(
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let text = use_text();
    let stores = use_stores();
    let toasts = use_toasts();
    let current = RwSignal::new(String::new());
    let new = RwSignal::new(String::new());
    let wrong = RwSignal::new(None::<ApiError>);
    let busy = RwSignal::new(false);
    let close = move || {
        open.set(false);
        current.set(String::new());
        new.set(String::new());
        wrong.set(None);
    };
    let field = move |name: &'static str| {
        Signal::derive(move || {
            let words = text.get();
            wrong.with(|wrong| match wrong {
                Some(ApiError::Invalid { fields }) => {
                    fields.iter().find(|field| field.field == name).map(|field| words.problem(&field.problem))
                }
                Some(_) | None => None,
            })
        })
    };
    let other = move || {
        let words = text.get();
        wrong.with(|wrong| match wrong {
            Some(ApiError::Invalid { .. }) | None => None,
            Some(ApiError::WrongCredentials) => Some(words.password_current_wrong.to_owned()),
            Some(error) => Some(words.error(error)),
        })
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            let asked = wire::session::change_password(current.get_untracked(), new.get_untracked()).await;
            busy.set(false);
            match stores.heard(asked) {
                Ok(()) => {
                    close();
                    toasts.say(text.get_untracked().password_changed);
                }
                Err(error) => wrong.set(Some(error)),
            }
        });
    };
    view! {
        <Dialog
            open=open
            title=move || text.get().change_password
            on_close=close
            acts=move || {
                view! {
                    <Button label=move || text.get().cancel on_press=close />
                    <button type="submit" form="change-password" class="button" data-look="accent" data-size="desk" aria-busy=move || busy.get().then_some("true")>
                        {move || text.get().save}
                    </button>
                }
            }
        >
            <form id="change-password" class="form" on:submit=submit>
                <TextField
                    label=move || text.get().password_current
                    value=current
                    kind="password"
                    autocomplete="current-password"
                    required=true
                    first=true
                    error=field("current")
                />
                <TextField
                    label=move || text.get().password_new
                    value=new
                    kind="password"
                    autocomplete="new-password"
                    required=true
                    help=Signal::derive(move || Some(text.get().user_password_help.to_owned()))
                    error=field("new")
                />
                <p class="field-error" role="alert">{other}</p>
            </form>
        </Dialog>
    }
}

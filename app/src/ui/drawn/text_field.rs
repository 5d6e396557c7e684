//! One line of text.

use leptos::prelude::*;

use super::field::{Ties, label_row, texts_below};
use super::{Button, Look};
use crate::text::use_text;
use crate::ui::icon_names::Icon;

/// A labelled line of text. The browser's own filling-in is off unless `autocomplete` names a purpose.
#[component]
pub fn TextField(
    /// Its label and name.
    #[prop(into)]
    label: Signal<String>,
    /// What is in it.
    value: RwSignal<String>,
    /// Marked as required, in words.
    #[prop(optional)]
    required: bool,
    /// A line of help under it.
    #[prop(optional, into)]
    help: MaybeProp<String>,
    /// What is wrong with it.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// `text`, `password`, `tel`, `search`, `number`; a password can be shown.
    #[prop(default = "text")]
    kind: &'static str,
    /// The keyboard of touch screens.
    #[prop(optional)]
    inputmode: Option<&'static str>,
    /// For sign-in: `username`, `current-password`, `new-password`.
    #[prop(default = "off")]
    autocomplete: &'static str,
    /// Cannot be changed now, and why it is so stands in the help.
    #[prop(optional, into)]
    read_only: Signal<bool>,
    /// Takes the focus at first.
    #[prop(optional)]
    first: bool,
    /// Its id, by which an [`ErrorSummary`](super::ErrorSummary) jumps to it.
    #[prop(optional, into)]
    id: Option<String>,
    /// Told of each keystroke's text after `value` has it.
    #[prop(optional, into)]
    on_input: Option<Callback<(String,)>>,
) -> impl IntoView {
    let text = use_text();
    let ties = Ties::new(id);
    let described_by = ties.described_by(&help, error);
    let secret = kind == "password";
    let revealed = RwSignal::new(false);
    view! {
        <div class="field">
            {label_row(&ties, label, required)}
            <div class="field-box" data-revealable=secret.then_some("")>
                <input
                    class="field-input"
                    id=ties.field.clone()
                    type=move || if secret && revealed.get() { "text" } else { kind }
                    inputmode=inputmode
                    autocomplete=autocomplete
                    autocapitalize="off"
                    spellcheck="false"
                    autofocus=first
                    readonly=move || read_only.get()
                    aria-required=required.then_some("true")
                    aria-invalid=move || error.with(Option::is_some).then_some("true")
                    aria-describedby=described_by
                    prop:value=move || value.get()
                    on:input:target=move |event| {
                        value.set(event.target().value());
                        if let Some(on_input) = on_input {
                            on_input.run((value.get_untracked(),));
                        }
                    }
                />
                {secret
                    .then(|| {
                        view! {
                            <Button
                                label=move || if revealed.get() { text.get().hide_password } else { text.get().show_password }
                                look=Look::Plain
                                icon_only=true
                                icon=Signal::derive(move || Some(if revealed.get() { Icon::EyeSlash } else { Icon::Eye }))
                                on_press=move || revealed.update(|shown| *shown = !*shown)
                            />
                        }
                    })}
            </div>
            {texts_below(&ties, help, error)}
        </div>
    }
}

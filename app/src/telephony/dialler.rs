//! The dialler: 発信番号, 発信先, keys, the last numbers, 電話をかける.

use domain::agents::Shown;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::telephony::ReadNumber;

use super::commands::{self, Pending};
use super::keypad::Keypad;
use super::model::Mode;
use super::words;
use crate::format::{Erased, digits_only, typed};
use crate::platform::element;
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::{Button, Choice, Icon, Look, Popup, PopupTitle, SelectField, Size};

/// The dialler, while it is open and no call has taken its place.
#[component]
pub(crate) fn DiallerPopup() -> impl IntoView {
    let stores = use_stores();
    let telephony = stores.telephony;
    // It gives way to a call that rings or is up.
    let free = Memo::new(move |_| match telephony.bar.get().mode {
        Mode::Here(Shown::Ready | Shown::NotReady(_) | Shown::Break(_) | Shown::AfterCall) => true,
        Mode::Here(Shown::LoggedOut | Shown::Ringing | Shown::Dialling | Shown::Talking | Shown::Held)
        | Mode::NoExtension
        | Mode::LoggedOut
        | Mode::Elsewhere => false,
    });
    view! {
        <Show when=move || stores.dialler.open.get() && free.get()>
            <Dialler />
        </Show>
    }
}

const PLACE_CALL: &str = "dialler-place-call";

#[component]
fn Dialler() -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let telephony = stores.telephony;
    let dialler = stores.dialler;
    let input = NodeRef::<html::Input>::new();

    // Opened from the bar the caret waits in 発信先, opened with a number Enter calls.
    Effect::new(move || {
        let _ = dialler.opened.get();
        let filled = dialler.filled.get_untracked();
        if let Some(input) = input.get() {
            request_animation_frame(move || {
                if filled {
                    element::focus_by_id(PLACE_CALL);
                } else {
                    element::focus(&input);
                }
            });
        }
    });

    let read = RwSignal::new(None::<ReadNumber>);
    Effect::new(move || {
        let number = dialler.number.get();
        read.set(None);
        // An exchange may have telephones of two digits.
        if digits_only(&number).len() < 2 {
            return;
        }
        // Asked when the typing pauses; an answer for what is no longer there is not wanted.
        let asking = set_timeout_with_handle(
            move || {
                spawn_local(async move {
                    let asked = number.clone();
                    let answer = stores.heard(wire::telephony::read_number(asked).await);
                    if dialler.number.get_untracked() == number
                        && let Ok(answer) = answer
                    {
                        read.set(Some(answer));
                    }
                });
            },
            core::time::Duration::from_millis(150),
        );
        on_cleanup(move || {
            if let Ok(asking) = asking {
                asking.clear();
            }
        });
    });

    let numbers = Memo::new(move |_| {
        dialler.offer.with(|offer| match offer {
            Some(Ok(offer)) => Some(offer.caller_numbers.clone()),
            Some(Err(_)) | None => None,
        })
    });
    let from = RwSignal::new(String::new());
    Effect::new(move || {
        from.set(dialler.from.get().map(|id| id.to_string()).unwrap_or_default());
    });
    Effect::new(move || {
        let chosen = from.get();
        if let Ok(id) = chosen.parse()
            && dialler.from.get_untracked() != Some(id)
        {
            dialler.from.set(Some(id));
        }
    });
    let choices = move || {
        numbers
            .get()
            .unwrap_or_default()
            .into_iter()
            .map(|number| {
                let label = if number.extension {
                    text.get().extension_is(&number.number.shown)
                } else if number.label.is_empty() {
                    number.number.shown
                } else {
                    format!("{} {}", number.number.shown, number.label)
                };
                Choice::new(number.id.to_string(), label)
            })
            .collect()
    };

    let show = move |now: String, caret: usize, erased: Option<Erased>| {
        let result = typed(&dialler.number.get_untracked(), &now, caret, erased);
        dialler.number.set(result.text.clone());
        if let Some(input) = input.get_untracked() {
            input.set_value(&result.text);
            let caret = u32::try_from(result.caret).unwrap_or(u32::MAX);
            // It can only fail for kinds of input that have no caret.
            drop(input.set_selection_range(caret, caret));
        }
    };
    let caret = move |input: &web_sys::HtmlInputElement| {
        let end = input.selection_start().ok().flatten().unwrap_or(u32::MAX);
        usize::try_from(end).unwrap_or(usize::MAX)
    };
    let erased = StoredValue::new(None::<Erased>);
    let on_input = move |event: leptos::ev::Targeted<leptos::ev::Event, web_sys::HtmlInputElement>| {
        let input = event.target();
        show(input.value(), caret(&input), erased.try_update_value(Option::take).flatten());
    };
    let add = move |key: char| {
        let Some(input) = input.get_untracked() else { return };
        let at = caret(&input);
        let value = input.value();
        let (before, after) = value.split_at_checked(at).unwrap_or((&value, ""));
        show(format!("{before}{key}{after}"), at.min(value.len()) + 1, None);
    };
    let backspace = move || {
        let digits = digits_only(&dialler.number.get_untracked());
        let mut chars = digits.chars();
        chars.next_back();
        let rest = chars.as_str().to_owned();
        let end = rest.len();
        show(rest, end, None);
    };

    let why_not = Memo::new(move |_| {
        let words = text.get();
        if let Err(reason) = telephony.bar.get().dial {
            return Some(words::why(words, reason).to_owned());
        }
        match numbers.get() {
            Some(numbers) if numbers.is_empty() => return Some(words.no_caller_number.to_owned()),
            Some(_) => {}
            None => {
                return dialler.offer.with(|offer| match offer {
                    Some(Err(error)) => Some(words.error(error)),
                    Some(Ok(_)) | None => Some(words.loading.to_owned()),
                });
            }
        }
        if digits_only(&dialler.number.get()).is_empty() {
            return Some(words.enter_destination.to_owned());
        }
        match read.get() {
            Some(ReadNumber { number: None, .. }) => Some(words.not_a_number.to_owned()),
            Some(ReadNumber { number: Some(_), .. }) | None => {
                stores.microphone.problem().map(|problem| words::microphone(words, problem).to_owned())
            }
        }
    });
    let place = move || {
        if why_not.with_untracked(Option::is_none)
            && let Some(from) = dialler.from.get_untracked()
        {
            commands::dial(stores, from, dialler.number.get_untracked());
        }
    };
    let country =
        move || read.get().and_then(|read| read.country).map(|code| crate::format::region(&code, text.language()));
    let recent = Memo::new(move |_| {
        dialler.offer.with(|offer| match offer {
            Some(Ok(offer)) => offer.recent.clone(),
            Some(Err(_)) | None => Vec::new(),
        })
    });
    let trouble = move || {
        telephony.trouble.with(|trouble| match trouble {
            Some((Pending::Dial, error)) => Some(text.get().error(error)),
            Some(_) | None => None,
        })
    };
    let on_key = move |event: leptos::ev::KeyboardEvent| match event.key().as_str() {
        "Enter" if !event.is_composing() => {
            event.prevent_default();
            place();
        }
        "Backspace" => erased.set_value(Some(Erased::Before)),
        "Delete" => erased.set_value(Some(Erased::After)),
        _ => erased.set_value(None),
    };

    view! {
        <Popup
            label=move || text.get().dialler
            state="plain"
            place="dialler"
            head=move || view! { <PopupTitle title=move || text.get().call on_close=move || dialler.close() /> }
            on_escape=move || dialler.close()
        >
            <SelectField label=move || text.get().caller_number value=from choices=Signal::derive(choices) />
            <div class="dialler-destination">
                <label class="field-label" for="dialler-number">
                    {move || text.get().destination}
                </label>
                <div class="dialler-number">
                    <input
                        id="dialler-number"
                        class="dialler-input num"
                        type="text"
                        inputmode="tel"
                        autocomplete="off"
                        spellcheck="false"
                        node_ref=input
                        prop:value=move || dialler.number.get()
                        on:input:target=on_input
                        on:keydown=on_key
                    />
                    <Button
                        label=move || text.get().delete_digit
                        icon=Icon::Backspace
                        icon_only=true
                        look=Look::Plain
                        on_press=backspace
                    />
                </div>
                <p class="dialler-country" role="status">
                    {country}
                </p>
            </div>
            <Keypad on_key=add />
            <Show when=move || !recent.with(Vec::is_empty)>
                <h3 class="dialler-heading">{move || text.get().last_numbers}</h3>
                <ul class="dialler-recent">
                    {move || {
                        recent
                            .get()
                            .into_iter()
                            .map(|number| {
                                let fill = number.shown.clone();
                                let dial = number.shown.clone();
                                let end = fill.len();
                                view! {
                                    <li>
                                        <button
                                            type="button"
                                            class="dialler-last num"
                                            on:click=move |_| show(fill.clone(), end, None)
                                            on:dblclick=move |_| {
                                                show(dial.clone(), end, None);
                                                place();
                                            }
                                        >
                                            {number.shown.clone()}
                                        </button>
                                    </li>
                                }
                            })
                            .collect_view()
                    }}
                </ul>
            </Show>
            <Button
                id=PLACE_CALL
                label=move || text.get().place_call
                look=Look::Answer
                size=Size::Primary
                icon=Icon::PhoneFill
                wide=true
                busy=Signal::derive(move || telephony.pending.get() == Some(Pending::Dial))
                why_not=why_not
                on_press=place
            />
            <p class="dialler-why">{move || why_not.get()}</p>
            <p class="popup-trouble" role="alert">
                {trouble}
            </p>
        </Popup>
    }
}

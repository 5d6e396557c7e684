//! The popup of a call that is dialled, up or held: who, for how long, 保留 and 通話終了.

use domain::telephony::{Call, Command};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::commands::{self, Pending};
use super::keypad::Keypad;
use super::keys;
use super::model::quality;
use super::quality_mark::QualityMark;
use super::words;
use crate::platform::clipboard;
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::{Button, Icon, Look, Popup, Size, Timer, use_toasts};

/// How many of the keys pressed are shown.
const KEYS_SHOWN: usize = 18;

/// The in-call popup. Folding it never touches the call.
#[component]
pub(super) fn InCallPopup() -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let toasts = use_toasts();
    let telephony = stores.telephony;
    let live = telephony.live;
    let read = move |what: fn(&wire::events::CallView) -> Option<domain::time::Timestamp>| {
        Memo::new(move |_| live.with(|live| live.as_ref().and_then(what)))
    };
    let talking_since = read(|view| match view.call {
        Call::Connected { since, .. } | Call::Held { since, .. } | Call::Kept { since, .. } => Some(since),
        Call::Dialling { .. } => Some(view.started_at),
        Call::Waiting { .. } | Call::Offered { .. } | Call::Ended { .. } => None,
    });
    let held_since = read(|view| match view.call {
        Call::Held { held_since, .. } => Some(held_since),
        Call::Kept { held_since, .. } => held_since,
        Call::Connected { .. }
        | Call::Dialling { .. }
        | Call::Waiting { .. }
        | Call::Offered { .. }
        | Call::Ended { .. } => None,
    });
    let state = Memo::new(move |_| {
        live.with(|live| match live.as_ref().map(|live| &live.call) {
            Some(Call::Held { .. } | Call::Kept { held_since: Some(_), .. }) => "held",
            Some(Call::Dialling { .. }) => "dialling",
            Some(
                Call::Connected { .. }
                | Call::Kept { held_since: None, .. }
                | Call::Waiting { .. }
                | Call::Offered { .. }
                | Call::Ended { .. },
            )
            | None => "talking",
        })
    });
    let heading = move || {
        let words = text.get();
        match state.get() {
            "held" => words.state_held,
            "dialling" => words.state_dialling,
            _ => words.state_talking,
        }
    };
    let progress = move || {
        let words = text.get();
        live.with(|live| match live.as_ref().map(|live| &live.call) {
            Some(Call::Dialling { early_media: true, .. }) => Some(words.far_end_sound),
            Some(Call::Dialling { ringing: true, .. }) => Some(words.far_end_ringing),
            Some(
                Call::Dialling { .. }
                | Call::Connected { .. }
                | Call::Held { .. }
                | Call::Kept { .. }
                | Call::Waiting { .. }
                | Call::Offered { .. }
                | Call::Ended { .. },
            )
            | None => None,
        })
    };
    let name = Memo::new(move |_| {
        let words = text.get();
        live.with(|live| live.as_ref().map(|live| words::party_name(words, &live.party))).unwrap_or_default()
    });
    let number = Memo::new(move |_| {
        let words = text.get();
        live.with(|live| live.as_ref().map(|live| words::party_number(words, &live.party))).unwrap_or_default()
    });
    let digits = Memo::new(move |_| {
        live.with(|live| {
            live.as_ref().and_then(|live| live.party.number.as_ref()).map(|number| number.e164.to_string())
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
    let sound = Memo::new(move |_| live.with(|live| live.as_ref().map(|live| live.quality).unwrap_or_default()));
    let bar = telephony.bar;
    let (mute, keypad) = (stores.mute, stores.keypad);
    let full_hold = Memo::new(move |_| live.with(|live| live.as_ref().is_some_and(|live| live.full_hold)));
    let takes_keys = Memo::new(move |_| live.with(|live| keys::takes_keys(live.as_ref().map(|live| &live.call))));
    let holding = Memo::new(move |_| bar.get().hold.0 == Command::Resume);
    let hold_label = move || if holding.get() { text.get().resume } else { text.get().hold };
    let reason =
        move |able: Result<(), super::model::Why>| able.err().map(|why| words::why(text.get(), why).to_owned());
    let hold_busy = move || matches!(telephony.pending.get(), Some(Pending::Command(Command::Hold | Command::Resume)));
    let end_busy = move || telephony.pending.get() == Some(Pending::Command(Command::HangUp));
    let trouble = move || telephony.trouble.get().map(|(_, error)| text.get().error(&error));
    view! {
        <Popup
            label=move || text.get().in_call
            state=state
            place="call"
            head=move || {
                view! {
                    <span class="cut">{heading}</span>
                    <span class="popup-fold">
                        <Button
                            label=move || text.get().fold
                            icon=Icon::CaretUp
                            icon_only=true
                            look=Look::Plain
                            on_press=move || telephony.folded.set(true)
                        />
                    </span>
                }
            }
            on_escape=move || telephony.folded.set(true)
        >
            <div class="popup-party">
                <div class="popup-party-words">
                    <p class="popup-name cut">{move || name.get()}</p>
                    <p class="popup-number num">
                        <span>{move || number.get()}</span>
                        <Show when=move || digits.with(Option::is_some)>
                            <Button
                                label=move || text.get().copy_number
                                icon=Icon::Copy
                                icon_only=true
                                look=Look::Plain
                                on_press=copy
                            />
                        </Show>
                    </p>
                </div>
                <span class="popup-call-time">
                    <Timer since=talking_since />
                </span>
            </div>
            <div class="popup-now">
                <p class="popup-progress" role="status">
                    {progress}
                </p>
                <Show when=move || held_since.get().is_some()>
                    <p class="popup-held">
                        {move || {
                            let words = text.get();
                            if full_hold.get() {
                                view! {
                                    <Icon name=Icon::MusicNotes />
                                    <span>{words.customer_is_not_heard}</span>
                                }
                                    .into_any()
                            } else {
                                view! {
                                    <Icon name=Icon::Ear />
                                    <span>{words.customer_is_heard}</span>
                                }
                                    .into_any()
                            }
                        }}
                        <Timer since=held_since />
                    </p>
                </Show>
            </div>
            <p class="popup-quality" role="status">
                {move || {
                    let words = text.get();
                    quality::mark(sound.get())
                        .map(|mark| {
                            let said = quality::sentence(words, mark.side, mark.verdict);
                            view! { <QualityMark mark=mark said=said /> }
                        })
                }}
            </p>
            <p class="popup-trouble" role="alert">
                {trouble}
            </p>
            <div class="popup-tiles">
                <Button
                    label=move || text.get().mute
                    look=Look::Tile
                    icon=Signal::derive(move || {
                        Some(if mute.on.get() { Icon::MicrophoneSlashFill } else { Icon::MicrophoneSlash })
                    })
                    pressed=Signal::from(mute.on)
                    key_hint="Alt+M"
                    on_press=move || mute.toggle()
                />
                <Button
                    label=hold_label
                    widest=Signal::derive(move || Some(text.get().resume.to_owned()))
                    look=Look::Tile
                    icon=Signal::derive(move || Some(if holding.get() { Icon::PhonePauseFill } else { Icon::PhonePause }))
                    busy=Signal::derive(hold_busy)
                    why_not=Signal::derive(move || reason(bar.get().hold.1))
                    on_press=move || commands::toggle_hold(stores)
                />
                <Button
                    label=move || text.get().keypad
                    look=Look::Tile
                    icon=Icon::Numpad
                    expanded=Signal::from(keypad.open)
                    why_not=Signal::derive(move || (!takes_keys.get()).then(|| text.get().refusal_not_now.to_owned()))
                    on_press=move || keypad.toggle(stores)
                />
            </div>
            <Show when=move || !keypad.heard.with(String::is_empty)>
                <p class="call-keys-heard" role="status">
                    <span>{move || text.get().customer_keyed}</span>
                    <span class="num">{move || keypad.heard.get()}</span>
                </p>
            </Show>
            <Show when=move || keypad.open.get() && takes_keys.get()>
                <div class="call-keys">
                    <output class="call-keyed num" aria-live="polite" aria-label=move || text.get().keyed>
                        {move || keypad.keyed.with(|keyed| tail(keyed))}
                    </output>
                    <Keypad on_key=move |key| {
                        if let Ok(key) = key.try_into() {
                            keypad.press(stores, key);
                        }
                    } />
                </div>
            </Show>
            <Button
                label=move || text.get().end_call
                look=Look::Danger
                size=Size::Primary
                icon=Icon::PhoneDisconnectFill
                wide=true
                guarded=true
                busy=Signal::derive(end_busy)
                on_press=move || commands::command(stores, Command::HangUp)
            />
        </Popup>
    }
}

/// The keys pressed last, as many as have room.
fn tail(keyed: &str) -> String {
    let hidden = keyed.chars().count().saturating_sub(KEYS_SHOWN);
    keyed.chars().skip(hidden).collect()
}

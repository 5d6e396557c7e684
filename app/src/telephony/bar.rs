//! The softphone bar: on every page, and nothing in it ever changes place.

use domain::agents::Work;
use domain::telephony::Command;
use leptos::prelude::*;

use super::commands::{self, Pending};
use super::model::Mode;
use super::peer_slot::PeerSlot;
use super::state_menu::StateMenu;
use super::words::why;
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::{Button, Icon, Look};

/// The most digits of an extension that fit into its slot beside the icon.
const SHORT_EXTENSION: usize = 5;

/// The softphone bar.
#[component]
pub(crate) fn SoftphoneBar() -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let telephony = stores.telephony;
    let bar = telephony.bar;
    let mode = Memo::new(move |_| bar.get().mode);
    let extension = Memo::new(move |_| {
        stores.session.me().and_then(|me| me.extension).map(|extension| extension.number).unwrap_or_default()
    });
    // The slot keeps its width: a long number takes the icon's place, and without a number it says nothing.
    let room_for_icon = Memo::new(move |_| extension.with(|number| (1..=SHORT_EXTENSION).contains(&number.len())));
    let busy = move |what: Pending| Signal::derive(move || telephony.pending.get() == Some(what));
    let reason = move |able: Result<(), super::model::Why>| able.err().map(|reason| why(text.get(), reason).to_owned());

    let hold_label = move || {
        let words = text.get();
        match bar.get().hold.0 {
            Command::Resume => words.resume,
            Command::Hold | Command::Answer | Command::Decline | Command::HangUp => words.hold,
        }
    };
    let holding = Memo::new(move |_| bar.get().hold.0 == Command::Resume);
    let hold_busy = move || matches!(telephony.pending.get(), Some(Pending::Command(Command::Hold | Command::Resume)));
    let takes_keys =
        Memo::new(move |_| telephony.live.with(|live| super::keys::takes_keys(live.as_ref().map(|live| &live.call))));
    let log_in = move || {
        view! {
            <Button
                label=move || text.get().log_in
                icon=Icon::SignIn
                look=Look::Accent
                busy=busy(Pending::LogIn)
                why_not=Signal::derive(move || {
                    (mode.get() == Mode::NoExtension).then(|| text.get().why_no_extension.to_owned())
                })
                on_press=move || stores.start_shift.set(true)
            />
        }
    };
    let use_here = move || {
        view! {
            <Button
                label=move || text.get().use_here
                icon=Icon::Monitor
                look=Look::Accent
                busy=busy(Pending::LogIn)
                why_not=Signal::derive(move || {
                    // A call that is up moves with the softphone (A1); one that rings would be taken from under the hand.
                    let rings = matches!(telephony.seat.get().work(), Work::Ringing { .. });
                    rings.then(|| text.get().why_in_call.to_owned())
                })
                on_press=move || commands::use_here(stores)
            />
        }
    };
    let call = move || {
        view! {
            <Button
                label=move || text.get().call
                icon=Icon::PhoneOutgoing
                why_not=Signal::derive(move || reason(bar.get().dial))
                expanded=Signal::from(stores.dialler.open)
                key_hint="Alt+C"
                guarded=true
                on_press=move || {
                    if stores.dialler.open.get_untracked() {
                        stores.dialler.close();
                    } else {
                        stores.dialler.open_empty(stores);
                    }
                }
            />
        }
    };
    view! {
        <section class="softphone" aria-label=move || text.get().softphone>
            <div class="softphone-extension num" data-tip=move || text.get().extension>
                <Show when=move || room_for_icon.get()>
                    <Icon name=Icon::Phone />
                </Show>
                <span class="said-only">{move || text.get().extension}</span>
                <span class="softphone-number">{move || extension.get()}</span>
            </div>
            <div class="softphone-state">
                <StateMenu />
            </div>
            <div class="softphone-peer">
                <PeerSlot />
            </div>
            <div class="softphone-acts">
                {move || match mode.get() {
                    Mode::LoggedOut | Mode::NoExtension => log_in().into_any(),
                    Mode::Elsewhere => use_here().into_any(),
                    Mode::Here(_) => call().into_any(),
                }}
                <Button
                    label=move || text.get().mute
                    icon=Signal::derive(move || {
                        Some(if stores.mute.on.get() { Icon::MicrophoneSlashFill } else { Icon::MicrophoneSlash })
                    })
                    pressed=Signal::from(stores.mute.on)
                    why_not=Signal::derive(move || {
                        (!stores.mute.can.get()).then(|| why(text.get(), super::model::Why::NoCall).to_owned())
                    })
                    key_hint="Alt+M"
                    on_press=move || stores.mute.toggle()
                />
                <Button
                    label=hold_label
                    widest=Signal::derive(move || Some(text.get().resume.to_owned()))
                    icon=Signal::derive(move || Some(if holding.get() { Icon::PhonePauseFill } else { Icon::PhonePause }))
                    busy=Signal::derive(hold_busy)
                    why_not=Signal::derive(move || reason(bar.get().hold.1))
                    key_hint="Alt+P"
                    on_press=move || commands::toggle_hold(stores)
                />
                <Button
                    id="bar-keypad"
                    label=move || text.get().keypad
                    icon=Icon::Numpad
                    expanded=Signal::from(stores.keypad.open)
                    why_not=Signal::derive(move || (!takes_keys.get()).then(|| why(text.get(), super::model::Why::NoCall).to_owned()))
                    on_press=move || stores.keypad.toggle(stores)
                />
                <Button
                    label=move || text.get().hang_up
                    icon=Icon::PhoneDisconnect
                    look_now=Signal::derive(move || if bar.get().hang_up.is_ok() { Look::Danger } else { Look::Outlined })
                    busy=busy(Pending::Command(Command::HangUp))
                    why_not=Signal::derive(move || reason(bar.get().hang_up))
                    on_press=move || commands::command(stores, Command::HangUp)
                />
            </div>
        </section>
    }
}

//! The state pill and the menu behind it: 待機, 未待機, 離席 with its reasons, ログアウト.

use domain::agents::{BreakReason, Presence, Seat, Shown};
use leptos::prelude::*;
use wire::telephony::Choice;

use super::commands;
use super::model::Mode;
use super::words;
use crate::realtime::Line;
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::{Icon, Menu, MenuEntry, PillState, StatePill};

/// What the menu offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Choose(Choice),
    Audio,
    LogOut,
}

/// The pill; where there is something to choose it opens the menu.
#[component]
pub(super) fn StateMenu() -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let telephony = stores.telephony;
    let mode = Memo::new(move |_| telephony.bar.get().mode);
    let since = Memo::new(move |_| telephony.bar.get().since);
    let cut = Memo::new(move |_| stores.line.get() == Line::Cut);

    let pill = Memo::new(move |_| {
        if cut.get() {
            return PillState::Reconnecting;
        }
        match mode.get() {
            Mode::NoExtension => PillState::NoExtension,
            Mode::LoggedOut => PillState::Seat(Shown::LoggedOut),
            Mode::Elsewhere => PillState::Elsewhere,
            Mode::Here(Shown::Talking) if stores.mute.on.get() => PillState::Muted,
            Mode::Here(shown) => PillState::Seat(shown),
        }
    });
    let until = Memo::new(move |_| telephony.bar.get().until);
    let word = move || {
        let words = text.get();
        match pill.get() {
            PillState::Reconnecting => words.state_reconnecting,
            PillState::NoExtension => words.state_no_extension,
            PillState::Elsewhere => words.state_elsewhere,
            PillState::Muted => words.muted,
            PillState::Seat(shown) => words.state(shown),
        }
    };
    let detail = move || match pill.get() {
        PillState::Seat(shown) => text.get().state_detail(shown).map(str::to_owned),
        PillState::Reconnecting | PillState::NoExtension | PillState::Elsewhere | PillState::Muted => None,
    };
    let label = move || text.get().voice_state;

    let entries = move || {
        let words = text.get();
        let seat = telephony.seat.get();
        let in_call = telephony.in_call.get();
        let presence = match seat {
            Seat::LoggedIn { presence, .. } if mode.get() != Mode::Here(Shown::AfterCall) => Some(presence),
            Seat::LoggedIn { .. } | Seat::LoggedOut => None,
        };
        let no_microphone = stores.microphone.problem().map(|problem| words::microphone(words, problem).to_owned());
        let ready = MenuEntry::new(Act::Choose(Choice::Ready), words.state_ready)
            .icon(Icon::Headset)
            .chosen(presence == Some(Presence::Ready))
            .why_not(no_microphone);
        // In a call the choice says what comes after it.
        let ready = if in_call { ready.heading(words.after_this_call) } else { ready };
        let mut entries = vec![
            ready,
            MenuEntry::new(Act::Choose(Choice::NotReady), words.state_not_ready)
                .icon(Icon::Prohibit)
                .chosen(matches!(presence, Some(Presence::NotReady { .. }))),
        ];
        for (at, reason) in BreakReason::ALL.into_iter().enumerate() {
            let entry = MenuEntry::new(Act::Choose(Choice::Break { reason }), words.break_reason(reason))
                .icon(Icon::Coffee)
                .chosen(presence == Some(Presence::Break { reason }));
            entries.push(if at == 0 { entry.heading(words.state_break) } else { entry });
        }
        let log_out = seat.allows(domain::agents::SeatInput::LogOut).err();
        entries.push(MenuEntry::new(Act::Audio, words.audio_settings).icon(Icon::SpeakerHigh).heading(words.softphone));
        entries.push(
            MenuEntry::new(Act::LogOut, words.log_out)
                .icon(Icon::SignOut)
                .why_not(log_out.map(|refusal| words.refusal(refusal).to_owned())),
        );
        entries
    };
    let choose = move |act: Act| match act {
        Act::Choose(choice) => commands::choose(stores, choice),
        Act::Audio => stores.devices.panel.set(true),
        Act::LogOut => commands::log_out(stores),
    };
    let opens = Memo::new(move |_| matches!(mode.get(), Mode::Here(_)));
    let why_not = move || cut.get().then(|| text.get().why_reconnecting.to_owned());
    view! {
        <Show
            when=move || opens.get()
            fallback=move || view! { <StatePill state=pill label=word detail=Signal::derive(detail) /> }
        >
            <Menu
                label=label
                entries=Signal::derive(entries)
                on_choose=Callback::new(move |(act,): (Act,)| choose(act))
                why_not=Signal::derive(why_not)
                look="bare"
            >
                <StatePill state=pill label=word detail=Signal::derive(detail) since=since until=until opens=true />
            </Menu>
        </Show>
    }
}

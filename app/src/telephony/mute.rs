//! ミュート: the customer hears true silence, for the rest of this call, through holds and reloads of the page.

use domain::ids::InteractionId;
use leptos::prelude::*;

use super::microphone::Microphone;
use super::store::TelephonyStore;
use crate::platform::storage;

/// Where the muted call's id waits while the page is being reloaded. For this tab alone, as the microphone is.
const KEY: &str = "madoguchi.muted";

/// Whether the microphone is silent.
#[derive(Clone, Copy)]
pub(crate) struct Mute {
    /// Of a call, not of the microphone: the next call begins with a voice.
    call: RwSignal<Option<InteractionId>>,
    live: Memo<Option<InteractionId>>,
    /// Whether the call that is up is muted.
    pub(crate) on: Memo<bool>,
    /// Whether there is a call here that could be.
    pub(crate) can: Memo<bool>,
}

impl Mute {
    /// As this tab left it.
    pub(crate) fn new(telephony: TelephonyStore) -> Self {
        let call = RwSignal::new(storage::get_for_tab(KEY).and_then(|id| id.parse().ok()));
        let live = Memo::new(move |_| telephony.live.with(|live| live.as_ref().map(|live| live.id)));
        Self {
            call,
            live,
            on: Memo::new(move |_| live.get().is_some_and(|live| call.get() == Some(live))),
            can: Memo::new(move |_| live.get().is_some() && telephony.held_here.get()),
        }
    }

    /// ミュート or ミュート解除.
    pub(crate) fn toggle(self) {
        if !self.can.get_untracked() {
            return;
        }
        let muted = if self.on.get_untracked() { None } else { self.live.get_untracked() };
        self.call.set(muted);
        match muted {
            Some(call) => storage::set_for_tab(KEY, &call.to_string()),
            None => storage::remove_for_tab(KEY),
        }
    }

    /// Keeps the microphone to it. Called once, where the desk is mounted.
    pub(crate) fn keep(self, microphone: Microphone) {
        Effect::new(move || microphone.silence(self.on.get()));
    }
}

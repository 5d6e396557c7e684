//! キーパッド: what the agent keys into a call, and what the customer does. Shown while the call lasts, kept nowhere.

use domain::ids::{InteractionId, PressId};
use domain::telephony::{Call, Key};
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use wire::ApiError;

use super::commands::Pending;
use crate::shell::Stores;

/// How many keys go with one request.
const AT_ONCE: usize = 32;
/// How often a request that did not get through is sent again, and after how many milliseconds.
const TRIES: u32 = 3;
const AGAIN_MS: u32 = 500;

/// The keys of the call that is up.
#[derive(Clone, Copy)]
pub(crate) struct KeypadStore {
    /// Whether the keypad is open.
    pub(crate) open: RwSignal<bool>,
    /// What the agent has keyed.
    pub(crate) keyed: RwSignal<String>,
    /// What the customer has keyed.
    pub(crate) heard: RwSignal<String>,
    /// Keyed, and not yet on their way. One request at a time, so that none overtakes another.
    waiting: StoredValue<Vec<Key>>,
    sending: StoredValue<bool>,
}

impl KeypadStore {
    /// Closed, nothing keyed.
    pub(crate) fn new() -> Self {
        Self {
            open: RwSignal::new(false),
            keyed: RwSignal::new(String::new()),
            heard: RwSignal::new(String::new()),
            waiting: StoredValue::new(Vec::new()),
            sending: StoredValue::new(false),
        }
    }

    /// Forgets everything with each call, and takes keys from the keyboard while it is open. Called once, where the desk
    /// is mounted.
    pub(crate) fn keep(self, stores: Stores) {
        let telephony = stores.telephony;
        let live = Memo::new(move |_| telephony.live.with(|live| live.as_ref().map(|live| live.id)));
        Effect::new(move || {
            live.track();
            self.open.set(false);
            self.keyed.set(String::new());
            self.heard.set(String::new());
            self.waiting.set_value(Vec::new());
        });
        let typed = window_event_listener(leptos::ev::keydown, move |event| {
            let plain = !event.alt_key() && !event.ctrl_key() && !event.meta_key() && !event.is_composing();
            if !self.open.get_untracked() || !plain || writes_elsewhere(&event) {
                return;
            }
            let mut chars = event.key().chars().collect::<Vec<_>>().into_iter();
            if let (Some(key), None) = (chars.next(), chars.next())
                && let Some(key) = on_keypad(key)
            {
                event.prevent_default();
                if !event.repeat() {
                    self.press(stores, key);
                }
            }
        });
        on_cleanup(move || typed.remove());
    }

    /// キーパッド in the bar or in the popup.
    pub(crate) fn toggle(self, stores: Stores) {
        let folded = stores.telephony.folded;
        if self.open.get_untracked() && !folded.get_untracked() {
            self.open.set(false);
        } else if can_key(stores).is_some() {
            folded.set(false);
            self.open.set(true);
        }
    }

    /// One key.
    pub(crate) fn press(self, stores: Stores, key: Key) {
        let Some(call) = can_key(stores) else { return };
        self.keyed.update(|keyed| keyed.push(key.into()));
        self.waiting.update_value(|waiting| waiting.push(key));
        if !self.sending.get_value() {
            self.sending.set_value(true);
            spawn_local(async move {
                self.send(stores, call).await;
                self.sending.set_value(false);
            });
        }
    }

    /// The customer pressed a key.
    pub(crate) fn heard(self, stores: Stores, call: InteractionId, key: Key) {
        let ours = stores.telephony.live.with_untracked(|live| live.as_ref().is_some_and(|live| live.id == call));
        if ours {
            self.heard.update(|heard| heard.push(key.into()));
        }
    }

    async fn send(self, stores: Stores, call: InteractionId) {
        loop {
            let keys = self.waiting.try_update_value(|waiting| {
                let rest = waiting.split_off(waiting.len().min(AT_ONCE));
                core::mem::replace(waiting, rest)
            });
            let keys = keys.unwrap_or_default();
            if keys.is_empty() {
                return;
            }
            // One id for all tries: what got through without its answer is not keyed again.
            let press = PressId(uuid::Uuid::new_v4());
            let mut answer = Ok(());
            for _ in 0..TRIES {
                answer = stores.heard(wire::telephony::press_keys(call, press, keys.clone()).await);
                if !matches!(answer, Err(ApiError::Offline | ApiError::Unavailable)) {
                    break;
                }
                TimeoutFuture::new(AGAIN_MS).await;
            }
            if let Err(error) = answer {
                self.waiting.set_value(Vec::new());
                stores.telephony.trouble.set(Some((Pending::Keys, error)));
                return;
            }
        }
    }
}

/// The call that takes keys now.
pub(crate) fn can_key(stores: Stores) -> Option<InteractionId> {
    let me = stores.session.me_untracked()?.user;
    let here = stores.telephony.held_here.get_untracked();
    stores.telephony.live.with_untracked(|live| {
        live.as_ref().filter(|live| here && live.call.takes_keys(me).is_ok()).map(|live| live.id)
    })
}

/// Whether the call could take keys, followed.
pub(super) fn takes_keys(live: Option<&Call>) -> bool {
    matches!(live, Some(Call::Connected { .. } | Call::Dialling { early_media: true, .. }))
}

/// The twelve keys; letters are for machines.
fn on_keypad(key: char) -> Option<Key> {
    (key.is_ascii_digit() || key == '*' || key == '#').then(|| Key::try_from(key).ok()).flatten()
}

/// Somebody types into a field: those keys are not for the call.
fn writes_elsewhere(event: &leptos::ev::KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    target.is_some_and(|target| {
        target.closest("input, textarea, select, [contenteditable]").is_ok_and(|field| field.is_some())
    })
}

//! The softphone: bar, popups, dialler, start of the shift, microphone and audio connection.
//!
//! Never decides what a call may do: `domain::telephony::Call` and `domain::agents::Seat` do, here as in the
//! server. Never changes its model but through `realtime::dispatch`.

pub(crate) mod model;

#[cfg(target_arch = "wasm32")]
mod after_call;
#[cfg(target_arch = "wasm32")]
pub(crate) mod attention;
#[cfg(target_arch = "wasm32")]
mod audio_link;
#[cfg(target_arch = "wasm32")]
mod audio_panel;
#[cfg(target_arch = "wasm32")]
mod bar;
#[cfg(target_arch = "wasm32")]
pub(crate) mod commands;
#[cfg(target_arch = "wasm32")]
pub(crate) mod devices;
#[cfg(target_arch = "wasm32")]
mod dialler;
#[cfg(target_arch = "wasm32")]
mod dialler_store;
#[cfg(target_arch = "wasm32")]
mod farewell;
#[cfg(target_arch = "wasm32")]
mod in_call;
#[cfg(target_arch = "wasm32")]
mod incoming;
#[cfg(target_arch = "wasm32")]
mod keypad;
#[cfg(target_arch = "wasm32")]
mod keys;
#[cfg(target_arch = "wasm32")]
mod microphone;
#[cfg(target_arch = "wasm32")]
mod mute;
#[cfg(target_arch = "wasm32")]
mod peer_slot;
#[cfg(target_arch = "wasm32")]
mod popups;
#[cfg(target_arch = "wasm32")]
mod quality_mark;
#[cfg(target_arch = "wasm32")]
mod ringer;
#[cfg(target_arch = "wasm32")]
mod start_shift;
#[cfg(target_arch = "wasm32")]
mod state_menu;
#[cfg(target_arch = "wasm32")]
mod store;
#[cfg(target_arch = "wasm32")]
pub(crate) mod words;

#[cfg(target_arch = "wasm32")]
pub(crate) use self::{
    after_call::AfterCallQuestion, audio_link::AudioLink, audio_panel::AudioPanel, bar::SoftphoneBar, devices::Devices,
    dialler::DiallerPopup, dialler_store::DiallerStore, keys::KeypadStore, microphone::Microphone, model::Mode,
    mute::Mute, popups::CallPopups, ringer::Ringer, start_shift::StartShift, store::TelephonyStore,
};

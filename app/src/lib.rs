//! The desk: what an agent sees and presses, rendered in the browser.
//!
//! Everything that decides is in `domain` or in a slice's `model.rs` and is tested natively; this crate draws.
//! Only `platform`, `realtime::socket` and `telephony::microphone` call the browser.

pub mod format;
#[cfg(target_arch = "wasm32")]
pub mod platform;
pub mod text;

//! The desk: what an agent sees and presses, rendered in the browser.
//!
//! Everything that decides is in `domain` or in a slice's `model.rs` and is tested natively; this crate draws.
//! Only `platform`, `realtime::socket` and `telephony::microphone` call the browser.
#![cfg_attr(
    target_arch = "wasm32",
    expect(unreachable_pub, reason = "what #[component] makes of a component is public, wherever that one stands"),
    expect(clippy::too_many_lines, reason = "a view is one tree, read from top to bottom as the screen is")
)]
#![cfg_attr(
    not(target_arch = "wasm32"),
    expect(dead_code, reason = "the components that use the models are compiled for the browser only")
)]

pub mod format;
#[cfg(target_arch = "wasm32")]
pub mod platform;
pub mod text;
pub mod ui;

mod customers;
#[cfg(target_arch = "wasm32")]
mod demo;
mod inquiries;
mod interactions;
mod realtime;
mod records;
mod session;
mod settings;
#[cfg(target_arch = "wasm32")]
mod shell;
mod telephony;

/// Mounts the desk into the page.
#[cfg(target_arch = "wasm32")]
pub fn start() {
    leptos::mount::mount_to_body(shell::Root);
}

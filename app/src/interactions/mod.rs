//! The list of calls and the log of each.
//!
//! Never changes a call: calling back goes through the dialler.

mod model;

#[cfg(target_arch = "wasm32")]
mod call_detail;
#[cfg(target_arch = "wasm32")]
mod calls_page;
#[cfg(target_arch = "wasm32")]
mod list_store;
#[cfg(target_arch = "wasm32")]
mod live_timeline;
#[cfg(target_arch = "wasm32")]
mod timeline;

#[cfg(target_arch = "wasm32")]
pub(crate) use self::{call_detail::CallFacts, calls_page::CallsPage, live_timeline::LiveTimeline, model::span};

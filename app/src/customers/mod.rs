//! 顧客情報: who is on display, their record, and what they had with us.
//!
//! Never decides whose value wins: the server says what is in conflict, and the agent chooses.

pub(crate) mod model;

#[cfg(target_arch = "wasm32")]
mod candidates;
#[cfg(target_arch = "wasm32")]
mod finder;
#[cfg(target_arch = "wasm32")]
mod history;
#[cfg(target_arch = "wasm32")]
mod record_pane;
#[cfg(target_arch = "wasm32")]
mod saving;
#[cfg(target_arch = "wasm32")]
mod store;
#[cfg(target_arch = "wasm32")]
mod viewing;

#[cfg(target_arch = "wasm32")]
pub(crate) use self::{
    candidates::PartyFacts, history::History, record_pane::RecordPane, saving::save, store::CustomersStore,
};

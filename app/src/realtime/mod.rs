//! The one WebSocket of the tab, and the only place where server events change models.
//!
//! Never asks the server for anything but events: requests are server functions, called where their answer
//! is shown.

mod model;

#[cfg(target_arch = "wasm32")]
mod dispatch;
#[cfg(target_arch = "wasm32")]
mod line;
#[cfg(target_arch = "wasm32")]
mod socket;

#[cfg(target_arch = "wasm32")]
pub(crate) use line::{Line, LineStore};
#[cfg(target_arch = "wasm32")]
pub(crate) use socket::keep_open;

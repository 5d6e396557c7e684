//! What an administrator sets up: users, extensions, trunks, numbers, queues, hold music.
//!
//! [`SettingsService`] is the port behind the settings page; the same service answers the questions of the other
//! slices ([`crate::telephony::directory::Directory`], [`crate::routing::Queues`]), read anew each time, so that a
//! change counts from the next call on. Every change is checked against all settings as they are, by one at a time,
//! stored together with its line in the audit log, and told to the desks and to whoever [`SettingsService::changes`].
//!
//! **Invariant:** nothing is saved of an input with a wrong field; no password ever leaves this slice but a trunk's
//! towards telephony; nothing here knows SIP, audio or a call.

mod changes;
mod check;
mod directory;
pub mod music;
mod ports;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use ports::{Accounts, Vault};
pub use service::{SettingsConfig, SettingsService};

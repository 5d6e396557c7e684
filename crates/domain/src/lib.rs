//! The trade of a contact centre as values and state machines.
//!
//! Nothing here reads a clock, draws a random number, waits or touches the outside: time, chance and
//! identifiers come in as arguments. The desk (wasm32) and the server ask the same machines, so a button
//! is enabled by the very rule with which the server accepts the command behind it.

pub mod agents;
pub mod ids;
pub mod phone;
pub mod records;
pub mod refusal;
pub mod roles;
pub mod routing;
pub mod telephony;
pub mod time;

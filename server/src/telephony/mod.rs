//! Calls: SIP towards the trunks, audio of both legs, and the call machine that joins them.
//!
//! ```text
//!  trunk ◄─ SIP ─► sip_endpoint ─► calls ─► call_task (one a call) ─► effects ─► gateway, seats, queue, log, desk
//!                                                 ▲
//!  desk ── server functions ──► port ─────────────┘
//! ```
//!
//! [`domain::telephony::Call`] decides what happens to a call; everything here only carries it out. A call lives in one
//! task on this node, its log in the database.
//!
//! **Invariant:** no call waits for the database before it is heard, nobody outside this folder speaks SIP, and
//! nothing here chooses an agent.

pub mod call_log;
mod call_task;
pub mod calls;
pub mod directory;
mod effects;
pub mod extensions;
pub mod gateway;
pub mod links;
pub mod list_news;
pub mod locate;
pub mod numbers;
pub mod people;
pub mod port;
pub(crate) mod quality;
pub mod relays;
mod seat_steps;
mod sip_driver;
pub mod sip_endpoint;
mod sip_legs;
pub mod sip_stack;
mod sip_tcp;
mod sip_tls;
mod store;
pub mod tolls;
pub mod trunk;
mod waiting_room;

//! A SIP user agent core (RFC 3261) without sockets, clock, chance of its own or threads.
//!
//! Bytes and the time go in, bytes, events and the next deadline come out: [`Endpoint::receive`],
//! [`Endpoint::handle_timeout`], [`Endpoint::poll_transmit`], [`Endpoint::poll_event`], [`Endpoint::poll_timeout`].
//! After anything that goes in, a driver drains transmits and events until both are `None`, then sleeps until
//! `poll_timeout`. A TCP driver cuts its stream into messages with [`Framer`].
//!
//! What it never does: it opens no socket, resolves no name, knows no trunk and no agent, plays no audio. Which sources
//! may speak to it at all is asked of the driver before [`Endpoint::receive`].
//!
//! Why this much of SIP is our own is told in `docs/adr/0001-sip-library.md`.

mod api;
mod chance;
mod dialog;
mod digest;
mod endpoint;
mod framer;
mod gate;
mod message;
pub mod sdp;
mod time;
mod transaction;

pub use api::{
    CallKey, Config, Credentials, Event, Identity, InviteOptions, NameAddr, NotNow, Outgoing, Registration,
    RegistrationKey, RegistrationState, Stats, Target, Timers, Transmit, Transport,
};
pub use endpoint::Endpoint;
pub use framer::{Frame, Framer, Unframed};
pub use time::Time;

//! Demo mode: people, a queue and numbers to start with, and a simulated carrier behind a real SIP trunk.
//!
//! [`Demo::start`] fills an empty database once, starts the carrier on loopback and points the demo's trunk at it.
//! [`Demo`] is the port of the page on which a newcomer plays the customer: it moves a phone that speaks real SIP and
//! RTP to the desk, and tells what that phone hears from the sound alone.
//!
//! **Invariant:** nothing of it runs outside of demo mode, the carrier never leaves loopback, and its users are marked
//! as the demo's, so that no real database ever holds an account whose password is public.

mod customer;
mod people;
mod records;
mod seed;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

pub use customer::Demo;
pub use people::{accounts, announce};
pub use records::seed_records;

use crate::config::Config;

/// Keeps what is meant for the outside on loopback, where the operator left it at its default: the demo's carrier is
/// the only one that SIP and RTP are for.
pub fn keep_to_loopback(config: &mut Config) {
    let defaults = Config::defaults();
    let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
    if config.sip_udp_listen == defaults.sip_udp_listen {
        config.sip_udp_listen = Some(SocketAddr::new(loopback, 0));
    }
    if config.sip_tcp_listen == defaults.sip_tcp_listen {
        config.sip_tcp_listen = None;
    }
    if config.rtp_address == defaults.rtp_address {
        config.rtp_address = loopback;
    }
}

//! What can go wrong, and what to do about it.

use std::io;

/// Why the gateway could not do as told.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The port that all browsers share cannot be had: another process has it, or the address is not this machine's.
    #[error("the WebRTC port {address} cannot be opened: {source}; choose another address or stop what uses it")]
    Bind {
        /// The address asked for.
        address: std::net::SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The port that all browsers share is bound to all addresses, and none to tell the browsers was given.
    #[error("the WebRTC address is a wildcard; also set the public address that browsers can reach")]
    NoPublicAddress,
    /// The range of RTP ports is too small to hold one pair, or does not start and end as it must.
    #[error("the RTP port range {first}-{last} holds no even port with the odd one above it; give at least one pair")]
    Range {
        /// The first port.
        first: u16,
        /// The last port.
        last: u16,
    },
    /// Every pair of RTP ports is in use.
    #[error("all RTP ports are in use; widen the range, or wait for a call to end")]
    NoPorts,
    /// The system refused to watch a new socket: most likely the limit of open files.
    #[error("a new audio leg was refused by the system: {0}; raise the limit of open files")]
    Register(io::Error),
    /// The browser's offer cannot be answered: the desk is broken or too old.
    #[error("the browser's offer cannot be answered: {0}")]
    Offer(String),
    /// The agent has no audio connection, or another one than that which made the offer.
    #[error("this offer belongs to no audio connection that the agent has; make a new connection")]
    NotConnected,
    /// The call already has a leg.
    #[error("this call already has an audio leg")]
    AlreadyOpen,
    /// The customer's side has not agreed to telephone keys, wants to hear nothing, or has too many to take already.
    #[error("the customer's side takes no telephone keys now")]
    NoKeys,
    /// The gateway has stopped.
    #[error("the media gateway has stopped")]
    Stopped,
}

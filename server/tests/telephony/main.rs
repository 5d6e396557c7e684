//! Calls against real SIP peers (sipp, baresip), with real sockets, the real gateway and both databases.
//!
//! The server's clock is held by the tests: nothing here depends on how fast the machine is.

#[cfg(test)]
mod baresip;
#[cfg(test)]
mod by_ear;
#[cfg(test)]
mod customer;
#[cfg(test)]
mod cycles;
#[cfg(test)]
mod encrypted;
#[cfg(test)]
mod extensions;
#[cfg(test)]
mod far;
#[cfg(test)]
mod floods;
#[cfg(test)]
mod floor;
#[cfg(test)]
mod found;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod inbound;
#[cfg(test)]
mod interop;
#[cfg(test)]
mod kamailio;
#[cfg(test)]
mod kept;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod many;
#[cfg(test)]
mod media;
#[cfg(test)]
mod outbound;
#[cfg(test)]
mod pbx;
#[cfg(test)]
#[path = "../gateway_peers/mod.rs"]
#[expect(dead_code, reason = "shared with the gateway's own tests, which use all of it")]
mod peers;
#[cfg(test)]
mod people;
#[cfg(test)]
mod port;
#[cfg(test)]
mod quality;
#[cfg(test)]
mod signalling;
#[cfg(test)]
mod slow_database;
#[cfg(test)]
mod start_and_stop;
#[cfg(test)]
mod tolls;
#[cfg(test)]
mod trunks;
#[cfg(test)]
mod wrap_up;

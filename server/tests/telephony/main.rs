//! Calls against a real SIP peer (sipp), with real sockets, the real gateway and both databases.
//!
//! The server's clock is held by the tests: nothing here depends on how fast the machine is.

mod by_ear;
mod customer;
mod floor;
mod inbound;
mod many;
mod outbound;
#[path = "../gateway_peers/mod.rs"]
#[expect(dead_code, reason = "shared with the gateway's own tests, which use all of it")]
mod peers;
mod port;
mod signalling;
mod start_and_stop;
mod trunks;

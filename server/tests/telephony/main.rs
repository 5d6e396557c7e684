//! Calls against a real SIP peer (sipp), with real sockets, the real gateway and both databases.
//!
//! The server's clock is held by the tests: nothing here depends on how fast the machine is.

mod customer;
mod floor;
mod inbound;
mod many;
mod outbound;
mod port;
mod signalling;
mod start_and_stop;
mod trunks;

//! What stands outside of the product, simulated on the real wire: a carrier and the phones behind it.
//!
//! A [`Carrier`] speaks SIP over UDP to the desk as a static peer; each [`Phone`] behind it has its own number and its
//! own RTP socket, one call at a time, and does what it is told. What a phone hears is recognised from the sound
//! alone ([`Ear`]), so that a demo or a test never takes signalling's word for it.
//!
//! Linked by the demo mode and by tests, never by what serves customers.

mod carrier;
mod ear;
mod line;
mod phone;
mod rtp_leg;
mod sound;

pub use carrier::{Carrier, CarrierConfig};
pub use ear::{Ear, Heard, Hears};
pub use phone::{Busy, Phone, PhoneState, Snapshot};
pub use sound::Sound;

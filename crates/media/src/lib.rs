//! Audio without I/O: G.711, RTP and RTCP, tones, hold music.
//!
//! Nothing here opens a socket, reads a clock or starts a task: time comes in as an argument, packets as slices. So it
//! runs faster than real time in tests.

mod codec;
pub mod g711;
pub mod music;

pub use codec::{Codec, FRAME, RATE};
pub use music::Music;

//! Audio without I/O: G.711, RTP and RTCP, tones, keys, hold music.
//!
//! Nothing here opens a socket, reads a clock or starts a task: time comes in as an argument, packets as slices. So it
//! runs faster than real time in tests.

mod codec;
pub mod dtmf;
pub mod g711;
pub mod latch;
pub mod melody;
pub mod music;
pub mod out_stream;
pub mod reception;
pub mod rtcp;
pub mod rtp;
pub mod tone;
pub mod voice;
pub mod wav;

pub use codec::{Codec, FRAME, RATE};
pub use latch::Latch;
pub use music::Music;
pub use out_stream::OutStream;
pub use reception::Reception;

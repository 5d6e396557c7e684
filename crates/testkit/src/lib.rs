//! What tests and benches hold in their hands: tones made and heard, and load.
//!
//! Nothing that is shipped may depend on it.

pub mod hear;
#[cfg(feature = "load")]
pub mod load;
pub mod tone;
pub mod wav;

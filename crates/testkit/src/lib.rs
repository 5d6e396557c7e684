//! What tests and benches hold in their hands: tones made and heard.
//!
//! Nothing that is shipped may depend on it.

pub mod hear;
pub mod tone;
pub mod wav;

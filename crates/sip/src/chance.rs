//! Tags, branches, Call-IDs: a row of numbers that follows from a seed and that nobody can foretell from its outputs.

use sha2::{Digest as _, Sha256};
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct Chance {
    seed: u64,
    drawn: u64,
}

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, drawn: 0 }
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.drawn += 1;
        let mut hash = Sha256::new();
        hash.update(self.seed.to_be_bytes());
        hash.update(self.drawn.to_be_bytes());
        hash.finalize().iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
    }

    /// 64 bits in hexadecimal: a tag must have 32 at least (RFC 3261 §19.3).
    pub(crate) fn token(&mut self) -> String {
        format!("{:016x}", self.number())
    }

    /// RFC 3261 §8.1.1.7.
    pub(crate) fn branch(&mut self) -> String {
        format!("z9hG4bK{}", self.token())
    }

    /// From `least` up to, not including, `most`, in steps of 10 ms.
    pub(crate) fn between(&mut self, least: Duration, most: Duration) -> Duration {
        let steps = (most.saturating_sub(least).as_millis() / 10).max(1);
        let step = u128::from(self.number()) % steps;
        least + Duration::from_millis(u64::try_from(step * 10).unwrap_or(0))
    }
}

impl Chance {
    /// Always the same for the same text: the tag of an answer of which nothing is remembered (RFC 3261 §8.2.7).
    pub(crate) fn tag_for(&self, text: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_le_bytes());
        hash.update(b"tag");
        hash.update(text);
        let number = hash.finalize().iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        format!("{number:016x}")
    }
}

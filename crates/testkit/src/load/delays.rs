//! Delays, kept whole: a run has a few hundred thousand.

use std::time::Duration;

/// How long packets were under way.
#[derive(Clone, Debug, Default)]
pub struct Delays {
    micros: Vec<u32>,
    is_sorted: bool,
}

impl Delays {
    /// Adds one.
    pub fn add(&mut self, delay: Duration) {
        self.micros.push(u32::try_from(delay.as_micros()).unwrap_or(u32::MAX));
        self.is_sorted = false;
    }

    /// The delay that `share` (0–1) of all do not exceed; nothing where there are none.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in a list that is far shorter than 2^52"
    )]
    pub fn percentile(&mut self, share: f64) -> Option<Duration> {
        if !self.is_sorted {
            self.micros.sort_unstable();
            self.is_sorted = true;
        }
        let last = self.micros.len().checked_sub(1)?;
        let place = (share.clamp(0.0, 1.0) * last as f64).ceil() as usize;
        self.micros.get(place).map(|micros| Duration::from_micros(u64::from(*micros)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_places_in_order() {
        let mut delays = Delays::default();
        assert_eq!(delays.percentile(0.5), None);
        for ms in (1..=100).rev() {
            delays.add(Duration::from_millis(ms));
        }
        assert_eq!(delays.percentile(0.0), Some(Duration::from_millis(1)));
        assert_eq!(delays.percentile(0.5), Some(Duration::from_millis(51)));
        assert_eq!(delays.percentile(1.0), Some(Duration::from_millis(100)));
    }
}

//! What was dropped at the door, told in numbers: nobody who floods us shall fill our log.

use std::time::{Duration, Instant};

use super::door::Why;

/// How often it is told.
const EVERY: Duration = Duration::from_secs(5);
/// How many lines about what peers do wrong are written in a second.
const LINES: u32 = 5;

/// Counts what is dropped until it is told.
#[derive(Debug, Default)]
pub(super) struct Dropped {
    counts: [u64; Why::ALL.len()],
    due: Option<Instant>,
}

impl Dropped {
    pub(super) fn count(&mut self, now: Instant, why: Why) {
        if let Some(count) = self.counts.get_mut(why as usize) {
            *count += 1;
        }
        self.due.get_or_insert(now + EVERY);
    }

    /// When it is to be told next, if there is anything.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Tells it, in `/metrics` and in one line, and begins anew.
    pub(super) fn tell(&mut self) {
        for (why, count) in Why::ALL.into_iter().zip(self.counts) {
            metrics::counter!("madoguchi_sip_dropped_total", "why" => why.word()).increment(count);
        }
        let [strangers, noise, too_often, scanners] = self.counts;
        tracing::info!(strangers, noise, too_often, scanners, "SIP messages were dropped unread in the last seconds");
        *self = Self::default();
    }
}

/// Lets so many lines a second into the log.
#[derive(Debug, Default)]
pub(super) struct Lines {
    second: Option<Instant>,
    written: u32,
}

impl Lines {
    pub(super) fn may(&mut self, now: Instant) -> bool {
        if self.second.is_none_or(|second| now.saturating_duration_since(second) >= Duration::from_secs(1)) {
            self.second = Some(now);
            self.written = 0;
        }
        self.written += 1;
        self.written <= LINES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use domain::time::Timestamp;

    #[test]
    fn a_flood_is_told_once_in_a_while_and_lines_are_few() {
        let (clock, _hands) = Clock::held(Timestamp(0));
        let now = clock.instant();
        let mut dropped = Dropped::default();
        assert_eq!(dropped.due(), None);
        for n in 0..10_000 {
            dropped.count(now + Duration::from_micros(n), Why::Noise);
        }
        assert_eq!(dropped.due(), Some(now + EVERY));
        assert_eq!(dropped.counts, [0, 10_000, 0, 0]);
        dropped.tell();
        assert_eq!((dropped.due(), dropped.counts), (None, [0; 4]));

        let mut lines = Lines::default();
        let written = (0..3_000).filter(|ms| lines.may(now + Duration::from_millis(*ms))).count();
        assert_eq!(written, 15);
    }
}

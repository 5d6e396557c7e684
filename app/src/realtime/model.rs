//! What is decided about the socket, without the socket: which frames are new, how long to wait before the
//! next try, and what the server's clock says.

use domain::time::Timestamp;
use wire::events::Resume;

/// After this much silence the socket is dead: the server sends a ping every 3 s.
pub(crate) const SILENCE_MS: u32 = 9_000;

/// Waits between tries grow from the first to the last of these, in milliseconds.
const FIRST_WAIT_MS: u32 = 500;
const LONGEST_WAIT_MS: u32 = 10_000;

/// How long to wait before the next try, in milliseconds.
///
/// The bound doubles with each try; chance picks a place below it, so that a hundred desks that lost the same
/// server do not come back at the same moment. `chance` is in 0.0..1.0.
pub(crate) fn wait_before(attempt: u32, chance: f64) -> u32 {
    let bound = FIRST_WAIT_MS.saturating_mul(1 << attempt.min(5)).min(LONGEST_WAIT_MS);
    let spread = f64::from(bound.saturating_sub(FIRST_WAIT_MS)) * chance.clamp(0.0, 1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 10 000 by construction")]
    let extra = spread as u32;
    FIRST_WAIT_MS + extra
}

/// Which events this tab already has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    had: Option<Resume>,
    epoch: String,
}

/// What to do with a numbered event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The next one: take it.
    New,
    /// Had before: leave it.
    Again,
    /// One in between is missing: drop the socket and resume.
    Gap,
}

impl Progress {
    /// What the tab says in its Hello.
    pub(crate) fn resume(&self) -> Option<Resume> {
        self.had.clone()
    }

    /// The server's Hello: unless it resumes, the numbers start anew with the snapshot that follows.
    pub(crate) fn hello(&mut self, epoch: String, resumed: bool) {
        if !resumed {
            self.had = None;
        }
        self.epoch = epoch;
    }

    /// A snapshot that holds everything up to `n`.
    pub(crate) fn snapshot(&mut self, n: u64) {
        self.had = Some(Resume { epoch: self.epoch.clone(), n });
    }

    /// An event numbered `n`.
    pub(crate) fn event(&mut self, n: u64) -> Arrival {
        match &mut self.had {
            None => Arrival::Gap,
            Some(had) if n <= had.n => Arrival::Again,
            Some(had) if n == had.n + 1 => {
                had.n = n;
                Arrival::New
            }
            Some(_) => Arrival::Gap,
        }
    }
}

/// The server's clock, guessed from what it says and when that arrived here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServerClock {
    /// Server minus browser, in milliseconds.
    offset: Option<i64>,
}

/// Beyond this much, in milliseconds, it is not the network that differs: one of the clocks was set.
const CLOCK_WAS_SET: i64 = 2_000;

impl ServerClock {
    /// The server said `server` and it arrived when the browser's clock showed `here`.
    ///
    /// The way takes time, so every sample is too low by it: the largest is the nearest.
    pub(crate) fn heard(&mut self, server: Timestamp, here: Timestamp) {
        let sample = server.0.saturating_sub(here.0);
        self.offset = Some(match self.offset {
            Some(offset) if (offset - sample).abs() <= CLOCK_WAS_SET => offset.max(sample),
            Some(_) | None => sample,
        });
    }

    /// The server's time when the browser's clock shows `here`.
    pub(crate) fn at(self, here: Timestamp) -> Timestamp {
        Timestamp(here.0.saturating_add(self.offset.unwrap_or(0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_from_half_a_second_to_ten_seconds() {
        assert_eq!(wait_before(0, 0.99), 500);
        assert_eq!(wait_before(1, 0.0), 500);
        assert_eq!(wait_before(1, 1.0), 1_000);
        assert_eq!(wait_before(5, 1.0), 10_000);
        assert_eq!(wait_before(1_000, 1.0), 10_000);
    }

    #[test]
    fn every_event_is_taken_once_and_in_order() {
        let mut progress = Progress::default();
        assert_eq!(progress.event(1), Arrival::Gap, "nothing can be taken before a snapshot");
        progress.hello("a".to_owned(), false);
        progress.snapshot(7);
        assert_eq!(progress.event(7), Arrival::Again);
        assert_eq!(progress.event(8), Arrival::New);
        assert_eq!(progress.event(8), Arrival::Again);
        assert_eq!(progress.event(10), Arrival::Gap);
        assert_eq!(progress.resume(), Some(Resume { epoch: "a".to_owned(), n: 8 }));
    }

    #[test]
    fn a_resumed_stream_goes_on_and_another_one_starts_anew() {
        let mut progress = Progress::default();
        progress.hello("a".to_owned(), false);
        progress.snapshot(3);
        progress.hello("a".to_owned(), true);
        assert_eq!(progress.event(4), Arrival::New);
        progress.hello("b".to_owned(), false);
        assert_eq!(progress.resume(), None);
        progress.snapshot(1);
        assert_eq!(progress.resume(), Some(Resume { epoch: "b".to_owned(), n: 1 }));
    }

    #[test]
    fn the_quickest_sample_sets_the_clock_and_a_jump_resets_it() {
        let mut clock = ServerClock::default();
        clock.heard(Timestamp(10_000), Timestamp(1_000));
        clock.heard(Timestamp(10_400), Timestamp(1_300));
        assert_eq!(clock.at(Timestamp(2_000)), Timestamp(11_100));
        clock.heard(Timestamp(10_500), Timestamp(1_900));
        assert_eq!(clock.at(Timestamp(2_000)), Timestamp(11_100), "a slow one changes nothing");
        clock.heard(Timestamp(3_000), Timestamp(2_000));
        assert_eq!(clock.at(Timestamp(2_000)), Timestamp(3_000));
    }
}

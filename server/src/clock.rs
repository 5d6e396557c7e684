//! The one reader of the clock.
//!
//! Everything that asks what time it is holds a [`Clock`]; a test holds its [`Hands`] and decides.
//! Points that are stored or sent are [`Timestamp`]s (wall clock, may step); waits and deadlines are counted
//! on the monotonic [`Instant`], so that a stepping wall clock drops no call and ends no session early.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use domain::time::Timestamp;
use tokio::sync::watch;

/// A handle on the time, cheap to clone.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Held(Arc<Held>),
}

#[derive(Debug)]
struct Held {
    start: Instant,
    wall: Mutex<Timestamp>,
    elapsed: watch::Sender<Duration>,
}

/// What moves a held clock: time stands still until a test moves it.
#[derive(Clone, Debug)]
pub struct Hands(Arc<Held>);

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `start` until its hands are moved.
    pub fn held(start: Timestamp) -> (Self, Hands) {
        let held = Arc::new(Held {
            start: read_instant(),
            wall: Mutex::new(start),
            elapsed: watch::Sender::new(Duration::ZERO),
        });
        (Self(Source::Held(Arc::clone(&held))), Hands(held))
    }

    /// The wall clock, in milliseconds since 1970.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => read_wall(),
            Source::Held(held) => *held.wall.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// The monotonic clock, for deadlines and for machines that count on it.
    pub fn instant(&self) -> Instant {
        match &self.0 {
            Source::System => read_instant(),
            Source::Held(held) => held.start + *held.elapsed.borrow(),
        }
    }

    /// Waits until the monotonic clock has reached `deadline`.
    pub async fn sleep_until(&self, deadline: Instant) {
        match &self.0 {
            Source::System => tokio::time::sleep_until(deadline.into()).await,
            Source::Held(held) => {
                let mut elapsed = held.elapsed.subscribe();
                let wanted = deadline.saturating_duration_since(held.start);
                // The sender lives in `held`, which is borrowed here: the wait cannot end by its being dropped.
                drop(elapsed.wait_for(|elapsed| *elapsed >= wanted).await);
            }
        }
    }

    /// Waits for `wait` from now.
    pub async fn sleep(&self, wait: Duration) {
        self.sleep_until(self.instant() + wait).await;
    }
}

impl Hands {
    /// Moves both clocks forward and wakes who waited for a point that has now come.
    pub fn advance(&self, by: Duration) {
        {
            let mut wall = self.0.wall.lock().unwrap_or_else(PoisonError::into_inner);
            *wall = wall.plus(by);
        }
        self.0.elapsed.send_modify(|elapsed| *elapsed += by);
    }

    /// Steps the wall clock alone, as an operator or a time server does.
    pub fn step_wall_to(&self, now: Timestamp) {
        *self.0.wall.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the monotonic clock")]
fn read_instant() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
fn read_wall() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_held_clock_wakes_its_sleepers_when_it_is_moved_far_enough() {
        let (clock, hands) = Clock::held(Timestamp(1_000));
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move {
                clock.sleep(Duration::from_secs(10)).await;
                clock.now()
            }
        });
        tokio::task::yield_now().await;
        hands.advance(Duration::from_secs(9));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        hands.advance(Duration::from_secs(1));
        assert_eq!(sleeper.await.unwrap(), Timestamp(11_000));
    }

    #[test]
    fn a_step_of_the_wall_clock_leaves_the_monotonic_clock_alone() {
        let (clock, hands) = Clock::held(Timestamp(5_000));
        let before = clock.instant();
        hands.step_wall_to(Timestamp(1));
        assert_eq!((clock.now(), clock.instant()), (Timestamp(1), before));
    }
}

//! Word to the desks that the list of calls has changed: at most one in a while, however much happens in it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::clock::Clock;

/// How often the desks are told at most.
const EVERY: Duration = Duration::from_secs(1);

/// Gives what is to be called at each change, and the task that calls `tell`: at once for the first change, and for all
/// that follow within a second once more at its end.
pub fn coalesced(
    clock: Clock,
    tell: impl Fn() + Send,
) -> (impl Fn() + Send + 'static, impl Future<Output = ()> + Send) {
    let changed = Arc::new(Notify::new());
    let note = {
        let changed = Arc::clone(&changed);
        move || changed.notify_one()
    };
    let task = async move {
        loop {
            changed.notified().await;
            tell();
            clock.sleep(EVERY).await;
        }
    };
    (note, task)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use domain::time::Timestamp;

    use super::*;

    #[tokio::test]
    async fn however_much_happens_the_desks_are_told_once_a_second() {
        let (clock, hands) = Clock::held(Timestamp(0));
        let told = Arc::new(AtomicU32::new(0));
        let (changed, task) = coalesced(clock, {
            let told = Arc::clone(&told);
            move || {
                told.fetch_add(1, Ordering::Relaxed);
            }
        });
        let mut task = Box::pin(task);
        let mut go_on = async |times: u32| {
            // Polled until it waits: it waits for nothing but the two of us.
            assert!(futures::poll!(&mut task).is_pending());
            assert_eq!(told.load(Ordering::Relaxed), times);
        };
        go_on(0).await;
        for _ in 0..10 {
            changed();
        }
        go_on(1).await;
        for _ in 0..10 {
            changed();
            go_on(1).await;
        }
        hands.advance(EVERY);
        go_on(2).await;
        hands.advance(EVERY * 10);
        go_on(2).await;
        changed();
        go_on(3).await;
    }
}

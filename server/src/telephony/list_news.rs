//! Word to the desks that the list of calls has changed: at most one in a while, however much happens in it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::ids::InteractionId;
use tokio::sync::Notify;

use crate::clock::Clock;

/// How often the desks are told at most.
const EVERY: Duration = Duration::from_secs(1);
/// As many calls are named at most; beyond that everybody who shows one looks again.
const MOST_NAMED: usize = 100;

/// Gives what is to be called with the calls that each change is about, and the task that calls `tell` with all of them:
/// at once for the first change, and for all that follow within a second once more at its end. None: too many to name.
pub fn coalesced(
    clock: Clock,
    tell: impl Fn(Vec<InteractionId>) + Send,
) -> (impl Fn(&[InteractionId]) + Send + 'static, impl Future<Output = ()> + Send) {
    let changed = Arc::new((Notify::new(), Mutex::new(BTreeSet::new())));
    let note = {
        let changed = Arc::clone(&changed);
        move |calls: &[InteractionId]| {
            changed.1.lock().unwrap_or_else(PoisonError::into_inner).extend(calls.iter().copied());
            changed.0.notify_one();
        }
    };
    let task = async move {
        loop {
            changed.0.notified().await;
            let calls = std::mem::take(&mut *changed.1.lock().unwrap_or_else(PoisonError::into_inner));
            tell(if calls.len() > MOST_NAMED { Vec::new() } else { calls.into_iter().collect() });
            clock.sleep(EVERY).await;
        }
    };
    (note, task)
}

#[cfg(test)]
mod tests {
    use domain::time::Timestamp;
    use uuid::Uuid;

    use super::*;

    fn call(n: u128) -> InteractionId {
        InteractionId(Uuid::from_u128(n))
    }

    #[tokio::test]
    async fn however_much_happens_the_desks_are_told_once_a_second_of_which_calls() {
        let (clock, hands) = Clock::held(Timestamp(0));
        let told = Arc::new(Mutex::new(Vec::new()));
        let (changed, task) = coalesced(clock, {
            let told = Arc::clone(&told);
            move |calls| told.lock().unwrap().push(calls)
        });
        let mut task = Box::pin(task);
        let mut go_on = async |times: usize| {
            // Polled until it waits: it waits for nothing but the two of us.
            assert!(futures::poll!(&mut task).is_pending());
            assert_eq!(told.lock().unwrap().len(), times);
        };
        go_on(0).await;
        changed(&[call(1)]);
        go_on(1).await;
        for n in [3, 2, 3] {
            changed(&[call(n)]);
            go_on(1).await;
        }
        hands.advance(EVERY);
        go_on(2).await;
        hands.advance(EVERY * 10);
        go_on(2).await;
        changed(&(0..101).map(call).collect::<Vec<_>>());
        go_on(3).await;
        assert_eq!(*told.lock().unwrap(), [vec![call(1)], vec![call(2), call(3)], vec![]]);
    }
}

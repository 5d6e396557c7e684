//! The steps of seats that a call causes: stored in order behind the call's back, tried again while the database is away.
//!
//! **Invariant:** a call waits for a seat no longer than [`WAIT`]: who hangs up is heard, whatever the database does.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::agents::SeatInput;
use domain::ids::{InteractionId, UserId};
use tokio::sync::{mpsc, oneshot};
use wire::ApiError;

use super::calls::Calls;
use crate::agents::By;

/// For how long a call waits for a step to be stored. A database that is well needs a few milliseconds, and then the
/// desk is told of the seat before it is told of the call; one that is not must not keep the call from its next news.
const WAIT: Duration = Duration::from_millis(250);
/// How soon a step that the database could not take is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// A step of a seat that belongs to a call.
#[derive(Clone, Copy)]
pub(super) struct Step {
    pub(super) agent: UserId,
    pub(super) call: InteractionId,
    pub(super) input: SeatInput,
    pub(super) by: By,
}

/// The steps of one call, in order: whoever comes after one that is not stored yet waits behind it.
#[derive(Default)]
pub(super) struct SeatSteps {
    queue: Option<mpsc::UnboundedSender<(Step, oneshot::Sender<()>)>>,
    waiting: Arc<AtomicUsize>,
}

impl SeatSteps {
    /// Takes a step. Returns when it is stored, or when it will be later.
    pub(super) async fn take(&mut self, calls: &Calls, step: Step) {
        let is_first = self.waiting.fetch_add(1, Ordering::AcqRel) == 0;
        let queue = self.queue.get_or_insert_with(|| {
            let (queue, mut steps) = mpsc::unbounded_channel::<(Step, oneshot::Sender<()>)>();
            let (of, waiting) = (calls.clone(), Arc::clone(&self.waiting));
            // Ends when the call has dropped its side and all is stored.
            calls.late().spawn(async move {
                while let Some((step, stored)) = steps.recv().await {
                    store(&of, step, || true).await;
                    waiting.fetch_sub(1, Ordering::AcqRel);
                    // The call may have gone on.
                    let _ = stored.send(());
                }
            });
            queue
        });
        let (done, stored) = oneshot::channel();
        // The task lives as long as this side of the queue.
        let _ = queue.send((step, done));
        if is_first {
            tokio::select! {
                _ = stored => {}
                () = calls.with().clock.sleep(WAIT) => tracing::warn!(
                    call = %step.call,
                    agent = %step.agent,
                    "the database is slow: the call goes on before its agent's seat is stored"
                ),
            }
        }
    }
}

/// Stores a step, however long the database is away, for as long as it is `wanted`.
pub(super) async fn store(calls: &Calls, step: Step, wanted: impl Fn() -> bool) {
    let Step { agent, call, input, by } = step;
    let with = calls.with();
    let mut complained = false;
    while wanted() {
        match with.agents.apply(agent, input, by).await {
            Ok(_) => return,
            Err(ApiError::Refused { refusal }) => {
                return tracing::warn!(%call, %agent, %refusal, "the agent's seat did not follow the call");
            }
            Err(error @ ApiError::Unavailable) => {
                if !complained {
                    tracing::error!(%call, %agent, %error, "the agent's seat could not be stored; tried again until it is");
                    complained = true;
                }
                with.clock.sleep(RETRY).await;
            }
            // What the database will never take would only be asked for ever.
            Err(error) => {
                return tracing::error!(%call, %agent, ?input, %error, "the agent's seat cannot be stored and does not follow the call");
            }
        }
    }
}

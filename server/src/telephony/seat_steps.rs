//! Steps of seats that the database could not take when they were due: kept in order, tried again until they are stored.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::agents::SeatInput;
use domain::ids::UserId;
use tokio::sync::mpsc;
use wire::ApiError;

use super::calls::Calls;
use crate::agents::By;

/// How soon an agent who could not be freed is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// A step of a seat that belongs to this call.
#[derive(Clone, Copy)]
pub(super) struct Step {
    pub(super) agent: UserId,
    pub(super) input: SeatInput,
    pub(super) by: By,
}

/// Steps that could not be stored yet, in order: whoever comes after one of them waits behind it.
#[derive(Default)]
pub(super) struct LateSteps {
    queue: Option<mpsc::UnboundedSender<Step>>,
    waiting: Arc<AtomicUsize>,
}

impl LateSteps {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.load(Ordering::Acquire) == 0
    }

    pub(super) fn push(&mut self, calls: &Calls, step: Step) {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        let queue = self.queue.get_or_insert_with(|| {
            let (queue, mut steps) = mpsc::unbounded_channel::<Step>();
            let (with, waiting) = (calls.with().clone(), Arc::clone(&self.waiting));
            // Ends when the call has dropped its side and all is stored.
            calls.late().spawn(async move {
                while let Some(step) = steps.recv().await {
                    loop {
                        with.clock.sleep(RETRY).await;
                        match with.agents.apply(step.agent, step.input, step.by).await {
                            Ok(_) | Err(ApiError::Refused { .. }) => break,
                            Err(_) => {}
                        }
                    }
                    waiting.fetch_sub(1, Ordering::AcqRel);
                }
            });
            queue
        });
        // The task lives as long as this side of the queue.
        let _ = queue.send(step);
    }
}

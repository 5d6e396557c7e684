//! The list of calls and the log of each, as the desk shows them.
//!
//! Agents see the calls that they had and the abandoned ones of their queues, supervisors every call. Calls are written
//! by the telephony slice; this one only reads.
//!
//! **Invariant:** nothing here changes anything, and a call that somebody may not see is the same as one that is not
//! there.

mod port;
mod search;
mod store;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use async_trait::async_trait;
use domain::ids::{QueueId, UserId};
use wire::ApiResult;

pub use port::Interactions;

/// What the slice asks of others.
#[async_trait]
pub trait Surroundings: Send + Sync {
    /// The queues whose calls this user takes.
    async fn queues_of(&self, user: UserId) -> ApiResult<Vec<QueueId>>;
    /// Everybody's and every queue's name, those of deleted queues included.
    async fn names(&self) -> ApiResult<Names>;
}

/// Names behind ids.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Of users.
    pub users: HashMap<UserId, String>,
    /// Of queues.
    pub queues: HashMap<QueueId, String>,
}

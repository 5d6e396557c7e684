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
pub(crate) mod tests;

use std::collections::HashMap;

use async_trait::async_trait;
use domain::ids::{CustomerId, QueueId, UserId};
use domain::phone::E164;
use wire::ApiResult;

pub use port::Interactions;

use crate::telephony::people::Caller;

/// What the slice asks of others.
#[async_trait]
pub trait Surroundings: Send + Sync {
    /// The queues whose calls this user takes.
    async fn queues_of(&self, user: UserId) -> ApiResult<Vec<QueueId>>;
    /// Everybody's and every queue's name, those of deleted queues included.
    async fn names(&self) -> ApiResult<Names>;
}

/// Whoever knows the callers.
#[async_trait]
pub trait Callers: Send + Sync {
    /// Whose these calls are, in their order.
    async fn callers(&self, calls: &[Call]) -> ApiResult<Vec<Caller>>;
}

/// What is stored of whose a call is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The customer's number.
    pub number: Option<E164>,
    /// Whose, as far as it was found or said.
    pub customer: Option<CustomerId>,
    /// Somebody said whose, or that it was nobody's.
    pub settled: bool,
}

/// Names behind ids.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Of users.
    pub users: HashMap<UserId, String>,
    /// Of queues.
    pub queues: HashMap<QueueId, String>,
}

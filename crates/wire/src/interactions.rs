//! The list of calls and the log of each.

use domain::ids::{InteractionId, UserId};
use domain::phone::ShownNumber;
use domain::telephony::quality::CallQuality;
use domain::telephony::{Direction, Numbered, Outcome};
use domain::time::Timestamp;
use leptos::prelude::*;
use leptos::server_fn::codec::Json;
use serde::{Deserialize, Serialize};

use crate::error::ApiError;
use crate::events::{Party, QueueName};
#[cfg(feature = "ssr")]
use crate::{error::ApiResult, session::Actor};

/// Which calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallFilter {
    /// Every call.
    #[default]
    All,
    /// 着信
    Inbound,
    /// 発信
    Outbound,
    /// 放棄呼: the customer gave up before an agent answered.
    Abandoned,
}

/// So many calls are counted: beyond that the exact number helps nobody and costs everybody.
pub const MOST_COUNTED: u64 = 10_000;

/// A page of calls, latest first. Agents see their own calls and the abandoned ones of their queues,
/// supervisors all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallPage {
    /// At most 50.
    pub rows: Vec<CallRow>,
    /// Pass it as `before` for the next page; none on the last.
    pub next: Option<Cursor>,
    /// How many there are in all, for this filter and search; beyond [`MOST_COUNTED`] only that there are more.
    pub total: u64,
}

/// A place in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The start of the last row.
    pub started_at: Timestamp,
    /// Its id, for rows of the same millisecond.
    pub id: InteractionId,
}

/// A call in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRow {
    /// Which.
    pub id: InteractionId,
    /// Who called whom.
    pub direction: Direction,
    /// The customer.
    pub party: Party,
    /// Our number.
    pub our_number: Option<ShownNumber>,
    /// Through which queue.
    pub queue: Option<QueueName>,
    /// The last agent who had it.
    pub agent: Option<AgentName>,
    /// When it began.
    pub started_at: Timestamp,
    /// How long the customer waited for an agent, in milliseconds.
    pub waited_ms: Option<i64>,
    /// How long they talked, hold included, in milliseconds.
    pub talked_ms: Option<i64>,
    /// How it ended; none while it goes on.
    pub outcome: Option<Outcome>,
    /// For an abandoned call: when somebody of ours next called that number, if so.
    pub called_back_at: Option<Timestamp>,
}

/// An agent's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentName {
    /// Which.
    pub id: UserId,
    /// Their name.
    pub name: String,
}

/// A call with its log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallDetail {
    /// The row.
    pub row: CallRow,
    /// Every event, in order.
    pub events: Vec<Numbered>,
    /// The names behind the ids in the events.
    pub agents: Vec<AgentName>,
    /// The SIP status and reason of a failure, as they came.
    pub sip_reason: Option<String>,
    /// How it sounded, as far as it was measured; blank while it goes on.
    #[serde(default)]
    pub quality: CallQuality,
}

/// What the server does behind these functions.
#[cfg(feature = "ssr")]
#[async_trait::async_trait]
pub trait InteractionsPort: Send + Sync {
    /// A page.
    async fn calls(
        &self,
        actor: Actor,
        filter: CallFilter,
        search: String,
        before: Option<Cursor>,
    ) -> ApiResult<CallPage>;
    /// One call.
    async fn call(&self, actor: Actor, id: InteractionId) -> ApiResult<CallDetail>;
}

#[cfg(feature = "ssr")]
use crate::context::{actor, port};

/// A page of calls. `search` is any part of a number, in any spelling.
///
/// # Errors
/// See [`ApiError`].
#[server(name = CallsFn, prefix = "/api", endpoint = "interactions/calls", input = Json, output = Json)]
pub async fn calls(
    /// Which calls.
    filter: CallFilter,
    /// Any part of a number.
    search: String,
    /// Where the page before ended.
    before: Option<Cursor>,
) -> Result<CallPage, ApiError> {
    port::<dyn InteractionsPort>()?.calls(actor()?, filter, search, before).await
}

/// One call with its log.
///
/// # Errors
/// [`ApiError::NotFound`], also for a call that this agent may not see.
#[server(name = CallFn, prefix = "/api", endpoint = "interactions/call", input = Json, output = Json)]
pub async fn call(
    /// Which.
    id: InteractionId,
) -> Result<CallDetail, ApiError> {
    port::<dyn InteractionsPort>()?.call(actor()?, id).await
}

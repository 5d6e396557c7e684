//! The port behind the list of calls.

use std::sync::Arc;

use async_trait::async_trait;
use domain::ids::{CustomerId, InteractionId, UserId};
use domain::roles::Permission;
use domain::time::Timestamp;
use wire::events::{Party, QueueName};
use wire::interactions::{
    AgentName, CallDetail, CallFilter, CallPage, CallRow, Cursor, InteractionsPort, MOST_COUNTED,
};
use wire::session::Actor;
use wire::{ApiError, ApiResult};

use super::search::{Wanted, wanted};
use super::store::{self, Call, Query};
use super::{Call as Whose, Callers, Names, Surroundings};
use crate::db::Db;
use crate::telephony::numbers::NumberingPlan;
use crate::telephony::people::Caller;
use crate::telephony::quality;

/// How many calls a page holds.
const PAGE: usize = 50;

/// The list of calls, cheap to clone.
#[derive(Clone)]
pub struct Interactions {
    db: Db,
    plan: NumberingPlan,
    surroundings: Arc<dyn Surroundings>,
    callers: Arc<dyn Callers>,
}

impl Interactions {
    /// Joins the slice to its database and its neighbours.
    pub fn new(db: Db, plan: NumberingPlan, surroundings: Arc<dyn Surroundings>, callers: Arc<dyn Callers>) -> Self {
        Self { db, plan, surroundings, callers }
    }

    async fn seen_by(&self, actor: &Actor) -> ApiResult<Query> {
        actor.require(Permission::WorkAtDesk)?;
        let seen_by = if actor.role.may(Permission::SeeAllCalls) {
            None
        } else {
            Some((actor.user, self.surroundings.queues_of(actor.user).await?))
        };
        Ok(Query { seen_by, filter: CallFilter::All, number: None })
    }

    /// Whether this user sees the call in the list.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sees(&self, actor: &Actor, call: InteractionId) -> ApiResult<bool> {
        let query = self.seen_by(actor).await?;
        Ok(store::call(&self.db, &query, call).await?.is_some())
    }

    /// A customer's calls that began before then, latest first, whoever had them: their history is the customer's. What
    /// happened in one is told only to those who may see it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn of_customer(&self, customer: CustomerId, before: Timestamp, limit: usize) -> ApiResult<Vec<CallRow>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.rows(store::of_customer(&self.db, customer, before, limit).await?).await
    }

    async fn rows(&self, calls: Vec<Call>) -> ApiResult<Vec<CallRow>> {
        let names = self.surroundings.names().await?;
        let whose = |call: &Call| Whose { number: call.customer.clone(), customer: call.whose, settled: call.settled };
        let callers = self.callers.callers(&calls.iter().map(whose).collect::<Vec<_>>()).await?;
        Ok(calls.into_iter().zip(callers).map(|(call, caller)| self.row(call, caller, &names)).collect())
    }

    fn row(&self, call: Call, caller: Caller, names: &Names) -> CallRow {
        let show = |number| self.plan.show(&number);
        let queue = |id| names.queues.get(&id).map(|name| QueueName { id, name: name.clone() });
        CallRow {
            id: call.id,
            direction: call.direction,
            party: Party {
                number: call.customer.map(show),
                name: caller.name,
                customer: caller.customer,
                candidates: caller.candidates,
            },
            our_number: call.ours.map(show),
            queue: call.queue.and_then(queue),
            agent: call.agent.and_then(|id| agent(names, id)),
            started_at: call.started_at,
            waited_ms: call.waited_ms,
            talked_ms: call.talked_ms,
            outcome: call.outcome,
            called_back_at: call.called_back_at,
        }
    }
}

fn agent(names: &Names, id: UserId) -> Option<AgentName> {
    names.users.get(&id).map(|name| AgentName { id, name: name.clone() })
}

#[async_trait]
impl InteractionsPort for Interactions {
    async fn calls(
        &self,
        actor: Actor,
        filter: CallFilter,
        search: String,
        before: Option<Cursor>,
    ) -> ApiResult<CallPage> {
        let seen = self.seen_by(&actor).await?;
        let number = match wanted(&search) {
            Wanted::Any => None,
            Wanted::Nothing => return Ok(CallPage { rows: Vec::new(), next: None, total: 0 }),
            Wanted::Holding(digits, national) => Some((digits, national)),
        };
        let query = Query { filter, number, ..seen };
        // One more than a page tells whether there is another.
        let mut calls = store::page(&self.db, &query, before, i64::try_from(PAGE + 1).unwrap_or(i64::MAX)).await?;
        let more = calls.len() > PAGE;
        calls.truncate(PAGE);
        let last = calls.last().filter(|_| more);
        let next = last.map(|call| Cursor { started_at: call.started_at, id: call.id });
        let total = store::count(&self.db, &query, MOST_COUNTED + 1).await?;
        Ok(CallPage { rows: self.rows(calls).await?, next, total })
    }

    async fn call(&self, actor: Actor, id: InteractionId) -> ApiResult<CallDetail> {
        let query = self.seen_by(&actor).await?;
        let call = store::call(&self.db, &query, id).await?.ok_or(ApiError::NotFound)?;
        let (events, mut agents) = store::events(&self.db, id).await?;
        agents.extend(call.agent.filter(|agent| !agents.contains(agent)));
        let names = self.surroundings.names().await?;
        let sip_reason = match (call.sip_status, &call.sip_reason) {
            (Some(status), Some(reason)) => Some(format!("{status} {reason}")),
            (Some(status), None) => Some(status.to_string()),
            (None, reason) => reason.clone(),
        };
        let agents = agents.into_iter().filter_map(|id| agent(&names, id)).collect();
        let row = self.rows(vec![call]).await?.pop().ok_or(ApiError::Server)?;
        let quality = quality::load(&self.db, id).await?;
        Ok(CallDetail { row, events, agents, sip_reason, quality })
    }
}

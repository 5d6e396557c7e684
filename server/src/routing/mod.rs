//! The queue: which waiting call goes to which agent, claimed in one transaction.
//!
//! [`domain::routing::next`] decides; this slice gives it a snapshot under the queue's turn, marks the agent in
//! the same transaction, and hands the decision to the telephony slice over a channel.
//!
//! **Invariant:** never a decision of its own, and never an agent whose desk is not truly there.

mod store;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::agents::{Change, SeatInput};
use domain::ids::{InteractionId, QueueId, UserId};
use domain::routing::{Assignment, Candidate, Rule, Snapshot, WaitingCall, look_again, next};
use domain::time::Timestamp;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use wire::ApiError;
use wire::events::{DeskEvent, QueueName, QueueView};

use crate::agents::{Agents, By, News};
use crate::clock::Clock;
use crate::db::Db;
use crate::realtime::Hub;

/// How soon a look at the queues that failed is tried again.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// What the router has decided, for whoever holds the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The agent is claimed: let it ring there.
    Offer {
        /// Which call, to whom, and why.
        assignment: Assignment,
        /// For how long (A3).
        ring_for: Duration,
    },
    /// Nobody can take it now (A29); it stays in the queue.
    NobodyReady {
        /// Which call.
        call: InteractionId,
    },
    /// Its queue was deleted while it waited: nobody will ever take it.
    NoQueue {
        /// Which call.
        call: InteractionId,
    },
}

/// What the router needs to know of queues; the settings slice knows it.
#[async_trait]
pub trait Queues: Send + Sync {
    /// A queue's rule, members and ring time; none if there is no such queue (any more).
    async fn plan(&self, queue: QueueId) -> Result<Option<Plan>, ApiError>;
    /// The queues that an agent belongs to, by name.
    async fn of_member(&self, user: UserId) -> Result<Vec<QueueName>, ApiError>;
}

/// How a queue is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// How it chooses.
    pub rule: Rule,
    /// Who takes its calls.
    pub members: Vec<UserId>,
    /// How long a call rings at an agent.
    pub ring_for: Duration,
}

/// What came of one look at a queue.
enum Claim {
    /// The agent is marked.
    Made(Assignment, Option<Change>),
    /// The chosen agent was no longer free when the mark was to be made.
    Missed,
    /// There is nobody for anybody, until somebody is freed, or until then.
    Nobody(Option<Timestamp>),
}

/// The port of this slice, cheap to clone.
#[derive(Clone)]
pub struct Router(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Clock,
    hub: Hub,
    agents: Agents,
    queues: Arc<dyn Queues>,
    decline_pause: Duration,
    decisions: mpsc::UnboundedSender<Decision>,
    wake: Notify,
    /// Queues whose members' desks do not show what waits now.
    stale: Mutex<HashSet<QueueId>>,
    show: Notify,
    /// Calls whose holder knows that nobody was ready: told once, not at each look.
    told: Mutex<HashSet<InteractionId>>,
}

impl Router {
    /// Joins the slice to its neighbours; the receiver belongs to whoever holds the calls. A call that everybody has
    /// declined is offered anew after `decline_pause`.
    pub fn new(
        db: Db,
        clock: Clock,
        hub: Hub,
        agents: Agents,
        queues: Arc<dyn Queues>,
        decline_pause: Duration,
    ) -> (Self, mpsc::UnboundedReceiver<Decision>) {
        // Unbounded, because it never holds more than one decision a waiting call.
        let (decisions, receiver) = mpsc::unbounded_channel();
        let inner = Inner {
            db,
            clock,
            hub,
            agents,
            queues,
            decline_pause,
            decisions,
            wake: Notify::new(),
            stale: Mutex::default(),
            show: Notify::new(),
            told: Mutex::default(),
        };
        (Self(Arc::new(inner)), receiver)
    }

    /// Puts a call into its queue. `since` is when the customer began to wait; `front` for one that comes back from
    /// an agent. The decision follows on the channel.
    ///
    /// # Errors
    /// The database failed; the call is not in the queue.
    pub async fn enqueue(
        &self,
        call: InteractionId,
        queue: QueueId,
        since: Timestamp,
        front: bool,
        skipped: Vec<UserId>,
    ) -> Result<(), ApiError> {
        let waiting = WaitingCall { call, since, front, returned: self.0.clock.now(), skipped };
        self.0.db.write(move |tx| Box::pin(async move { store::put(tx, queue, &waiting).await })).await?;
        self.0.wake.notify_one();
        self.changed(queue);
        Ok(())
    }

    /// Takes a call out of its queue: the customer has gone.
    ///
    /// # Errors
    /// The database failed.
    pub async fn leave(&self, call: InteractionId) -> Result<(), ApiError> {
        self.told().remove(&call);
        let queue = self.0.db.write(move |tx| Box::pin(async move { store::take(tx, call).await })).await?;
        if let Some(queue) = queue {
            self.changed(queue);
        }
        Ok(())
    }

    /// The agent's queues with what waits in them.
    ///
    /// # Errors
    /// The database failed.
    pub async fn view(&self, user: UserId) -> Result<Vec<QueueView>, ApiError> {
        let mut views = Vec::new();
        for QueueName { id, name } in self.0.queues.of_member(user).await? {
            let (waiting, oldest_since) = store::length(&self.0.db, id).await?;
            views.push(QueueView { id, name, waiting, oldest_since });
        }
        Ok(views)
    }

    /// Empties the queues of calls that an earlier run of the server took with it: asked once, before the first call.
    ///
    /// # Errors
    /// The database failed.
    pub async fn forget_the_last_run(&self) -> Result<(), ApiError> {
        Ok(self.0.db.write(|tx| Box::pin(async move { store::clear(tx).await })).await?)
    }

    /// Looks at the queues whenever a call or an agent became free, or a declined call has rested, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let mut news = self.0.agents.news();
        let mut rested = None;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.0.wake.notified() => {}
                () = self.until(rested) => {}
                heard = news.recv() => match heard {
                    // Whoever goes may leave nobody but those who have declined.
                    Ok(News::Free(_) | News::Lost(_) | News::Away(_))
                    | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
                    Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
                },
            }
            match self.look().await {
                Ok(again) => rested = again,
                Err(error) => {
                    tracing::error!(%error, "the queues could not be looked at; tried again");
                    self.0.clock.sleep(LOOK_AGAIN_AFTER).await;
                    self.0.wake.notify_one();
                }
            }
        }
    }

    async fn until(&self, at: Option<Timestamp>) {
        match at {
            Some(at) => self.0.clock.sleep(at.since(self.0.clock.now())).await,
            None => std::future::pending().await,
        }
    }

    /// Assigns as long as there is somebody for somebody; gives when a declined call will have rested.
    async fn look(&self) -> Result<Option<Timestamp>, ApiError> {
        let mut rested = None;
        for queue in store::queues(&self.0.db).await? {
            let Some(plan) = self.0.queues.plan(queue).await? else {
                for call in store::calls(&self.0.db, queue).await? {
                    tracing::warn!(%queue, %call, "a call waited in a queue that was deleted meanwhile");
                    self.leave(call).await?;
                    self.0.decisions.send(Decision::NoQueue { call }).ok();
                }
                continue;
            };
            let mut assigned = false;
            loop {
                let (assignment, change) = match self.claim(queue, &plan).await? {
                    Claim::Made(assignment, change) => (assignment, change),
                    // Somebody else's step came between the look and the mark: the next look sees it.
                    Claim::Missed => continue,
                    Claim::Nobody(again) => {
                        rested = rested.into_iter().chain(again).min();
                        break;
                    }
                };
                assigned = true;
                self.told().remove(&assignment.call);
                self.0.agents.stepped(assignment.agent, change).await;
                self.0.decisions.send(Decision::Offer { assignment, ring_for: plan.ring_for }).ok();
            }
            for call in store::calls(&self.0.db, queue).await? {
                if self.told().insert(call) {
                    self.0.decisions.send(Decision::NobodyReady { call }).ok();
                }
            }
            if assigned {
                self.changed(queue);
            }
        }
        Ok(rested)
    }

    /// One claim, in one transaction: the queue's turn, the snapshot, the choice, the agent's mark.
    async fn claim(&self, queue: QueueId, plan: &Plan) -> Result<Claim, ApiError> {
        let now = self.0.clock.now();
        let agents = self.0.agents.clone();
        let Plan { rule, members, .. } = plan.clone();
        let decline_pause = self.0.decline_pause;
        let reachable = agents.reachable();
        self.0
            .db
            .write(move |tx| {
                Box::pin(async move {
                    store::turn(tx, queue).await?;
                    let waiting = store::waiting(tx, queue).await?;
                    let members: Vec<UserId> = members.into_iter().filter(|user| reachable.contains(user)).collect();
                    let candidates = agents
                        .free_among(tx, &members)
                        .await?
                        .into_iter()
                        .map(|free| Candidate { agent: free.user, idle_since: free.idle_since })
                        .collect();
                    let declined = waiting.iter().any(|call| !call.skipped.is_empty());
                    let present = if declined { agents.present_among(tx, &members).await? } else { Vec::new() };
                    let snapshot = Snapshot { rule, waiting, candidates, present, decline_pause };
                    let Some(assignment) = next(&snapshot, now) else {
                        return Ok(Claim::Nobody(look_again(&snapshot, now)));
                    };
                    let offered = SeatInput::Offered { call: assignment.call };
                    match agents.apply_in(tx, assignment.agent, offered, By::Router).await {
                        Ok(change) => {
                            store::take(tx, assignment.call).await?;
                            Ok(Claim::Made(assignment, change))
                        }
                        Err(ApiError::Refused { .. }) => Ok(Claim::Missed),
                        Err(error) => Err(error),
                    }
                })
            })
            .await
    }

    /// Keeps the queues on the desks of their members up to date, until `stop`. Beside [`Self::run`], so that no call
    /// waits for a desk to be told; several changes at once are told once.
    pub async fn keep_shown(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.0.show.notified() => {}
            }
            let stale: Vec<QueueId> = self.0.stale.lock().unwrap_or_else(PoisonError::into_inner).drain().collect();
            for queue in stale {
                self.tell_members(queue).await;
            }
        }
    }

    fn changed(&self, queue: QueueId) {
        self.0.stale.lock().unwrap_or_else(PoisonError::into_inner).insert(queue);
        self.0.show.notify_one();
    }

    async fn tell_members(&self, queue: QueueId) {
        let members = match self.0.queues.plan(queue).await {
            Ok(plan) => plan.map(|plan| plan.members).unwrap_or_default(),
            Err(error) => return tracing::warn!(%queue, %error, "the queue's members could not be read"),
        };
        for user in members {
            if self.0.hub.has_sockets(user) {
                match self.view(user).await {
                    Ok(queues) => self.0.hub.publish(user, DeskEvent::Queues { queues }),
                    Err(error) => tracing::warn!(%user, %error, "the queues could not be read for a desk"),
                }
            }
        }
    }

    fn told(&self) -> std::sync::MutexGuard<'_, HashSet<InteractionId>> {
        self.0.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

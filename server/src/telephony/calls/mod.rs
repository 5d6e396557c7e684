//! The live calls of this node: one task each, found by call and by agent.
//!
//! ```text
//!  trunk ─► intake ──┐                       ┌─► desk: what an agent sees of a call
//!                    ├─► call_task, found here
//!  agent ─► outgoing ┘         ▲             └─► stop: the last calls of a node that ends, and what a killed one left
//!                              └── router, gateway, desks: `run`
//! ```
//!
//! **Invariant:** what an agent's desk shows of a call ([`CallView`]) is written in `desk` and nowhere else.

mod caller;
mod desk;
mod direct;
mod intake;
mod outgoing;
mod speakers;
mod stop;
mod wrap_up;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::agents::SeatInput;
use domain::ids::{InteractionId, UserId};
use domain::phone::E164;
use domain::refusal::Refusal;
use domain::telephony::tolls::Overdrawn;
use domain::telephony::{Call, CallInput, Command};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wire::ApiResult;
use wire::events::{CallView, Media};

pub(super) use self::caller::party;
pub(super) use self::outgoing::Dial;
pub(super) use self::speakers::Coming;
use self::speakers::Speakers;
use super::call_log::CallLog;
use super::call_task::{CallTask, Letter};
use super::directory::Directory;
use super::gateway::{self, Down, Gateway, LegEvent};
use super::numbers::NumberingPlan;
use super::people::People;
use super::seat_steps::{self, Step};
use super::sip_stack::{Incoming, SipStack};
use super::store;
use super::tolls::Tolls;
use super::trunk::Trunks;
use crate::agents::{Agents, By, News};
use crate::clock::Clock;
use crate::db::Db;
use crate::realtime::Hub;
use crate::routing::{Decision, Router};

/// Everything that a call touches.
#[derive(Clone)]
pub struct Neighbours {
    /// For questions about stored calls.
    pub db: Db,
    /// The clock.
    pub clock: Clock,
    /// The desks.
    pub hub: Hub,
    /// The seats.
    pub agents: Agents,
    /// The queues.
    pub router: Router,
    /// The audio.
    pub gateway: Gateway,
    /// The signalling.
    pub sip: Arc<dyn SipStack>,
    /// The ways in and out.
    pub trunks: Trunks,
    /// The settings.
    pub directory: Arc<dyn Directory>,
    /// Whoever knows the callers.
    pub people: Arc<dyn People>,
    /// How numbers are read.
    pub plan: NumberingPlan,
    /// The log.
    pub log: CallLog,
    /// How long a call is kept for an agent whose side is lost in it (C2).
    pub keep_for: Duration,
}

/// What the node's sockets and its router tell the calls.
pub struct Inlets {
    /// Calls from trunks.
    pub incoming: mpsc::UnboundedReceiver<Incoming>,
    /// The router's choices.
    pub decisions: mpsc::UnboundedReceiver<Decision>,
    /// What the gateway notices.
    pub audio: gateway::LegEvents,
}

/// The live calls, cheap to clone.
#[derive(Clone)]
pub struct Calls(Arc<Inner>);

struct Inner {
    with: Neighbours,
    live: Mutex<HashMap<InteractionId, mpsc::UnboundedSender<Letter>>>,
    views: Mutex<HashMap<UserId, CallView>>,
    /// The customers' numbers of live calls, as far as they are known.
    callers: Mutex<HashMap<InteractionId, E164>>,
    speakers: Mutex<Speakers>,
    /// The newest audio connection of each agent; news of older ones come too late.
    connections: Mutex<HashMap<UserId, u64>>,
    stopping: AtomicBool,
    /// A held customer is not heard by the agent either (A4).
    full_hold: AtomicBool,
    tasks: TaskTracker,
    /// What waits for the database and holds no call up: steps of seats, and what desks are told.
    late: TaskTracker,
    tolls: Tolls,
    count: watch::Sender<usize>,
}

impl Calls {
    /// No calls yet.
    pub fn new(with: Neighbours) -> Self {
        let tolls = Tolls::new(with.db.clone(), with.clock.clone(), with.hub.clone(), with.plan);
        Self(Arc::new(Inner {
            with,
            live: Mutex::default(),
            views: Mutex::default(),
            callers: Mutex::default(),
            speakers: Mutex::default(),
            connections: Mutex::default(),
            stopping: AtomicBool::new(false),
            full_hold: AtomicBool::new(false),
            tasks: TaskTracker::new(),
            late: TaskTracker::new(),
            tolls,
            count: watch::Sender::new(0),
        }))
    }

    /// Serves trunks, router, gateway and desks until `stop`.
    pub async fn run(self, mut inlets: Inlets, stop: CancellationToken) {
        let mut news = self.with().agents.news();
        loop {
            tokio::select! {
                Some(incoming) = inlets.incoming.recv() => {
                    let calls = self.clone();
                    self.0.tasks.spawn(async move { calls.take(incoming).await });
                }
                Some(decision) = inlets.decisions.recv() => self.decided(decision),
                Some(event) = inlets.audio.recv() => self.heard(&event),
                over = self.0.tolls.overdrawn() => self.minutes_used_up(over),
                news = news.recv() => match news {
                    Ok(News::Lost(agent)) => self.desk_lost(agent),
                    Ok(News::Free(_) | News::Away(_)) => {}
                    // What was missed shows itself at the offer's deadline.
                    Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
                    Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
                },
                () = stop.cancelled() => return,
            }
        }
    }

    /// How many calls are going on.
    pub fn count(&self) -> usize {
        self.live().len()
    }

    /// Returns when no call is going on.
    pub async fn idle(&self) {
        // The sender lives in `self`: the wait cannot end by its being dropped.
        drop(self.0.count.subscribe().wait_for(|count| *count == 0).await);
    }

    /// Gives a call a command.
    ///
    /// # Errors
    /// The call's refusal.
    pub async fn command(&self, by: UserId, call: InteractionId, command: Command) -> Result<(), Refusal> {
        let mailbox = self.live().get(&call).cloned().ok_or(Refusal::CallEnded)?;
        let (reply, answer) = oneshot::channel();
        mailbox.send(Letter::Command { by, command, reply }).map_err(|_| Refusal::CallEnded)?;
        answer.await.unwrap_or(Err(Refusal::CallEnded))
    }

    /// Whether this call is going on, or ever was.
    pub(super) async fn knows(&self, call: InteractionId) -> ApiResult<bool> {
        if self.live().contains_key(&call) {
            return Ok(true);
        }
        Ok(store::exists(&self.with().db, call).await?)
    }

    /// Says what a hold is, from the next one on (A4).
    pub fn set_full_hold(&self, full: bool) {
        self.0.full_hold.store(full, Ordering::Relaxed);
    }

    /// Whether a hold that begins now is full.
    pub(super) fn full_hold(&self) -> bool {
        self.0.full_hold.load(Ordering::Relaxed)
    }

    /// Which of an agent's connections is the newest.
    pub(super) fn connecting(&self, agent: UserId, generation: u64) {
        let mut connections = self.connections();
        let newest = connections.entry(agent).or_default();
        *newest = generation.max(*newest);
    }

    /// The agent's audio is to be connected from this session. Said before anything is waited for.
    pub(super) fn speaker_comes(&self, agent: UserId, session: String) -> Coming {
        self.speakers().comes(agent, session)
    }

    /// It is connected. Where its session has ended meanwhile, it ends here, and `false` is given.
    pub(super) fn speaker_has_come(&self, agent: UserId, coming: &Coming) -> bool {
        let holds = self.speakers().has_come(coming);
        if !holds {
            self.with().gateway.detach_agent(agent);
        }
        holds
    }

    /// It will not be connected.
    pub(super) fn speaker_stays_away(&self, coming: &Coming) {
        self.speakers().stays_away(coming);
    }

    /// Those sessions of this user have ended: nobody is heard any more whom they let in.
    pub fn session_ended(&self, user: UserId, which: impl Fn(&str) -> bool) {
        let is_heard = self.speakers().ended(user, which);
        if is_heard {
            self.with().gateway.detach_agent(user);
        }
    }

    pub(super) fn with(&self) -> &Neighbours {
        &self.0.with
    }

    /// The guard against toll fraud, which is the port of its settings as well.
    pub fn tolls(&self) -> &Tolls {
        &self.0.tolls
    }

    pub(super) fn late(&self) -> &TaskTracker {
        &self.0.late
    }

    /// The call is over: its mailbox takes nothing more.
    pub(super) fn forget(&self, call: InteractionId) {
        self.live().remove(&call);
        self.callers().remove(&call);
        self.0.tolls.ended(call);
        self.gauge();
    }

    fn start(&self, task: CallTask) {
        let (mailbox, letters) = mpsc::unbounded_channel();
        self.live().insert(task.id(), mailbox);
        self.gauge();
        self.0.tasks.spawn(task.run(letters));
    }

    fn decided(&self, decision: Decision) {
        let (call, letter, agent) = match decision {
            Decision::Offer { assignment, ring_for } => {
                let agent = assignment.agent;
                let input = CallInput::Offer { agent, because: assignment.because, ring_for };
                (assignment.call, Letter::Input(input), Some(agent))
            }
            Decision::NobodyReady { call } => (call, Letter::Input(CallInput::NobodyReady), None),
            Decision::NoQueue { call } => (call, Letter::Input(CallInput::QueueGone), None),
        };
        let delivered = self.live().get(&call).is_some_and(|mailbox| mailbox.send(letter).is_ok());
        if let (false, Some(agent)) = (delivered, agent) {
            self.withdraw(agent, call);
        }
    }

    /// Ceilings of minutes end these calls.
    fn minutes_used_up(&self, over: Vec<Overdrawn>) {
        for call in &over {
            if let Some(mailbox) = self.live().get(&call.call) {
                // A call that has just ended does not read it.
                let _ = mailbox.send(Letter::Input(CallInput::MinutesUsedUp));
            }
        }
        let tolls = self.0.tolls.clone();
        self.0.late.spawn(async move { tolls.tell_of(over).await });
    }

    /// The router claimed an agent for a call that is gone.
    pub(super) fn withdraw(&self, agent: UserId, call: InteractionId) {
        self.free(Step { agent, call, input: SeatInput::Withdrawn { call }, by: By::Customer });
    }

    /// Frees an agent from a call that never came to be, or is over, as soon as the database takes it.
    pub(super) fn free(&self, step: Step) {
        let calls = self.clone();
        self.late().spawn(async move {
            // Asked for once more by the agent, the same call may have come to be after all.
            seat_steps::store(&calls, step, || !calls.live().contains_key(&step.call)).await;
        });
    }

    /// The state of an agent's audio. What is asked of the database to tell of it holds up nothing that was heard after.
    fn set_media(&self, agent: UserId, media: Media) {
        let agents = self.with().agents.clone();
        if agents.note_media(agent, media) {
            self.late().spawn(async move { agents.tell_media(agent).await });
        }
    }

    fn heard(&self, event: &LegEvent) {
        match *event {
            LegEvent::AgentUp { agent, generation } => {
                self.connecting(agent, generation);
                if self.is_newest(agent, generation) {
                    self.set_media(agent, Media::Up);
                }
            }
            LegEvent::AgentDown { agent, generation, why } => {
                if why == Down::Replaced {
                    // The next connection is on its way: an offer waits for it, a customer who is talking is lost to both.
                    if self.talks(agent) {
                        self.audio_lost(agent);
                    }
                } else if self.is_newest(agent, generation) {
                    tracing::info!(%agent, ?why, "the agent's audio is down");
                    self.set_media(agent, Media::Down);
                    self.audio_lost(agent);
                }
            }
            LegEvent::AgentSilent { agent, generation } => {
                if self.is_newest(agent, generation) {
                    tracing::info!(%agent, "nothing comes from the agent");
                    self.set_media(agent, Media::Down);
                    self.audio_lost(agent);
                }
            }
            LegEvent::AgentHeard { agent, generation } => {
                if self.is_newest(agent, generation) {
                    tracing::info!(%agent, "the agent is heard again");
                    self.set_media(agent, Media::Up);
                    self.post(agent, Letter::Input(CallInput::AudioBack { agent }));
                }
            }
            LegEvent::CustomerPressed { call, key } => self.customer_pressed(call, key),
            LegEvent::Measured { call, quality } => {
                if let Some(mailbox) = self.live().get(&call) {
                    // A call that has just ended does not read it.
                    let _ = mailbox.send(Letter::Measured(quality));
                }
            }
            // Some far ends send nothing while they hold or mute: silence alone ends no call.
            LegEvent::CustomerSilent { call } => tracing::info!(%call, "nothing comes from the customer"),
            LegEvent::CustomerHeard { call } => tracing::info!(%call, "the customer is heard again"),
        }
    }

    fn is_newest(&self, agent: UserId, generation: u64) -> bool {
        self.connections().get(&agent).is_none_or(|newest| *newest <= generation)
    }

    fn desk_lost(&self, agent: UserId) {
        self.post(agent, Letter::Input(CallInput::DeskLost { agent }));
    }

    fn audio_lost(&self, agent: UserId) {
        self.post(agent, Letter::AudioLost(agent));
    }

    /// Whether the agent's call is up.
    fn talks(&self, agent: UserId) -> bool {
        self.views().get(&agent).is_some_and(|view| match view.call {
            Call::Connected { .. } | Call::Held { .. } | Call::Kept { .. } => true,
            Call::Waiting { .. } | Call::Offered { .. } | Call::Dialling { .. } | Call::Ended { .. } => false,
        })
    }

    /// Puts a letter into the mailbox of the call that the agent has on the desk.
    fn post(&self, agent: UserId, letter: Letter) {
        let call = self.views().get(&agent).map(|view| view.id);
        let mailbox = call.and_then(|call| self.live().get(&call).cloned());
        if let Some(mailbox) = mailbox {
            // A call that has just ended does not read it.
            let _ = mailbox.send(letter);
        }
    }

    fn gauge(&self) {
        let live = self.live();
        let count = live.len();
        self.0.count.send_replace(count);
        drop(live);
        #[expect(clippy::cast_precision_loss, reason = "a node has hundreds of calls, not 2^53")]
        metrics::gauge!("madoguchi_calls_live").set(count as f64);
    }

    fn live(&self) -> MutexGuard<'_, HashMap<InteractionId, mpsc::UnboundedSender<Letter>>> {
        self.0.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn views(&self) -> MutexGuard<'_, HashMap<UserId, CallView>> {
        self.0.views.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn callers(&self) -> MutexGuard<'_, HashMap<InteractionId, E164>> {
        self.0.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn speakers(&self) -> MutexGuard<'_, Speakers> {
        self.0.speakers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connections(&self) -> MutexGuard<'_, HashMap<UserId, u64>> {
        self.0.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When a caller that met a stopping or troubled server may try again: a restart takes some seconds.
const RETRY_AFTER: Duration = Duration::from_secs(30);

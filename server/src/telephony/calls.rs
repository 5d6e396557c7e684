//! The live calls of this node: one task each, found by call and by agent.
//!
//! **Invariant:** what an agent's desk shows of a call ([`CallView`]) is written here and nowhere else.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::agents::{SeatInput, Work};
use domain::ids::{InteractionId, UserId};
use domain::phone::ShownNumber;
use domain::refusal::Refusal;
use domain::telephony::{Call, CallEvent, CallInput, Command, Direction, Failure, Numbered, Outcome};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wire::ApiResult;
use wire::events::{CallView, DeskEvent, Gone, Media, Party, QueueName};

use super::call_log::{self, CallLog};
use super::call_task::{CallTask, Letter};
use super::directory::{Directory, OurNumber};
use super::effects::{self, Facts};
use super::gateway::{self, Down, Gateway, LegEvent};
use super::numbers::NumberingPlan;
use super::sip_stack::{Incoming, Invite, SipStack};
use super::store::{self, Began, Ended, Line};
use super::trunk::{Trunks, Way};
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
    /// How numbers are read.
    pub plan: NumberingPlan,
    /// The log.
    pub log: CallLog,
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
    /// From which session each agent's audio was connected last.
    sessions: Mutex<HashMap<UserId, String>>,
    /// The newest audio connection of each agent; news of older ones come too late.
    connections: Mutex<HashMap<UserId, u64>>,
    stopping: AtomicBool,
    tasks: TaskTracker,
    /// Steps of seats that wait for the database: they hold no call up.
    late: TaskTracker,
    count: watch::Sender<usize>,
}

/// A call that an agent is about to make.
pub(super) struct Dial {
    pub(super) call: InteractionId,
    pub(super) agent: UserId,
    pub(super) from: OurNumber,
    pub(super) to: ShownNumber,
    pub(super) way: Way,
    /// Where we want the far end's audio.
    pub(super) audio: std::net::SocketAddr,
}

impl Calls {
    /// No calls yet.
    pub fn new(with: Neighbours) -> Self {
        Self(Arc::new(Inner {
            with,
            live: Mutex::default(),
            views: Mutex::default(),
            sessions: Mutex::default(),
            connections: Mutex::default(),
            stopping: AtomicBool::new(false),
            tasks: TaskTracker::new(),
            late: TaskTracker::new(),
            count: watch::Sender::new(0),
        }))
    }

    /// Ends in the store what a killed server left open, and frees the agents who were on those calls. Before
    /// anything else runs.
    ///
    /// # Errors
    /// The database's.
    pub async fn recover(&self) -> ApiResult<()> {
        let with = self.with();
        let lost = call_log::recover(&with.db, with.clock.now()).await?;
        if lost > 0 {
            tracing::warn!(calls = lost, "calls of the last run had no end; they are stored as lost");
        }
        for seat in with.agents.in_calls().await? {
            with.agents.apply(seat.user, SeatInput::Ended { call: seat.call }, By::Server).await?;
        }
        with.agents.recover().await?;
        Ok(())
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
                Some(decision) = inlets.decisions.recv() => self.decided(decision).await,
                Some(event) = inlets.audio.recv() => self.heard(event).await,
                news = news.recv() => match news {
                    Ok(News::Lost(agent)) => self.desk_lost(agent),
                    Ok(News::Free(_)) => {}
                    // What was missed shows itself at the offer's deadline.
                    Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
                    Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
                },
                () = stop.cancelled() => return,
            }
        }
    }

    /// Takes no new calls, waits for those that are up, ends what is left after `limit`, and returns when all is
    /// stored, or cannot be: a database that is away holds no stopping server for longer than 10 s.
    pub async fn stop(&self, limit: Duration) {
        self.0.stopping.store(true, Ordering::Release);
        self.0.tasks.close();
        tokio::select! {
            () = self.0.tasks.wait() => {}
            () = self.with().clock.sleep(limit) => {
                let left: Vec<_> = self.live().values().cloned().collect();
                tracing::warn!(calls = left.len(), "calls are still up at the end of the drain limit and are ended");
                for mailbox in left {
                    // A call that has just ended does not read it.
                    let _ = mailbox.send(Letter::Input(CallInput::ServerStops));
                }
            }
        }
        let settled = async {
            self.0.tasks.wait().await;
            self.0.late.close();
            self.0.late.wait().await;
            self.with().log.flush().await;
        };
        tokio::select! {
            () = settled => {}
            () = self.with().clock.sleep(SETTLING) => tracing::error!(
                lines = self.with().log.waiting(),
                calls = self.count(),
                "the database is away: lines of the call log that could not be written are lost"
            ),
        }
    }

    /// Whether new calls are refused.
    pub fn is_stopping(&self) -> bool {
        self.0.stopping.load(Ordering::Acquire)
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

    /// The call on this agent's desk: ringing, dialling, up, held, or in after-call work.
    ///
    /// # Errors
    /// The database's, for after-call work that began before the server did.
    pub async fn call_view(&self, user: UserId) -> ApiResult<Option<CallView>> {
        if let Some(view) = self.views().get(&user).cloned() {
            return Ok(Some(view));
        }
        let Work::AfterCall { call } = self.with().agents.seat(user).await?.work() else { return Ok(None) };
        self.stored_view(call).await
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

    /// After-call work was left: its call leaves the desk.
    pub(super) fn finished(&self, user: UserId, call: InteractionId) {
        let shown = {
            let mut views = self.views();
            let over = views.get(&user).is_some_and(|view| view.id == call && view.call.is_over());
            over.then(|| views.remove(&user)).flatten()
        };
        // A view made from the store was never in memory; the desk has it all the same.
        drop(shown);
        self.with().hub.publish(user, DeskEvent::CallGone { call, why: Gone::Finished });
    }

    /// Whether this call is going on, or ever was.
    pub(super) async fn knows(&self, call: InteractionId) -> ApiResult<bool> {
        if self.live().contains_key(&call) {
            return Ok(true);
        }
        Ok(store::exists(&self.with().db, call).await?)
    }

    /// Which of an agent's connections is the newest.
    pub(super) fn connecting(&self, agent: UserId, generation: u64) {
        let mut connections = self.connections();
        let newest = connections.entry(agent).or_default();
        *newest = generation.max(*newest);
    }

    /// The agent's audio is connected from this session.
    pub(super) fn spoken_from(&self, agent: UserId, session: String) {
        self.sessions().insert(agent, session);
    }

    /// A session of this user has ended, or with `None` all of them: nobody is heard any more whom it let in.
    pub fn session_ended(&self, user: UserId, session: Option<&str>) {
        let theirs = self.sessions().get(&user).is_some_and(|from| session.is_none_or(|ended| ended == from));
        if theirs {
            self.sessions().remove(&user);
            self.with().gateway.detach_agent(user);
        }
    }

    /// Calls out and starts the call's task.
    pub(super) fn dial(&self, dial: Dial) {
        let with = self.with();
        let now = with.clock.now();
        let (leg, leg_events) = with.sip.invite(Invite {
            to: dial.way.to,
            transport: dial.way.trunk.transport,
            host: dial.way.trunk.host.clone(),
            destination: dial.to.e164.to_string(),
            caller: dial.from.number.to_string(),
            credentials: dial.way.trunk.credentials.clone(),
            codecs: dial.way.trunk.laws(),
            audio: dial.audio,
        });
        with.log.write(call_log::began(Began {
            call: dial.call,
            direction: Direction::Outbound,
            customer: Some(dial.to.e164.clone()),
            ours: Some(dial.from.number.clone()),
            queue: None,
            agent: Some(dial.agent),
            trunk: dial.way.trunk.id,
            at: now,
        }));
        let (call, outputs) = Call::outbound(dial.call, dial.agent, now);
        let facts = Facts {
            id: dial.call,
            direction: Direction::Outbound,
            customer: Some(dial.to),
            ours: Some(with.plan.show(&dial.from.number)),
            queue: None,
            started_at: now,
            connected_at: None,
            ended_at: None,
            outcome: None,
            sip_reason: None,
            leg,
            audio: dial.audio,
        };
        self.start(CallTask::new(self.clone(), call, facts, leg_events, dial.way.place, outputs));
    }

    pub(super) fn with(&self) -> &Neighbours {
        &self.0.with
    }

    pub(super) fn late(&self) -> &TaskTracker {
        &self.0.late
    }

    /// Shows the agent's tabs the call as it is now.
    pub(super) fn show(&self, agent: UserId, view: CallView) {
        let call = Box::new(view.clone());
        self.views().insert(agent, view);
        self.with().hub.publish(agent, DeskEvent::Call { call });
    }

    /// Takes an offered call off the agent's desk.
    pub(super) fn take_away(&self, agent: UserId, call: InteractionId, why: Gone) {
        {
            let mut views = self.views();
            if views.get(&agent).is_some_and(|view| view.id == call) {
                views.remove(&agent);
            }
        }
        self.with().hub.publish(agent, DeskEvent::CallGone { call, why });
    }

    /// The call is over: its mailbox takes nothing more.
    pub(super) fn forget(&self, call: InteractionId) {
        self.live().remove(&call);
        self.gauge();
    }

    fn start(&self, task: CallTask) {
        let (mailbox, letters) = mpsc::unbounded_channel();
        self.live().insert(task.id(), mailbox);
        self.gauge();
        self.0.tasks.spawn(task.run(letters));
    }

    /// A call from a trunk.
    async fn take(&self, incoming: Incoming) {
        let with = self.with();
        if self.is_stopping() {
            return with.sip.refuse_for_now(incoming.leg, RETRY_AFTER);
        }
        let number = match self.dialled(&incoming.dialled).await {
            Ok(number) => number,
            Err(error) => {
                tracing::error!(%error, "a call was refused because its number could not be looked up");
                return with.sip.refuse_for_now(incoming.leg, RETRY_AFTER);
            }
        };
        let trunk = match &number {
            Some(number) if incoming.trunks.contains(&number.trunk) => Some(number.trunk),
            _ => incoming.trunks.first().copied(),
        };
        let Some(trunk) = trunk else { return with.sip.refuse(incoming.leg, NOT_FOUND) };
        let customer = incoming.caller.as_deref().and_then(|caller| with.plan.read_dialled(caller));
        let ours = number.as_ref().map(|number| with.plan.show(&number.number));
        let queue = match number.and_then(|number| number.queue) {
            Some(queue) => match with.directory.queue(queue).await {
                Ok(queue) => queue,
                Err(error) => {
                    tracing::error!(%error, "a call was refused because its queue could not be looked up");
                    return with.sip.refuse_for_now(incoming.leg, RETRY_AFTER);
                }
            },
            None => None,
        };
        let id = InteractionId(uuid::Uuid::now_v7());
        let now = with.clock.now();
        let began = Began {
            call: id,
            direction: Direction::Inbound,
            customer: customer.as_ref().map(|number| number.e164.clone()),
            ours: ours.as_ref().map(|number| number.e164.clone()),
            queue: queue.as_ref().map(|queue| queue.id),
            agent: None,
            trunk,
            at: now,
        };
        let Some(queue) = queue else {
            tracing::info!(call = %id, %trunk, "a number that nobody serves was called; refused with 404");
            with.sip.refuse(incoming.leg, NOT_FOUND);
            return self.refused(began, Failure::NoQueue, NOT_FOUND);
        };
        let Some(place) = with.trunks.way_in(trunk) else {
            tracing::warn!(call = %id, %trunk, "the trunk carries as many calls as it may; refused with 486");
            with.sip.refuse(incoming.leg, BUSY_HERE);
            return self.refused(began, Failure::Busy, BUSY_HERE);
        };
        let audio = match with.gateway.open_customer(id).await {
            Ok(audio) => audio,
            Err(error) => {
                tracing::error!(call = %id, %error, "a call was refused because it could get no audio");
                with.sip.refuse_for_now(incoming.leg, RETRY_AFTER);
                return self.refused(began, Failure::Unreachable, SERVICE_UNAVAILABLE);
            }
        };
        if let Some(aim) = incoming.aim {
            effects::aim(&with.gateway, id, aim);
        }
        with.log.write(call_log::began(began));
        let (call, outputs) = Call::inbound(id, queue.id, queue.may_answer);
        let facts = Facts {
            id,
            direction: Direction::Inbound,
            customer,
            ours,
            queue: Some(QueueName { id: queue.id, name: queue.name }),
            started_at: now,
            connected_at: None,
            ended_at: None,
            outcome: None,
            sip_reason: None,
            leg: incoming.leg,
            audio,
        };
        self.start(CallTask::new(self.clone(), call, facts, incoming.events, place, outputs));
    }

    /// The number of ours that was dialled: in the Request-URI, or in To where that holds a registered contact.
    async fn dialled(&self, users: &[String; 2]) -> ApiResult<Option<OurNumber>> {
        let with = self.with();
        for user in users {
            if let Some(number) = with.plan.read_dialled(user)
                && let Some(ours) = with.directory.number(&number.e164).await?
            {
                return Ok(Some(ours));
            }
        }
        Ok(None)
    }

    /// A call that never became one still stands in the list.
    fn refused(&self, began: Began, failure: Failure, status: u16) {
        let Began { call, at, .. } = began;
        let outcome = Outcome::Failed { failure, sip_status: Some(status) };
        let log = &self.with().log;
        log.write(call_log::began(began));
        let events = [CallEvent::Started { direction: Direction::Inbound }, CallEvent::Ended { outcome }];
        for (n, event) in (1..).zip(events) {
            log.write(Line::Event { call, event: Numbered { n, at, event }, agent: None });
        }
        let ended = Ended { call, at, outcome, sip_reason: None, waited_ms: Some(0), talked_ms: None };
        log.write(Line::Ended(Box::new(ended)));
    }

    async fn decided(&self, decision: Decision) {
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
            self.withdraw(agent, call).await;
        }
    }

    /// The router claimed an agent for a call that is gone.
    pub(super) async fn withdraw(&self, agent: UserId, call: InteractionId) {
        let withdrawn = self.with().agents.apply(agent, SeatInput::Withdrawn { call }, By::Customer).await;
        if let Err(error) = withdrawn {
            tracing::error!(%agent, %call, %error, "an agent could not be freed from a call that is gone");
        }
    }

    async fn heard(&self, event: LegEvent) {
        let agents = &self.with().agents;
        match event {
            LegEvent::AgentUp { agent, generation } => {
                self.connecting(agent, generation);
                if self.is_newest(agent, generation) {
                    agents.set_media(agent, Media::Up).await;
                }
            }
            LegEvent::AgentDown { agent, generation, why } => {
                let replaced = why == Down::Replaced;
                if !replaced && self.is_newest(agent, generation) {
                    tracing::info!(%agent, ?why, "the agent's audio is down");
                    agents.set_media(agent, Media::Down).await;
                    self.desk_lost(agent);
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
        let call = self.views().get(&agent).map(|view| view.id);
        let mailbox = call.and_then(|call| self.live().get(&call).cloned());
        if let Some(mailbox) = mailbox {
            // A call that has just ended does not read it.
            let _ = mailbox.send(Letter::Input(CallInput::DeskLost { agent }));
        }
    }

    async fn stored_view(&self, id: InteractionId) -> ApiResult<Option<CallView>> {
        let with = self.with();
        let Some(stored) = store::load(&with.db, id).await? else { return Ok(None) };
        let queue = match stored.queue {
            Some(queue) => with.directory.queue(queue).await?.map(|queue| QueueName { id: queue.id, name: queue.name }),
            None => None,
        };
        let outcome = stored.outcome.unwrap_or(Outcome::Lost);
        Ok(Some(CallView {
            call: Call::Ended { id, outcome },
            id,
            direction: stored.direction,
            party: Party { number: stored.customer.map(|number| with.plan.show(&number)), name: None },
            our_number: stored.ours.map(|number| with.plan.show(&number)),
            queue,
            started_at: stored.started_at,
            connected_at: stored.connected_at,
            ended_at: stored.ended_at,
            outcome: Some(outcome),
            sip_reason: stored.sip_reason,
        }))
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

    fn sessions(&self) -> MutexGuard<'_, HashMap<UserId, String>> {
        self.0.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connections(&self) -> MutexGuard<'_, HashMap<UserId, u64>> {
        self.0.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When a caller that met a stopping or troubled server may try again: a restart takes some seconds.
const RETRY_AFTER: Duration = Duration::from_secs(30);
/// How long a stopping server waits for the database when all calls are to be over.
const SETTLING: Duration = Duration::from_secs(10);
/// RFC 3261 §21.4.5.
const NOT_FOUND: u16 = 404;
/// RFC 3261 §21.4.24.
const BUSY_HERE: u16 = 486;
/// RFC 3261 §21.5.4.
const SERVICE_UNAVAILABLE: u16 = 503;

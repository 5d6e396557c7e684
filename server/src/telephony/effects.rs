//! What a call's machine orders, done: SIP, audio, seats, queue, log, desk.

use std::net::SocketAddr;

use domain::agents::SeatInput;
use domain::ids::{InteractionId, QueueId, UserId};
use domain::phone::ShownNumber;
use domain::telephony::quality::{CallQuality, Judge};
use domain::telephony::{Call, CallEvent, CallInput, CallOutput, Direction, Failure, Numbered, Outcome, Refuse};
use domain::time::Timestamp;
use wire::events::{CallView, Gone, QueueName};

use super::call_log;
use super::call_task;
use super::calls::{Calls, party};
use super::gateway::{Gateway, Route};
use super::people::Caller;
use super::quality;
use super::seat_steps::{SeatSteps, Step};
use super::sip_stack::{Aim, LegEvent, LegId};
use super::store::{self, Ended, Line};
use crate::agents::By;

/// What is known of a call beside its state.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) id: InteractionId,
    /// The last hold is, or was, a full one (A4).
    pub(super) full_hold: bool,
    pub(super) direction: Direction,
    pub(super) customer: Option<ShownNumber>,
    /// Whose the call is, once that is known.
    pub(super) caller: Caller,
    pub(super) ours: Option<ShownNumber>,
    pub(super) queue: Option<QueueName>,
    /// The queue of the number of ours that this call is on.
    pub(super) home: Option<QueueId>,
    pub(super) started_at: Timestamp,
    pub(super) connected_at: Option<Timestamp>,
    pub(super) ended_at: Option<Timestamp>,
    pub(super) outcome: Option<Outcome>,
    pub(super) sip_reason: Option<String>,
    pub(super) leg: LegId,
    /// Where we want the customer's audio.
    pub(super) audio: SocketAddr,
}

/// The hands of one call.
pub(super) struct Effects {
    calls: Calls,
    facts: Facts,
    /// How many lines the call's log has.
    lines: u32,
    steps: SeatSteps,
    /// How it sounds, as the agent is shown it.
    judge: Judge,
    /// The last agent who heard the customer and was heard.
    bridged: Option<UserId>,
}

/// Aims a call's audio as the customer's side wants it: where it holds us, nothing is sent to it (RFC 3264 §8.4).
pub(super) fn aim(gateway: &Gateway, call: InteractionId, aim: Aim) {
    if let Some(remote) = aim.remote {
        gateway.aim_customer(call, remote, aim.codec, aim.keys);
    }
    if !aim.send {
        gateway.pause_customer(call);
    }
}

impl Effects {
    pub(super) fn new(calls: Calls, facts: Facts) -> Self {
        Self { calls, facts, lines: 0, steps: SeatSteps::default(), judge: Judge::default(), bridged: None }
    }

    pub(super) fn calls(&self) -> &Calls {
        &self.calls
    }

    /// Who takes the call from an agent who is lost in it.
    pub(super) fn home(&self) -> Option<QueueId> {
        self.facts.home
    }

    /// Takes the audio part of a leg's event, and gives what it is to the machine.
    pub(super) fn input_of(&mut self, event: LegEvent) -> Option<CallInput> {
        let input = call_task::input_of(&event);
        match event {
            LegEvent::EarlyMedia(aim) | LegEvent::Answered(aim) | LegEvent::Aimed(aim) => {
                self::aim(&self.calls.with().gateway, self.facts.id, aim);
            }
            LegEvent::Refused { reason, .. } => self.facts.sip_reason = Some(reason),
            LegEvent::Confirmed => self.calls.with().gateway.confirm_customer(self.facts.id),
            LegEvent::Ringing | LegEvent::Gone | LegEvent::Broken => {}
        }
        input
    }

    /// Takes what was measured of the last few seconds; shows it where that changes what is shown.
    pub(super) fn measured(&mut self, call: &Call, quality: CallQuality) {
        if self.judge.on(quality).is_some() {
            self.show(call, None);
        }
    }

    /// Takes whose the call is, and shows it.
    pub(super) fn know(&mut self, call: &Call, caller: Caller) {
        self.facts.caller = caller;
        self.show(call, None);
    }

    /// Does what was ordered, in order. Gives what must follow where an order could not be carried out.
    pub(super) async fn carry_out(&mut self, call: &Call, outputs: Vec<CallOutput>) -> Option<CallInput> {
        if let Call::Waiting { queue, .. } = call {
            self.note_queue(*queue).await;
        }
        let mut trouble = None;
        for output in outputs {
            trouble = self.carry_out_one(call, output).await.or(trouble);
        }
        trouble
    }

    /// Shows the call to the agent who has it, or had it until it ended.
    pub(super) fn show(&self, call: &Call, before: Option<UserId>) {
        let agent = match call {
            // An offered call that ended was taken away already.
            Call::Ended { outcome: Outcome::Abandoned, .. } => None,
            Call::Ended { .. } => before.filter(|_| self.facts.direction == Direction::Outbound || self.was_up()),
            // Whose side was lost for too long sees in after-call work where the customer went.
            Call::Waiting { .. } => before.filter(|_| self.was_up()),
            Call::Offered { agent, .. }
            | Call::Dialling { agent, .. }
            | Call::Connected { agent, .. }
            | Call::Held { agent, .. }
            | Call::Kept { agent, .. } => Some(*agent),
        };
        if let Some(agent) = agent {
            self.calls.show(agent, self.view(call));
        }
    }

    async fn carry_out_one(&mut self, call: &Call, output: CallOutput) -> Option<CallInput> {
        let with = self.calls.with().clone();
        let id = self.facts.id;
        let leg = self.facts.leg;
        let queue = self.facts.queue.as_ref().map(|queue| queue.id);
        match output {
            CallOutput::Ring => with.sip.ring(leg),
            CallOutput::AnswerCustomer => with.sip.accept(leg, self.facts.audio),
            CallOutput::RefuseCustomer(Refuse::Unavailable) => with.sip.refuse(leg, UNAVAILABLE),
            CallOutput::RefuseCustomer(Refuse::Declined) => with.sip.refuse(leg, DECLINED),
            CallOutput::CancelFarEnd | CallOutput::HangUpCustomer => with.sip.hang_up(leg),
            CallOutput::Music => with.gateway.route(id, Route::Music(queue)),
            CallOutput::EarlyMedia { agent } => with.gateway.route(id, Route::EarlyMedia(agent)),
            CallOutput::Ringback { agent } => with.gateway.route(id, Route::Ringback(agent)),
            CallOutput::Bridge { agent } => {
                if self.bridged.replace(agent) != Some(agent) {
                    self.judge.forget_agent();
                }
                with.gateway.route(id, Route::Bridge(agent));
            }
            CallOutput::OneWayHold { agent } => {
                self.facts.full_hold = self.calls.full_hold();
                let hold = if self.facts.full_hold { Route::FullHold } else { Route::OneWayHold };
                with.gateway.route(id, hold(agent, queue));
            }
            CallOutput::Silence => with.gateway.route(id, Route::Silence),
            CallOutput::Enqueue { front } => return self.enqueue(call, front).await,
            CallOutput::Seat { agent, input } => self.seat(call, agent, input).await,
            CallOutput::Record(event) => self.record(event),
            CallOutput::Finish(outcome) => self.finish(outcome).await,
        }
        None
    }

    /// A call that an agent dialled has no queue until it comes into one.
    async fn note_queue(&mut self, queue: QueueId) {
        if self.facts.queue.is_some() {
            return;
        }
        match self.calls.with().directory.queue(queue).await {
            Ok(found) => self.facts.queue = found.map(|queue| QueueName { id: queue.id, name: queue.name }),
            Err(error) => tracing::warn!(call = %self.facts.id, %error, "the name of a queue could not be read"),
        }
    }

    async fn enqueue(&self, call: &Call, front: bool) -> Option<CallInput> {
        let Call::Waiting { queue, skipped, .. } = call else { return None };
        let router = &self.calls.with().router;
        match router.enqueue(self.facts.id, *queue, self.facts.started_at, front, skipped.clone()).await {
            Ok(()) => None,
            Err(error) => {
                tracing::error!(call = %self.facts.id, %error, "a call could not be put into its queue and is given up");
                Some(CallInput::FarBroken)
            }
        }
    }

    /// The router claimed an agent for this call, which cannot ring there.
    pub(super) async fn withdraw(&mut self, agent: UserId) {
        let call = self.facts.id;
        let step = Step { agent, call, input: SeatInput::Withdrawn { call }, by: By::Customer };
        self.steps.take(&self.calls, step).await;
    }

    async fn seat(&mut self, call: &Call, agent: UserId, input: SeatInput) {
        let by = self.cause(call, input);
        self.steps.take(&self.calls, Step { agent, call: self.facts.id, input, by }).await;
        let gone = match input {
            SeatInput::Declined { .. } => Some(Gone::Declined),
            SeatInput::Missed { .. } => Some(Gone::Missed),
            SeatInput::Withdrawn { .. } => match call {
                Call::Ended { outcome: Outcome::Abandoned, .. } => Some(Gone::Abandoned),
                Call::Ended { outcome: Outcome::Lost, .. } => Some(Gone::ServerStopped),
                // The desk was lost while its own extension rang.
                Call::Ended { outcome: Outcome::Failed { failure: Failure::NoAnswer, .. }, .. } => Some(Gone::Missed),
                // An offer ends in no other way than these.
                Call::Ended { .. } => Some(Gone::Broken),
                // The desk was lost: should it be back already, the offer is not.
                Call::Waiting { .. }
                | Call::Offered { .. }
                | Call::Dialling { .. }
                | Call::Connected { .. }
                | Call::Held { .. }
                | Call::Kept { .. } => Some(Gone::Missed),
            },
            SeatInput::LogIn { .. }
            | SeatInput::LogOut
            | SeatInput::GoReady
            | SeatInput::GoNotReady
            | SeatInput::GoOnBreak { .. }
            | SeatInput::LeaveAfterCall { .. }
            | SeatInput::ExtendAfterCall { .. }
            | SeatInput::AfterCallOver
            | SeatInput::Lost
            | SeatInput::Offered { .. }
            | SeatInput::Dialled { .. }
            | SeatInput::Connected { .. }
            | SeatInput::Held { .. }
            | SeatInput::Resumed { .. }
            | SeatInput::Ended { .. }
            | SeatInput::GivenUp { .. } => None,
        };
        if let Some(why) = gone {
            self.calls.take_away(agent, self.facts.id, why);
        }
    }

    /// Who caused a step of the seat (A34).
    fn cause(&self, call: &Call, input: SeatInput) -> By {
        match input {
            SeatInput::Connected { .. } if self.facts.direction == Direction::Outbound => By::Customer,
            SeatInput::Missed { .. } | SeatInput::GivenUp { .. } => By::Server,
            SeatInput::Withdrawn { .. } | SeatInput::Ended { .. } => match call {
                Call::Ended { outcome: Outcome::AgentHungUp | Outcome::Cancelled, .. } => By::Agent,
                Call::Ended { outcome: Outcome::CustomerHungUp | Outcome::Abandoned, .. } => By::Customer,
                Call::Ended { outcome: Outcome::Failed { .. } | Outcome::AgentLost | Outcome::Lost, .. }
                | Call::Waiting { .. }
                | Call::Offered { .. }
                | Call::Dialling { .. }
                | Call::Connected { .. }
                | Call::Held { .. }
                | Call::Kept { .. } => By::Server,
            },
            SeatInput::LogIn { .. }
            | SeatInput::LogOut
            | SeatInput::GoReady
            | SeatInput::GoNotReady
            | SeatInput::GoOnBreak { .. }
            | SeatInput::LeaveAfterCall { .. }
            | SeatInput::ExtendAfterCall { .. }
            | SeatInput::AfterCallOver
            | SeatInput::Lost
            | SeatInput::Offered { .. }
            | SeatInput::Dialled { .. }
            | SeatInput::Connected { .. }
            | SeatInput::Held { .. }
            | SeatInput::Resumed { .. }
            | SeatInput::Declined { .. } => By::Agent,
        }
    }

    fn record(&mut self, event: CallEvent) {
        let with = self.calls.with();
        let at = with.clock.now();
        let agent = call_log::agent_of(&event);
        self.lines += 1;
        let connected = match &event {
            CallEvent::Connected { agent } => {
                // A second agent, after the first one was lost: the customer was answered by the first.
                self.facts.connected_at.get_or_insert(at);
                self.calls.tolls().connected(self.facts.id, at);
                Some(Line::Connected { call: self.facts.id, agent: *agent, at })
            }
            CallEvent::Started { .. }
            | CallEvent::Queued { .. }
            | CallEvent::MusicStarted
            | CallEvent::Offered { .. }
            | CallEvent::Called { .. }
            | CallEvent::Declined { .. }
            | CallEvent::Missed { .. }
            | CallEvent::OfferLost { .. }
            | CallEvent::Dialled { .. }
            | CallEvent::FarEndRinging
            | CallEvent::EarlyMedia
            | CallEvent::Held { .. }
            | CallEvent::Resumed { .. }
            | CallEvent::AgentLost { .. }
            | CallEvent::AgentBack { .. }
            | CallEvent::AgentNotBack { .. }
            | CallEvent::Ended { .. } => None,
        };
        let event = Numbered { n: self.lines, at, event };
        with.log.write(Line::Event { call: self.facts.id, event, agent });
        if let Some(connected) = connected {
            with.log.write(connected);
        }
    }

    async fn finish(&mut self, outcome: Outcome) {
        let with = self.calls.with().clone();
        let now = with.clock.now();
        self.facts.ended_at = Some(now);
        self.facts.outcome = Some(outcome);
        let millis = |from: Timestamp, to: Timestamp| i64::try_from(to.since(from).as_millis()).unwrap_or(i64::MAX);
        let waited = match self.facts.direction {
            Direction::Inbound => Some(millis(self.facts.started_at, self.facts.connected_at.unwrap_or(now))),
            Direction::Outbound => None,
        };
        with.log.write(Line::Ended(Box::new(Ended {
            call: self.facts.id,
            at: now,
            outcome,
            sip_reason: self.facts.sip_reason.clone(),
            waited_ms: waited,
            talked_ms: self.facts.connected_at.map(|connected| millis(connected, now)),
        })));
        if let Some(report) = with.gateway.close_customer(self.facts.id).await {
            tracing::info!(call = %self.facts.id, ?outcome, ?report, "the call is over");
            // A row that says nothing would say that something was measured.
            if !report.quality.is_blank() {
                quality::count(&report.quality);
                with.log.write(Line::Quality { call: self.facts.id, quality: Box::new(report.quality) });
            }
        }
        if self.facts.queue.is_some()
            && let Err(error) = with.router.leave(self.facts.id).await
        {
            tracing::error!(call = %self.facts.id, %error, "an ended call could not be taken out of its queue");
        }
        let direction = store::direction_name(self.facts.direction);
        metrics::counter!(
            "madoguchi_calls_total",
            "direction" => direction,
            "outcome" => store::outcome_name(outcome)
        )
        .increment(1);
    }

    fn was_up(&self) -> bool {
        self.facts.connected_at.is_some()
    }

    fn view(&self, call: &Call) -> CallView {
        let facts = self.facts.clone();
        CallView {
            call: call.clone(),
            id: facts.id,
            full_hold: facts.full_hold,
            direction: facts.direction,
            party: party(facts.customer, facts.caller),
            our_number: facts.ours,
            queue: facts.queue,
            started_at: facts.started_at,
            connected_at: facts.connected_at,
            ended_at: facts.ended_at,
            outcome: facts.outcome,
            sip_reason: facts.sip_reason,
            quality: self.judge.shown(),
        }
    }
}

/// RFC 3261 §21.4.18.
const UNAVAILABLE: u16 = 480;
/// RFC 3261 §21.6.2.
const DECLINED: u16 = 603;

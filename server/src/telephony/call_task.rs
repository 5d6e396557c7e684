//! The driver of one call: a mailbox, the leg's events and a deadline go into the machine, its outputs are carried out.
//!
//! It decides nothing; see [`domain::telephony::Call`].

use std::time::Instant;

use domain::ids::{InteractionId, UserId};
use domain::refusal::Refusal;
use domain::telephony::quality::CallQuality;
use domain::telephony::{Call, CallInput, CallOutput, Command, Failure};
use domain::time::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::calls::Calls;
use super::effects::{Effects, Facts};
use super::people::Caller;
use super::sip_stack::{LegEvent, LegEvents};
use super::trunk::Place;

/// What comes into a call's mailbox.
pub(super) enum Letter {
    /// News.
    Input(CallInput),
    /// The agent is not heard any more.
    AudioLost(UserId),
    /// How the last few seconds sounded.
    Measured(CallQuality),
    /// Whose the call is.
    Caller(Caller),
    /// An agent's command, which wants an answer.
    Command { by: UserId, command: Command, reply: oneshot::Sender<Result<(), Refusal>> },
}

/// One call.
pub(super) struct CallTask {
    call: Call,
    effects: Effects,
    leg_events: Option<LegEvents>,
    /// Given back when the task ends.
    place: Place,
    first: Vec<CallOutput>,
    due: Option<Due>,
}

/// A deadline of the machine, and the moment at which it passes: the wall clock may step in between.
#[derive(Clone, Copy)]
struct Due {
    at: Timestamp,
    instant: Instant,
}

/// What woke the task.
enum Woken {
    Letter(Letter),
    Leg(Option<LegEvent>),
    Deadline(Timestamp),
}

impl CallTask {
    pub(super) fn new(
        calls: Calls,
        call: Call,
        facts: Facts,
        leg_events: LegEvents,
        place: Place,
        first: Vec<CallOutput>,
    ) -> Self {
        Self { call, effects: Effects::new(calls, facts), leg_events: Some(leg_events), place, first, due: None }
    }

    pub(super) fn id(&self) -> InteractionId {
        self.call.id()
    }

    /// Runs to the end of the call.
    pub(super) async fn run(mut self, mut letters: mpsc::UnboundedReceiver<Letter>) {
        let first = std::mem::take(&mut self.first);
        let mut trouble = self.effects.carry_out(&self.call, first).await;
        self.effects.show(&self.call, None);
        while !self.call.is_over() {
            self.note_deadline();
            let woken = match trouble.take() {
                Some(input) => Woken::Letter(Letter::Input(input)),
                None => self.wait(&mut letters).await,
            };
            trouble = self.woken(woken).await;
        }
        drop(self.place);
        self.effects.calls().forget(self.call.id());
        letters.close();
        while let Ok(letter) = letters.try_recv() {
            if let Letter::Input(CallInput::Offer { agent, .. }) = letter {
                self.effects.withdraw(agent).await;
            }
        }
    }

    async fn wait(&mut self, letters: &mut mpsc::UnboundedReceiver<Letter>) -> Woken {
        let clock = self.effects.calls().with().clock.clone();
        let due = self.due;
        let deadline = async move {
            match due {
                Some(due) => {
                    clock.sleep_until(due.instant).await;
                    due.at
                }
                None => std::future::pending().await,
            }
        };
        let leg = async {
            match &mut self.leg_events {
                Some(events) => events.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Some(letter) = letters.recv() => Woken::Letter(letter),
            event = leg => Woken::Leg(event),
            at = deadline => Woken::Deadline(at),
        }
    }

    /// Gives an input that has to follow at once, if any.
    async fn woken(&mut self, woken: Woken) -> Option<CallInput> {
        let now = self.effects.calls().with().clock.now();
        match woken {
            Woken::Letter(Letter::Command { by, command, reply }) => {
                let before = self.call.clone();
                match self.call.on(CallInput::Command { by, command }, now) {
                    Ok(outputs) => {
                        // Whoever asked may have gone; the command holds.
                        let _ = reply.send(Ok(()));
                        self.follow(&before, outputs).await
                    }
                    Err(refusal) => {
                        let _ = reply.send(Err(refusal));
                        None
                    }
                }
            }
            Woken::Letter(Letter::Input(CallInput::Offer { agent, because, ring_for })) => {
                let trouble = self.step(CallInput::Offer { agent, because, ring_for }, now).await;
                if self.call.agent() != Some(agent) {
                    self.effects.withdraw(agent).await;
                } else if !self.effects.calls().with().agents.can_take_offers(agent) {
                    // The desk went while the offer was on its way.
                    return Some(CallInput::DeskLost { agent });
                }
                trouble
            }
            Woken::Letter(Letter::AudioLost(agent)) => {
                let (keep_for, queue) = (self.effects.calls().with().keep_for, self.effects.home());
                self.step(CallInput::AudioLost { agent, keep_for, queue }, now).await
            }
            Woken::Letter(Letter::Measured(quality)) => {
                self.effects.measured(&self.call, quality);
                None
            }
            Woken::Letter(Letter::Caller(caller)) => {
                self.effects.know(&self.call, caller);
                None
            }
            Woken::Letter(Letter::Input(input)) => self.step(input, now).await,
            // The machine looks at the wall clock, which may have stepped back while the deadline passed.
            Woken::Deadline(at) => self.step(CallInput::Deadline, now.max(at)).await,
            Woken::Leg(Some(event)) => match self.effects.input_of(event) {
                Some(input) => self.step(input, now).await,
                None => None,
            },
            Woken::Leg(None) => {
                self.leg_events = None;
                self.step(CallInput::FarBroken, now).await
            }
        }
    }

    async fn step(&mut self, input: CallInput, now: Timestamp) -> Option<CallInput> {
        let before = self.call.clone();
        match self.call.on(input, now) {
            Ok(outputs) => self.follow(&before, outputs).await,
            Err(refusal) => {
                tracing::error!(call = %self.call.id(), %refusal, "the call refused news, which it never should");
                None
            }
        }
    }

    async fn follow(&mut self, before: &Call, outputs: Vec<CallOutput>) -> Option<CallInput> {
        if outputs.is_empty() && *before == self.call {
            return None;
        }
        let trouble = self.effects.carry_out(&self.call, outputs).await;
        // An offer that came to nothing was taken off the desk already.
        let had = before.agent().filter(|_| !matches!(before, Call::Offered { .. }));
        self.effects.show(&self.call, had);
        trouble
    }

    fn note_deadline(&mut self) {
        let clock = &self.effects.calls().with().clock;
        self.due = match (self.call.deadline(), self.due) {
            (None, _) => None,
            (Some(at), Some(due)) if due.at == at => Some(due),
            (Some(at), _) => Some(Due { at, instant: clock.instant() + at.since(clock.now()) }),
        };
    }
}

/// What a leg's event is to the machine.
pub(super) fn input_of(event: &LegEvent) -> Option<CallInput> {
    match event {
        LegEvent::Ringing => Some(CallInput::FarRinging),
        LegEvent::EarlyMedia(_) => Some(CallInput::FarEarlyMedia),
        LegEvent::Answered(_) => Some(CallInput::FarAnswered),
        LegEvent::Refused { status, .. } => {
            Some(CallInput::FarFailed { status: Some(*status), failure: Failure::of_sip_status(*status) })
        }
        LegEvent::Aimed(_) | LegEvent::Confirmed => None,
        LegEvent::Gone => Some(CallInput::FarGone),
        LegEvent::Broken => Some(CallInput::FarBroken),
    }
}

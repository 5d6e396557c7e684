//! Steps that commands and news share: connected, back to the queue, kept, ended.

use core::time::Duration;

use super::super::event::CallEvent;
use super::super::outcome::{Failure, Outcome};
use super::{Call, CallOutput, Refuse, Step, stay};
use crate::agents::SeatInput;
use crate::ids::{InteractionId, QueueId, UserId};
use crate::time::Timestamp;

impl Call {
    pub(super) fn connect(id: InteractionId, agent: UserId, now: Timestamp, mut outputs: Vec<CallOutput>) -> Step {
        outputs.extend([
            CallOutput::Bridge { agent },
            CallOutput::Record(CallEvent::Connected { agent }),
            CallOutput::Seat { agent, input: SeatInput::Connected { call: id } },
        ]);
        (Some(Self::Connected { id, agent, since: now }), outputs)
    }

    /// An offer that came to nothing: the call waits again, at the front (A3); one to the agent's own extension is over.
    pub(super) fn back_to_queue(&self, skip: bool, event: CallEvent, seat: SeatInput) -> Step {
        match self {
            Self::Offered { queue: None, agent, .. } => self.turn_away(*agent, skip, event, seat),
            Self::Offered { id, queue: Some(queue), agent, answered, may_answer, skipped, .. } => {
                let mut skipped = skipped.clone();
                if skip && !skipped.contains(agent) {
                    skipped.push(*agent);
                }
                let mut outputs = vec![
                    CallOutput::Record(event),
                    CallOutput::Seat { agent: *agent, input: seat },
                    CallOutput::Record(CallEvent::Queued { queue: *queue, front: true }),
                ];
                // After the first refusal the customer hears music rather than ringing on (A29).
                let answer_now = !answered && *may_answer;
                if answer_now {
                    outputs.extend([
                        CallOutput::AnswerCustomer,
                        CallOutput::Music,
                        CallOutput::Record(CallEvent::MusicStarted),
                    ]);
                }
                outputs.push(CallOutput::Enqueue { front: true });
                let next = Self::Waiting {
                    id: *id,
                    queue: *queue,
                    answered: *answered || answer_now,
                    may_answer: *may_answer,
                    skipped,
                };
                (Some(next), outputs)
            }
            Self::Waiting { .. }
            | Self::Dialling { .. }
            | Self::Connected { .. }
            | Self::Held { .. }
            | Self::Kept { .. }
            | Self::Ended { .. } => stay(),
        }
    }

    /// Nobody but this agent was called.
    pub(super) fn turn_away(&self, agent: UserId, declined: bool, event: CallEvent, seat: SeatInput) -> Step {
        let (failure, status, refuse) = if declined {
            (Failure::Declined, 603, Refuse::Declined)
        } else {
            (Failure::NoAnswer, 480, Refuse::Unavailable)
        };
        let outcome = Outcome::Failed { failure, sip_status: Some(status) };
        let outputs = vec![
            CallOutput::Record(event),
            CallOutput::Silence,
            CallOutput::RefuseCustomer(refuse),
            CallOutput::Record(CallEvent::Ended { outcome }),
            CallOutput::Seat { agent, input: seat },
            CallOutput::Finish(outcome),
        ];
        (Some(Self::Ended { id: self.id(), outcome }), outputs)
    }

    /// The agent's side is gone: the call is kept for them. What the customer hears follows from the agent's absence.
    pub(super) fn keep(&self, keep_for: Duration, queue: Option<QueueId>, now: Timestamp) -> Step {
        let (id, agent, since, held_since) = match self {
            Self::Connected { id, agent, since } => (*id, *agent, *since, None),
            Self::Held { id, agent, since, held_since } => (*id, *agent, *since, Some(*held_since)),
            Self::Waiting { .. }
            | Self::Offered { .. }
            | Self::Dialling { .. }
            | Self::Kept { .. }
            | Self::Ended { .. } => return stay(),
        };
        let until = now.plus(keep_for);
        let next = Self::Kept { id, agent, since, held_since, lost_since: now, until, queue };
        (Some(next), vec![CallOutput::Record(CallEvent::AgentLost { agent })])
    }

    /// The agent is heard again: the call goes on as it was.
    pub(super) fn take_up(&self) -> Step {
        match self {
            Self::Kept { id, agent, since, held_since, .. } => {
                let (id, agent, since) = (*id, *agent, *since);
                let (next, route) = match held_since {
                    None => (Self::Connected { id, agent, since }, CallOutput::Bridge { agent }),
                    Some(held_since) => {
                        (Self::Held { id, agent, since, held_since: *held_since }, CallOutput::OneWayHold { agent })
                    }
                };
                (Some(next), vec![route, CallOutput::Record(CallEvent::AgentBack { agent })])
            }
            Self::Waiting { .. }
            | Self::Offered { .. }
            | Self::Dialling { .. }
            | Self::Connected { .. }
            | Self::Held { .. }
            | Self::Ended { .. } => stay(),
        }
    }

    /// The agent did not come back in time: the customer goes before all who wait, or where no queue takes the call, it
    /// ends.
    pub(super) fn give_up_to_queue(&self) -> Step {
        let Self::Kept { id, agent, queue, .. } = self else { return stay() };
        let given_up = CallOutput::Record(CallEvent::AgentNotBack { agent: *agent });
        let Some(queue) = *queue else {
            let (next, mut outputs) = self.end(Outcome::AgentLost, Some(CallOutput::HangUpCustomer));
            outputs.insert(0, given_up);
            return (next, outputs);
        };
        let next = Self::Waiting { id: *id, queue, answered: true, may_answer: true, skipped: Vec::new() };
        let outputs = vec![
            given_up,
            CallOutput::Seat { agent: *agent, input: SeatInput::GivenUp { call: *id } },
            CallOutput::Record(CallEvent::Queued { queue, front: true }),
            CallOutput::Music,
            CallOutput::Record(CallEvent::MusicStarted),
            CallOutput::Enqueue { front: true },
        ];
        (Some(next), outputs)
    }

    pub(super) fn broken(&self, answered: bool) -> Step {
        self.end(Outcome::Failed { failure: Failure::Broken, sip_status: None }, Some(Self::farewell(answered)))
    }

    pub(super) fn stopped(&self, answered: bool) -> Step {
        self.end(Outcome::Lost, Some(Self::farewell(answered)))
    }

    pub(super) fn farewell(answered: bool) -> CallOutput {
        if answered { CallOutput::HangUpCustomer } else { CallOutput::RefuseCustomer(Refuse::Unavailable) }
    }

    pub(super) fn end(&self, outcome: Outcome, towards_customer: Option<CallOutput>) -> Step {
        let id = self.id();
        let mut outputs = vec![CallOutput::Silence];
        outputs.extend(towards_customer);
        outputs.push(CallOutput::Record(CallEvent::Ended { outcome }));
        if let Some(agent) = self.agent() {
            let input = match self {
                Self::Offered { .. } => SeatInput::Withdrawn { call: id },
                Self::Waiting { .. }
                | Self::Dialling { .. }
                | Self::Connected { .. }
                | Self::Held { .. }
                | Self::Kept { .. }
                | Self::Ended { .. } => SeatInput::Ended { call: id },
            };
            outputs.push(CallOutput::Seat { agent, input });
        }
        outputs.push(CallOutput::Finish(outcome));
        (Some(Self::Ended { id, outcome }), outputs)
    }
}

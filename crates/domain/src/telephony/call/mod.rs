//! The call machine.
//!
//! ```text
//!   inbound                                                    outbound
//!      │                                                          │
//!      ▼      offer                                               ▼
//!   Waiting ─────────► Offered ──── answer ───► Connected ◄─── Dialling
//!      ▲ │               │ │                     │ ▲  │           │
//!      │ │   declined,   │ │             hold    ▼ │  │           │
//!      ├─┼── missed, ────┘ │                    Held  │           │
//!      │ │   desk lost     │      audio lost │ ▲  │   │           │
//!      │ │                 │                 ▼ │  │   │           │
//!      └─┼── too long ─────┼──────────────── Kept │   │           │
//!        │     (direct) ─► │             (C2)  │  │   │           │
//!        └───── customer gives up, far end fails, hang up ────────┘
//!                                  ▼
//!                                Ended
//! ```
//!
//! Kept is reached from Connected and from Held, and leads back to the one it came from as soon as the agent is heard.
//!
//! ```text
//! input     what happens to a call, and what then has to be done
//! commands  what an agent's command does in each state
//! news      what everybody else's news do
//! steps     the steps that several of them share
//! ```

mod commands;
mod input;
mod news;
mod steps;

use core::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::input::{CallInput, CallOutput, Command, Refuse};
use super::event::CallEvent;
use super::outcome::{Direction, Outcome};
use crate::ids::{ExtensionId, InteractionId, QueueId, UserId};
use crate::refusal::Refusal;
use crate::time::Timestamp;

/// A call between one customer and, in turn, one agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// Inbound, nobody rings.
    Waiting {
        /// The call.
        id: InteractionId,
        /// Where it waits.
        queue: QueueId,
        /// Whether the customer's leg is answered and hears music (A29).
        answered: bool,
        /// Whether the queue may answer before an agent does (A29).
        may_answer: bool,
        /// Who declined this call and is not asked again while anybody else could take it.
        skipped: Vec<UserId>,
    },
    /// Inbound, ringing at one agent.
    Offered {
        /// The call.
        id: InteractionId,
        /// Its queue; none where the agent's own extension was called: then nobody else is asked.
        queue: Option<QueueId>,
        /// Where it rings.
        agent: UserId,
        /// When the offer runs out (A3).
        until: Timestamp,
        /// Whether the customer's leg is answered and hears music.
        answered: bool,
        /// Whether the queue may answer before an agent does (A29).
        may_answer: bool,
        /// Who declined this call before.
        skipped: Vec<UserId>,
    },
    /// Outbound, not yet answered.
    Dialling {
        /// The call.
        id: InteractionId,
        /// Who dials.
        agent: UserId,
        /// When ringing is given up.
        until: Timestamp,
        /// Whether the far end rings.
        ringing: bool,
        /// Whether the far end's own sound is heard.
        early_media: bool,
    },
    /// The two talk.
    Connected {
        /// The call.
        id: InteractionId,
        /// The agent.
        agent: UserId,
        /// When they were connected.
        since: Timestamp,
    },
    /// The customer hears music; the agent still hears the customer (S24, S25).
    Held {
        /// The call.
        id: InteractionId,
        /// The agent.
        agent: UserId,
        /// When they were connected.
        since: Timestamp,
        /// When this hold began.
        held_since: Timestamp,
    },
    /// The agent's side is gone: the customer hears a comfort tone, or on hold the music, until it is back (C2).
    Kept {
        /// The call.
        id: InteractionId,
        /// For whom it is kept.
        agent: UserId,
        /// When they were connected.
        since: Timestamp,
        /// When the hold began in which the agent was lost.
        held_since: Option<Timestamp>,
        /// When the agent was lost.
        lost_since: Timestamp,
        /// When it is given up to another agent.
        until: Timestamp,
        /// Who takes it then, if anybody.
        queue: Option<QueueId>,
    },
    /// Over.
    Ended {
        /// The call.
        id: InteractionId,
        /// How.
        outcome: Outcome,
    },
}

/// How long an outbound call may ring before it counts as unanswered.
const DIAL_LIMIT: Duration = Duration::from_mins(2);

impl Call {
    /// An inbound call that has just been put into its queue.
    pub fn inbound(id: InteractionId, queue: QueueId, may_answer: bool) -> (Self, Vec<CallOutput>) {
        let call = Self::Waiting { id, queue, answered: false, may_answer, skipped: Vec::new() };
        let outputs = vec![
            CallOutput::Record(CallEvent::Started { direction: Direction::Inbound }),
            CallOutput::Record(CallEvent::Queued { queue, front: false }),
            CallOutput::Enqueue { front: false },
        ];
        (call, outputs)
    }

    /// An inbound call to an agent's own extension, who was claimed for it: it rings there and nowhere else.
    pub fn direct(
        id: InteractionId,
        agent: UserId,
        extension: ExtensionId,
        ring_for: Duration,
        now: Timestamp,
    ) -> (Self, Vec<CallOutput>) {
        let call = Self::Offered {
            id,
            queue: None,
            agent,
            until: now.plus(ring_for),
            answered: false,
            may_answer: false,
            skipped: Vec::new(),
        };
        let outputs = vec![
            CallOutput::Record(CallEvent::Started { direction: Direction::Inbound }),
            CallOutput::Ring,
            CallOutput::Record(CallEvent::Called { agent, extension }),
        ];
        (call, outputs)
    }

    /// An outbound call that an agent has just dialled.
    pub fn outbound(id: InteractionId, agent: UserId, now: Timestamp) -> (Self, Vec<CallOutput>) {
        let call = Self::Dialling { id, agent, until: now.plus(DIAL_LIMIT), ringing: false, early_media: false };
        let outputs = vec![
            CallOutput::Record(CallEvent::Started { direction: Direction::Outbound }),
            CallOutput::Record(CallEvent::Dialled { agent }),
        ];
        (call, outputs)
    }

    /// Takes one input and says what has to be done.
    ///
    /// # Errors
    /// The [`Refusal`] for a command that this state does not take; the call stays as it was. Inputs from the
    /// network are never refused: late ones change nothing.
    pub fn on(&mut self, input: CallInput, now: Timestamp) -> Result<Vec<CallOutput>, Refusal> {
        let (next, outputs) = match (&*self, input) {
            (call, CallInput::Command { by, command }) => call.command(by, command, now)?,
            (call, input) => call.news(input, now),
        };
        if let Some(next) = next {
            *self = next;
        }
        Ok(outputs)
    }

    /// Whether the agent may give the command now: what the desk asks to enable a button.
    ///
    /// # Errors
    /// Why not.
    pub fn allows(&self, by: UserId, command: Command) -> Result<(), Refusal> {
        self.command(by, command, Timestamp(0)).map(drop)
    }

    /// When [`CallInput::Deadline`] is due, if this state waits for something.
    pub fn deadline(&self) -> Option<Timestamp> {
        match self {
            Self::Offered { until, .. } | Self::Dialling { until, .. } | Self::Kept { until, .. } => Some(*until),
            Self::Waiting { .. } | Self::Connected { .. } | Self::Held { .. } | Self::Ended { .. } => None,
        }
    }

    /// Which call this is.
    pub fn id(&self) -> InteractionId {
        match self {
            Self::Waiting { id, .. }
            | Self::Offered { id, .. }
            | Self::Dialling { id, .. }
            | Self::Connected { id, .. }
            | Self::Held { id, .. }
            | Self::Kept { id, .. }
            | Self::Ended { id, .. } => *id,
        }
    }

    /// The agent who has it now, if anybody.
    pub fn agent(&self) -> Option<UserId> {
        match self {
            Self::Offered { agent, .. }
            | Self::Dialling { agent, .. }
            | Self::Connected { agent, .. }
            | Self::Held { agent, .. }
            | Self::Kept { agent, .. } => Some(*agent),
            Self::Waiting { .. } | Self::Ended { .. } => None,
        }
    }
}

/// The state that follows, none where it stays, and what has to be done.
type Step = (Option<Call>, Vec<CallOutput>);

fn stay() -> Step {
    (None, Vec::new())
}

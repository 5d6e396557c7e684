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

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::{Because, CallEvent};
use super::outcome::{Direction, Failure, Outcome};
use crate::agents::SeatInput;
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

/// What an agent can ask of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// 応答
    Answer,
    /// 拒否
    Decline,
    /// 保留
    Hold,
    /// 保留解除
    Resume,
    /// 切断, 通話終了
    HangUp,
}

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallInput {
    /// The agent's command.
    Command {
        /// Who.
        by: UserId,
        /// What.
        command: Command,
    },
    /// The router claimed this agent for the call.
    Offer {
        /// Who.
        agent: UserId,
        /// Why.
        because: Because,
        /// For how long to ring (A3).
        ring_for: Duration,
    },
    /// The router found nobody ready.
    NobodyReady,
    /// The queue was deleted while the call waited in it.
    QueueGone,
    /// The desk where it rings is gone.
    DeskLost {
        /// Whose.
        agent: UserId,
    },
    /// Nothing is heard from the agent any more: the connection broke, or carries no audio.
    AudioLost {
        /// Whose.
        agent: UserId,
        /// How long a call that is up is kept for them.
        keep_for: Duration,
        /// Who takes it then: the queue of the number of ours that this call is on.
        queue: Option<QueueId>,
    },
    /// The agent is heard again, from wherever.
    AudioBack {
        /// Who.
        agent: UserId,
    },
    /// The far end rings (SIP 180).
    FarRinging,
    /// The far end sends sound before the answer (SIP 183 with SDP).
    FarEarlyMedia,
    /// The far end answered (SIP 2xx).
    FarAnswered,
    /// The far end refused or could not be reached.
    FarFailed {
        /// SIP status of the final answer, where one came.
        status: Option<u16>,
        /// In plain words.
        failure: Failure,
    },
    /// The customer gave up before the answer (CANCEL) or hung up (BYE).
    FarGone,
    /// The customer's leg broke: no ACK, no audio, transport gone.
    FarBroken,
    /// [`Call::deadline`] has passed.
    Deadline,
    /// The server stops and has waited for this call for as long as it may.
    ServerStops,
    /// The trunk has used up its minutes: outbound calls on it end.
    MinutesUsedUp,
}

/// What has to be done about it, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallOutput {
    /// Tell the customer that it rings (SIP 180).
    Ring,
    /// Answer the customer's leg (SIP 200).
    AnswerCustomer,
    /// Refuse the customer's call.
    RefuseCustomer(Refuse),
    /// Give up the outbound attempt (SIP CANCEL).
    CancelFarEnd,
    /// End the customer's leg (SIP BYE).
    HangUpCustomer,
    /// The customer hears hold music, the agent nothing.
    Music,
    /// The agent hears the far end's early sound.
    EarlyMedia {
        /// The agent.
        agent: UserId,
    },
    /// The agent hears a ringback tone made by us.
    Ringback {
        /// The agent.
        agent: UserId,
    },
    /// Both hear each other.
    Bridge {
        /// The agent.
        agent: UserId,
    },
    /// The customer hears music, the agent hears the customer.
    OneWayHold {
        /// The agent.
        agent: UserId,
    },
    /// No audio flows any more.
    Silence,
    /// Wait in the queue for the router's choice.
    Enqueue {
        /// Before the calls that came later (A3): it comes back from an agent.
        front: bool,
    },
    /// Tell the agent's seat.
    Seat {
        /// Whose.
        agent: UserId,
        /// What.
        input: SeatInput,
    },
    /// Store a line of the log.
    Record(CallEvent),
    /// The call is over: store the outcome, release everything.
    Finish(Outcome),
}

/// How to refuse an inbound call that nobody will take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refuse {
    /// SIP 480.
    Unavailable,
    /// SIP 603.
    Declined,
}

/// How long an outbound call may ring before it counts as unanswered.
const DIAL_LIMIT: Duration = Duration::from_mins(2);

const MINUTES_USED_UP: Outcome = Outcome::Failed { failure: Failure::MinutesUsedUp, sip_status: None };

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

    fn command(&self, by: UserId, command: Command, now: Timestamp) -> Result<Step, Refusal> {
        match self.agent() {
            Some(agent) if agent == by => {}
            Some(_) => return Err(Refusal::NotYourCall),
            None if self.is_over() => return Err(Refusal::CallEnded),
            None => return Err(Refusal::NotYourCall),
        }
        match self {
            Self::Offered { id, agent, answered, .. } => match command {
                Command::Answer => {
                    let mut outputs = Vec::new();
                    if !answered {
                        outputs.push(CallOutput::AnswerCustomer);
                    }
                    Ok(Self::connect(*id, *agent, now, outputs))
                }
                Command::Decline => Ok(self.back_to_queue(
                    true,
                    CallEvent::Declined { agent: *agent },
                    SeatInput::Declined { call: *id },
                )),
                Command::Hold | Command::Resume | Command::HangUp => Err(Refusal::NotNow),
            },
            Self::Dialling { .. } => match command {
                Command::HangUp => Ok(self.end(Outcome::Cancelled, Some(CallOutput::CancelFarEnd))),
                Command::Answer | Command::Decline | Command::Hold | Command::Resume => Err(Refusal::NotNow),
            },
            Self::Connected { id, agent, since } => match command {
                Command::Hold => Ok((
                    Some(Self::Held { id: *id, agent: *agent, since: *since, held_since: now }),
                    vec![
                        CallOutput::OneWayHold { agent: *agent },
                        CallOutput::Record(CallEvent::Held { agent: *agent }),
                        CallOutput::Seat { agent: *agent, input: SeatInput::Held { call: *id } },
                    ],
                )),
                Command::HangUp => Ok(self.end(Outcome::AgentHungUp, Some(CallOutput::HangUpCustomer))),
                Command::Answer | Command::Decline | Command::Resume => Err(Refusal::NotNow),
            },
            Self::Held { id, agent, since, .. } => match command {
                Command::Resume => Ok((
                    Some(Self::Connected { id: *id, agent: *agent, since: *since }),
                    vec![
                        CallOutput::Bridge { agent: *agent },
                        CallOutput::Record(CallEvent::Resumed { agent: *agent }),
                        CallOutput::Seat { agent: *agent, input: SeatInput::Resumed { call: *id } },
                    ],
                )),
                Command::HangUp => Ok(self.end(Outcome::AgentHungUp, Some(CallOutput::HangUpCustomer))),
                Command::Answer | Command::Decline | Command::Hold => Err(Refusal::NotNow),
            },
            Self::Kept { .. } => match command {
                Command::HangUp => Ok(self.end(Outcome::AgentHungUp, Some(CallOutput::HangUpCustomer))),
                Command::Answer | Command::Decline | Command::Hold | Command::Resume => Err(Refusal::NotNow),
            },
            Self::Waiting { .. } => Err(Refusal::NotYourCall),
            Self::Ended { .. } => Err(Refusal::CallEnded),
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm a state, each whole: split up, it could not be read against the drawing"
    )]
    fn news(&self, input: CallInput, now: Timestamp) -> Step {
        match self {
            Self::Waiting { id, queue, answered, may_answer, skipped } => match input {
                CallInput::Offer { agent, because, ring_for } => {
                    // Asked once more, because everybody had declined: the round begins anew, for the others too.
                    let skipped = if skipped.contains(&agent) { Vec::new() } else { skipped.clone() };
                    let next = Self::Offered {
                        id: *id,
                        queue: Some(*queue),
                        agent,
                        until: now.plus(ring_for),
                        answered: *answered,
                        may_answer: *may_answer,
                        skipped,
                    };
                    let mut outputs = Vec::new();
                    if !answered {
                        outputs.push(CallOutput::Ring);
                    }
                    outputs.push(CallOutput::Record(CallEvent::Offered { agent, because }));
                    (Some(next), outputs)
                }
                CallInput::NobodyReady if *answered => stay(),
                CallInput::NobodyReady if !*may_answer => (None, vec![CallOutput::Ring]),
                CallInput::NobodyReady => {
                    let next = Self::Waiting {
                        id: *id,
                        queue: *queue,
                        answered: true,
                        may_answer: true,
                        skipped: skipped.clone(),
                    };
                    (
                        Some(next),
                        vec![
                            CallOutput::AnswerCustomer,
                            CallOutput::Music,
                            CallOutput::Record(CallEvent::MusicStarted),
                        ],
                    )
                }
                CallInput::FarGone => self.end(Outcome::Abandoned, None),
                CallInput::FarBroken => self.broken(*answered),
                CallInput::ServerStops => self.stopped(*answered),
                CallInput::QueueGone => self.end(
                    Outcome::Failed { failure: Failure::NoQueue, sip_status: None },
                    Some(Self::farewell(*answered)),
                ),
                CallInput::Command { .. }
                | CallInput::DeskLost { .. }
                | CallInput::AudioLost { .. }
                | CallInput::AudioBack { .. }
                | CallInput::FarRinging
                | CallInput::FarEarlyMedia
                | CallInput::FarAnswered
                | CallInput::FarFailed { .. }
                | CallInput::MinutesUsedUp
                | CallInput::Deadline => stay(),
            },
            Self::Offered { id, agent, until, answered, .. } => match input {
                CallInput::Deadline if now >= *until => {
                    // Whoever missed it is not ready now; coming back by a press, they may be asked again.
                    self.back_to_queue(false, CallEvent::Missed { agent: *agent }, SeatInput::Missed { call: *id })
                }
                CallInput::DeskLost { agent: lost } | CallInput::AudioLost { agent: lost, .. } if lost == *agent => {
                    self.back_to_queue(
                        false,
                        CallEvent::OfferLost { agent: *agent },
                        SeatInput::Withdrawn { call: *id },
                    )
                }
                CallInput::FarGone => self.end(Outcome::Abandoned, None),
                CallInput::FarBroken => self.broken(*answered),
                CallInput::ServerStops => self.stopped(*answered),
                CallInput::Deadline
                | CallInput::DeskLost { .. }
                | CallInput::AudioLost { .. }
                | CallInput::AudioBack { .. }
                | CallInput::Command { .. }
                | CallInput::Offer { .. }
                | CallInput::NobodyReady
                | CallInput::QueueGone
                | CallInput::FarRinging
                | CallInput::FarEarlyMedia
                | CallInput::FarAnswered
                | CallInput::MinutesUsedUp
                | CallInput::FarFailed { .. } => stay(),
            },
            Self::Dialling { id, agent, until, ringing, early_media } => {
                let dialling = |ringing: bool, early_media: bool| Self::Dialling {
                    id: *id,
                    agent: *agent,
                    until: *until,
                    ringing,
                    early_media,
                };
                match input {
                    // Early sound once heard stays: a later 180 without SDP does not take it away.
                    CallInput::FarRinging if !*ringing => {
                        let mut outputs = Vec::new();
                        if !early_media {
                            outputs.push(CallOutput::Ringback { agent: *agent });
                        }
                        outputs.push(CallOutput::Record(CallEvent::FarEndRinging));
                        (Some(dialling(true, *early_media)), outputs)
                    }
                    CallInput::FarEarlyMedia if !*early_media => (
                        Some(dialling(*ringing, true)),
                        vec![CallOutput::EarlyMedia { agent: *agent }, CallOutput::Record(CallEvent::EarlyMedia)],
                    ),
                    CallInput::FarAnswered => Self::connect(*id, *agent, now, Vec::new()),
                    CallInput::FarFailed { status, failure } => {
                        self.end(Outcome::Failed { failure, sip_status: status }, None)
                    }
                    CallInput::FarGone | CallInput::FarBroken => {
                        self.end(Outcome::Failed { failure: Failure::Broken, sip_status: None }, None)
                    }
                    CallInput::Deadline if now >= *until => self.end(
                        Outcome::Failed { failure: Failure::NoAnswer, sip_status: None },
                        Some(CallOutput::CancelFarEnd),
                    ),
                    CallInput::ServerStops => self.end(Outcome::Lost, Some(CallOutput::CancelFarEnd)),
                    CallInput::MinutesUsedUp => self.end(MINUTES_USED_UP, Some(CallOutput::CancelFarEnd)),
                    CallInput::FarRinging
                    | CallInput::FarEarlyMedia
                    | CallInput::Deadline
                    | CallInput::Command { .. }
                    | CallInput::Offer { .. }
                    | CallInput::NobodyReady
                    | CallInput::QueueGone
                    | CallInput::AudioLost { .. }
                    | CallInput::AudioBack { .. }
                    | CallInput::DeskLost { .. } => stay(),
                }
            }
            Self::Connected { .. } | Self::Held { .. } => match input {
                CallInput::FarGone => self.end(Outcome::CustomerHungUp, None),
                CallInput::FarBroken => self.broken(true),
                CallInput::ServerStops => self.stopped(true),
                CallInput::MinutesUsedUp => self.end(MINUTES_USED_UP, Some(CallOutput::HangUpCustomer)),
                CallInput::AudioLost { agent: lost, keep_for, queue } if self.agent() == Some(lost) => {
                    self.keep(keep_for, queue, now)
                }
                // The customer's leg lives in the server: a lost desk never ends a call, and two who still hear each other
                // need no desk.
                CallInput::DeskLost { .. }
                | CallInput::AudioLost { .. }
                | CallInput::AudioBack { .. }
                | CallInput::Command { .. }
                | CallInput::Offer { .. }
                | CallInput::NobodyReady
                | CallInput::QueueGone
                | CallInput::FarRinging
                | CallInput::FarEarlyMedia
                | CallInput::FarAnswered
                | CallInput::FarFailed { .. }
                | CallInput::Deadline => stay(),
            },
            Self::Kept { agent, until, .. } => match input {
                CallInput::AudioBack { agent: back } if back == *agent => self.take_up(),
                CallInput::Deadline if now >= *until => self.give_up_to_queue(),
                CallInput::FarGone => self.end(Outcome::CustomerHungUp, None),
                CallInput::FarBroken => self.broken(true),
                CallInput::ServerStops => self.stopped(true),
                CallInput::MinutesUsedUp => self.end(MINUTES_USED_UP, Some(CallOutput::HangUpCustomer)),
                CallInput::Deadline
                | CallInput::DeskLost { .. }
                | CallInput::AudioLost { .. }
                | CallInput::AudioBack { .. }
                | CallInput::Command { .. }
                | CallInput::Offer { .. }
                | CallInput::NobodyReady
                | CallInput::QueueGone
                | CallInput::FarRinging
                | CallInput::FarEarlyMedia
                | CallInput::FarAnswered
                | CallInput::FarFailed { .. } => stay(),
            },
            Self::Ended { .. } => stay(),
        }
    }

    fn connect(id: InteractionId, agent: UserId, now: Timestamp, mut outputs: Vec<CallOutput>) -> Step {
        outputs.extend([
            CallOutput::Bridge { agent },
            CallOutput::Record(CallEvent::Connected { agent }),
            CallOutput::Seat { agent, input: SeatInput::Connected { call: id } },
        ]);
        (Some(Self::Connected { id, agent, since: now }), outputs)
    }

    /// An offer that came to nothing: the call waits again, at the front (A3); one to the agent's own extension is over.
    fn back_to_queue(&self, skip: bool, event: CallEvent, seat: SeatInput) -> Step {
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
    fn turn_away(&self, agent: UserId, declined: bool, event: CallEvent, seat: SeatInput) -> Step {
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
    fn keep(&self, keep_for: Duration, queue: Option<QueueId>, now: Timestamp) -> Step {
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
    fn take_up(&self) -> Step {
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
    fn give_up_to_queue(&self) -> Step {
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

    fn broken(&self, answered: bool) -> Step {
        self.end(Outcome::Failed { failure: Failure::Broken, sip_status: None }, Some(Self::farewell(answered)))
    }

    fn stopped(&self, answered: bool) -> Step {
        self.end(Outcome::Lost, Some(Self::farewell(answered)))
    }

    fn farewell(answered: bool) -> CallOutput {
        if answered { CallOutput::HangUpCustomer } else { CallOutput::RefuseCustomer(Refuse::Unavailable) }
    }

    fn end(&self, outcome: Outcome, towards_customer: Option<CallOutput>) -> Step {
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

type Step = (Option<Call>, Vec<CallOutput>);

fn stay() -> Step {
    (None, Vec::new())
}

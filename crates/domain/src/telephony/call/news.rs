//! What the news of everybody but the agent do to a call: the far end's, the router's, the desk's, the clock's.

use super::super::event::CallEvent;
use super::super::outcome::{Failure, Outcome};
use super::{Call, CallInput, CallOutput, Step, stay};
use crate::agents::SeatInput;
use crate::time::Timestamp;

const MINUTES_USED_UP: Outcome = Outcome::Failed { failure: Failure::MinutesUsedUp, sip_status: None };

impl Call {
    #[expect(
        clippy::too_many_lines,
        reason = "one arm a state, each whole: split up, it could not be read against the drawing"
    )]
    pub(super) fn news(&self, input: CallInput, now: Timestamp) -> Step {
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
                // An outbound call comes here where its agent was lost in it: the customer's line goes on costing.
                CallInput::MinutesUsedUp => self.end(MINUTES_USED_UP, Some(Self::farewell(*answered))),
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
                // An outbound call comes here where its agent was lost in it: the customer's line goes on costing.
                CallInput::MinutesUsedUp => self.end(MINUTES_USED_UP, Some(Self::farewell(*answered))),
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
}

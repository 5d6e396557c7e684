//! What an agent's command does to a call.

use super::super::event::CallEvent;
use super::super::outcome::Outcome;
use super::{Call, CallOutput, Command, Step};
use crate::agents::SeatInput;
use crate::ids::UserId;
use crate::refusal::Refusal;
use crate::time::Timestamp;

impl Call {
    pub(super) fn command(&self, by: UserId, command: Command, now: Timestamp) -> Result<Step, Refusal> {
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
}

//! ```text
//!            1xx                  2xx
//! Calling ────────► Proceeding ────────► Accepted ── M ──► gone
//!  │ A: resend       │  300-699: ACK       ▲ 2xx: pass on (RFC 6026 §7.2)
//!  │ B: timed out    └──────────► Completed ── D ──► gone
//!  └─ 2xx, 300-699 as from Proceeding      ▲ 300-699: ACK again
//! ```
//! RFC 3261 §17.1.1, RFC 6026 §8.4.

use super::{Due, Heard, Resend, earlier, patience};
use crate::api::{Timers, Transport};
use crate::time::Time;

#[derive(Debug, Clone)]
pub(crate) struct InviteClient {
    state: State,
    timers: Timers,
    transport: Transport,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Calling {
        resend: Option<Resend>,
        give_up: Time,
    },
    /// Without a CANCEL there is no end to it (RFC 3261 §17.1.1.2); the ring limit is the caller's.
    Proceeding {
        give_up: Option<Time>,
    },
    Accepted {
        until: Time,
    },
    Completed {
        until: Time,
    },
}

impl InviteClient {
    pub(crate) fn new(now: Time, timers: Timers, transport: Transport) -> Self {
        let resend = (!transport.is_reliable()).then(|| Resend::new(now, &timers, None));
        Self { state: State::Calling { resend, give_up: now + patience(&timers) }, timers, transport }
    }

    pub(crate) fn on_response(&mut self, now: Time, status: u16) -> Heard {
        match self.state {
            State::Calling { .. } | State::Proceeding { .. } => match status {
                ..200 => {
                    if matches!(self.state, State::Calling { .. }) {
                        self.state = State::Proceeding { give_up: None };
                    }
                    Heard::Pass
                }
                200..300 => {
                    self.state = State::Accepted { until: now + patience(&self.timers) };
                    Heard::Pass
                }
                300.. => {
                    let linger =
                        if self.transport.is_reliable() { std::time::Duration::ZERO } else { patience(&self.timers) };
                    self.state = State::Completed { until: now + linger };
                    Heard::PassAndAck
                }
            },
            State::Accepted { .. } if (200..300).contains(&status) => Heard::Pass,
            State::Accepted { .. } => Heard::Absorb,
            State::Completed { .. } if status >= 300 => Heard::AckAgain,
            State::Completed { .. } => Heard::Absorb,
        }
    }

    /// A CANCEL was sent: the final answer comes within 64*T1 or never (RFC 3261 §9.1).
    pub(crate) fn cancelled(&mut self, now: Time) {
        if let State::Proceeding { give_up } = &mut self.state {
            *give_up = Some(earlier(*give_up, now + patience(&self.timers)));
        }
    }

    /// Is the final answer still to come?
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Calling { .. } | State::Proceeding { .. })
    }

    /// Has it had a 1xx, and nothing more?
    pub(crate) fn is_proceeding(&self) -> bool {
        matches!(self.state, State::Proceeding { .. })
    }

    pub(crate) fn deadline(&self) -> Option<Time> {
        match self.state {
            State::Calling { resend, give_up } => Some(earlier(resend.map(|resend| resend.at), give_up)),
            State::Proceeding { give_up } => give_up,
            State::Accepted { until } | State::Completed { until } => Some(until),
        }
    }

    pub(crate) fn on_timeout(&mut self, now: Time) -> Due {
        match &mut self.state {
            State::Calling { give_up, .. } if *give_up <= now => Due::TimedOut,
            State::Calling { resend: Some(resend), .. } if resend.is_due(now) => {
                *resend = resend.next(now);
                Due::Resend
            }
            State::Calling { .. } => Due::Nothing,
            State::Proceeding { give_up: Some(give_up) } if *give_up <= now => Due::TimedOut,
            State::Proceeding { .. } => Due::Nothing,
            State::Accepted { until } | State::Completed { until } if *until <= now => Due::Gone,
            State::Accepted { .. } | State::Completed { .. } => Due::Nothing,
        }
    }
}

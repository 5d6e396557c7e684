//! ```text
//!          1xx                 200-699
//! Trying ───────► Proceeding ──────────► Completed ── K ──► gone
//!  │ E: resend     E: resend every T2      ▲ absorbs
//!  └ F: timed out (both)
//! ```
//! RFC 3261 §17.1.2: everything but INVITE and ACK.

use super::{Due, Heard, Resend, earlier, patience};
use crate::api::{Timers, Transport};
use crate::time::Time;

#[derive(Debug, Clone)]
pub(crate) struct OtherClient {
    state: State,
    timers: Timers,
    transport: Transport,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Trying { resend: Option<Resend>, give_up: Time },
    Proceeding { resend: Option<Resend>, give_up: Time },
    Completed { until: Time },
}

impl OtherClient {
    pub(crate) fn new(now: Time, timers: Timers, transport: Transport) -> Self {
        let resend = (!transport.is_reliable()).then(|| Resend::new(now, &timers, Some(timers.t2)));
        Self { state: State::Trying { resend, give_up: now + patience(&timers) }, timers, transport }
    }

    pub(crate) fn on_response(&mut self, now: Time, status: u16) -> Heard {
        match self.state {
            State::Trying { resend, give_up } if status < 200 => {
                self.state = State::Proceeding { resend: resend.map(|resend| resend.slowed(now)), give_up };
                Heard::Absorb
            }
            State::Proceeding { .. } if status < 200 => Heard::Absorb,
            State::Trying { .. } | State::Proceeding { .. } => {
                let linger = if self.transport.is_reliable() { std::time::Duration::ZERO } else { self.timers.t4 };
                self.state = State::Completed { until: now + linger };
                Heard::Pass
            }
            State::Completed { .. } => Heard::Absorb,
        }
    }

    /// Is the final answer still to come?
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Trying { .. } | State::Proceeding { .. })
    }

    /// Has nothing been heard at all?
    pub(crate) fn is_unheard(&self) -> bool {
        matches!(self.state, State::Trying { .. })
    }

    pub(crate) fn deadline(&self) -> Time {
        match self.state {
            State::Trying { resend, give_up } | State::Proceeding { resend, give_up } => {
                earlier(resend.map(|resend| resend.at), give_up)
            }
            State::Completed { until } => until,
        }
    }

    pub(crate) fn on_timeout(&mut self, now: Time) -> Due {
        match &mut self.state {
            State::Trying { give_up, .. } | State::Proceeding { give_up, .. } if *give_up <= now => Due::TimedOut,
            State::Trying { resend: Some(resend), .. } | State::Proceeding { resend: Some(resend), .. }
                if resend.is_due(now) =>
            {
                *resend = resend.next(now);
                Due::Resend
            }
            State::Trying { .. } | State::Proceeding { .. } => Due::Nothing,
            State::Completed { until } if *until <= now => Due::Gone,
            State::Completed { .. } => Due::Nothing,
        }
    }
}

//! ```text
//!             300-699                ACK
//! Proceeding ─────────► Completed ────────► Confirmed ── I ──► gone
//!  │ 1xx                 │ G: resend          ▲ absorbs ACK
//!  │                     └ H: gone without ACK
//!  └─ 2xx ──► Accepted ── L ──► gone          (RFC 6026 §7.1: absorbs the INVITE again; the call resends its 2xx)
//! ```
//! RFC 3261 §17.2.1.

use super::{Due, Resend, earlier, patience};
use crate::api::{Timers, Transport};
use crate::time::Time;

#[derive(Debug, Clone)]
pub(crate) struct InviteServer {
    state: State,
    timers: Timers,
    transport: Transport,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Proceeding,
    Completed { resend: Option<Resend>, give_up: Time },
    Confirmed { until: Time },
    Accepted { until: Time },
}

impl InviteServer {
    pub(crate) fn new(timers: Timers, transport: Transport) -> Self {
        Self { state: State::Proceeding, timers, transport }
    }

    /// We say something; whatever it is, it is sent.
    pub(crate) fn respond(&mut self, now: Time, status: u16) {
        let until = now + patience(&self.timers);
        self.state = match (self.state, status) {
            (State::Proceeding, 200..300) => State::Accepted { until },
            (State::Proceeding, 300..) => {
                // RFC 3261 §17.2.1: G doubles up to T2, and not at all over a reliable transport.
                let resend = Resend::new(now, &self.timers, Some(self.timers.t2));
                State::Completed { resend: (!self.transport.is_reliable()).then_some(resend), give_up: until }
            }
            (state, _) => state,
        };
    }

    /// The INVITE came again. Is the last response to be sent again?
    pub(crate) fn on_again(&self) -> bool {
        match self.state {
            State::Proceeding | State::Completed { .. } => true,
            State::Confirmed { .. } | State::Accepted { .. } => false,
        }
    }

    /// An ACK of this transaction came: it is for a refusal.
    pub(crate) fn on_ack(&mut self, now: Time) {
        if let State::Completed { .. } = self.state {
            let linger = if self.transport.is_reliable() { std::time::Duration::ZERO } else { self.timers.t4 };
            self.state = State::Confirmed { until: now + linger };
        }
    }

    /// Has no final response been given?
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Proceeding)
    }

    /// Was it refused, so that its ACK is one of this transaction (RFC 3261 §17.1.1.3)?
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self.state, State::Completed { .. } | State::Confirmed { .. })
    }

    pub(crate) fn deadline(&self) -> Option<Time> {
        match self.state {
            State::Proceeding => None,
            State::Completed { resend, give_up } => Some(earlier(resend.map(|resend| resend.at), give_up)),
            State::Confirmed { until } | State::Accepted { until } => Some(until),
        }
    }

    pub(crate) fn on_timeout(&mut self, now: Time) -> Due {
        match &mut self.state {
            State::Proceeding => Due::Nothing,
            State::Completed { give_up, .. } if *give_up <= now => Due::Gone,
            State::Completed { resend: Some(resend), .. } if resend.is_due(now) => {
                *resend = resend.next(now);
                Due::Resend
            }
            State::Completed { .. } => Due::Nothing,
            State::Confirmed { until } | State::Accepted { until } if *until <= now => Due::Gone,
            State::Confirmed { .. } | State::Accepted { .. } => Due::Nothing,
        }
    }
}

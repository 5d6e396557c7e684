//! ```text
//! Trying ── response ──► Completed ── J ──► gone
//!  └ nobody answers: gone     ▲ the request again: the response again
//! ```
//! RFC 3261 §17.2.2. Most is answered at once; an UPDATE or PRACK with an offer waits for whoever knows the answer.

use super::{Due, patience};
use crate::api::{Timers, Transport};
use crate::time::Time;

#[derive(Debug, Clone)]
pub(crate) struct OtherServer {
    until: Time,
    /// Timer J.
    linger: std::time::Duration,
}

impl OtherServer {
    pub(crate) fn new(now: Time, timers: &Timers, transport: Transport) -> Self {
        let linger = if transport.is_reliable() { std::time::Duration::ZERO } else { patience(timers) };
        Self { until: now + patience(timers), linger }
    }

    /// We say something final.
    pub(crate) fn respond(&mut self, now: Time) {
        self.until = now + self.linger;
    }

    pub(crate) fn deadline(&self) -> Time {
        self.until
    }

    pub(crate) fn on_timeout(&self, now: Time) -> Due {
        if self.until <= now { Due::Gone } else { Due::Nothing }
    }
}

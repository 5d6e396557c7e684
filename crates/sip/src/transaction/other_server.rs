//! ```text
//! Completed ── J ──► gone
//!  ▲ the request again: the response again
//! ```
//! RFC 3261 §17.2.2. We answer everything but INVITE at once, so that Trying and Proceeding never last.

use super::{Due, patience};
use crate::api::{Timers, Transport};
use crate::time::Time;

#[derive(Debug, Clone)]
pub(crate) struct OtherServer {
    until: Time,
}

impl OtherServer {
    pub(crate) fn new(now: Time, timers: &Timers, transport: Transport) -> Self {
        let linger = if transport.is_reliable() { std::time::Duration::ZERO } else { patience(timers) };
        Self { until: now + linger }
    }

    pub(crate) fn deadline(&self) -> Time {
        self.until
    }

    pub(crate) fn on_timeout(&self, now: Time) -> Due {
        if self.until <= now { Due::Gone } else { Due::Nothing }
    }
}

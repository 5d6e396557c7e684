//! The four transaction machines (RFC 3261 §17 with RFC 6026): they know when to send again and when to end, and
//! nothing of what a message says beyond its status.

mod invite_client;
mod invite_server;
mod other_client;
mod other_server;

pub(crate) use invite_client::InviteClient;
pub(crate) use invite_server::InviteServer;
pub(crate) use other_client::OtherClient;
pub(crate) use other_server::OtherServer;

use std::time::Duration;

use crate::api::Timers;
use crate::time::Time;

/// What a client machine does with a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// For the call or registration behind.
    Pass,
    /// A final refusal of an INVITE: acknowledge it, then as above.
    PassAndAck,
    /// A final refusal again: its ACK was lost.
    AckAgain,
    /// Nothing new.
    Absorb,
}

/// What a machine does when its time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// Not yet.
    Nothing,
    /// Send the last message again.
    Resend,
    /// Nobody answered; to be told and forgotten.
    TimedOut,
    /// To be forgotten.
    Gone,
}

/// A message that is sent again at growing intervals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Resend {
    pub(crate) at: Time,
    gap: Duration,
    longest: Option<Duration>,
}

impl Resend {
    /// The first time after T1, then doubling, up to `longest`.
    pub(crate) fn new(now: Time, timers: &Timers, longest: Option<Duration>) -> Self {
        Self { at: now + timers.t1, gap: timers.t1, longest }
    }

    pub(crate) fn is_due(&self, now: Time) -> bool {
        self.at <= now
    }

    /// After one was sent at `now`.
    pub(crate) fn next(self, now: Time) -> Self {
        let doubled = self.gap.saturating_mul(2);
        let gap = self.longest.map_or(doubled, |longest| doubled.min(longest));
        Self { at: now + gap, gap, ..self }
    }

    /// Not again.
    pub(crate) fn never(self) -> Self {
        Self { at: Time(Duration::MAX), ..self }
    }

    /// From now on at the longest interval (RFC 3261 §17.1.2.2, timer E in Proceeding).
    pub(crate) fn slowed(self, now: Time) -> Self {
        let gap = self.longest.unwrap_or(self.gap);
        Self { at: now + gap, gap, ..self }
    }
}

/// 64*T1: how long anything is tried.
pub(crate) fn patience(timers: &Timers) -> Duration {
    timers.t1.saturating_mul(64)
}

/// The earlier of a possible and a certain time.
fn earlier(one: Option<Time>, other: Time) -> Time {
    one.map_or(other, |one| one.min(other))
}

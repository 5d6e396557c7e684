//! What is remembered of a call.
//!
//! ```text
//! invite ──► Calling ── 2xx: ACK ──────────────────────────► Up ── hang_up: BYE ──► Ending ── answer ──► gone
//!             │ hang_up, 300-699, no answer ──► gone           │ BYE came ──► gone
//! INVITE ──► Offered ── accept: 200 until ACK ────────────────┘
//!             │ refuse, hang_up, CANCEL ──► gone
//! ```
//! A call that is hung up while it rings is gone at once; its transaction stays as an orphan, which cancels, and which
//! acknowledges and ends whatever is accepted after all (see `clients`).

use std::collections::VecDeque;
use std::time::Duration;

use crate::api::{Target, Transmit};
use crate::dialog::Dialog;
use crate::digest::Auth;
use crate::time::Time;
use crate::transaction::Resend;

use super::reliable::{Early, Reliability};
use super::session::Session;
use super::{ClientKey, ServerKey};

#[derive(Debug)]
pub(super) struct Call {
    pub(super) dialog: Dialog,
    pub(super) auth: Auth,
    /// User part of our Contact, escaped.
    pub(super) user: String,
    pub(super) session: Session,
    /// A re-INVITE, or an UPDATE or PRACK with an offer, that we have to answer.
    pub(super) asked: Option<ServerKey>,
    /// Of our 1xx.
    pub(super) reliability: Reliability,
    pub(super) phase: Phase,
}

#[derive(Debug)]
pub(super) enum Phase {
    /// We called; no final answer yet.
    Calling {
        client: ClientKey,
        ring_until: Time,
        /// By the far side's tag: one for each branch of a fork that has said something.
        early: Vec<Early>,
        fallbacks: VecDeque<Target>,
    },
    /// We are called and have not said yes or no.
    Offered { server: ServerKey, provisional: Provisional },
    /// Accepted, by whichever side.
    Up(Up),
    /// Our BYE is on its way.
    Ending,
}

/// The last 1xx that we gave. It is given again every minute: proxies on the way give up after three (RFC 3261
/// §13.3.1.1).
#[derive(Debug)]
pub(super) struct Provisional {
    pub(super) status: u16,
    pub(super) sdp: Option<String>,
    pub(super) again_at: Time,
}

impl Provisional {
    pub(super) const EVERY: Duration = Duration::from_mins(1);
}

#[derive(Debug, Default)]
pub(super) struct Up {
    /// Our 2xx that waits for its ACK.
    pub(super) unacked: Option<Unacked>,
    /// Hung up by us before that ACK: BYE follows it (RFC 3261 §15).
    pub(super) hang_up_wanted: bool,
    /// A re-INVITE of ours.
    pub(super) asking: Asking,
    /// What is to be offered when the refresh that is on its way has come to its end.
    pub(super) behind_refresh: Option<String>,
    /// An UPDATE of ours that refreshes the session.
    pub(super) refreshing: Option<ClientKey>,
}

#[derive(Debug)]
pub(super) struct Unacked {
    pub(super) seq: u32,
    pub(super) transmit: Transmit,
    pub(super) resend: Resend,
    pub(super) give_up: Time,
    /// The 2xx carried an offer, the ACK has to bring the answer.
    pub(super) offers: bool,
}

/// A `refresh` offers what was agreed before and is told to nobody (RFC 4028 §7.4).
///
/// ```text
/// Nothing ── reoffer ──► Sent ── 2xx, 300-699 ──► Nothing
///    │ 2xx not acknowledged    │ 491   ▲
///    └──────► Queued ──────────┼───────┤ ACK, or the wait is over (RFC 3261 §14.1)
///                              └► Waiting
/// ```
#[derive(Debug, Default)]
pub(super) enum Asking {
    #[default]
    Nothing,
    Queued {
        sdp: String,
    },
    Sent {
        client: ClientKey,
        sdp: String,
        give_up: Time,
        refresh: bool,
    },
    Waiting {
        until: Time,
        sdp: String,
        refresh: bool,
    },
}

impl Call {
    pub(super) fn state(&self) -> &'static str {
        match &self.phase {
            Phase::Calling { .. } => "calling",
            Phase::Offered { .. } => "offered",
            Phase::Up(_) if self.asked.is_some() => "up, its change to be answered",
            Phase::Up(up) if !matches!(up.asking, Asking::Nothing) => "up, a change of ours being asked",
            Phase::Up(_) => "up",
            Phase::Ending => "ending",
        }
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        match &self.phase {
            Phase::Calling { ring_until, .. } => Some(*ring_until),
            Phase::Offered { provisional, .. } => {
                self.reliability.deadline().into_iter().chain([provisional.again_at]).min()
            }
            Phase::Up(up) => {
                let unacked = up.unacked.as_ref().map(|unacked| unacked.resend.at.min(unacked.give_up));
                let waiting = match &up.asking {
                    Asking::Waiting { until, .. } => Some(*until),
                    Asking::Sent { give_up, .. } => Some(*give_up),
                    Asking::Nothing | Asking::Queued { .. } => None,
                };
                unacked.into_iter().chain(waiting).chain(self.session.deadline()).min()
            }
            Phase::Ending => None,
        }
    }
}

//! One agent's softphone as a state machine.
//!
//! ```text
//!                log in                       offered / dialled
//!  LoggedOut ───────────► Idle ─────────────────────────────────► Ringing | Dialling
//!      ▲                  │  ▲ ▲  declined, abandoned, missed ────────┘  │ answered
//!      │ log out          │  │ └────────────────────────────────────────┤
//!      └──────────────────┘  │ leave                                    ▼
//!        (never in a call)   └───────────── AfterCall ◄──────── Talking ⇄ Held
//!                                                       ended
//! ```
//!
//! After-call work lasts until the agent leaves it, or where it was given a limit, no longer than that (A5).
//!
//! Presence (ready, not ready, break) is chosen beside it in every logged-in state; in a call and in
//! after-call work the choice says what comes after.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{BreakReason, Cause, Presence, Work};
use crate::ids::{ExtensionId, InteractionId};
use crate::refusal::Refusal;
use crate::time::Timestamp;

/// An agent's softphone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seat {
    /// The softphone is not logged in.
    LoggedOut,
    /// The softphone is logged in on an extension.
    LoggedIn {
        /// The extension.
        extension: ExtensionId,
        /// What the agent chose, or what was chosen for them.
        #[serde(flatten)]
        presence: Presence,
        /// What the system sees.
        #[serde(flatten)]
        work: Work,
        /// When presence last changed.
        presence_since: Timestamp,
        /// When work last changed.
        work_since: Timestamp,
        /// When after-call work ends by itself, where it has a limit (A5).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after_call_until: Option<Timestamp>,
    },
}

/// What happens to a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeatInput {
    /// The agent logs the softphone in (S3).
    LogIn {
        /// The extension assigned to the agent.
        extension: ExtensionId,
    },
    /// The agent logs the softphone out (S3: never during a call).
    LogOut,
    /// The agent chose 待機.
    GoReady,
    /// The agent chose 未待機.
    GoNotReady,
    /// The agent chose 離席.
    GoOnBreak {
        /// Why.
        reason: BreakReason,
    },
    /// The agent leaves after-call work (S30).
    LeaveAfterCall {
        /// For what.
        to: Presence,
    },
    /// 延長: the agent wants more time for after-call work that has a limit (A5).
    ExtendAfterCall {
        /// The end that the agent saw: asked twice, it is put off once.
        until: Timestamp,
        /// By how much, in milliseconds.
        by_ms: i64,
    },
    /// [`Seat::next_deadline`] has passed (A5).
    AfterCallOver,
    /// The desk is gone: socket closed for longer than its lease.
    Lost,
    /// The router chose this agent.
    Offered {
        /// The call.
        call: InteractionId,
    },
    /// The agent dialled.
    Dialled {
        /// The call.
        call: InteractionId,
    },
    /// The two are talking: the agent answered, or the far end did.
    Connected {
        /// The call.
        call: InteractionId,
    },
    /// The agent put the customer on hold.
    Held {
        /// The call.
        call: InteractionId,
    },
    /// The agent took the customer back.
    Resumed {
        /// The call.
        call: InteractionId,
    },
    /// The agent declined the offer (A3: stays ready).
    Declined {
        /// The call.
        call: InteractionId,
    },
    /// The offer ran out (A3: becomes 未待機 "missed call").
    Missed {
        /// The call.
        call: InteractionId,
    },
    /// The offer was withdrawn: the customer gave up.
    Withdrawn {
        /// The call.
        call: InteractionId,
    },
    /// The call ended (S28: after-call work begins, after every call).
    Ended {
        /// The call.
        call: InteractionId,
    },
    /// The agent's side was lost in the call for too long: it goes on without them, and they are in after-call work (C2).
    GivenUp {
        /// The call.
        call: InteractionId,
    },
}

/// A change of presence or work, to be stored with its time, its cause and who caused it (A34).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The seat before.
    pub from: Seat,
    /// The seat after.
    pub to: Seat,
    /// When.
    pub at: Timestamp,
}

/// What the agent is told before leaving after-call work early (A6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaveWarning {
    /// The customer record has not been saved.
    pub record_missing: bool,
    /// No inquiry has been saved for this call.
    pub inquiry_missing: bool,
}

/// The one state that the bar's pill shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// ログアウト
    LoggedOut,
    /// 待機
    Ready,
    /// 未待機 (with its cause)
    NotReady(Cause),
    /// 離席 (with its reason)
    Break(BreakReason),
    /// 呼出中
    Ringing,
    /// 発信中
    Dialling,
    /// 通話中
    Talking,
    /// 保留中
    Held,
    /// 後処理
    AfterCall,
}

impl Seat {
    /// Takes one input. `Ok(None)` means that nothing changed.
    ///
    /// # Errors
    /// The [`Refusal`] that tells the agent why; the seat stays as it was.
    pub fn on(&mut self, input: SeatInput, now: Timestamp) -> Result<Option<Change>, Refusal> {
        let from = *self;
        let to = from.after(input, now)?;
        *self = to;
        Ok((from != to).then_some(Change { from, to, at: now }))
    }

    /// Gives after-call work that begins now its limit (A5), as a part of the step that began it.
    pub fn limit_after_call(&mut self, limit: Duration) {
        if let Self::LoggedIn { work: Work::AfterCall { .. }, work_since, after_call_until, .. } = self {
            *after_call_until = Some(work_since.plus(limit));
        }
    }

    /// When [`SeatInput::AfterCallOver`] is due, if after-call work has a limit.
    pub fn next_deadline(self) -> Option<Timestamp> {
        match self {
            Self::LoggedOut => None,
            Self::LoggedIn { after_call_until, .. } => after_call_until,
        }
    }

    fn after(self, input: SeatInput, now: Timestamp) -> Result<Self, Refusal> {
        match self {
            Self::LoggedOut => match input {
                SeatInput::LogIn { extension } => Ok(Self::LoggedIn {
                    extension,
                    presence: Presence::NotReady { cause: Cause::Chosen },
                    work: Work::Idle,
                    presence_since: now,
                    work_since: now,
                    after_call_until: None,
                }),
                // Late news of a call whose agent has gone, or a second log-out: nothing is left to change.
                SeatInput::LogOut
                | SeatInput::Lost
                | SeatInput::AfterCallOver
                | SeatInput::Missed { .. }
                | SeatInput::Withdrawn { .. }
                | SeatInput::GivenUp { .. }
                | SeatInput::Ended { .. } => Ok(self),
                SeatInput::GoReady
                | SeatInput::GoNotReady
                | SeatInput::GoOnBreak { .. }
                | SeatInput::LeaveAfterCall { .. }
                | SeatInput::ExtendAfterCall { .. }
                | SeatInput::Offered { .. }
                | SeatInput::Dialled { .. }
                | SeatInput::Connected { .. }
                | SeatInput::Held { .. }
                | SeatInput::Resumed { .. }
                | SeatInput::Declined { .. } => Err(Refusal::LoggedOut),
            },
            Self::LoggedIn { extension, presence, work, presence_since, work_since, after_call_until } => {
                let here = Here { extension, presence, work, presence_since, work_since, after_call_until, now };
                match input {
                    SeatInput::LogIn { .. } => Err(Refusal::AlreadyLoggedIn),
                    SeatInput::LogOut => here.log_out(),
                    SeatInput::GoReady => here.choose(Presence::Ready),
                    SeatInput::GoNotReady => here.choose(Presence::NotReady { cause: Cause::Chosen }),
                    SeatInput::GoOnBreak { reason } => here.choose(Presence::Break { reason }),
                    SeatInput::LeaveAfterCall { to } => here.leave_after_call(to),
                    SeatInput::ExtendAfterCall { until, by_ms } => here.extend_after_call(until, by_ms),
                    SeatInput::AfterCallOver => Ok(here.after_call_over()),
                    SeatInput::Lost => Ok(here.lost()),
                    SeatInput::Offered { call } => here.offered(call),
                    SeatInput::Dialled { call } => here.dialled(call),
                    SeatInput::Connected { call } | SeatInput::Resumed { call } => {
                        here.about(call).map(|()| here.works(Work::Talking { call }))
                    }
                    SeatInput::Held { call } => here.about(call).map(|()| here.works(Work::Held { call })),
                    SeatInput::Declined { call } | SeatInput::Withdrawn { call } => Ok(here.let_go(call, presence)),
                    SeatInput::Missed { call } => Ok(here.let_go(call, Presence::NotReady { cause: Cause::Missed })),
                    SeatInput::Ended { call } => Ok(here.ended(call)),
                    SeatInput::GivenUp { call } => Ok(here.given_up(call)),
                }
            }
        }
    }

    /// Whether the router may offer a call, as far as the seat knows (S11); the truth of the client's lease
    /// and audio is asked beside it.
    pub fn takes_offers(self) -> bool {
        match self {
            Self::LoggedOut => false,
            Self::LoggedIn { presence, work, .. } => presence == Presence::Ready && work == Work::Idle,
        }
    }

    /// Whether the agent takes calls now or will before long: ready, or at work on a call.
    pub fn is_at_work(self) -> bool {
        match self {
            Self::LoggedOut => false,
            Self::LoggedIn { presence, work, .. } => presence == Presence::Ready || work != Work::Idle,
        }
    }

    /// Whether the input would be taken now: what the desk asks to enable a control.
    ///
    /// # Errors
    /// The reason why not.
    pub fn allows(self, input: SeatInput) -> Result<(), Refusal> {
        self.after(input, Timestamp(0)).map(drop)
    }

    /// What the system sees; idle while logged out.
    pub fn work(self) -> Work {
        match self {
            Self::LoggedOut => Work::Idle,
            Self::LoggedIn { work, .. } => work,
        }
    }

    /// The one state for the pill, and since when it has been so.
    pub fn shown(self) -> (Shown, Option<Timestamp>) {
        match self {
            Self::LoggedOut => (Shown::LoggedOut, None),
            Self::LoggedIn { presence, work, presence_since, work_since, .. } => match work {
                // Idle since the later of the two: a ready agent's timer starts anew after each call.
                Work::Idle => (presence.shown(), Some(presence_since.max(work_since))),
                Work::Ringing { .. } => (Shown::Ringing, Some(work_since)),
                Work::Dialling { .. } => (Shown::Dialling, Some(work_since)),
                Work::Talking { .. } => (Shown::Talking, Some(work_since)),
                Work::Held { .. } => (Shown::Held, Some(work_since)),
                Work::AfterCall { .. } => (Shown::AfterCall, Some(work_since)),
            },
        }
    }
}

/// A logged-in seat while a step of it is worked out.
#[derive(Clone, Copy)]
struct Here {
    extension: ExtensionId,
    presence: Presence,
    work: Work,
    presence_since: Timestamp,
    work_since: Timestamp,
    after_call_until: Option<Timestamp>,
    now: Timestamp,
}

impl Here {
    fn log_out(self) -> Result<Seat, Refusal> {
        match self.work {
            Work::Idle => Ok(Seat::LoggedOut),
            Work::Ringing { .. } | Work::Dialling { .. } | Work::Talking { .. } | Work::Held { .. } => {
                Err(Refusal::InCall)
            }
            Work::AfterCall { .. } => Err(Refusal::InAfterCallWork),
        }
    }

    /// In a call the choice says what comes after it.
    fn choose(self, presence: Presence) -> Result<Seat, Refusal> {
        match self.work {
            Work::Idle | Work::Ringing { .. } | Work::Dialling { .. } | Work::Talking { .. } | Work::Held { .. } => {
                Ok(self.becomes(presence, self.work))
            }
            // Leaving after-call work is a command of its own, because it may warn first (S30).
            Work::AfterCall { .. } => Err(Refusal::InAfterCallWork),
        }
    }

    fn leave_after_call(self, to: Presence) -> Result<Seat, Refusal> {
        match self.work {
            Work::AfterCall { .. } => Ok(self.becomes(to, Work::Idle)),
            Work::Idle | Work::Ringing { .. } | Work::Dialling { .. } | Work::Talking { .. } | Work::Held { .. } => {
                Err(Refusal::NotInAfterCallWork)
            }
        }
    }

    /// One that was put off meanwhile, or has no limit, stays as it is.
    fn extend_after_call(self, until: Timestamp, by_ms: i64) -> Result<Seat, Refusal> {
        match self.work {
            Work::AfterCall { .. } if self.after_call_until == Some(until) => {
                let by = Duration::from_millis(u64::try_from(by_ms).unwrap_or(0));
                // Pressed in the last moment, and come after it: the time asked for counts from here.
                let after_call_until = Some(until.max(self.now).plus(by));
                Ok(Self { after_call_until, ..self }.works(self.work))
            }
            Work::AfterCall { .. } => Ok(self.works(self.work)),
            Work::Idle | Work::Ringing { .. } | Work::Dialling { .. } | Work::Talking { .. } | Work::Held { .. } => {
                Err(Refusal::NotInAfterCallWork)
            }
        }
    }

    /// What was chosen during the call, or before it, holds from here.
    fn after_call_over(self) -> Seat {
        if self.after_call_until.is_some_and(|until| self.now >= until) {
            self.works(Work::Idle)
        } else {
            self.works(self.work)
        }
    }

    /// A call that is up stays with its agent; an offer goes back by an input of its own.
    fn lost(self) -> Seat {
        match self.presence {
            Presence::Ready => self.becomes(Presence::NotReady { cause: Cause::Lost }, self.work),
            Presence::NotReady { .. } | Presence::Break { .. } => self.works(self.work),
        }
    }

    fn offered(self, call: InteractionId) -> Result<Seat, Refusal> {
        match self.work {
            Work::Idle => match self.presence {
                Presence::Ready => Ok(self.works(Work::Ringing { call })),
                Presence::NotReady { .. } | Presence::Break { .. } => Err(Refusal::NotNow),
            },
            Work::Ringing { .. } | Work::Dialling { .. } | Work::Talking { .. } | Work::Held { .. } => {
                Err(Refusal::InCall)
            }
            Work::AfterCall { .. } => Err(Refusal::InAfterCallWork),
        }
    }

    /// Dialling out of after-call work is allowed: the call-back is often part of it.
    fn dialled(self, call: InteractionId) -> Result<Seat, Refusal> {
        match self.work {
            Work::Idle | Work::AfterCall { .. } => Ok(self.works(Work::Dialling { call })),
            Work::Ringing { .. } | Work::Dialling { .. } | Work::Talking { .. } | Work::Held { .. } => {
                Err(Refusal::InCall)
            }
        }
    }

    /// The offer came to nothing. What comes late, or about another call, changes nothing.
    fn let_go(self, call: InteractionId, presence: Presence) -> Seat {
        if self.work == (Work::Ringing { call }) { self.becomes(presence, Work::Idle) } else { self.works(self.work) }
    }

    fn ended(self, call: InteractionId) -> Seat {
        match self.work {
            Work::Dialling { call: ours } | Work::Talking { call: ours } | Work::Held { call: ours }
                if ours == call =>
            {
                self.works(Work::AfterCall { call })
            }
            Work::Ringing { call: ours } if ours == call => self.works(Work::Idle),
            Work::Idle
            | Work::Ringing { .. }
            | Work::Dialling { .. }
            | Work::Talking { .. }
            | Work::Held { .. }
            | Work::AfterCall { .. } => self.works(self.work),
        }
    }

    /// Whoever was ready is so no longer: nobody is at that desk.
    fn given_up(self, call: InteractionId) -> Seat {
        match self.work {
            Work::Talking { call: ours } | Work::Held { call: ours } if ours == call => {
                let presence = match self.presence {
                    Presence::Ready => Presence::NotReady { cause: Cause::Lost },
                    Presence::NotReady { .. } | Presence::Break { .. } => self.presence,
                };
                self.becomes(presence, Work::AfterCall { call })
            }
            Work::Idle
            | Work::Ringing { .. }
            | Work::Dialling { .. }
            | Work::Talking { .. }
            | Work::Held { .. }
            | Work::AfterCall { .. } => self.works(self.work),
        }
    }

    fn about(self, call: InteractionId) -> Result<(), Refusal> {
        match self.work {
            Work::Ringing { call: ours }
            | Work::Dialling { call: ours }
            | Work::Talking { call: ours }
            | Work::Held { call: ours } => {
                if ours == call {
                    Ok(())
                } else {
                    Err(Refusal::NotYourCall)
                }
            }
            Work::Idle | Work::AfterCall { .. } => Err(Refusal::CallEnded),
        }
    }

    fn works(self, work: Work) -> Seat {
        self.becomes(self.presence, work)
    }

    fn becomes(self, presence: Presence, work: Work) -> Seat {
        Seat::LoggedIn {
            extension: self.extension,
            presence,
            work,
            presence_since: if presence == self.presence { self.presence_since } else { self.now },
            work_since: if work == self.work { self.work_since } else { self.now },
            after_call_until: self.after_call_until.filter(|_| work == self.work),
        }
    }
}

impl Presence {
    fn shown(self) -> Shown {
        match self {
            Self::Ready => Shown::Ready,
            Self::NotReady { cause } => Shown::NotReady(cause),
            Self::Break { reason } => Shown::Break(reason),
        }
    }
}

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
//! Presence (ready, not ready, break) is chosen beside it in every logged-in state; in a call and in
//! after-call work the choice says what comes after.

use serde::{Deserialize, Serialize};

use super::{BreakReason, Cause, Presence, Work};
use crate::ids::{ExtensionId, InteractionId};
use crate::refusal::Refusal;
use crate::time::Timestamp;

/// An agent's softphone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "seat")]
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
    },
}

/// What happens to a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "input")]
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
    /// The agent leaves after-call work for 待機 (S30).
    LeaveAfterCall,
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

    fn after(self, input: SeatInput, now: Timestamp) -> Result<Self, Refusal> {
        match self {
            Self::LoggedOut => match input {
                SeatInput::LogIn { extension } => Ok(Self::LoggedIn {
                    extension,
                    presence: Presence::NotReady { cause: Cause::Chosen },
                    work: Work::Idle,
                    presence_since: now,
                    work_since: now,
                }),
                // Late news of a call whose agent has gone, or a second log-out: nothing is left to change.
                SeatInput::LogOut
                | SeatInput::Lost
                | SeatInput::Missed { .. }
                | SeatInput::Withdrawn { .. }
                | SeatInput::Ended { .. } => Ok(self),
                SeatInput::GoReady
                | SeatInput::GoNotReady
                | SeatInput::GoOnBreak { .. }
                | SeatInput::LeaveAfterCall
                | SeatInput::Offered { .. }
                | SeatInput::Dialled { .. }
                | SeatInput::Connected { .. }
                | SeatInput::Held { .. }
                | SeatInput::Resumed { .. }
                | SeatInput::Declined { .. } => Err(Refusal::LoggedOut),
            },
            Self::LoggedIn { extension, presence, work, presence_since, work_since } => {
                let logged_in = |presence: Presence, work: Work| Self::LoggedIn {
                    extension,
                    presence,
                    work,
                    presence_since: if presence == self.presence_or_ready() { presence_since } else { now },
                    work_since: if work == self.work() { work_since } else { now },
                };
                match input {
                    SeatInput::LogIn { .. } => Err(Refusal::AlreadyLoggedIn),
                    SeatInput::LogOut => match work {
                        Work::Idle | Work::AfterCall { .. } => Ok(Self::LoggedOut),
                        Work::Ringing { .. } | Work::Dialling { .. } | Work::Talking { .. } | Work::Held { .. } => {
                            Err(Refusal::InCall)
                        }
                    },
                    SeatInput::GoReady => match work {
                        // Leaving after-call work is a command of its own, because it may warn first (S30).
                        Work::AfterCall { .. } => Err(Refusal::InAfterCallWork),
                        Work::Idle
                        | Work::Ringing { .. }
                        | Work::Dialling { .. }
                        | Work::Talking { .. }
                        | Work::Held { .. } => Ok(logged_in(Presence::Ready, work)),
                    },
                    SeatInput::GoNotReady => {
                        Ok(logged_in(Presence::NotReady { cause: Cause::Chosen }, work.choosing()))
                    }
                    SeatInput::GoOnBreak { reason } => Ok(logged_in(Presence::Break { reason }, work.choosing())),
                    SeatInput::LeaveAfterCall => match work {
                        Work::AfterCall { .. } => Ok(logged_in(Presence::Ready, Work::Idle)),
                        Work::Idle
                        | Work::Ringing { .. }
                        | Work::Dialling { .. }
                        | Work::Talking { .. }
                        | Work::Held { .. } => Err(Refusal::NotInAfterCallWork),
                    },
                    // A call that is up stays with its agent; an offer goes back by its own input.
                    SeatInput::Lost => Ok(match presence {
                        Presence::Ready => logged_in(Presence::NotReady { cause: Cause::Lost }, work),
                        Presence::NotReady { .. } | Presence::Break { .. } => self,
                    }),
                    SeatInput::Offered { call } => match (work, presence) {
                        (Work::Idle, Presence::Ready) => Ok(logged_in(presence, Work::Ringing { call })),
                        (Work::Idle, Presence::NotReady { .. } | Presence::Break { .. }) => Err(Refusal::NotNow),
                        (Work::AfterCall { .. }, _) => Err(Refusal::InAfterCallWork),
                        (
                            Work::Ringing { .. } | Work::Dialling { .. } | Work::Talking { .. } | Work::Held { .. },
                            _,
                        ) => Err(Refusal::InCall),
                    },
                    // Dialling out of after-call work is allowed: the call-back is often part of it.
                    SeatInput::Dialled { call } => match work {
                        Work::Idle | Work::AfterCall { .. } => Ok(logged_in(presence, Work::Dialling { call })),
                        Work::Ringing { .. } | Work::Dialling { .. } | Work::Talking { .. } | Work::Held { .. } => {
                            Err(Refusal::InCall)
                        }
                    },
                    SeatInput::Connected { call } => {
                        self.about(call).map(|()| logged_in(presence, Work::Talking { call }))
                    }
                    SeatInput::Held { call } => self.about(call).map(|()| logged_in(presence, Work::Held { call })),
                    SeatInput::Resumed { call } => {
                        self.about(call).map(|()| logged_in(presence, Work::Talking { call }))
                    }
                    SeatInput::Declined { call } | SeatInput::Withdrawn { call } => match work {
                        Work::Ringing { call: ours } if ours == call => Ok(logged_in(presence, Work::Idle)),
                        Work::Idle
                        | Work::Ringing { .. }
                        | Work::Dialling { .. }
                        | Work::Talking { .. }
                        | Work::Held { .. }
                        | Work::AfterCall { .. } => Ok(self),
                    },
                    SeatInput::Missed { call } => match work {
                        Work::Ringing { call: ours } if ours == call => {
                            Ok(logged_in(Presence::NotReady { cause: Cause::Missed }, Work::Idle))
                        }
                        Work::Idle
                        | Work::Ringing { .. }
                        | Work::Dialling { .. }
                        | Work::Talking { .. }
                        | Work::Held { .. }
                        | Work::AfterCall { .. } => Ok(self),
                    },
                    SeatInput::Ended { call } => match work {
                        Work::Dialling { call: ours } | Work::Talking { call: ours } | Work::Held { call: ours }
                            if ours == call =>
                        {
                            Ok(logged_in(presence, Work::AfterCall { call }))
                        }
                        Work::Ringing { call: ours } if ours == call => Ok(logged_in(presence, Work::Idle)),
                        Work::Idle
                        | Work::Ringing { .. }
                        | Work::Dialling { .. }
                        | Work::Talking { .. }
                        | Work::Held { .. }
                        | Work::AfterCall { .. } => Ok(self),
                    },
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

    fn about(self, call: InteractionId) -> Result<(), Refusal> {
        match self.work() {
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

    fn presence_or_ready(self) -> Presence {
        match self {
            Self::LoggedOut => Presence::Ready,
            Self::LoggedIn { presence, .. } => presence,
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

impl Work {
    /// Choosing 未待機 or 離席 ends after-call work (nothing is offered then, so nothing can be cut short).
    fn choosing(self) -> Self {
        match self {
            Self::AfterCall { .. } | Self::Idle => Self::Idle,
            Self::Ringing { .. } | Self::Dialling { .. } | Self::Talking { .. } | Self::Held { .. } => self,
        }
    }
}

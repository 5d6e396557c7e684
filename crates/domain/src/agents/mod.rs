//! Agents at work: what they chose ([`Presence`]), what the system sees ([`Work`]), and the [`Seat`] machine
//! that joins the two. Readiness for offers is computed, never stored.

mod seat;

pub use seat::{Change, LeaveWarning, Seat, SeatInput, Shown};

use serde::{Deserialize, Serialize};

use crate::ids::InteractionId;

/// Why somebody is not ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The agent chose it.
    Chosen,
    /// An offered call was not answered in time (A3).
    Missed,
    /// The desk was lost: socket, audio or lease.
    Lost,
}

/// Why somebody is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakReason {
    /// 昼休み
    Lunch,
    /// 休憩
    Rest,
    /// 会議
    Meeting,
    /// 研修
    Training,
    /// その他
    Other,
}

impl BreakReason {
    /// Every reason, in the order in which the menu shows them.
    pub const ALL: [Self; 5] = [Self::Lunch, Self::Rest, Self::Meeting, Self::Training, Self::Other];
}

/// What the agent chose, or what was chosen for them and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// 待機
    Ready,
    /// 未待機
    NotReady {
        /// Why.
        cause: Cause,
    },
    /// 離席
    Break {
        /// Why.
        reason: BreakReason,
    },
}

/// What the system sees the agent do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Nothing.
    Idle,
    /// 呼出中: a call is being offered.
    Ringing {
        /// The call.
        call: InteractionId,
    },
    /// 発信中: the agent dialled, nobody has answered yet.
    Dialling {
        /// The call.
        call: InteractionId,
    },
    /// 通話中
    Talking {
        /// The call.
        call: InteractionId,
    },
    /// 保留中
    Held {
        /// The call.
        call: InteractionId,
    },
    /// 後処理
    AfterCall {
        /// The call that ended.
        call: InteractionId,
    },
}

impl Work {
    /// The call that this work is about, if any.
    pub fn call(self) -> Option<InteractionId> {
        match self {
            Self::Idle => None,
            Self::Ringing { call }
            | Self::Dialling { call }
            | Self::Talking { call }
            | Self::Held { call }
            | Self::AfterCall { call } => Some(call),
        }
    }
}

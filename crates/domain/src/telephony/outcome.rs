//! How a call ended, in the trade's words.

use serde::{Deserialize, Serialize};

/// Who called whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// 着信: the customer called.
    Inbound,
    /// 発信: the agent called.
    Outbound,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// They talked; the customer hung up.
    CustomerHungUp,
    /// They talked; the agent hung up.
    AgentHungUp,
    /// 放棄呼: the customer gave up before an agent answered.
    Abandoned,
    /// The agent gave up dialling.
    Cancelled,
    /// The call could not be set up, or broke.
    Failed {
        /// Why, in plain words.
        failure: Failure,
        /// The SIP status of the final answer, where one came (RFC 3261 §21).
        sip_status: Option<u16>,
    },
    /// They talked; the agent's side was lost and did not come back in time, and no queue could take the call.
    AgentLost,
    /// The server stopped or died while the call was up.
    Lost,
}

impl Outcome {
    /// Whether the call belongs to the abandoned ones (放棄呼).
    pub fn is_abandoned(self) -> bool {
        self == Self::Abandoned
    }
}

/// Why a call failed, as an agent would say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// お話し中でした
    Busy,
    /// 応答がありませんでした
    NoAnswer,
    /// 相手が応答を拒否しました
    Declined,
    /// この番号は使われていません
    NotInUse,
    /// この番号への発信は許可されていません
    NotAllowed,
    /// No trunk took the call, or the far network is down.
    Unreachable,
    /// No dial tone of ours fits theirs: no codec in common.
    Incompatible,
    /// Audio or signalling stopped in mid-call.
    Broken,
    /// Nobody serves this number.
    NoQueue,
    /// A ceiling of minutes ended the call: no more may be talked on its trunk for now.
    MinutesUsedUp,
}

impl Failure {
    /// The plain word for a final SIP status (RFC 3261 §21.3–21.6, RFC 3398 §8.2.6 for the carriers' use of them).
    pub fn of_sip_status(status: u16) -> Self {
        match status {
            486 | 600 => Self::Busy,
            408 | 480 | 487 => Self::NoAnswer,
            603 | 607 | 608 => Self::Declined,
            404 | 410 | 484 | 604 => Self::NotInUse,
            401 | 402 | 403 | 407 => Self::NotAllowed,
            415 | 488 | 606 => Self::Incompatible,
            _ => Self::Unreachable,
        }
    }
}

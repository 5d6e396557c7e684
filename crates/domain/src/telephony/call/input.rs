//! What happens to a call, and what then has to be done about it.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::event::{Because, CallEvent};
use super::super::outcome::{Failure, Outcome};
use crate::agents::SeatInput;
use crate::ids::{QueueId, UserId};

/// What an agent can ask of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// 応答
    Answer,
    /// 拒否
    Decline,
    /// 保留
    Hold,
    /// 保留解除
    Resume,
    /// 切断, 通話終了
    HangUp,
}

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallInput {
    /// The agent's command.
    Command {
        /// Who.
        by: UserId,
        /// What.
        command: Command,
    },
    /// The router claimed this agent for the call.
    Offer {
        /// Who.
        agent: UserId,
        /// Why.
        because: Because,
        /// For how long to ring (A3).
        ring_for: Duration,
    },
    /// The router found nobody ready.
    NobodyReady,
    /// The queue was deleted while the call waited in it.
    QueueGone,
    /// The desk where it rings is gone.
    DeskLost {
        /// Whose.
        agent: UserId,
    },
    /// Nothing is heard from the agent any more: the connection broke, or carries no audio.
    AudioLost {
        /// Whose.
        agent: UserId,
        /// How long a call that is up is kept for them.
        keep_for: Duration,
        /// Who takes it then: the queue of the number of ours that this call is on.
        queue: Option<QueueId>,
    },
    /// The agent is heard again, from wherever.
    AudioBack {
        /// Who.
        agent: UserId,
    },
    /// The far end rings (SIP 180).
    FarRinging,
    /// The far end sends sound before the answer (SIP 183 with SDP).
    FarEarlyMedia,
    /// The far end answered (SIP 2xx).
    FarAnswered,
    /// The far end refused or could not be reached.
    FarFailed {
        /// SIP status of the final answer, where one came.
        status: Option<u16>,
        /// In plain words.
        failure: Failure,
    },
    /// The customer gave up before the answer (CANCEL) or hung up (BYE).
    FarGone,
    /// The customer's leg broke: no ACK, no audio, transport gone.
    FarBroken,
    /// [`Call::deadline`] has passed.
    Deadline,
    /// The server stops and has waited for this call for as long as it may.
    ServerStops,
    /// The trunk has used up its minutes: outbound calls on it end.
    MinutesUsedUp,
}

/// What has to be done about it, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallOutput {
    /// Tell the customer that it rings (SIP 180).
    Ring,
    /// Answer the customer's leg (SIP 200).
    AnswerCustomer,
    /// Refuse the customer's call.
    RefuseCustomer(Refuse),
    /// Give up the outbound attempt (SIP CANCEL).
    CancelFarEnd,
    /// End the customer's leg (SIP BYE).
    HangUpCustomer,
    /// The customer hears hold music, the agent nothing.
    Music,
    /// The agent hears the far end's early sound.
    EarlyMedia {
        /// The agent.
        agent: UserId,
    },
    /// The agent hears a ringback tone made by us.
    Ringback {
        /// The agent.
        agent: UserId,
    },
    /// Both hear each other.
    Bridge {
        /// The agent.
        agent: UserId,
    },
    /// The customer hears music, the agent hears the customer.
    OneWayHold {
        /// The agent.
        agent: UserId,
    },
    /// No audio flows any more.
    Silence,
    /// Wait in the queue for the router's choice.
    Enqueue {
        /// Before the calls that came later (A3): it comes back from an agent.
        front: bool,
    },
    /// Tell the agent's seat.
    Seat {
        /// Whose.
        agent: UserId,
        /// What.
        input: SeatInput,
    },
    /// Store a line of the log.
    Record(CallEvent),
    /// The call is over: store the outcome, release everything.
    Finish(Outcome),
}

/// How to refuse an inbound call that nobody will take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refuse {
    /// SIP 480.
    Unavailable,
    /// SIP 603.
    Declined,
}

//! What is kept of a call: the numbered log that timeline, audit and "why me?" are read from.

use serde::{Deserialize, Serialize};

use super::outcome::{Direction, Outcome};
use crate::ids::{ExtensionId, QueueId, UserId};
use crate::time::Timestamp;

/// One line of an interaction's log. Ids only, never names or numbers: those may have to be erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallEvent {
    /// The call began.
    Started {
        /// Who called whom.
        direction: Direction,
    },
    /// It waits in a queue.
    Queued {
        /// The queue.
        queue: QueueId,
        /// Placed before those who came later but were not yet offered (A3).
        front: bool,
    },
    /// The queue answered with music (A29).
    MusicStarted,
    /// The router offered it to an agent.
    Offered {
        /// To whom.
        agent: UserId,
        /// "Why me?" (C6)
        because: Because,
    },
    /// The agent's own extension was called.
    Called {
        /// Whom it rings.
        agent: UserId,
        /// "Why me?" (C6)
        extension: ExtensionId,
    },
    /// The agent declined.
    Declined {
        /// Who.
        agent: UserId,
    },
    /// The offer ran out.
    Missed {
        /// Who.
        agent: UserId,
    },
    /// The agent's desk went away while it was ringing there.
    OfferLost {
        /// Who.
        agent: UserId,
    },
    /// An agent dialled.
    Dialled {
        /// Who.
        agent: UserId,
    },
    /// The far end rings.
    FarEndRinging,
    /// The far end sends sound before it answers.
    EarlyMedia,
    /// The two are connected.
    Connected {
        /// The agent.
        agent: UserId,
    },
    /// The agent put the customer on hold.
    Held {
        /// Who.
        agent: UserId,
    },
    /// The agent took the customer back.
    Resumed {
        /// Who.
        agent: UserId,
    },
    /// The agent's side was lost in the call, which is kept for them (C2).
    AgentLost {
        /// Whose.
        agent: UserId,
    },
    /// The agent is heard again.
    AgentBack {
        /// Who.
        agent: UserId,
    },
    /// The agent did not come back in time.
    AgentNotBack {
        /// Who.
        agent: UserId,
    },
    /// It ended.
    Ended {
        /// How.
        #[serde(flatten)]
        outcome: Outcome,
    },
}

/// A [`CallEvent`] with its number in the interaction (from 1, without gaps) and its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbered {
    /// From 1, without gaps.
    pub n: u32,
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub event: CallEvent,
}

/// Why the router chose this agent: rule, candidates and the deciding fact, kept so that one sentence in any
/// language can be made from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Because {
    /// The rule in force.
    pub rule: crate::routing::Rule,
    /// How many were free.
    pub candidates: u32,
    /// For how long the chosen one had been idle, in milliseconds.
    pub idle_ms: i64,
    /// How many calls waited before this one.
    pub waiting_before: u32,
    /// Agents skipped because they had declined this call.
    pub skipped: u32,
}

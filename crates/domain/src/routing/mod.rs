//! Who takes the next call: a pure function of a snapshot, so that it can be replayed over history.
//!
//! Never reads a store, never marks anybody: the claim is the server's, in one transaction.

use serde::{Deserialize, Serialize};

use crate::ids::{InteractionId, UserId};
use crate::telephony::Because;
use crate::time::Timestamp;

/// How a queue chooses among the free agents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Whoever has been free for the longest.
    #[default]
    LongestIdle,
}

/// A queue's member who could take a call now: ready, idle, with a live desk and live audio (S11).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Who.
    pub agent: UserId,
    /// Since when nothing has been asked of them.
    pub idle_since: Timestamp,
}

/// A call that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingCall {
    /// Which.
    pub call: InteractionId,
    /// Since when the customer has been waiting, over all offers.
    pub since: Timestamp,
    /// Came back from an agent who declined or missed it: goes before the others (A3).
    pub front: bool,
    /// Who is not asked again.
    pub skipped: Vec<UserId>,
}

/// A queue at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The rule in force.
    pub rule: Rule,
    /// Calls that nobody is being asked about.
    pub waiting: Vec<WaitingCall>,
    /// Who is free.
    pub candidates: Vec<Candidate>,
}

/// The router's decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// Which call.
    pub call: InteractionId,
    /// To whom.
    pub agent: UserId,
    /// Why.
    pub because: Because,
}

/// The next assignment, if any waiting call has somebody free who has not refused it.
///
/// Calls are served front ones first, then oldest first; a call whose only candidates have refused it does
/// not keep the ones behind it waiting. When everybody free has refused it, it waits for somebody else.
pub fn next(snapshot: &Snapshot, now: Timestamp) -> Option<Assignment> {
    let mut waiting: Vec<&WaitingCall> = snapshot.waiting.iter().collect();
    waiting.sort_by_key(|call| (!call.front, call.since, call.call));
    waiting.iter().enumerate().find_map(|(before, call)| {
        let (skipped, free): (Vec<&Candidate>, Vec<&Candidate>) =
            snapshot.candidates.iter().partition(|candidate| call.skipped.contains(&candidate.agent));
        let chosen = match snapshot.rule {
            Rule::LongestIdle => free.iter().min_by_key(|candidate| (candidate.idle_since, candidate.agent))?,
        };
        Some(Assignment {
            call: call.call,
            agent: chosen.agent,
            because: Because {
                rule: snapshot.rule,
                candidates: count(free.len()),
                idle_ms: i64::try_from(now.since(chosen.idle_since).as_millis()).unwrap_or(i64::MAX),
                waiting_before: count(before),
                skipped: count(skipped.len()),
            },
        })
    })
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

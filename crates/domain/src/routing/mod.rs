//! Who takes the next call: a pure function of a snapshot, so that it can be replayed over history.
//!
//! Never reads a store, never marks anybody: the claim is the server's, in one transaction.

use core::time::Duration;

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
    /// When it came in, or the last offer of it came to nothing.
    pub returned: Timestamp,
    /// Who declined it, and is not asked again while anybody else could take it ([`Snapshot::present`]).
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
    /// Members who take calls now or will before long, the free ones among them: ready, in a call, in after-call work.
    pub present: Vec<UserId>,
    /// How long a call that everybody present has declined rests before it is offered anew.
    pub decline_pause: Duration,
}

impl Snapshot {
    /// Who is not asked about this call now. Whoever declined it is skipped for as long as anybody else could take it
    /// (A3); once all have, asking them again is better than a customer whom nobody will ever answer.
    fn skipped<'a>(&self, call: &'a WaitingCall, now: Timestamp) -> &'a [UserId] {
        if self.rests_until(call).is_some_and(|until| now >= until) { &[] } else { &call.skipped }
    }

    /// When a call that everybody present has declined is offered anew; none where somebody else could take it.
    fn rests_until(&self, call: &WaitingCall) -> Option<Timestamp> {
        let all = !call.skipped.is_empty() && self.present.iter().all(|agent| call.skipped.contains(agent));
        all.then(|| call.returned.plus(self.decline_pause))
    }
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
/// not keep the ones behind it waiting. When everybody free has refused it, it waits for somebody else, or where
/// there is nobody else, for [`Snapshot::decline_pause`].
pub fn next(snapshot: &Snapshot, now: Timestamp) -> Option<Assignment> {
    let mut waiting: Vec<&WaitingCall> = snapshot.waiting.iter().collect();
    waiting.sort_by_key(|call| (!call.front, call.since, call.call));
    waiting.iter().enumerate().find_map(|(before, call)| {
        let not_asked = snapshot.skipped(call, now);
        let (skipped, free): (Vec<&Candidate>, Vec<&Candidate>) =
            snapshot.candidates.iter().partition(|candidate| not_asked.contains(&candidate.agent));
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

/// When [`next`] may decide otherwise by the passing of time alone: a call that everybody has declined has rested.
pub fn look_again(snapshot: &Snapshot, now: Timestamp) -> Option<Timestamp> {
    let rests = snapshot.waiting.iter().filter_map(|call| snapshot.rests_until(call));
    rests.filter(|until| *until > now).min()
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
